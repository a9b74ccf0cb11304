"""The planned step passed."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
    at,
    booked,
    breach,
    changed,
    created,
    end_of,
    findings,
    held,
    inbound,
    lost,
    next_step,
    on,
    outbound,
    reply,
    rules_for,
)


def overdue(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("next_step_overdue", *parts, rules=rules)
    assert found is not None
    return found


def test_a_step_is_overdue_one_business_day_after_its_date():
    planned = changed(1, next_step="Security call", next_step_date=on(9))
    assert overdue(created(0), planned) == Breach(
        since=end_of(10),
        critical_from=end_of(16),
        evidence=(Evidence("crm/change-1", at(1), f"the next step 'Security call' was dated {on(9)}"),),
        clears_when="the step is taken and the next one is dated, or it is agreed anew for a day ahead",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = overdue(created(0), next_step(9, day=1))
    assert not found.holds_at(end_of(10) - TICK)
    assert found.holds_at(end_of(10))


def test_a_step_that_was_never_dated_is_not_overdue():
    assert breach("next_step_overdue", created(0, next_step="Security call")) is None


def test_a_date_without_words_is_a_step():
    found = overdue(created(0), next_step(9, day=1))
    assert found.evidence == (Evidence("crm/next-step-1", at(1), f"the next step was dated {on(9)}"),)


def test_words_and_date_that_were_told_apart_are_evidence_each():
    assert overdue(created(0), changed(1, next_step="Security call"), next_step(9, day=2)).evidence == (
        Evidence("crm/change-1", at(1), "it was named: Security call"),
        Evidence("crm/next-step-2", at(2), f"the next step 'Security call' was dated {on(9)}"),
    )


def test_the_day_ends_with_the_owner():
    in_new_york = overdue(created(0), next_step(9, day=1), rules=rules_for(time_zone="America/New_York"))
    assert in_new_york.since == at(11, hour=4) - TICK


def test_weekends_do_not_count():
    # a Friday's step has the whole of Monday, a Saturday's too
    assert overdue(created(0), next_step(4, day=1)).since == end_of(7)
    assert overdue(created(0), next_step(5, day=1)).since == at(8, hour=0)


def test_holidays_do_not_count():
    # the day before Good Friday; Easter Monday is day 35
    maundy_thursday = (created(28), next_step(31, day=28))
    assert overdue(*maundy_thursday).since == end_of(32)
    assert overdue(*maundy_thursday, rules=rules_for(holidays="DE")).since == end_of(36)


def test_a_new_date_is_a_new_deadline():
    assert overdue(created(0), next_step(9, day=1), next_step(14, day=9)).since == end_of(15)


def test_a_date_that_is_told_again_stays_the_same():
    assert overdue(created(0), next_step(9, day=1), next_step(9, day=20)) == overdue(created(0), next_step(9, day=1))


def test_without_a_date_nothing_is_overdue_any_more():
    assert breach("next_step_overdue", created(0), next_step(9, day=1), next_step(None, day=12)) is None


@pytest.mark.parametrize(
    "no_new_date",
    [
        (inbound(10), reply(10, hour=11)),
        (outbound(10),),
        (booked(10, starts=20),),
        (held(9, hour=10),),
        (changed(10, next_step="Security call, please"),),
    ],
    ids=["mails", "chase", "another meeting booked", "meeting held", "other words"],
)
def test_only_another_date_clears_it(no_new_date):
    assert overdue(created(0), next_step(9, day=1), *no_new_date).since == end_of(10)


def test_a_date_that_is_past_when_it_is_set_counts_from_its_setting():
    found = overdue(created(0, next_step_date=on(-3)))
    assert (found.since, found.critical_from) == (at(1), at(7))


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"next_step_overdue": {"warn_business_days": 3, "critical_business_days": 4}}})
    found = overdue(created(0), next_step(9, day=1), rules=rules)
    assert (found.since, found.critical_from) == (end_of(14), end_of(15))


def test_a_closed_deal_is_not_overdue():
    assert breach("next_step_overdue", created(0), next_step(9, day=1), lost(12)) is None


def test_what_was_open_before_a_new_date_stays_told():
    past, ahead = findings("next_step_overdue", created(0), next_step(9, day=1), next_step(21, day=14), day=15)
    assert (past.state, past.since, past.until) == ("resolved", end_of(10), at(14))
    assert (ahead.state, ahead.since) == ("pending", end_of(22))


def test_a_new_date_that_is_told_late_takes_it_back():
    passed = (created(0), next_step(9, day=1), inbound(14))
    assert [each.state for each in findings("next_step_overdue", *passed, day=15)] == ["open"]
    told_late = findings("next_step_overdue", *passed, next_step(21, day=8), day=15)
    assert [each.state for each in told_late] == ["pending"]
