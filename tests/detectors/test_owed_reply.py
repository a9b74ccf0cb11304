"""We owe the buyer an answer."""

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
    away,
    booked,
    breach,
    call,
    changed,
    created,
    document,
    end_of,
    entered,
    findings,
    held,
    inbound,
    lost,
    mail,
    next_step,
    no_show,
    outbound,
    person,
    reply,
    rules_for,
)


def owed(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("owed_reply", *parts, rules=rules)
    assert found is not None
    return found


def test_two_business_days_without_an_answer_of_ours_are_too_long():
    assert owed(created(0), person(BUYER, 0, name="Bea Heller"), inbound(1)) == Breach(
        since=at(3),
        critical_from=at(7),
        evidence=(
            Evidence("gmail/inbound-1", at(1), "Bea Heller wrote 'pricing' on 2026-03-03, and we have not answered"),
        ),
        clears_when="we answer: by mail, by telephone, with the document they asked for or with a date to talk",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = owed(created(0), inbound(1))
    assert not found.holds_at(at(3) - TICK)
    assert found.holds_at(at(3))


def test_an_answer_in_time_leaves_nothing_owed():
    assert breach("owed_reply", created(0), inbound(1), reply(2)) is None
    assert breach("owed_reply", created(0), outbound(1)) is None
    assert breach("owed_reply", created(0)) is None


def test_a_buyer_who_asks_again_is_not_less_owed():
    found = owed(created(0), inbound(1), inbound(2), inbound(8))
    assert (found.since, found.critical_from) == (at(3), at(7))
    assert found.evidence[-1] == Evidence(
        "gmail/inbound-8", at(8), "3 mails of theirs without an answer of ours, the newest: their mail 'pricing'"
    )


def test_their_answer_to_our_mail_is_a_message_too():
    assert owed(created(0), outbound(0), answer(1)).since == at(3)


@pytest.mark.parametrize(
    "ours",
    [
        outbound(2),
        outbound(2, to="user@them.example"),
        call(2, connected=False),
        call(2, direction="inbound", connected=True),
        held(2),
        document(2),
        booked(2, starts=3),
        booked(2, starts=3, organizer=None),
    ],
    ids=["mail", "to another of them", "call", "their call", "meeting", "document", "booking", "booking by nobody"],
)
def test_every_word_of_ours_answers_all_before_it(ours):
    assert breach("owed_reply", created(0), inbound(0), inbound(1), ours) is None
    assert owed(created(0), inbound(1), ours, inbound(8)).since >= at(10)


@pytest.mark.parametrize(
    "other",
    [
        away(2),
        mail(COLLEAGUE, REP, 2),
        mail(REP, BUYER, 2, automatic=True),
        no_show(2),
        held(2, attendees=[REP, COLLEAGUE]),
        booked(2, starts=20, attendees=[REP, COLLEAGUE]),
        document(2, "viewed"),
        call(2, direction="inbound", connected=False),
        entered("Demo", 2),
        changed(2, amount=5),
    ],
    ids=[
        "out of office",
        "internal mail",
        "automatic mail",
        "no show",
        "internal meeting",
        "internal booking",
        "document viewed",
        "their call that we missed",
        "stage",
        "amount",
    ],
)
def test_what_the_buyer_does_not_hear_is_no_answer(other):
    assert owed(created(0), inbound(1), other).since == at(3)


def test_a_document_answers_only_what_came_before_it():
    found = owed(created(0), inbound(1), inbound(2), document(2, hour=11), inbound(3))
    assert (found.since, [each.event for each in found.evidence]) == (at(7), ["gmail/inbound-3"])


def test_weekends_and_holidays_do_not_count():
    assert owed(created(0), inbound(3)).since == at(7)
    assert owed(created(0), inbound(5, hour=20)).since == at(9, hour=0)
    # Good Friday and Easter Monday
    assert owed(created(28), inbound(31), rules=rules_for(holidays="DE")).since == at(37)


def test_a_future_step_puts_off_the_warning_and_what_comes_after_it():
    found = owed(created(0), inbound(1), next_step(14, day=2))
    assert (found.since, found.critical_from) == (end_of(15), end_of(17))
    theirs = booked(2, starts=14, organizer=BUYER)
    assert owed(created(0), inbound(1), theirs).since == at(15)


def test_that_one_of_them_is_away_does_not_put_off_what_we_owe():
    for gone in (away(2, until=20), away(2, until=20, sender="user@them.example")):
        assert owed(created(0), inbound(1), gone).since == at(3)


def test_the_thresholds_are_those_of_the_rules():
    hasty = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "detectors": {"owed_reply": {"warn_business_days": 0, "critical_business_days": 1}},
        }
    )
    found = owed(created(0), inbound(1), rules=hasty)
    assert (found.since, found.critical_from) == (at(1), at(2))


def test_a_mail_without_a_subject_is_told_all_the_same():
    assert "wrote 'no subject'" in owed(created(0), inbound(1, subject=None)).evidence[0].text


def test_a_closed_deal_owes_nothing():
    assert breach("owed_reply", created(0), inbound(1), lost(2)) is None


def test_an_answer_that_arrives_late_takes_it_back():
    assert [each.state for each in findings("owed_reply", created(0), inbound(1), changed(9), day=10)] == ["open"]
    assert findings("owed_reply", created(0), inbound(1), changed(9), outbound(2), day=10) == []


def test_what_was_owed_until_we_answered_stays_told():
    (past,) = findings("owed_reply", created(0), inbound(1), reply(8), day=9)
    assert (past.state, past.since, past.until, past.severity) == ("resolved", at(3), at(8), "critical")
