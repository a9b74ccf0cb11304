"""The close plan broke."""

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
    dated,
    end_of,
    findings,
    inbound,
    lost,
    milestone,
    next_step,
    on,
    outbound,
    rules_for,
)


def missed(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("milestone_missed", *parts, rules=rules)
    assert found is not None
    return found


PLAN = (
    milestone(1, "pilot", hour=9, title="Pilot", due=on(9), side="buyer"),
    milestone(1, "review", hour=10, title="Security review", due=on(16)),
    milestone(1, "signature", hour=11, due=on(30)),
)


def test_the_plan_breaks_with_the_first_milestone_that_is_due_and_open():
    assert missed(created(0), *PLAN) == Breach(
        since=end_of(9),
        critical_from=end_of(16),
        evidence=(
            Evidence("crm/milestone-1", at(1), f"milestone 'Pilot' (buyer's side), due on {on(9)}, is not done"),
        ),
        clears_when="'Pilot' is done, or the plan is agreed anew with a date ahead for it",
    )


def test_it_opens_with_the_last_moment_of_the_day_and_not_an_instant_before():
    found = missed(created(0), *PLAN)
    assert not found.holds_at(end_of(9) - TICK)
    assert found.holds_at(end_of(9))


def test_a_milestone_without_a_title_is_called_by_its_id():
    found = missed(created(0), milestone(1, "signature", due=on(30)))
    assert found.evidence[0].text == f"milestone 'signature', due on {on(30)}, is not done"


def test_when_it_is_done_the_next_one_counts():
    assert missed(created(0), *PLAN, milestone(8, "pilot", done=True)).since == end_of(16)
    assert missed(created(0), *PLAN, milestone(12, "pilot", done=True)).since == end_of(16)


def test_a_later_one_that_is_done_does_not_make_up_for_it():
    assert missed(created(0), *PLAN, milestone(8, "review", done=True)).since == end_of(9)


def test_when_all_are_done_there_is_nothing_to_miss():
    done = [milestone(8, name, hour=hour, done=True) for hour, name in enumerate(("pilot", "review", "signature"), 9)]
    assert breach("milestone_missed", created(0), *PLAN, *done) is None


def test_one_that_was_done_and_is_opened_again_counts_again():
    assert missed(created(0), *PLAN, milestone(8, "pilot", done=True), milestone(9, "pilot", done=False)).since == (
        end_of(9)
    )


def test_a_new_due_date_is_a_new_deadline():
    assert missed(created(0), *PLAN, milestone(12, "pilot", due=on(14))).since == end_of(14)


def test_one_without_a_due_date_cannot_be_missed():
    assert breach("milestone_missed", created(0), milestone(1, "pilot", title="Pilot")) is None
    assert missed(created(0), *PLAN, milestone(2, "pilot", due=None)).since == end_of(16)


def test_a_deal_without_a_plan_misses_nothing():
    assert breach("milestone_missed", created(0, close_date=on(3)), next_step(3, day=1)) is None


@pytest.mark.parametrize(
    "something_else",
    [(inbound(10), outbound(11)), (booked(10, starts=20),), (next_step(20, day=10),), (changed(10, amount=5),)],
    ids=["mails", "a meeting booked", "a next step dated", "another field"],
)
def test_nothing_else_clears_it(something_else):
    assert missed(created(0), *PLAN, *something_else).since == end_of(9)


def test_the_day_ends_with_the_owner():
    in_new_york = missed(created(0), *PLAN, rules=rules_for(time_zone="America/New_York"))
    assert in_new_york.since == at(10, hour=4) - TICK


def test_weekends_and_holidays_do_not_count_until_it_is_critical():
    # a Saturday; Good Friday is day 32, Easter Monday day 35
    assert missed(created(0), milestone(1, due=on(12))).critical_from == at(21, hour=0)
    before_easter = (created(28), milestone(28, due=on(31)))
    assert missed(*before_easter).critical_from == end_of(38)
    assert missed(*before_easter, rules=rules_for(holidays="DE")).critical_from == end_of(42)


def test_it_is_critical_as_soon_as_the_rest_of_the_plan_no_longer_fits():
    # from the pilot to the signature it is 21 days: with a close date on day 33 they must begin by day 12
    found = missed(created(0, close_date=on(33)), *PLAN)
    assert (found.since, found.critical_from) == (end_of(9), end_of(12))
    assert found.evidence[0] == Evidence(
        "crm/created-0", at(0), f"the close date is {on(33)}, and the rest of the plan takes 21 days"
    )
    assert found.evidence[-1].event == "crm/milestone-1"


def test_a_close_date_that_leaves_time_changes_nothing():
    roomy = missed(created(0, close_date=on(37)), *PLAN)
    assert roomy == missed(created(0), *PLAN)
    assert missed(created(0, close_date=on(36)), *PLAN).critical_from == end_of(15)


def test_a_plan_that_never_fitted_is_critical_at_once():
    found = missed(created(0, close_date=on(20)), *PLAN)
    assert found.since == found.critical_from == end_of(9)


def test_the_last_milestone_alone_is_critical_at_the_close_date():
    found = missed(created(0, close_date=on(32)), milestone(1, "signature", due=on(30)))
    assert (found.since, found.critical_from) == (end_of(30), end_of(32))


def test_what_is_done_needs_no_time():
    found = missed(created(0, close_date=on(33)), *PLAN, milestone(8, "signature", done=True))
    assert found.critical_from == end_of(16)


def test_a_later_close_date_brings_it_within_reach_again():
    assert missed(created(0, close_date=on(20)), *PLAN, dated(60, day=11)).critical_from == end_of(16)


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"milestone_missed": {"critical_business_days": 1}}})
    assert missed(created(0), *PLAN, rules=rules).critical_from == end_of(10)


def test_a_closed_deal_misses_nothing():
    assert breach("milestone_missed", created(0), *PLAN, lost(12)) is None


def test_what_is_ticked_off_late_was_not_missed():
    life = (created(0), *PLAN, inbound(11))
    assert [each.state for each in findings("milestone_missed", *life, day=12)] == ["open"]
    (ahead,) = findings("milestone_missed", *life, milestone(8, "pilot", done=True), day=12)
    assert (ahead.state, ahead.since) == ("pending", end_of(16))


def test_what_was_open_before_it_was_done_stays_told():
    past, ahead = findings("milestone_missed", created(0), *PLAN, milestone(11, "pilot", done=True), day=12)
    assert (past.state, past.since, past.until) == ("resolved", end_of(9), at(11))
    assert (ahead.state, ahead.since) == ("pending", end_of(16))
