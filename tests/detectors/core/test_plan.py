"""What lies ahead of a deal, and the steps forward that we made ourselves."""

from detectors.core.plan import Planned, Step, own_steps, planned
from tests.detectors.builders import (
    BUYER,
    COLLEAGUE,
    REP,
    at,
    away,
    booked,
    cancelled,
    created,
    deal,
    document,
    end_of,
    held,
    inbound,
    milestone,
    next_step,
    no_show,
    on,
    outbound,
    paused,
    word,
)


def plans(*parts):
    found = deal(created(0), *parts)
    return planned(found.log, found.calendar, found.is_ours)


def steps(*parts):
    found = deal(created(0), *parts)
    return list(own_steps(found.log, found.is_ours))[::-1]


def test_everything_that_lies_ahead_is_told_with_its_end():
    assert plans(booked(1, starts=9), next_step(10, 2), milestone(3, due=on(11)), paused(12, 4), away(5, until=13)) == [
        Planned(at(1), "calendar/booked-1", at(9), "a booked meeting"),
        Planned(at(2), "crm/next-step-2", end_of(10), "a dated next step"),
        Planned(at(3), "crm/milestone-3", end_of(11), "an open milestone"),
        Planned(at(4), "crm/pause-4", end_of(12), "a pause"),
        Planned(at(5), "gmail/away-5", end_of(13), "out of office"),
    ]


def test_what_is_past_when_it_is_told_lay_never_ahead():
    assert plans(booked(9, starts=1), next_step(1, 9), milestone(9, due=on(1)), paused(1, 9), away(9, until=1)) == []


def test_today_still_lies_ahead():
    assert [plan.until for plan in plans(next_step(9, day=9))] == [end_of(9)]


def test_what_is_called_off_lay_ahead_until_then():
    for called_off in (cancelled(3), no_show(3), held(3)):
        assert [plan.until for plan in plans(booked(1, starts=9), called_off)] == [at(3)]


def test_what_is_called_off_after_its_day_was_over_by_itself():
    assert [plan.until for plan in plans(booked(1, starts=2), held(3))] == [at(2)]


def test_a_meeting_that_is_moved_is_two_plans():
    moved = plans(booked(1, starts=9), booked(3, starts=20))
    assert [(plan.event, plan.until) for plan in moved] == [("calendar/booked-1", at(3)), ("calendar/booked-3", at(20))]


def test_a_meeting_keeps_its_day_when_only_its_people_change():
    words = (
        word("booked", 1, starts_at=at(9).isoformat(), attendees=[BUYER]),
        word("booked", 3, attendees=[BUYER, REP]),
    )
    assert [(plan.event, plan.until) for plan in plans(*words)] == [
        ("calendar/word-booked-1", at(3)),
        ("calendar/word-booked-3", at(9)),
    ]
    assert [plan.until for plan in plans(*words, word("booked", 4, starts_at=None))] == [at(3), at(4)]


def test_a_meeting_among_ourselves_becomes_one_with_the_buyer_when_they_are_invited():
    ours = word("booked", 1, starts_at=at(9).isoformat(), organizer=REP, attendees=[REP, COLLEAGUE])
    assert steps(ours, word("booked", 2)) == []
    assert steps(ours, word("booked", 2, attendees=[REP, BUYER])) == [
        Step(at(2), "calendar/word-booked-2", "we booked a meeting")
    ]


def test_meetings_are_told_apart_by_their_id():
    both = plans(booked(1, starts=9), booked(2, starts=10, name="review"), cancelled(3))
    assert sorted(plan.until for plan in both) == [at(3), at(10)]


def test_a_meeting_among_ourselves_is_no_plan_with_the_buyer():
    assert plans(booked(1, starts=9, attendees=[REP, COLLEAGUE])) == []
    assert plans(booked(1, starts=9, organizer=BUYER, attendees=[REP])) != []
    assert plans(booked(1, starts=9, attendees=[])) != []


def test_a_milestone_keeps_its_date_when_other_fields_change():
    (first, second) = plans(milestone(1, due=on(9)), milestone(2, title="renamed"))
    assert (first.until, second.until) == (at(2), end_of(9))


def test_steps_are_told_in_words():
    assert steps(booked(1, starts=9), held(9), document(10), next_step(20, 11), milestone(12, done=True)) == [
        Step(at(1), "calendar/booked-1", "we booked a meeting"),
        Step(at(9), "calendar/held-9", "a meeting was held"),
        Step(at(10), "docs/proposal-sent-10", "we sent a proposal"),
        Step(at(11), "crm/next-step-11", f"a next step was dated {on(20)}"),
        Step(at(12), "crm/milestone-12", "a milestone was done"),
    ]


def test_what_others_do_or_what_only_repeats_is_no_step():
    assert steps(booked(1, starts=9, organizer=BUYER), document(2, "viewed"), cancelled(3), next_step(None, 4)) == []
    twice = (booked(1, starts=9), booked(2, starts=10), document(3), document(4), next_step(20, 5), next_step(20, 6))
    done = (milestone(7, done=True), milestone(8, done=True), milestone(9, title="renamed"))
    assert [step.at for step in steps(*twice, *done)] == [at(1), at(3), at(5), at(7)]


def test_a_milestone_done_again_after_it_was_opened_is_a_step_again():
    again = (milestone(1, done=True), milestone(2, done=False), milestone(3, done=True))
    assert [step.at for step in steps(*again)] == [at(1), at(3)]


def test_the_first_mail_to_each_person_is_a_step_of_the_deal():
    assert deal(created(0), outbound(1)).last_step == Step(at(1), "gmail/outbound-1", f"our first mail to {BUYER}")
    assert deal(created(0), inbound(1), outbound(2)).last_step is None
