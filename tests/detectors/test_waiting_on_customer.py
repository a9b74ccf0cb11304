"""Our mail stands unanswered, and nothing is planned."""

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
    cancelled,
    created,
    end_of,
    findings,
    held,
    inbound,
    lost,
    mail,
    milestone,
    next_step,
    on,
    outbound,
    paused,
    reply,
    rules_for,
)


def waiting(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("waiting_on_customer", *parts, rules=rules)
    assert found is not None
    return found


def test_a_mail_without_an_answer_waits_three_business_days():
    assert waiting(created(0), inbound(0, hour=10), outbound(1)) == Breach(
        since=at(4),
        evidence=(Evidence("gmail/outbound-1", at(1), "our mail 'pricing' of 2026-03-03 has no answer"),),
        clears_when="the buyer answers, or a next step is agreed and dated",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = waiting(created(0), outbound(1))
    assert not found.holds_at(at(4) - TICK)
    assert found.holds_at(at(4))


def test_it_is_worth_knowing_and_never_more():
    (told,) = findings("waiting_on_customer", created(0), outbound(1), day=60)
    assert (told.state, told.severity, told.critical_from) == ("open", "info", None)
    assert not told.is_stall


def test_a_deal_in_which_we_did_not_speak_last_is_not_waiting():
    assert breach("waiting_on_customer", created(0)) is None
    assert breach("waiting_on_customer", created(0), outbound(1), answer(2)) is None


def test_asking_again_does_not_move_it():
    found = waiting(created(0), outbound(1), outbound(3), call(8, connected=False))
    assert found.since == at(4)
    assert found.evidence[-1] == Evidence(
        "phone/call-8", at(8), "3 mails and calls of ours, and no answer since 2026-03-03"
    )


def test_an_answer_of_ours_waits_too():
    assert waiting(created(0), inbound(0), reply(1)).since == at(4)


@pytest.mark.parametrize(
    "sign", [answer(7), inbound(7), held(7), call(7, connected=True), call(7, direction="inbound", connected=False)]
)
def test_every_sign_of_life_clears_it_and_the_next_mail_starts_anew(sign):
    assert breach("waiting_on_customer", created(0), outbound(1), sign) is None
    assert waiting(created(0), outbound(1), sign, outbound(8)).since == at(11)


@pytest.mark.parametrize("no_sign", [away(3), mail(COLLEAGUE, REP, 3), mail(REP, BUYER, 3, automatic=True)])
def test_automatic_and_internal_mail_changes_nothing(no_sign):
    assert waiting(created(0), outbound(1), no_sign).since == at(4)


def test_weekends_and_holidays_do_not_count():
    assert waiting(created(0), outbound(3)).since == at(8)
    assert waiting(created(0), outbound(5, hour=20)).since == at(10, hour=0)
    # Good Friday and Easter Monday
    assert waiting(created(28), outbound(30), rules=rules_for(holidays="DE")).since == at(37)


@pytest.mark.parametrize(
    ("step", "since"),
    [
        (booked(2, starts=14), at(15)),
        (next_step(14, day=2), end_of(15)),
        (paused(14, day=2), end_of(15)),
        (milestone(2, due=on(14)), end_of(15)),
        (away(2, until=14), end_of(15)),
    ],
    ids=["booked meeting", "next step", "pause", "milestone", "out of office"],
)
def test_what_is_planned_holds_it_and_is_named(step, since):
    found = waiting(created(0), outbound(1), step)
    assert found.since == since
    assert found.evidence[0].text.endswith("lay ahead until 2026-03-16")
    assert found.evidence[-1].event == "gmail/outbound-1"


def test_a_plan_that_was_called_off_no_longer_holds():
    assert waiting(created(0), outbound(1), booked(2, starts=14), cancelled(3)).since == at(4)


def test_the_threshold_is_that_of_the_rules():
    patient = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "detectors": {"waiting_on_customer": {"warn_business_days": 5}},
        }
    )
    assert waiting(created(0), outbound(1), rules=patient).since == at(8)


def test_a_closed_deal_waits_for_nobody():
    assert breach("waiting_on_customer", created(0), outbound(1), lost(2)) is None


def test_a_late_answer_takes_it_back():
    assert findings("waiting_on_customer", created(0), outbound(1), inbound(3), day=10) == []
    (past,) = findings("waiting_on_customer", created(0), outbound(1), inbound(8), day=10)
    assert (past.state, past.since, past.until) == ("resolved", at(4), at(8))
