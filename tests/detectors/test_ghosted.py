"""We chase and nobody answers."""

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
    created,
    document,
    end_of,
    event,
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
)


def ghosted(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("ghosted", *parts, rules=rules)
    assert found is not None
    return found


def test_two_unanswered_mails_and_three_business_days_are_a_ghost():
    assert ghosted(created(0), inbound(0, hour=10), outbound(1), outbound(3)) == Breach(
        since=at(8),
        critical_from=at(17),
        evidence=(
            Evidence("gmail/outbound-1", at(1), "unanswered, the first in a row: our mail 'pricing'"),
            Evidence("gmail/outbound-3", at(3), "unanswered, the second in a row: our mail 'pricing'"),
        ),
        clears_when="the buyer answers, meets or takes a call, or a next step is agreed and dated",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = ghosted(created(0), outbound(0), outbound(1))
    assert not found.holds_at(at(4) - TICK)
    assert found.holds_at(at(4))


def test_one_unanswered_mail_is_no_chase():
    assert breach("ghosted", created(0), inbound(0), outbound(1)) is None


def test_an_answer_in_between_is_no_silence():
    assert breach("ghosted", created(0), outbound(1), answer(2), outbound(3)) is None


def test_more_chasing_does_not_move_it():
    twice = (created(0), outbound(1), outbound(3))
    assert ghosted(*twice, outbound(4)).since == ghosted(*twice).since == at(8)
    assert ghosted(*twice, outbound(4), outbound(7), outbound(8), outbound(20)).since == at(8)


def test_the_fourth_makes_it_critical():
    chased = (created(0), outbound(0), outbound(1), outbound(7))
    assert ghosted(*chased).critical_from == at(15)
    assert ghosted(*chased, outbound(9)).critical_from == at(9)


def test_it_is_never_critical_before_it_is_a_finding():
    hasty = ghosted(created(0), *(outbound(0, hour=hour) for hour in (9, 10, 11, 12)))
    assert (hasty.since, hasty.critical_from) == (at(3, hour=10), at(3, hour=10))


def test_evidence_names_no_more_than_what_makes_it_critical():
    chased = ghosted(created(0), *(outbound(day) for day in (0, 1, 2, 3, 4)))
    assert [each.event for each in chased.evidence] == [f"gmail/outbound-{day}" for day in (0, 1, 2, 3)]


def test_a_reply_that_stays_unanswered_is_the_first_of_the_row():
    found = ghosted(created(0), inbound(0), reply(1), outbound(2))
    assert found.since == at(7)
    assert found.evidence[0].event == "gmail/reply-1"


def test_calls_that_nobody_takes_count_as_chases():
    found = ghosted(created(0), inbound(0), outbound(1), call(2, connected=False))
    assert found.since == at(7)
    assert found.evidence[1].text == "unanswered, the second in a row: our call"


@pytest.mark.parametrize(
    "sign",
    [answer(4), inbound(4), held(4), call(4, connected=True), call(4, direction="inbound", connected=False)],
    ids=["answer", "mail", "meeting", "call taken", "their call that we missed"],
)
def test_every_sign_of_life_clears_it(sign):
    chased = (created(0), outbound(1), outbound(2))
    assert breach("ghosted", *chased, sign) is None
    assert breach("ghosted", *chased, sign, outbound(5)) is None
    assert ghosted(*chased, sign, outbound(5), outbound(7)).since == at(10)


@pytest.mark.parametrize(
    "no_sign",
    [
        away(3),
        no_show(3),
        cancelled(3),
        held(3, attendees=[REP, COLLEAGUE]),
        mail(COLLEAGUE, REP, 3),
        document(3, "viewed"),
    ],
    ids=["out of office", "no show", "cancelled", "internal meeting", "internal mail", "document viewed"],
)
def test_what_is_no_sign_of_life_does_not(no_sign):
    assert ghosted(created(0), outbound(1), outbound(2), no_sign).since == at(7)


def test_internal_and_automatic_mail_is_no_chase():
    ours = (mail(REP, COLLEAGUE, 2), mail(REP, "buyer@them.example", 3, automatic=True))
    assert breach("ghosted", created(0), outbound(1), *ours) is None


def test_a_chase_on_a_friday_leaves_them_until_wednesday():
    assert ghosted(created(0), outbound(1), outbound(4)).since == at(9)


def test_a_chase_on_a_sunday_counts_from_the_first_moment_of_monday():
    assert ghosted(created(0), outbound(1), outbound(6, hour=20)).since == at(10, hour=0)


def test_holidays_do_not_count():
    chased = (created(28), outbound(29), outbound(31))
    assert ghosted(*chased).since == at(36)
    # Good Friday and Easter Monday
    assert ghosted(*chased, rules=rules_for(holidays="DE")).since == at(38)


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
def test_a_future_step_holds_it(step, since):
    found = ghosted(created(0), outbound(0), outbound(1), step, outbound(3), outbound(4))
    assert (found.since, found.critical_from) == (since, since)


def test_what_puts_off_the_warning_puts_off_the_critical_as_long():
    chased = (created(0), paused(42, day=0), outbound(0), outbound(1))
    assert (ghosted(*chased).since, ghosted(*chased).critical_from) == (end_of(43), end_of(52))
    # a week after the warning would have come without the pause
    fourth = ghosted(*chased, outbound(9), outbound(11))
    assert (fourth.since, fourth.critical_from) == (end_of(43), end_of(50))


def test_a_cancelled_meeting_no_longer_holds():
    assert ghosted(created(0), outbound(0), outbound(1), booked(2, starts=14), cancelled(3)).since == at(4)


def test_the_thresholds_are_those_of_the_rules():
    patient = Rules.of(
        {"organization": {"domains": ["us.example"]}, "detectors": {"ghosted": {"chases": 3, "warn_business_days": 1}}}
    )
    assert breach("ghosted", created(0), outbound(0), outbound(1), rules=patient) is None
    assert ghosted(created(0), outbound(0), outbound(1), outbound(2), rules=patient).since == at(3)


def test_a_closed_deal_is_no_ghost():
    assert breach("ghosted", created(0), outbound(0), outbound(1), lost(2)) is None


def test_chases_of_before_it_was_closed_are_forgotten_when_it_is_taken_up():
    chased = (created(0), outbound(0), outbound(1), outbound(2), outbound(3), lost(4), reopened(30))
    assert breach("ghosted", *chased, outbound(30, hour=10)) is None
    assert ghosted(*chased, outbound(30, hour=10), outbound(31)).since == at(36)


def test_one_call_that_is_told_twice_is_one_chase():
    dialled = event("phone", "dialled", "activity.call", at(1), call_id="one", direction="outbound")
    missed = event(
        "phone", "missed", "activity.call", at(1, hour=10), call_id="one", direction="outbound", connected=False
    )
    taken = event("phone", "taken", "activity.call", at(2), call_id="one", direction="outbound", connected=True)
    assert breach("ghosted", created(0), dialled, missed) is None
    assert ghosted(created(0), outbound(0), dialled, missed).since == at(4)
    assert breach("ghosted", created(0), outbound(0), dialled, missed, taken) is None


def test_a_late_answer_takes_it_back_as_if_it_had_come_in_time():
    chased = (created(0), outbound(0), outbound(1), outbound(10))
    assert [each.state for each in findings("ghosted", *chased, day=11)] == ["open"]
    assert findings("ghosted", *chased, inbound(2), day=11) == []


def test_what_was_open_before_a_later_answer_stays_told():
    (past,) = findings("ghosted", created(0), outbound(0), outbound(1), answer(7), day=8)
    assert (past.state, past.since, past.until) == ("resolved", at(4), at(7))
