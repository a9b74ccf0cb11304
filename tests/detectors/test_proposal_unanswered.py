"""A proposal was sent and met with silence."""

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
    away,
    booked,
    breach,
    call,
    cancelled,
    created,
    document,
    end_of,
    findings,
    held,
    inbound,
    lost,
    mail,
    next_step,
    outbound,
    paused,
    rules_for,
)


def unanswered(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("proposal_unanswered", *parts, rules=rules)
    assert found is not None
    return found


SENT = (created(0), inbound(0, hour=12), document(1))


def test_three_business_days_after_the_sending():
    assert unanswered(*SENT) == Breach(
        since=at(4),
        critical_from=at(10),
        evidence=(Evidence("docs/proposal-sent-1", at(1), "we sent the proposal, and nothing came back"),),
        clears_when="they open, answer or sign it, or a meeting to go through it is booked",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    assert not unanswered(*SENT).holds_at(at(4) - TICK)
    assert unanswered(*SENT).holds_at(at(4))


def test_without_a_proposal_there_is_nothing_to_answer():
    assert breach("proposal_unanswered", created(0), inbound(1), outbound(2)) is None


def test_a_quote_is_one_too_and_a_contract_is_not():
    assert unanswered(created(0), document(1, kind="quote")).evidence[0].text.startswith("we sent the quote")
    assert breach("proposal_unanswered", created(0), document(1, kind="contract")) is None
    assert breach("proposal_unanswered", created(0), document(1, kind="other")) is None


@pytest.mark.parametrize(
    "sign",
    [
        document(2, "viewed"),
        document(2, "signed"),
        document(2, "declined"),
        document(2, "viewed", kind="contract", name="draft"),
        inbound(2),
        held(2),
        call(2, connected=True),
    ],
    ids=["view", "signature", "refusal", "view of another paper", "mail", "meeting", "call taken"],
)
def test_every_sign_of_the_buyer_answers_it(sign):
    assert breach("proposal_unanswered", *SENT, sign) is None
    assert breach("proposal_unanswered", *SENT, sign, outbound(3)) is None


@pytest.mark.parametrize(
    "no_sign",
    [
        outbound(2),
        call(2, connected=False),
        away(2),
        cancelled(2),
        held(2, attendees=[REP, COLLEAGUE]),
        mail(COLLEAGUE, REP, 2),
    ],
    ids=["our reminder", "call not taken", "out of office", "cancelled", "internal meeting", "internal mail"],
)
def test_what_is_no_sign_does_not(no_sign):
    assert unanswered(*SENT, no_sign).since == at(4)


def test_what_they_said_before_the_sending_is_no_answer():
    assert unanswered(created(0), document(1, "viewed", name="old"), inbound(2), document(3)).since == at(8)


def test_a_mail_in_the_same_instant_is_one():
    assert breach("proposal_unanswered", created(0), document(1), inbound(1)) is None


def test_to_send_it_again_is_no_new_start():
    found = unanswered(*SENT, document(3), document(7), document(7, name="new version", hour=10))
    assert (found.since, found.critical_from) == (at(4), at(10))
    assert found.evidence == (
        Evidence("docs/proposal-sent-1", at(1), "we sent the proposal, and nothing came back"),
        Evidence("docs/proposal-sent-7-1000", at(7, hour=10), "we sent a proposal again, and nothing came back"),
    )


REVISED = Rules.of({"detectors": {"proposal_unanswered": {"new_starts": 2}}})


def test_another_one_is_a_new_start_where_the_rules_say_so():
    found = unanswered(*SENT, document(3), document(7, name="second"), document(8, name="second"), rules=REVISED)
    assert (found.since, found.critical_from) == (at(10), at(16))
    assert found.evidence == (
        Evidence("docs/proposal-sent-7", at(7), "we sent another proposal, and nothing came back"),
        Evidence("docs/proposal-sent-8", at(8), "we sent a proposal again, and nothing came back"),
    )


def test_the_same_one_is_none_even_there():
    assert unanswered(*SENT, document(7), rules=REVISED).since == at(4)
    assert unanswered(*SENT, document(2, name="second"), document(7), rules=REVISED).since == at(7)


def test_as_many_are_new_starts_as_the_rules_say():
    versions = [document(day, name=f"version of day {day}") for day in (7, 8, 9)]
    assert unanswered(*SENT, *versions[:2], rules=REVISED).since == at(11)
    assert unanswered(*SENT, *versions, rules=REVISED).since == at(11)
    assert unanswered(*SENT, *versions).since == at(4)


def test_one_that_is_sent_after_they_looked_is_a_new_start():
    assert unanswered(*SENT, document(2, "viewed"), document(7, name="second")).since == at(10)


@pytest.mark.parametrize(
    ("step", "since", "critical"),
    [
        (booked(2, starts=14), at(15), at(21)),
        (next_step(14, day=2), end_of(15), end_of(21)),
        (paused(14, day=2), end_of(15), end_of(21)),
    ],
    ids=["booked meeting", "next step", "pause"],
)
def test_a_future_step_puts_off_the_warning_and_what_comes_after_it(step, since, critical):
    found = unanswered(*SENT, step)
    assert (found.since, found.critical_from) == (since, critical)
    assert "lay ahead until" in found.evidence[-1].text


def test_weekends_and_holidays_do_not_count():
    # Friday, so Wednesday; Saturday counts from Monday's first moment
    assert unanswered(created(0), document(4)).since == at(9)
    assert unanswered(created(0), document(5)).since == at(10, hour=0)
    easter = (created(28), document(31))
    assert unanswered(*easter).since == at(36)
    assert unanswered(*easter, rules=rules_for(holidays="DE")).since == at(38)


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"proposal_unanswered": {"warn_business_days": 0, "critical_business_days": 1}}})
    found = unanswered(created(0), document(1), rules=rules)
    assert (found.since, found.critical_from) == (at(1), at(2))


def test_a_closed_deal_waits_for_nothing():
    assert breach("proposal_unanswered", *SENT, lost(20)) is None


def test_a_view_that_is_told_late_takes_it_back():
    assert [each.state for each in findings("proposal_unanswered", *SENT, outbound(7), day=8)] == ["open"]
    assert findings("proposal_unanswered", *SENT, outbound(7), document(2, "viewed"), day=8) == []


def test_what_was_open_before_they_looked_stays_told():
    (past,) = findings("proposal_unanswered", *SENT, document(9, "viewed"), day=10)
    assert (past.state, past.since, past.until) == ("resolved", at(4), at(9))
