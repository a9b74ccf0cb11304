"""Nothing is planned."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    COLLEAGUE,
    REP,
    RULES,
    TICK,
    Answer,
    Event,
    at,
    booked,
    breach,
    call,
    cancelled,
    changed,
    created,
    document,
    end_of,
    findings,
    held,
    inbound,
    lost,
    milestone,
    next_step,
    no_show,
    on,
    outbound,
    paused,
    reopened,
    reply,
    rules_for,
)


def nothing_planned(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("no_next_step", *parts, rules=rules)
    assert found is not None
    return found


def test_after_the_last_planned_step_three_business_days_are_left_to_plan_another():
    # the meeting is on a Wednesday
    assert nothing_planned(created(0), booked(1, starts=9), held(9)) == Breach(
        since=at(14),
        critical_from=at(23),
        evidence=(Evidence("calendar/booked-1", at(1), f"the last thing planned: a booked meeting, until {on(9)}"),),
        clears_when="a next step is agreed and dated, or a meeting is booked",
    )


def test_a_deal_for_which_nothing_was_ever_planned_counts_from_its_creation():
    found = nothing_planned(created(0))
    assert (found.since, found.critical_from) == (at(3), at(14))
    assert found.evidence == (
        Evidence("crm/created-0", at(0), "the deal began, and no next step with a date was planned since"),
    )


def test_a_deal_that_is_taken_up_again_owed_no_step_while_it_was_closed():
    life = (created(0), lost(2), reopened(21))
    found = nothing_planned(*life)
    assert (found.since, found.critical_from) == (at(24), at(35))
    text = "the deal was taken up again, and no next step with a date was planned since"
    assert found.evidence == (Evidence("crm/reopened-21", at(21), text),)
    assert nothing_planned(*life, next_step(22, 21)).since == end_of(22) + (at(25) - at(22))


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = nothing_planned(created(0), booked(1, starts=9))
    assert not found.holds_at(at(14) - TICK)
    assert found.holds_at(at(14))


@pytest.mark.parametrize(
    ("plan", "since"),
    [
        (booked(1, starts=14), at(17)),
        (next_step(14, day=1), end_of(17)),
        (paused(14, day=1), end_of(17)),
        (milestone(1, due=on(14)), end_of(17)),
    ],
    ids=["booked meeting", "next step", "pause", "milestone"],
)
def test_what_lies_ahead_is_a_plan_as_long_as_it_does(plan, since):
    assert nothing_planned(created(0), plan).since == since


def test_of_two_plans_the_later_counts():
    assert nothing_planned(created(0), booked(1, starts=14), next_step(8, day=2)).since == at(17)


@pytest.mark.parametrize(
    "end",
    [cancelled(8), no_show(8), held(8), booked(8, starts=7)],
    ids=["called off", "nobody came", "held early", "moved into the past"],
)
def test_a_meeting_that_ended_early_lay_ahead_until_then(end):
    assert nothing_planned(created(0), booked(1, starts=30), end).since == at(11)


def test_a_step_whose_date_is_taken_away_lay_ahead_until_then():
    assert nothing_planned(created(0), next_step(30, day=1), next_step(None, day=8)).since == at(11)


def test_a_milestone_that_is_done_lies_ahead_no_longer():
    assert nothing_planned(created(0), milestone(1, due=on(30)), milestone(8, done=True)).since == at(11)


@pytest.mark.parametrize(
    "no_plan",
    [
        (inbound(2), reply(2, hour=11), outbound(3)),
        (call(2, connected=True),),
        (held(2),),
        (document(2),),
        (changed(2, next_step="Talk about prices"),),
        (booked(2, starts=20, attendees=[REP, COLLEAGUE]),),
        (milestone(2, title="Pilot"),),
    ],
    ids=["mails", "call", "meeting out of the blue", "document", "step without a date", "internal", "no due date"],
)
def test_what_is_no_plan_leaves_the_clock_alone(no_plan):
    assert nothing_planned(created(0), *no_plan).since == at(3)


def test_what_was_over_before_the_deal_began_does_not_count():
    found = nothing_planned(booked(0, starts=1), created(3))
    assert (found.since, found.evidence[0].event) == (at(8), "crm/created-3")


def test_weekends_do_not_count():
    # a Friday's step leaves until Wednesday, a Saturday's until the first moment of Thursday
    assert nothing_planned(created(0), next_step(4, day=0)).since == end_of(9)
    assert nothing_planned(created(0), next_step(5, day=0)).since == at(10, hour=0)


def test_holidays_do_not_count():
    planned = (created(28), booked(28, starts=31))
    assert nothing_planned(*planned).since == at(36)
    # Good Friday and Easter Monday
    assert nothing_planned(*planned, rules=rules_for(holidays="DE")).since == at(38)


def test_a_new_plan_ends_it_and_what_was_open_stays_told():
    idle = (created(0), booked(1, starts=9), held(9))
    past, ahead = findings("no_next_step", *idle, next_step(30, day=16), day=17)
    assert (past.state, past.since, past.until) == ("resolved", at(14), at(16))
    assert (ahead.state, ahead.since) == ("pending", end_of(35))


def test_a_plan_that_is_told_late_takes_it_back():
    idle = (created(0), inbound(1), reply(2))
    assert [each.state for each in findings("no_next_step", *idle, outbound(8), day=9)] == ["open"]
    told_late = findings("no_next_step", *idle, outbound(8), booked(2, starts=21), day=9)
    assert [(each.state, each.since) for each in told_late] == [("pending", at(24))]


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"no_next_step": {"warn_business_days": 5, "critical_business_days": 6}}})
    found = nothing_planned(created(0), rules=rules)
    assert (found.since, found.critical_from) == (at(7), at(8))


def test_it_is_never_critical_before_it_is_a_finding():
    rules = Rules.of({"detectors": {"no_next_step": {"warn_business_days": 8, "critical_business_days": 2}}})
    found = nothing_planned(created(0), rules=rules)
    assert found.since == found.critical_from == at(10)


def test_a_closed_deal_needs_no_next_step():
    assert breach("no_next_step", created(0), lost(2)) is None
