"""Ping-pong: every touch of ours is a reply."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
    COLLEAGUE,
    REP,
    RULES,
    TICK,
    Answer,
    Event,
    answer,
    at,
    booked,
    breach,
    call,
    cancelled,
    changed,
    deal,
    document,
    entered,
    findings,
    held,
    inbound,
    lost,
    mail,
    milestone,
    next_step,
    no_show,
    outbound,
    reply,
)

TWO = (entered("Demo", 0), inbound(1), reply(2), inbound(3), reply(4))
THREE = (*TWO, inbound(7), reply(8))
FIVE = (*THREE, inbound(9), reply(10), inbound(14), reply(15))


def ping_pong(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("reply_only", *parts, rules=rules)
    assert found is not None
    return found


def test_the_third_reply_in_a_row_is_ping_pong():
    assert ping_pong(*THREE) == Breach(
        since=at(8),
        critical_from=None,
        until=None,
        evidence=(
            Evidence("gmail/reply-2", at(2), "our first reply in a row on 'pricing'"),
            Evidence("gmail/reply-4", at(4), "our second reply in a row on 'pricing'"),
            Evidence("gmail/reply-8", at(8), "our third reply in a row on 'pricing'"),
        ),
        clears_when=(
            "we make a step of our own: book a meeting, write to someone new, send a document or date a next step"
        ),
    )


def test_two_replies_are_not():
    assert breach("reply_only", *TWO) is None
    assert breach("reply_only", *TWO, inbound(7)) is None


def test_it_opens_with_the_third_reply_and_not_an_instant_before():
    found = ping_pong(*THREE)
    assert not found.holds_at(at(8) - TICK)
    assert found.holds_at(at(8))


def test_the_fifth_makes_it_critical_and_later_ones_move_nothing():
    found = ping_pong(*FIVE)
    assert (found.since, found.critical_from, len(found.evidence)) == (at(8), at(15), 5)
    assert ping_pong(*FIVE, inbound(16), reply(17)) == found


def test_working_days_do_not_matter():
    weekend = (entered("Demo", 0), *(part for hour in (9, 11, 13) for part in (inbound(5, hour), reply(5, hour + 1))))
    assert ping_pong(*weekend).since == at(5, hour=14)


PURPOSEFUL = {
    "we book a meeting": lambda day: booked(day, starts=20),
    "we hold a meeting": lambda day: held(day),
    "we write to somebody new": lambda day: outbound(day, to="cfo@them.example"),
    "we call somebody new": lambda day: call(day, to="cfo@them.example"),
    "we send a document": lambda day: document(day),
    "we date a next step": lambda day: next_step(20, day=day),
    "a milestone is done": lambda day: milestone(day, done=True),
    "a stage is advanced": lambda day: entered("Proposal", day),
    "a stage unknown to the rules is entered": lambda day: entered("Legal", day),
}


@pytest.mark.parametrize("step", PURPOSEFUL.values(), ids=PURPOSEFUL)
def test_a_purposeful_step_clears_it(step):
    assert breach("reply_only", *THREE, step(9)) is None


@pytest.mark.parametrize("step", PURPOSEFUL.values(), ids=PURPOSEFUL)
def test_a_purposeful_step_on_the_way_starts_the_row_anew(step):
    assert breach("reply_only", *TWO, step(6), inbound(7), reply(8)) is None
    restarted = ping_pong(*TWO, step(6), inbound(7), reply(8), inbound(9), reply(10), inbound(11), reply(14))
    assert restarted.since == at(14)


@pytest.mark.parametrize("step", PURPOSEFUL.values(), ids=PURPOSEFUL)
def test_a_step_before_the_first_reply_does_not_excuse_them(step):
    opening = (entered("Demo", 0), inbound(0, hour=10), step(1))
    assert ping_pong(*opening, inbound(2), reply(3), inbound(4), reply(7), inbound(8), reply(9)).since == at(9)


@pytest.mark.parametrize(
    "other",
    [outbound(9), call(9, connected=True), call(9, connected=False)],
    ids=["a mail of our own", "a call", "a call that nobody took"],
)
def test_a_touch_that_we_open_ends_the_row_though_it_is_no_step(other):
    assert breach("reply_only", *THREE, other) is None
    assert ping_pong(*THREE, other, inbound(10), reply(11), inbound(14), reply(15), inbound(16), reply(17)).since == at(
        17
    )


NO_STEP = {
    "the buyer books a meeting": booked(9, starts=20, organizer=BUYER),
    "a meeting is cancelled": cancelled(9),
    "nobody comes": no_show(9),
    "we book a meeting among ourselves": booked(9, starts=20, attendees=[REP, COLLEAGUE]),
    "we meet among ourselves": held(9, attendees=[REP, COLLEAGUE]),
    "a document is viewed": document(9, "viewed"),
    "the next step's date is taken away": next_step(None, day=9),
    "a milestone is planned": milestone(9, due="2026-04-01"),
    "the stage goes back": entered("Discovery", 9),
    "the same stage is told again": entered("Demo", 9),
    "the stage is cleared": entered(None, 9),
    "the amount changes": changed(9, amount=5),
    "we write among ourselves": mail(REP, COLLEAGUE, 9),
    "our out-of-office mail": mail(REP, BUYER, 9, automatic=True),
    "the buyer copies somebody new": inbound(9, cc=["cfo@them.example"]),
    "somebody new writes": inbound(9, sender="cfo@them.example"),
}


@pytest.mark.parametrize("other", NO_STEP.values(), ids=NO_STEP)
def test_what_is_no_step_of_ours_does_not_clear_it(other):
    assert ping_pong(*THREE, other).since == at(8)


def test_telling_a_step_again_is_no_new_step():
    steps = (
        next_step(20, day=1),
        milestone(1, hour=10, done=True),
        document(1, hour=11),
        booked(1, starts=20, hour=12),
    )
    again = (next_step(20, day=9), milestone(9, done=True), document(9), booked(9, starts=20))
    row = (inbound(2), reply(3), inbound(4), reply(7), inbound(8), reply(8, hour=10))
    assert ping_pong(entered("Demo", 0), *steps, *row, *again).since == at(8, hour=10)


def test_a_reply_to_somebody_new_is_no_first_mail():
    new = inbound(9, sender="cfo@them.example")
    found = ping_pong(*THREE, new, reply(10, to="cfo@them.example"), inbound(11), reply(14))
    assert (found.since, found.critical_from) == (at(8), at(14))


def test_a_reply_that_copies_somebody_new_is_still_a_reply():
    copied = ping_pong(*TWO, inbound(7), reply(8, cc=["cfo@them.example"]))
    assert copied.since == at(8)


def test_a_mail_that_is_passed_on_to_somebody_new_is_a_step_and_no_reply():
    asked = inbound(7)
    passed_on = mail(REP, "cfo@them.example", 8, answers=asked, subject="Fwd: pricing")
    assert breach("reply_only", *TWO, asked, passed_on) is None
    later = mail(REP, "cfo@them.example", 9, answers=asked, subject="Fwd: pricing")
    assert breach("reply_only", *THREE, later) is None
    both = mail(REP, ["cfo@them.example", BUYER], 8, answers=asked)
    assert ping_pong(*TWO, asked, both).since == at(8)


def test_a_second_mail_to_somebody_is_no_first_contact():
    wrote_once = (entered("Demo", 0), outbound(0, hour=10, to="cfo@them.example"))
    step = deal(*wrote_once, inbound(1), outbound(9, to="cfo@them.example")).last_step
    assert step is not None
    assert step.at == at(0, hour=10)


def test_reminders_on_the_same_mail_are_no_further_replies():
    asked = inbound(1)
    first, second, third = (mail(REP, BUYER, day, answers=asked) for day in (2, 5, 8))
    assert breach("reply_only", entered("Demo", 0), asked, first, second, third) is None
    row = (inbound(9), reply(10), inbound(11), reply(14))
    assert [each.event for each in ping_pong(entered("Demo", 0), asked, first, second, *row).evidence] == [
        "gmail/mail-2",
        "gmail/reply-10",
        "gmail/reply-14",
    ]


def test_a_reminder_after_a_step_does_not_bring_back_the_reply_before_it():
    asked = inbound(1)
    reminded = (asked, mail(REP, BUYER, 2, answers=asked), booked(3, starts=20), mail(REP, BUYER, 4, answers=asked))
    row = (inbound(7), reply(8), inbound(9), reply(10))
    assert breach("reply_only", entered("Demo", 0), *reminded, *row) is None
    assert ping_pong(entered("Demo", 0), *reminded, *row, inbound(11), reply(14)).since == at(14)


def test_a_reply_counts_by_its_thread_and_without_one_by_its_subject():
    renamed = (inbound(7, subject="something else"), reply(8, subject="no Re: at all"))
    assert ping_pong(*TWO, *renamed).evidence[-1].text == "our third reply in a row on 'no Re: at all'"
    without_headers = outbound(8, subject="Re: pricing")
    assert ping_pong(*TWO, inbound(7), without_headers).evidence[-1].text == "our third reply in a row on 'Re: pricing'"
    assert breach("reply_only", *TWO, inbound(7), outbound(8, subject="pricing")) is None
    assert breach("reply_only", *TWO, inbound(7), outbound(8, subject="Re: something else")) is None


def test_a_reply_without_a_subject_says_so():
    assert (
        ping_pong(*TWO, inbound(7), reply(8, subject=None)).evidence[-1].text
        == "our third reply in a row on 'no subject'"
    )


def test_a_mail_after_our_own_mail_is_no_reply():
    opened = outbound(7)
    follow_up = outbound(8, answers=opened)
    assert breach("reply_only", *TWO, opened, follow_up) is None


def test_their_answers_to_our_mail_and_our_replies_to_them_are_a_row_again():
    ours = (entered("Demo", 0), outbound(1), answer(2), reply(3), answer(4), reply(7), answer(8))
    assert breach("reply_only", *ours) is None
    assert ping_pong(*ours, reply(9)).since == at(9)


def test_the_same_reply_from_two_mailboxes_counts_once():
    asked = inbound(7)
    ours = mail(REP, BUYER, 8, answers=asked, event_id="copy-1", message_id="<one@mail.example>")
    copy = mail(REP, BUYER, 8, minute=1, answers=asked, event_id="copy-2", message_id="one@mail.example")
    assert breach("reply_only", entered("Demo", 0), inbound(1), reply(2), asked, ours, copy) is None


def test_the_thresholds_are_those_of_the_rules():
    patient = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "detectors": {"reply_only": {"replies": 4, "critical_replies": 5}},
        }
    )
    assert breach("reply_only", *THREE, rules=patient) is None
    assert (ping_pong(*FIVE, rules=patient).since, ping_pong(*FIVE, rules=patient).critical_from) == (at(10), at(15))


def test_a_closed_deal_plays_no_ping_pong():
    assert breach("reply_only", *THREE, lost(9)) is None


def test_a_step_ends_the_finding_when_it_was_taken():
    (past,) = findings("reply_only", *THREE, booked(9, starts=20), day=10)
    assert (past.state, past.since, past.until) == ("resolved", at(8), at(9))


def test_a_step_that_arrives_late_takes_the_finding_back():
    assert findings("reply_only", *THREE, booked(6, starts=20), day=10) == []
