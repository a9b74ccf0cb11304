"""In a stage without what the rules require for it."""

from typing import get_args

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.requirements import Requirement
from detectors.core.rules import Rules
from detectors.stage_skipped import WORDS
from tests.detectors.builders import (
    BUYER,
    RULES,
    STAGES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    changed,
    created,
    document,
    entered,
    findings,
    held,
    inbound,
    lost,
    milestone,
    on,
    person,
)


def requiring(holidays: str | None = None, **requires: list[str]) -> Rules:
    return Rules.of(
        {
            "organization": {"domains": ["us.example"], "holidays": holidays},
            "pipelines": {"default": {"stages": STAGES, "requires": requires}},
        }
    )


STRICT = requiring(Demo=["discovery"], Proposal=["need", "demo"], Negotiation=["executive", "budget"])


def skipped(*parts: Event | Answer, rules: Rules = STRICT) -> Breach:
    found = breach("stage_skipped", *parts, rules=rules)
    assert found is not None
    return found


def test_what_the_stage_requires_must_be_there_two_business_days_later():
    ready = (entered("Discovery", 0), held(1, "talk", kind="discovery"), changed(2, need="important"))
    assert skipped(*ready, entered("Proposal", 3)) == Breach(
        since=at(7),
        critical_from=at(17),
        evidence=(Evidence("crm/stage-3", at(3), "came to Proposal without a demo held"),),
        clears_when="the deal has a demo held, or goes back to the stage that it has earned",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = skipped(entered("Demo", 0))
    assert not found.holds_at(at(2) - TICK)
    assert found.holds_at(at(2))


def test_a_stage_that_requires_nothing_is_not_skipped():
    assert breach("stage_skipped", entered("Discovery", 0), rules=STRICT) is None
    assert breach("stage_skipped", entered("Negotiation", 0), rules=RULES) is None


def test_a_deal_without_a_stage_skips_none():
    assert breach("stage_skipped", created(0), rules=STRICT) is None
    assert breach("stage_skipped", entered("Legal", 0), rules=STRICT) is None


def test_what_earlier_stages_require_counts_too():
    found = skipped(entered("Proposal", 0))
    assert found.evidence[0].text == "came to Proposal without a discovery meeting held, a known need, a demo held"
    assert found.since == at(2)


def test_each_gap_counts_from_when_the_deal_came_to_its_stage():
    step_by_step = (entered("Discovery", 0), entered("Demo", 7), entered("Proposal", 14))
    found = skipped(*step_by_step)
    assert (found.since, found.critical_from) == (at(9), at(21))
    assert [(each.event, each.text) for each in found.evidence] == [
        ("crm/stage-7", "came to Demo without a discovery meeting held"),
        ("crm/stage-14", "came to Proposal without a known need, a demo held"),
    ]
    assert skipped(*step_by_step, held(15, "talk", kind="discovery")).since == at(16)


def test_moving_on_does_not_move_it():
    assert skipped(entered("Demo", 0), entered("Proposal", 1), entered("Negotiation", 4)).since == at(2)


def test_it_counts_from_the_return_to_a_stage():
    assert skipped(entered("Demo", 0), entered("Discovery", 1), entered("Demo", 7)).since == at(9)


@pytest.mark.parametrize(
    ("required", "there", "gone"),
    [
        ("need", {"need": "important"}, {"need": "unknown"}),
        ("budget", {"budget": "confirmed"}, {"budget": "none"}),
        ("deadline", {"deadline": on(60)}, {"deadline": None}),
        ("amount", {"amount": 5000}, {"amount": None}),
        ("close_date", {"close_date": on(60)}, {"close_date": None}),
        ("next_step", {"next_step": "Talk", "next_step_date": on(60)}, {"next_step": None, "next_step_date": None}),
    ],
)
def test_what_was_there_and_is_taken_away_counts_from_then(required, there, gone):
    rules = requiring(Proposal=[required])
    found = skipped(entered("Proposal", 0, **there), changed(9, **gone), rules=rules)
    assert (found.since, found.critical_from) == (at(11), at(23))
    assert found.evidence == (Evidence("crm/change-9", at(9), f"no longer there: {WORDS[required]}"),)


def test_going_back_clears_it():
    assert breach("stage_skipped", entered("Demo", 0), entered("Discovery", 9), rules=STRICT) is None


def test_what_is_required_twice_is_missing_once():
    rules = requiring(Demo=["need"], Proposal=["need", "demo"])
    found = skipped(entered("Demo", 0), entered("Proposal", 7), rules=rules)
    assert [each.text for each in found.evidence] == [
        "came to Demo without a known need",
        "came to Proposal without a demo held",
    ]
    assert found.clears_when.startswith("the deal has a known need, a demo held, or")


@pytest.mark.parametrize(
    ("required", "parts"),
    [
        ("need", [changed(9, need="interesting")]),
        ("budget", [changed(9, budget="confirmed")]),
        ("deadline", [changed(9, deadline=on(90))]),
        ("executive", [person(BUYER, 9, title="CFO"), inbound(9)]),
        ("champion", [person(BUYER, 9, roles=["champion"])]),
        ("discovery", [held(9, kind="discovery")]),
        ("demo", [held(9, kind="demo")]),
        ("proposal", [document(9)]),
        ("next_step", [changed(9, next_step_date=on(20))]),
        ("close_plan", [milestone(9, due=on(30))]),
        ("amount", [changed(9, amount=5000)]),
        ("close_date", [changed(9, close_date=on(60))]),
    ],
)
def test_whatever_is_required_clears_it_when_it_is_there(required, parts):
    rules = requiring(Proposal=[required])
    assert skipped(entered("Proposal", 0), rules=rules).clears_when.startswith(f"the deal has {WORDS[required]}, or")
    assert breach("stage_skipped", entered("Proposal", 0), *parts, rules=rules) is None


@pytest.mark.parametrize(
    "not_enough",
    [
        changed(9, budget="none"),
        changed(9, budget="unknown"),
        changed(9, need="unknown"),
        person(BUYER, 9, title="CFO"),
    ],
)
def test_what_is_not_enough_does_not(not_enough):
    rules = requiring(Proposal=["budget", "need", "executive"])
    assert skipped(entered("Proposal", 0), not_enough, rules=rules) == skipped(entered("Proposal", 0), rules=rules)


def test_every_requirement_has_words():
    assert set(WORDS) == set(get_args(Requirement))


def test_weekends_and_holidays_do_not_count():
    assert skipped(entered("Demo", 4)).since == at(8)
    assert skipped(entered("Demo", 5)).since == at(9, hour=0)
    # Good Friday and Easter Monday
    assert skipped(entered("Demo", 31)).since == at(35)
    assert skipped(entered("Demo", 31), rules=requiring("DE", Demo=["discovery"])).since == at(37)


def test_the_thresholds_are_those_of_the_rules():
    thresholds = {"stage_skipped": {"warn_business_days": 5, "critical_business_days": 6}}
    pipelines = {"default": {"stages": STAGES, "requires": {"Demo": ["discovery"]}}}
    found = skipped(entered("Demo", 0), rules=Rules.of({"pipelines": pipelines, "detectors": thresholds}))
    assert (found.since, found.critical_from) == (at(7), at(8))


def test_a_closed_deal_skips_nothing():
    assert breach("stage_skipped", entered("Demo", 0), lost(9), rules=STRICT) is None


def test_a_meeting_that_is_told_late_takes_it_back():
    skips = (entered("Demo", 0), inbound(5))
    assert [each.state for each in findings("stage_skipped", *skips, day=7, rules=STRICT)] == ["open"]
    assert findings("stage_skipped", *skips, held(1, kind="discovery"), day=7, rules=STRICT) == []


def test_what_was_open_before_the_gap_was_closed_stays_told():
    (past,) = findings("stage_skipped", entered("Demo", 0), held(9, kind="discovery"), day=10, rules=STRICT)
    assert (past.state, past.since, past.until) == ("resolved", at(2), at(9))
