"""The deal went backwards."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    changed,
    created,
    entered,
    findings,
    held,
    inbound,
    lost,
    next_step,
)


def regression(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("stage_regression", *parts, rules=rules)
    assert found is not None
    return found


BACK = (entered("Discovery", 0), entered("Proposal", 7), entered("Demo", 14))


def test_a_move_back_is_a_regression():
    assert regression(*BACK) == Breach(
        since=at(14),
        critical_from=None,
        evidence=(Evidence("crm/stage-14", at(14), "first move back: from Proposal to Demo"),),
        clears_when="the deal earns Proposal again",
    )


def test_it_opens_with_the_move_and_not_an_instant_before():
    found = regression(*BACK)
    assert not found.holds_at(at(14) - TICK)
    assert found.holds_at(at(14))


@pytest.mark.parametrize(
    "stages",
    [
        ["Discovery", "Demo", "Proposal", "Negotiation"],
        ["Discovery", "Negotiation"],
        ["Demo", "Demo"],
        ["Proposal"],
        [None, "Proposal"],
        ["Demo", None, "Demo"],
        ["Demo", "Legal", "Proposal"],
    ],
    ids=["step by step", "leaps", "told again", "one", "first told late", "taken away", "a stage of no order"],
)
def test_forward_is_no_regression(stages):
    moves = [entered(stage, day) for day, stage in enumerate(stages)]
    assert breach("stage_regression", created(0), *moves) is None


def test_the_second_move_back_is_critical_and_does_not_move_the_start():
    found = regression(*BACK, entered("Discovery", 21))
    assert (found.since, found.critical_from) == (at(14), at(21))
    assert [each.text for each in found.evidence] == [
        "first move back: from Proposal to Demo",
        "second move back: from Demo to Discovery",
    ]
    assert found.clears_when == "the deal earns Proposal again"


def test_a_third_one_changes_no_more():
    found = regression(*BACK, entered("Discovery", 21), entered("Demo", 22), entered("Discovery", 23))
    assert (found.since, found.critical_from) == (at(14), at(21))
    assert found.evidence[-1].text == "third move back: from Demo to Discovery"


@pytest.mark.parametrize("stage", ["Proposal", "Negotiation", "PROPOSAL"])
def test_it_ends_when_the_stage_is_regained_or_passed(stage):
    assert breach("stage_regression", *BACK, entered(stage, 21)) is None


def test_half_of_the_way_back_is_not_enough():
    far_back = (entered("Negotiation", 0), entered("Discovery", 7), entered("Proposal", 14))
    assert regression(*far_back).since == at(7)
    assert regression(*far_back).clears_when == "the deal earns Negotiation again"


def test_up_and_down_below_the_lost_stage_is_one_episode():
    down_again = (entered("Negotiation", 0), entered("Demo", 7), entered("Proposal", 14), entered("Demo", 21))
    found = regression(*down_again)
    assert (found.since, found.critical_from) == (at(7), at(21))


def test_after_it_was_regained_a_move_back_is_a_new_episode():
    found = regression(*BACK, entered("Proposal", 21), entered("Demo", 28))
    assert (found.since, found.critical_from) == (at(28), None)


def test_a_stage_of_no_order_is_passed_over():
    found = regression(entered("Proposal", 0), entered("Legal", 7), entered("Demo", 14))
    assert found.since == at(14)
    assert found.evidence[0].text == "first move back: from Proposal to Demo"
    assert regression(*BACK, entered("Legal", 21)).since == at(14)
    assert regression(*BACK, entered(None, 21)).since == at(14)


def test_where_the_rules_know_no_stages_nothing_is_backwards():
    assert breach("stage_regression", *BACK, rules=Rules()) is None


@pytest.mark.parametrize("something", [inbound(20), held(20), next_step(30, day=20), changed(20, amount=5)])
def test_nothing_else_ends_it(something):
    assert regression(*BACK, something).since == at(14)


def test_weekends_do_not_matter():
    assert regression(entered("Proposal", 0), entered("Demo", 6)).since == at(6)


def test_evidence_names_the_newest_when_there_are_many():
    swings = [entered(stage, day) for day, stage in enumerate(["Negotiation"] + 10 * ["Demo", "Proposal"])]
    found = regression(*swings)
    assert (found.since, found.critical_from) == (at(1), at(3))
    assert len(found.evidence) == 8
    assert found.evidence[-1].text == "tenth move back: from Proposal to Demo"


def test_the_thresholds_are_those_of_the_rules():
    known = {"pipelines": {"default": {"stages": ["Discovery", "Demo", "Proposal"]}}}
    rules = Rules.of(known | {"detectors": {"stage_regression": {"critical_moves": 1}}})
    assert regression(*BACK, rules=rules).critical_from == at(14)


def test_a_closed_deal_goes_nowhere():
    assert breach("stage_regression", *BACK, lost(20)) is None


def test_a_move_that_is_told_late_takes_it_back():
    skips = (entered("Discovery", 0), entered("Demo", 14))
    assert findings("stage_regression", *skips, day=15) == []
    (now,) = findings("stage_regression", *skips, entered("Proposal", 7), day=15)
    assert (now.state, now.since) == ("open", at(14))


def test_what_was_open_before_it_was_regained_stays_told():
    (past,) = findings("stage_regression", *BACK, entered("Proposal", 21), day=30)
    assert (past.state, past.since, past.until) == ("resolved", at(14), at(21))
