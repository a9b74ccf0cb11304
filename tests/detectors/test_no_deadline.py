"""The customer has no date of their own."""

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
    dated,
    end_of,
    entered,
    findings,
    inbound,
    lost,
    on,
    rules_for,
)


def no_deadline(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("no_deadline", *parts, rules=rules)
    assert found is not None
    return found


def deadline(day: int | None, told: float) -> Event:
    return changed(told, deadline=None if day is None else on(day))


MIDDLE = (entered("Discovery", 0), entered("Demo", 1))


def test_five_business_days_in_the_middle_of_the_pipeline_without_a_date_of_theirs():
    assert no_deadline(*MIDDLE) == Breach(
        since=at(8),
        critical_from=None,
        evidence=(
            Evidence("crm/stage-1", at(1), "it came to the middle stages: Demo, and they named no date of their own"),
        ),
        clears_when="they name a date of their own that lies ahead, and what hangs on it",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    assert not no_deadline(*MIDDLE).holds_at(at(8) - TICK)
    assert no_deadline(*MIDDLE).holds_at(at(8))


@pytest.mark.parametrize("stage", ["Discovery", "Legal", None])
def test_before_the_middle_nobody_need_know(stage):
    assert breach("no_deadline", entered(stage, 0), inbound(60)) is None


def test_our_close_date_is_none_of_theirs():
    assert no_deadline(*MIDDLE, dated(60, day=2)).since == at(8)


def test_a_date_of_theirs_holds_until_some_days_after_it():
    found = no_deadline(*MIDDLE, deadline(60, told=2))
    # day 60 is a Friday
    assert found.since == end_of(67)
    assert found.evidence[-1] == Evidence("crm/change-2", at(2), f"the last date that they named is {on(60)}")
    assert findings("no_deadline", *MIDDLE, deadline(60, told=2), day=40)[-1].state == "pending"


def test_a_later_date_of_theirs_holds_longer():
    assert no_deadline(*MIDDLE, deadline(60, told=2), deadline(88, told=59)).since == end_of(95)


def test_a_date_that_is_over_when_the_middle_is_reached_gives_no_time():
    assert no_deadline(entered("Discovery", 0), deadline(10, told=2), entered("Demo", 21)).since == at(28)


def test_a_date_that_was_taken_back_counts_from_that_day_on():
    assert no_deadline(*MIDDLE, deadline(60, told=2), deadline(None, told=14)).since == at(21)


def test_it_is_critical_from_the_later_stages_on_and_never_before_it_is_a_finding():
    assert no_deadline(*MIDDLE, entered("Proposal", 10)).critical_from == at(10)
    assert no_deadline(*MIDDLE, entered("Proposal", 2)).critical_from == at(8)
    late_date = no_deadline(*MIDDLE, deadline(60, told=2), entered("Proposal", 3))
    assert (late_date.since, late_date.critical_from) == (end_of(67), end_of(67))


def test_weekends_and_holidays_do_not_count():
    before_easter = entered("Demo", 28)
    assert no_deadline(before_easter).since == at(35)
    assert no_deadline(before_easter, rules=rules_for(holidays="DE")).since == at(37)


def test_the_threshold_is_that_of_the_rules():
    rules = Rules.of(
        {"pipelines": {"default": {"stages": STAGES}}, "detectors": {"no_deadline": {"warn_business_days": 20}}}
    )
    assert no_deadline(*MIDDLE, rules=rules).since == at(29)


def test_a_closed_deal_needs_none():
    assert breach("no_deadline", *MIDDLE, lost(20)) is None


def test_a_date_that_is_told_late_takes_it_back():
    assert [each.state for each in findings("no_deadline", *MIDDLE, day=10)] == ["open"]
    told = findings("no_deadline", *MIDDLE, inbound(9), deadline(60, told=5), day=10)
    assert [each.state for each in told] == ["pending"]


def test_one_that_is_named_after_a_while_leaves_the_past_told():
    past, _ahead = findings("no_deadline", *MIDDLE, deadline(60, told=11), day=12)
    assert (past.state, past.since, past.until) == ("resolved", at(8), at(11))
