"""The champion has gone quiet."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
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
    created,
    end_of,
    findings,
    held,
    inbound,
    lost,
    mail,
    next_step,
    outbound,
    person,
    rules_for,
)

FAN = "fan@them.example"
OTHER = "other@them.example"
NAMED = person(FAN, 0, name="Fay Anders", title="Head of Kitchens", roles=["champion"])
HEARD = (created(0), NAMED, inbound(1, sender=FAN))


def quiet(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("champion_silent", *parts, rules=rules)
    assert found is not None
    return found


def test_ten_business_days_without_a_sign_of_the_champion_are_silence():
    assert quiet(*HEARD, inbound(5)) == Breach(
        since=at(15),
        critical_from=at(22),
        evidence=(
            Evidence("crm/person-fan-0", at(0), "Fay Anders (Head of Kitchens) was named champion"),
            Evidence(
                "gmail/inbound-1",
                at(1),
                "the last sign of Fay Anders (Head of Kitchens): their mail 'pricing' on 2026-03-03",
            ),
        ),
        clears_when=("Fay Anders (Head of Kitchens) writes, meets or takes a call, or a next step is agreed and dated"),
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = quiet(*HEARD)
    assert not found.holds_at(at(15) - TICK)
    assert found.holds_at(at(15))


def test_a_deal_without_a_champion_is_not_judged():
    assert breach("champion_silent", created(0), inbound(1, sender=FAN)) is None
    assert breach("champion_silent", created(0), person(FAN, 0, roles=["end_user"]), inbound(1, sender=FAN)) is None


def test_others_may_write_as_much_as_they_like():
    assert quiet(*HEARD, inbound(8), inbound(14), held(15)).since == at(15)


@pytest.mark.parametrize(
    "sign",
    [
        inbound(8, sender=FAN),
        held(8, attendees=[REP, FAN]),
        call(8, to=FAN, connected=True),
    ],
)
def test_every_sign_of_the_champion_starts_anew(sign):
    assert quiet(*HEARD, sign).since == at(22)


@pytest.mark.parametrize(
    "no_sign", [outbound(8, to=FAN), call(8, to=FAN, connected=False), away(8, sender=FAN), booked(8, starts=9)]
)
def test_our_own_chasing_does_not(no_sign):
    assert quiet(*HEARD, no_sign).since == at(15)


def test_of_absences_that_of_the_champion_puts_it_off():
    assert quiet(*HEARD, away(8, until=16, sender=FAN)).since > at(15)
    assert quiet(*HEARD, away(8, until=16)).since == at(15)


def test_a_meeting_of_which_nobody_noted_who_came_may_have_been_with_the_champion():
    assert quiet(*HEARD, held(8, organizer=None, attendees=[])).since == at(22)


def test_what_may_have_been_them_before_they_were_named_is_not_held_against_anybody():
    unnoted = held(1, organizer=None, attendees=[])
    assert quiet(created(0), unnoted, person(FAN, 7, roles=["champion"])).since == at(21)


def test_a_champion_who_was_never_heard_is_quiet_since_they_were_named():
    found = quiet(created(0), person(FAN, 7, roles=["champion"]), inbound(14))
    assert (found.since, found.critical_from) == (at(21), at(28))
    assert found.evidence == (Evidence("crm/person-fan-7", at(7), "fan was named champion, and was never heard"),)


def test_a_champion_who_was_quiet_before_they_were_named_is_quiet_since_then():
    found = quiet(created(0), inbound(1, sender=FAN), person(FAN, 21, roles=["champion"]))
    assert (found.since, found.critical_from) == (at(15), at(22))


def test_of_two_champions_one_who_speaks_is_enough():
    second = person(OTHER, 2, roles=["champion", "influencer"])
    assert quiet(*HEARD, second, inbound(8, sender=OTHER)).since == at(22)


def test_to_name_another_does_not_make_the_first_one_speak():
    assert quiet(*HEARD, person(OTHER, 14, roles=["champion"])).since == at(15)


def test_who_is_champion_no_more_or_has_left_is_not_waited_for():
    assert breach("champion_silent", *HEARD, person(FAN, 8, roles=[])) is None
    assert breach("champion_silent", *HEARD, person(FAN, 8, left=True)) is None


def test_weekends_and_holidays_do_not_count():
    assert quiet(created(0), NAMED, inbound(5, sender=FAN, hour=20)).since == at(21, hour=0)
    # Good Friday and Easter Monday
    easter = (created(28), person(FAN, 28, roles=["champion"]))
    assert quiet(*easter, rules=rules_for(holidays="DE")).since == at(44)


def test_a_future_step_puts_off_the_warning_and_what_comes_after_it():
    found = quiet(*HEARD, next_step(28, day=2))
    assert (found.since, found.critical_from) == (end_of(29), end_of(36))


def test_the_thresholds_are_those_of_the_rules():
    hasty = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "detectors": {"champion_silent": {"warn_business_days": 1, "critical_business_days": 2}},
        }
    )
    found = quiet(*HEARD, rules=hasty)
    assert (found.since, found.critical_from) == (at(2), at(3))


def test_a_closed_deal_needs_no_champion():
    assert breach("champion_silent", *HEARD, lost(8)) is None


def test_a_late_mail_of_the_champion_takes_it_back():
    assert [each.state for each in findings("champion_silent", *HEARD, outbound(20), day=21)] == ["open"]
    late = findings("champion_silent", *HEARD, outbound(20), inbound(12, sender=FAN), day=21)
    assert [(each.state, each.since) for each in late] == [("pending", at(28, hour=0))]


def test_what_was_open_until_they_spoke_stays_told():
    (past, ahead) = findings("champion_silent", *HEARD, inbound(16, sender=FAN), day=17)
    assert (past.state, past.since, past.until) == ("resolved", at(15), at(16))
    assert ahead.state == "pending"


def test_what_fell_off_the_log_is_still_known():
    crowd = [mail(OTHER, REP, day, hour, word="inbound") for day in range(2, 12) for hour in range(8, 14)]
    found = quiet(*HEARD, *crowd)
    assert found.since == at(15)
    assert "a mail, call or meeting on 2026-03-03" in found.evidence[-1].text
