"""The executive was in and is gone."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
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
    person,
    reopened,
    rules_for,
)

BOSS, CHAIR = "boss@them.example", "chair@them.example"


def gone(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("executive_lost", *parts, rules=rules)
    assert found is not None
    return found


# their last word on a Wednesday: twenty business days later is day 30
MET = (created(0), person(BOSS, name="Eva Lund", title="CEO"), inbound(2, sender=BOSS))


def test_four_weeks_without_the_executive_are_a_finding():
    assert gone(*MET) == Breach(
        since=at(30),
        critical_from=at(44),
        until=None,
        evidence=(
            Evidence("gmail/inbound-2", at(2), "Eva Lund (CEO) took part, the last time that anybody did who decides"),
        ),
        clears_when="somebody who decides writes, meets us or takes a call, or a meeting with them is booked",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = gone(*MET)
    assert not found.holds_at(at(30) - TICK)
    assert found.holds_at(at(30))


def test_whom_we_never_met_we_cannot_lose():
    assert breach("executive_lost", created(0), person(BOSS, title="CEO"), outbound(2, to=BOSS), inbound(3)) is None


def test_others_do_not_stand_in_for_the_executive():
    assert gone(*MET, inbound(10), held(20)).since == at(30)


@pytest.mark.parametrize(
    "sign",
    [
        inbound(29, sender=BOSS),
        held(29, attendees=[REP, BUYER, BOSS]),
        call(29, to=BOSS, connected=True),
    ],
    ids=["they write", "they meet us", "they take our call"],
)
def test_every_sign_of_theirs_starts_it_anew(sign):
    assert gone(*MET, sign).since == at(57)


@pytest.mark.parametrize(
    "no_sign",
    [
        outbound(29, to=BOSS),
        call(29, to=BOSS, connected=False),
        no_show(29, attendees=[REP, BOSS]),
        inbound(29, cc=[BOSS]),
        inbound(29, sender=BOSS, automatic=True),
    ],
    ids=["we write", "they do not take the call", "they do not come", "they are copied", "their mailbox answers"],
)
def test_what_they_take_no_part_in_is_no_sign(no_sign):
    assert gone(*MET, no_sign).since == at(30)


def test_any_of_several_executives_is_enough():
    two = (*MET, person(CHAIR, roles=["economic_buyer"]), inbound(9, sender=CHAIR))
    assert gone(*two).since == at(37)
    assert gone(*two).evidence[0].event == "gmail/inbound-9"


def test_a_meeting_with_them_is_waited_for():
    found = gone(*MET, booked(10, starts=43, attendees=[REP, BOSS]))
    assert (found.since, found.critical_from) == (at(44), at(58))
    assert found.evidence[-1] == Evidence("calendar/booked-10", at(10), f"a booked meeting lay ahead until {on(43)}")


def test_a_meeting_that_is_called_off_is_waited_for_no_longer():
    off = (booked(10, starts=43, attendees=[REP, BOSS]), cancelled(29))
    assert gone(*MET, *off).since == at(30)
    assert gone(*MET, booked(10, starts=43, attendees=[REP, BOSS]), cancelled(37)).since == at(38)


def test_their_absence_and_a_pause_of_the_deal_are_waited_for():
    assert gone(*MET, away(10, until=36, sender=BOSS)).since == end_of(37)
    assert gone(*MET, paused(36, day=10)).since == end_of(37)


@pytest.mark.parametrize(
    "plan",
    [booked(10, starts=43), away(10, until=43), next_step(43, day=10), milestone(10, due=on(43))],
    ids=["a meeting with users", "a user is away", "a next step", "a milestone"],
)
def test_what_is_planned_with_others_is_not(plan):
    assert gone(*MET, plan).since == at(30)


def test_a_plan_that_lies_before_the_deadline_does_not_matter():
    assert gone(*MET, booked(10, starts=20, attendees=[REP, BOSS])).since == at(30)


def test_weekends_and_holidays_do_not_count():
    # Good Friday is day 32, Easter Monday day 35
    assert gone(*MET, inbound(4, sender=BOSS), rules=rules_for(holidays="DE")).since == at(36)
    assert gone(*MET, inbound(6, sender=BOSS)).since == at(35, hour=0)


def test_power_that_is_taken_back_was_none():
    assert breach("executive_lost", *MET, person(BOSS, 20, executive=False)) is None


def test_a_word_of_theirs_that_arrives_late_retracts_it():
    told = findings("executive_lost", *MET, inbound(40), inbound(28, sender=BOSS), day=41)
    assert [(each.state, each.since) for each in told] == [("pending", at(56))]


def test_their_return_ends_the_finding():
    past, now = findings("executive_lost", *MET, inbound(36, sender=BOSS), day=40)
    assert (past.state, past.since, past.until) == ("resolved", at(30), at(36))
    assert now.state == "pending"


def test_the_thresholds_are_those_of_the_rules():
    own = {"warn_business_days": 5, "critical_business_days": 1}
    found = gone(*MET, rules=Rules.of({"detectors": {"executive_lost": own}}))
    assert (found.since, found.critical_from) == (at(9), at(9))


def test_a_closed_deal_misses_nobody_and_a_reopened_one_does():
    assert breach("executive_lost", *MET, lost(40)) is None
    assert gone(*MET, lost(40), reopened(50)).since == at(30)
