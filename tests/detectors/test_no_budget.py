"""Nobody said there is money."""

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
    rules_for,
)


def no_budget(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("no_budget", *parts, rules=rules)
    assert found is not None
    return found


LATE = (entered("Demo", 0), entered("Proposal", 1))


def test_five_business_days_in_the_later_stages_without_a_confirmed_budget():
    assert no_budget(*LATE) == Breach(
        since=at(8),
        critical_from=at(22),
        evidence=(
            Evidence("crm/stage-1", at(1), "it came to the later stages: Proposal, and nobody has told of a budget"),
        ),
        clears_when="the person who owns the money confirms the budget",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    assert not no_budget(*LATE).holds_at(at(8) - TICK)
    assert no_budget(*LATE).holds_at(at(8))


@pytest.mark.parametrize("stage", ["Discovery", "Demo", "Legal", None])
def test_before_the_later_stages_nobody_need_know(stage):
    assert breach("no_budget", entered(stage, 0), inbound(60)) is None
    assert breach("no_budget", entered(stage, 0), changed(1, budget="unknown")) is None


def test_a_confirmed_budget_clears_it():
    assert breach("no_budget", *LATE, changed(20, budget="confirmed")) is None


def test_an_unknown_budget_is_no_budget():
    found = no_budget(*LATE, changed(2, budget="unknown"))
    assert (found.since, found.critical_from) == (at(8), at(22))
    assert [each.text for each in found.evidence] == [
        "it came to the later stages: Proposal",
        "whether they have a budget is not known",
    ]


def test_that_there_is_none_counts_at_once_in_any_stage():
    found = no_budget(entered("Discovery", 0), changed(2, budget="none"))
    assert (found.since, found.critical_from) == (at(2), at(23))
    assert found.evidence == (Evidence("crm/change-2", at(2), "they have no budget"),)


def test_to_say_it_again_does_not_move_it():
    found = no_budget(entered("Discovery", 0), changed(2, budget="none"), changed(9, budget="none"))
    assert found.since == at(2)


def test_whichever_comes_first_counts():
    assert no_budget(*LATE, changed(3, budget="none")).since == at(3)
    found = no_budget(*LATE, changed(20, budget="none"))
    assert (found.since, found.critical_from) == (at(8), at(22))


def test_a_budget_that_was_taken_back_counts_from_that_day_on():
    had = (*LATE, changed(2, budget="confirmed"))
    assert no_budget(*had, changed(30, budget="unknown")).since == at(37)
    assert no_budget(*had, changed(30, budget=None)).since == at(37)
    assert no_budget(*had, changed(30, budget="none")).since == at(30)


def test_a_further_stage_does_not_move_it_and_a_step_back_takes_it_away():
    assert no_budget(*LATE, entered("Negotiation", 7)).since == at(8)
    assert breach("no_budget", *LATE, entered("Demo", 7)) is None
    assert no_budget(*LATE, entered("Demo", 7), entered("Proposal", 14)).since == at(21)


def test_weekends_and_holidays_do_not_count():
    # a Saturday counts from Monday's first moment
    assert no_budget(entered("Proposal", 5)).since == at(14, hour=0)
    before_easter = entered("Proposal", 28)
    assert no_budget(before_easter).since == at(35)
    # Good Friday and Easter Monday
    assert no_budget(before_easter, rules=rules_for(holidays="DE")).since == at(37)


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of(
        {
            "pipelines": {"default": {"stages": STAGES}},
            "detectors": {"no_budget": {"warn_business_days": 0, "critical_business_days": 1}},
        }
    )
    assert (no_budget(*LATE, rules=rules).since, no_budget(*LATE, rules=rules).critical_from) == (at(1), at(2))


def test_a_closed_deal_needs_none():
    assert breach("no_budget", *LATE, lost(20)) is None


def test_a_budget_that_is_told_late_takes_it_back():
    assert [each.state for each in findings("no_budget", *LATE, day=10)] == ["open"]
    assert findings("no_budget", *LATE, inbound(9), changed(5, budget="confirmed"), day=10) == []


def test_one_that_is_confirmed_in_time_but_after_a_while_leaves_the_past_told():
    (past,) = findings("no_budget", *LATE, changed(11, budget="confirmed"), day=12)
    assert (past.state, past.since, past.until) == ("resolved", at(8), at(11))
