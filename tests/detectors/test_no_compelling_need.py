"""The issue is not critical to them."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    STAGES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    changed,
    entered,
    findings,
    inbound,
    lost,
    reopened,
    rules_for,
)


def no_need(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("no_compelling_need", *parts, rules=rules)
    assert found is not None
    return found


MIDDLE = (entered("Discovery", 0), entered("Demo", 1))


def test_five_business_days_in_the_middle_of_the_pipeline_with_a_need_that_can_wait():
    assert no_need(*MIDDLE, changed(2, need="important")) == Breach(
        since=at(8),
        critical_from=None,
        evidence=(
            Evidence("crm/stage-1", at(1), "it came to the middle stages: Demo"),
            Evidence("crm/change-2", at(2), "the need is important, not critical"),
        ),
        clears_when="somebody on their side says why it cannot wait, and the need is set to critical",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    assert not no_need(*MIDDLE).holds_at(at(8) - TICK)
    assert no_need(*MIDDLE).holds_at(at(8))


@pytest.mark.parametrize("need", ["unknown", "interesting", "important", None])
def test_whatever_is_not_critical_can_wait(need):
    assert no_need(*MIDDLE, changed(20, need=need)).since == at(8)


def test_a_need_that_nobody_told_is_unknown():
    (fact,) = no_need(*MIDDLE).evidence
    assert fact.text == "it came to the middle stages: Demo, and nobody has told what they need"


def test_a_critical_need_is_compelling():
    assert breach("no_compelling_need", *MIDDLE, changed(2, need="critical")) is None
    assert breach("no_compelling_need", *MIDDLE, changed(2, need="important"), changed(30, need="critical")) is None


@pytest.mark.parametrize("stage", ["Discovery", "Legal", None])
def test_before_the_middle_nobody_need_know(stage):
    assert breach("no_compelling_need", entered(stage, 0), inbound(60)) is None


def test_it_is_critical_from_the_later_stages_on():
    found = no_need(*MIDDLE, entered("Proposal", 10))
    assert (found.since, found.critical_from) == (at(8), at(10))
    assert [each.text for each in found.evidence] == [
        "it came to the middle stages: Demo, and nobody has told what they need",
        "it came to the later stages: Proposal, and nobody has told what they need",
    ]


def test_it_is_never_critical_before_it_is_a_finding():
    found = no_need(*MIDDLE, entered("Proposal", 2))
    assert (found.since, found.critical_from) == (at(8), at(8))
    at_once = no_need(entered("Negotiation", 1))
    assert (at_once.since, at_once.critical_from) == (at(8), at(8))
    assert [each.event for each in at_once.evidence] == ["crm/stage-1"]


def test_a_need_that_grew_cold_counts_from_that_day_on():
    cold = (*MIDDLE, changed(2, need="critical"), changed(14, need="important"))
    assert no_need(*cold).since == at(21)
    assert no_need(*cold, changed(15, need="interesting")).since == at(21)


def test_weekends_and_holidays_do_not_count():
    before_easter = entered("Demo", 28)
    assert no_need(before_easter).since == at(35)
    assert no_need(before_easter, rules=rules_for(holidays="DE")).since == at(37)


def test_the_threshold_is_that_of_the_rules():
    rules = Rules.of(
        {
            "pipelines": {"default": {"stages": STAGES}},
            "detectors": {"no_compelling_need": {"warn_business_days": 20}},
        }
    )
    assert no_need(*MIDDLE, rules=rules).since == at(29)


def test_a_pipeline_without_known_stages_has_no_middle():
    assert breach("no_compelling_need", *MIDDLE, rules=Rules()) is None


def test_a_closed_deal_has_no_need_and_a_reopened_one_still_lacks_it():
    assert breach("no_compelling_need", *MIDDLE, lost(20)) is None
    assert no_need(*MIDDLE, lost(20), reopened(30)).since == at(8)


def test_a_need_that_is_told_late_takes_it_back():
    assert [each.state for each in findings("no_compelling_need", *MIDDLE, day=10)] == ["open"]
    assert findings("no_compelling_need", *MIDDLE, inbound(9), changed(5, need="critical"), day=10) == []


def test_one_that_turns_critical_after_a_while_leaves_the_past_told():
    (past,) = findings("no_compelling_need", *MIDDLE, changed(11, need="critical"), day=12)
    assert (past.state, past.since, past.until) == ("resolved", at(8), at(11))
