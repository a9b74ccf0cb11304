"""The buyer has gone quiet."""

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
    answer,
    at,
    away,
    booked,
    breach,
    call,
    cancelled,
    changed,
    created,
    end_of,
    findings,
    held,
    inbound,
    lost,
    mail,
    milestone,
    next_step,
    no_show,
    on,
    outbound,
    paused,
    reopened,
    reply,
    rules_for,
    won,
    word,
)


def quiet(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("gone_quiet", *parts, rules=rules)
    assert found is not None
    return found


def test_ten_business_days_without_a_word_are_silence_and_twenty_are_critical():
    assert quiet(created(0), inbound(1)) == Breach(
        since=at(15),
        critical_from=at(29),
        evidence=(Evidence("gmail/inbound-1", at(1), "the buyer's last sign: their mail 'pricing'"),),
        clears_when="the buyer writes, meets or takes a call, or a next step is agreed and dated",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = quiet(created(0), inbound(1))
    assert not found.holds_at(at(15) - TICK)
    assert found.holds_at(at(15))


def test_it_stays_silent_while_they_write_every_other_week():
    (only,) = findings("gone_quiet", created(0), inbound(1), inbound(15, hour=8), inbound(29, hour=7), day=35)
    assert (only.state, only.since) == ("pending", at(43, hour=7))


def test_a_deal_that_was_never_heard_counts_from_its_creation():
    found = quiet(created(0), outbound(1))
    assert (found.since, found.critical_from) == (at(14), at(28))
    assert found.evidence == (Evidence("crm/created-0", at(0), "the deal began, and the buyer was never heard"),)


def test_our_own_chasing_does_not_reset_the_clock():
    chased = quiet(created(0), inbound(1), outbound(3), outbound(8), call(10, connected=False), outbound(14))
    assert chased.since == at(15)


def test_edits_in_the_crm_do_not_reset_the_clock():
    edited = quiet(created(0), inbound(1), changed(9, amount=10), changed(14, next_step="call them"))
    assert edited.since == at(15)


def test_automatic_mail_is_no_sign_of_life():
    assert quiet(created(0), inbound(1), away(8)).since == at(15)


@pytest.mark.parametrize(
    "sign",
    [
        answer(8),
        held(8),
        held(8, attendees=[]),
        call(8, connected=True),
        call(8, direction="inbound", connected=True),
        inbound(8, sender="somebody.new@them.example"),
    ],
    ids=["answer", "meeting", "meeting without a list", "our call taken", "their call", "somebody new"],
)
def test_every_two_way_touch_starts_the_clock_anew(sign):
    assert quiet(created(0), inbound(1), outbound(2), sign).since == at(22)


@pytest.mark.parametrize(
    "no_sign",
    [
        held(8, attendees=[REP, COLLEAGUE]),
        no_show(8),
        cancelled(8),
        call(8),
        call(8, connected=False),
        call(8, direction="inbound", connected=False),
        mail(COLLEAGUE, REP, 8),
        outbound(8),
    ],
    ids=["internal meeting", "no show", "cancelled", "call", "not taken", "missed call", "internal mail", "our mail"],
)
def test_what_is_not_two_way_does_not(no_sign):
    assert quiet(created(0), inbound(1), no_sign).since == at(15)


def test_a_mail_on_a_saturday_counts_from_the_first_moment_of_monday():
    found = quiet(created(0), inbound(5, hour=14))
    assert (found.since, found.critical_from) == (at(21, hour=0), at(35, hour=0))


def test_holidays_do_not_count():
    before_easter = (created(0), inbound(28))
    assert quiet(*before_easter).since == at(42)
    assert quiet(*before_easter, rules=rules_for(holidays="DE")).since == at(44)


def test_days_are_those_of_the_owner_across_the_change_of_the_clock():
    # clocks in Berlin go forward on Sunday, 29 March 2026: nine in UTC is ten before it and eleven after it
    found = quiet(created(0), inbound(22), rules=rules_for(time_zone="Europe/Berlin"))
    assert found.since == at(36, hour=8)


FUTURE_STEPS = {
    "a booked meeting": (booked(2, starts=42), "calendar/booked-2", at(43), at(57)),
    "a dated next step": (next_step(42, day=2), "crm/next-step-2", end_of(43), end_of(57)),
    "an open milestone": (milestone(2, due=on(42)), "crm/milestone-2", end_of(43), end_of(57)),
    "a pause": (paused(42, day=2), "crm/pause-2", end_of(43), end_of(57)),
    "out of office": (away(2, until=42), "gmail/away-2", end_of(43), end_of(57)),
}


@pytest.mark.parametrize("name", FUTURE_STEPS)
def test_while_a_future_step_lies_ahead_silence_is_no_stall_and_a_warning_comes_first(name):
    step, event, since, critical_from = FUTURE_STEPS[name]
    found = quiet(created(0), inbound(1), step)
    assert found == Breach(
        since=since,
        critical_from=critical_from,
        evidence=(
            Evidence("gmail/inbound-1", at(1), "the buyer's last sign: their mail 'pricing'"),
            Evidence(event, at(2), f"{name} lay ahead until {on(42)}"),
        ),
        clears_when="the buyer writes, meets or takes a call, or a next step is agreed and dated",
    )


def test_a_future_step_before_the_deadline_changes_nothing():
    assert quiet(created(0), inbound(1), booked(2, starts=9)).since == at(15)


def test_a_step_on_a_friday_gives_them_until_the_same_time_on_monday():
    assert quiet(created(0), inbound(1), booked(2, starts=18)).since == at(21)


def test_a_cancelled_meeting_holds_only_until_it_was_cancelled():
    assert quiet(created(0), inbound(1), booked(2, starts=42), cancelled(3)).since == at(15)
    assert quiet(created(0), inbound(1), booked(2, starts=42), cancelled(30)).since == at(31)


def test_a_meeting_that_is_moved_holds_until_its_new_date():
    assert quiet(created(0), inbound(1), booked(2, starts=42), booked(3, starts=49)).since == at(50)
    assert quiet(created(0), inbound(1), booked(2, starts=42), booked(3, starts=21)).since == at(22)


def test_a_meeting_to_which_somebody_is_added_holds_until_its_day():
    words = (word("booked", 2, starts_at=at(42).isoformat(), attendees=[REP, "buyer@them.example"]), word("booked", 3))
    assert quiet(created(0), inbound(1), *words).since == at(43)


def test_a_meeting_among_ourselves_that_is_held_without_its_list_is_no_sign_of_the_buyer():
    ours = (word("booked", 2, attendees=[REP, COLLEAGUE]), word("held", 8))
    assert quiet(created(0), inbound(1), *ours).since == at(15)


def test_a_meeting_to_which_nobody_came_lay_ahead_until_then():
    missed = quiet(created(0), booked(1, starts=23), no_show(23, hour=10))
    assert missed.evidence[-1].text == f"a booked meeting lay ahead until {on(23)}"
    assert (missed.since, missed.critical_from) == (at(24), at(38))


def test_a_meeting_among_ourselves_holds_nothing():
    assert quiet(created(0), inbound(1), booked(2, starts=42, attendees=[REP, COLLEAGUE])).since == at(15)


def test_a_meeting_booked_without_a_time_holds_nothing():
    assert quiet(created(0), inbound(1), booked(2, starts=42, starts_at=None)).since == at(15)


@pytest.mark.parametrize(
    ("step", "taken_away"),
    [
        (next_step(42, day=2), next_step(None, day=3)),
        (paused(42, day=2), paused(None, day=3)),
        (milestone(2, due=on(42)), milestone(3, done=True)),
        (milestone(2, due=on(42)), milestone(3, due=None)),
    ],
    ids=["next step", "pause", "milestone done", "milestone without a date"],
)
def test_a_future_step_that_is_taken_away_holds_no_longer(step, taken_away):
    assert quiet(created(0), inbound(1), step, taken_away).since == at(15)


def test_a_milestone_that_is_opened_again_holds_again():
    steps = (milestone(2, due=on(42)), milestone(3, done=True), milestone(4, done=False))
    assert quiet(created(0), inbound(1), *steps).since == end_of(43)


def test_the_end_of_a_day_is_that_of_the_owner():
    found = quiet(created(0), inbound(1), next_step(42, day=2), rules=rules_for(time_zone="America/New_York"))
    assert found.since == at(44, hour=4) - TICK


def test_the_thresholds_are_those_of_the_rules():
    rules = {"organization": {"domains": ["us.example"]}}
    stricter = Rules.of(rules | {"detectors": {"gone_quiet": {"warn_business_days": 5, "critical_business_days": 6}}})
    found = quiet(created(0), inbound(1), rules=stricter)
    assert (found.since, found.critical_from) == (at(8), at(9))


def test_a_closed_deal_is_not_quiet():
    assert breach("gone_quiet", created(0), inbound(1), won(2)) is None
    assert breach("gone_quiet", created(0), inbound(1), lost(2)) is None


def test_closing_ends_the_finding_and_a_deal_that_is_taken_up_starts_anew():
    (over,) = findings("gone_quiet", created(0), inbound(1), lost(20), day=29)
    assert (over.state, over.since, over.until) == ("resolved", at(15), at(20))
    past, now = findings("gone_quiet", created(0), inbound(1), lost(20), reopened(30), day=31)
    assert past == over
    assert (now.state, now.since, now.critical_from) == ("pending", at(44), at(58))
    assert now.evidence[-1].text == "the deal was taken up again"


def test_what_was_agreed_before_the_deal_was_closed_still_holds():
    assert quiet(created(0), inbound(1), paused(91, day=2), lost(3), reopened(30)).since == end_of(92)


def test_a_sign_after_the_deal_was_taken_up_is_the_newer_start():
    heard = quiet(created(0), lost(20), reopened(30), inbound(31))
    assert heard.since == at(45)
    assert [each.event for each in heard.evidence] == ["gmail/inbound-31"]


def test_an_answer_ends_the_finding_at_the_moment_it_came():
    past, ahead = findings("gone_quiet", created(0), inbound(1), outbound(14), answer(16), reply(17), day=18)
    assert (past.state, past.since, past.until, past.severity) == ("resolved", at(15), at(16), "warning")
    assert (ahead.state, ahead.since) == ("pending", at(30))
