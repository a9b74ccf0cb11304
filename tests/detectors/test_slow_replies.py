"""The buyer answers ever more slowly."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
    answer,
    at,
    away,
    breach,
    call,
    created,
    end_of,
    findings,
    held,
    inbound,
    lost,
    next_step,
    outbound,
    reply,
    rules_for,
)


def exchanges(*spans: tuple[int, int], hour: int = 9) -> list[Event | Answer]:
    """Mails of ours at nine o'clock, and the buyer's answers on their days."""
    return [part for ours, theirs in spans for part in (outbound(ours), answer(theirs, hour=hour))]


# two days each
STEADY = (created(0), *exchanges((0, 2), (3, 5), (7, 9), (10, 12)))
# six hours each
QUICK = (created(0), *exchanges((0, 0), (1, 1), (2, 2), (3, 3), hour=15))


def slow(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("slow_replies", *parts, rules=rules)
    assert found is not None
    return found


def test_three_times_their_own_pace_is_slow_and_six_times_critical():
    assert slow(*STEADY, outbound(14)) == Breach(
        since=at(20),
        critical_from=at(26),
        evidence=(
            Evidence("gmail/answer-12", at(12), "the newest of 4 answers of theirs, which took 2 days as a rule"),
            Evidence(
                "gmail/outbound-14", at(14), "no answer to our mail 'pricing' of 2026-03-16; they took 2 days as a rule"
            ),
        ),
        clears_when="the buyer answers, meets or takes a call, or a next step is agreed and dated",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = slow(*STEADY, outbound(14))
    assert not found.holds_at(at(20) - TICK)
    assert found.holds_at(at(20))


def test_an_answer_at_their_own_pace_is_never_slow():
    assert breach("slow_replies", *STEADY, outbound(14), answer(16)) is None
    assert findings("slow_replies", *STEADY, outbound(14), answer(16), day=60) == []


def test_three_answers_are_no_pace():
    assert breach("slow_replies", created(0), *exchanges((0, 2), (3, 5), (7, 9)), outbound(14)) is None


def test_a_quick_buyer_has_one_business_day_and_a_second_until_it_is_critical():
    found = slow(*QUICK, outbound(7))
    assert (found.since, found.critical_from) == (at(8), at(9))
    friday = slow(*QUICK, outbound(4))
    assert (friday.since, friday.critical_from) == (at(7), at(8))


def test_holidays_are_no_business_days():
    # Maundy Thursday; Good Friday and Easter Monday are holidays in Germany
    assert slow(*QUICK, outbound(31)).since == at(32)
    assert slow(*QUICK, outbound(31), rules=rules_for(holidays="DE")).since == at(36)


def test_asking_again_does_not_move_it():
    found = slow(*STEADY, outbound(14), outbound(18), outbound(21))
    assert (found.since, found.evidence[-1].event) == (at(20), "gmail/outbound-14")


def test_the_pace_is_the_median_so_one_holiday_does_not_spoil_it():
    spoilt = (created(0), *exchanges((0, 2), (3, 5), (7, 9), (10, 40), (42, 44)))
    assert slow(*spoilt, outbound(49)).since == at(55)


def test_half_a_day_between_two_middle_answers_counts_as_it_is():
    uneven = (created(0), *exchanges((0, 1), (3, 5), (7, 10), (14, 18)))
    assert slow(*uneven, outbound(21)).since == at(28, hour=21)


def test_only_their_first_answer_to_a_mail_of_ours_counts():
    twice = (created(0), *exchanges((0, 2), (3, 5), (7, 9)), answer(10))
    assert breach("slow_replies", *twice, outbound(14)) is None


def test_mail_that_answers_nothing_of_ours_tells_no_pace():
    lively = (created(0), *(inbound(day) for day in range(5)))
    assert breach("slow_replies", *lively, outbound(7)) is None


def test_the_whole_buyers_side_has_one_pace():
    many = (created(0), *exchanges((0, 2), (3, 5), (7, 9)), outbound(10), answer(12, sender="user@them.example"))
    assert slow(*many, outbound(14)).since == at(20)


def test_an_automatic_answer_is_none():
    assert slow(*STEADY, outbound(14), away(15)).since == at(20)
    assert breach("slow_replies", created(0), *exchanges((0, 2), (3, 5), (7, 9)), outbound(10), away(11)) is None


def test_a_reply_of_ours_can_be_what_they_let_wait():
    assert slow(*STEADY, inbound(13), reply(14)).since == at(20)


@pytest.mark.parametrize("sign", [inbound(22), held(22), call(22, connected=True)])
def test_every_sign_of_life_clears_it(sign):
    assert breach("slow_replies", *STEADY, outbound(14), sign) is None


def test_a_future_step_puts_off_the_warning_and_what_comes_after_it():
    found, plain = slow(*STEADY, outbound(14), next_step(28, day=15)), slow(*STEADY, outbound(14))
    assert found.since == end_of(29)
    assert found.critical_from is not None
    assert plain.critical_from is not None
    assert found.critical_from - found.since == plain.critical_from - plain.since


def test_the_thresholds_are_those_of_the_rules():
    strict = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "detectors": {"slow_replies": {"replies": 2, "times": 2, "critical_times": 4}},
        }
    )
    found = slow(created(0), *exchanges((0, 2), (3, 5)), outbound(7), rules=strict)
    assert (found.since, found.critical_from) == (at(11), at(15))


def test_hours_and_minutes_are_said_as_people_say_them():
    assert "took 6 hours as a rule" in slow(*QUICK, outbound(7)).evidence[0].text
    prompt = [part for day in range(4) for part in (outbound(day), answer(day, minute=20))]
    assert "took 20 minutes as a rule" in slow(created(0), *prompt, outbound(7)).evidence[0].text


def test_a_closed_deal_is_never_slow():
    assert breach("slow_replies", *STEADY, outbound(14), lost(15)) is None


def test_a_late_answer_takes_it_back():
    late = findings("slow_replies", *STEADY, outbound(14), outbound(30), inbound(15), day=31)
    assert [each.state for each in late] == ["pending"]
    (past,) = findings("slow_replies", *STEADY, outbound(14), answer(22), day=25)
    assert (past.state, past.since, past.until) == ("resolved", at(20), at(22))
