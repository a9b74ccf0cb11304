"""A new executive, not yet met."""

from datetime import timedelta

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
    cancelled,
    created,
    end_of,
    findings,
    held,
    inbound,
    lost,
    next_step,
    no_show,
    on,
    outbound,
    paused,
    person,
    rules_for,
)

BOSS, CHAIR = "boss@them.example", "chair@them.example"
NEW = timedelta(days=90)


def unmet(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("new_executive", *parts, rules=rules)
    assert found is not None
    return found


# on a Wednesday we learn who joined the Monday before
JOINED = (created(0), person(BOSS, 2, name="Eva Lund", title="CFO", joined_on=on(0)))


def test_a_new_executive_is_to_be_met_within_a_week():
    assert unmet(*JOINED) == Breach(
        since=at(9),
        critical_from=at(30),
        until=end_of(0) + NEW,
        evidence=(Evidence("crm/person-boss-2", at(2), f"Eva Lund (CFO) joined on {on(0)} and was not met since"),),
        clears_when="the new executive writes, meets us or takes a call, or a meeting with them is booked",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before_and_ends_when_they_are_no_longer_new():
    found = unmet(*JOINED)
    assert not found.holds_at(at(9) - TICK)
    assert found.holds_at(at(9))
    assert found.holds_at(end_of(90) - TICK)
    assert not found.holds_at(end_of(90))


def test_who_is_announced_counts_from_the_day_on_which_they_join():
    found = unmet(created(0), person(BOSS, 2, title="CFO", joined_on=on(14)))
    assert (found.since, found.until) == (end_of(21), end_of(14) + NEW)


def test_power_of_which_we_learn_later_counts_from_then():
    later = (created(0), person(BOSS, 2, joined_on=on(0)), person(BOSS, 16, roles=["decision_maker"]))
    assert unmet(*later).since == at(23)
    assert unmet(*later).evidence[0].event == "crm/person-boss-16"


@pytest.mark.parametrize(
    "fields",
    [{"title": "Clerk"}, {"title": "CFO", "executive": False}, {"roles": ["champion"]}, {"title": "CFO", "left": True}],
    ids=["a clerk", "no executive by the CRM", "a role without power", "gone again"],
)
def test_others_may_be_new(fields):
    assert breach("new_executive", created(0), person(BOSS, 2, joined_on=on(0), **fields)) is None


def test_an_executive_of_whom_nobody_told_when_they_joined_is_not_new():
    assert breach("new_executive", created(0), person(BOSS, 2, title="CFO")) is None
    assert breach("new_executive", *JOINED, person(BOSS, 3, joined_on=None)) is None


def test_who_joined_long_ago_is_not_new():
    assert breach("new_executive", created(0), person(BOSS, 2, title="CFO", joined_on=on(-88))) is None
    # on day 7 they are new for another two days
    found = unmet(created(0), person(BOSS, 0, title="CFO", joined_on=on(-81)))
    assert (found.since, found.critical_from, found.until) == (at(7), None, end_of(9))


@pytest.mark.parametrize(
    "met",
    [
        inbound(5, sender=BOSS),
        held(5, attendees=[REP, BOSS]),
        call(5, to=BOSS, connected=True),
        inbound(0, sender=BOSS),
    ],
    ids=["they write", "they meet us", "they take our call", "on their first day"],
)
def test_every_way_to_meet_them_clears_it(met):
    assert breach("new_executive", *JOINED, met) is None


@pytest.mark.parametrize(
    "not_met",
    [
        outbound(5, to=BOSS),
        call(5, to=BOSS, connected=False),
        no_show(5, attendees=[REP, BOSS]),
        inbound(5, cc=[BOSS]),
        inbound(5),
    ],
    ids=["we write", "they do not take the call", "they do not come", "they are copied", "somebody else writes"],
)
def test_what_they_take_no_part_in_does_not(not_met):
    assert unmet(*JOINED, not_met).since == at(9)


def test_a_talk_before_they_joined_does_not_count():
    before = (created(0), inbound(1, sender=BOSS), person(BOSS, 16, title="CFO", joined_on=on(14)))
    assert unmet(*before).since == at(23)


def test_the_day_on_which_they_joined_is_a_day_of_the_owners_zone():
    new_york = rules_for(time_zone="America/New_York")
    evening = (created(0), inbound(2, hour=2, sender=BOSS), person(BOSS, 3, title="CFO", joined_on=on(2)))
    assert breach("new_executive", *evening) is None
    # it was still the evening before
    assert unmet(*evening, rules=new_york).until == end_of(2) + timedelta(hours=5) + NEW


def test_a_meeting_with_them_is_waited_for():
    found = unmet(*JOINED, booked(5, starts=22, attendees=[REP, BOSS]))
    assert (found.since, found.critical_from) == (at(23), at(30))
    assert found.evidence[-1].text == f"a booked meeting lay ahead until {on(22)}"
    assert unmet(*JOINED, booked(5, starts=22, attendees=[REP, BOSS]), cancelled(6)).since == at(9)


def test_a_meeting_with_them_after_they_are_new_is_enough():
    assert breach("new_executive", *JOINED, booked(5, starts=95, attendees=[REP, BOSS])) is None


def test_their_absence_and_a_pause_of_the_deal_are_waited_for():
    assert unmet(*JOINED, away(3, until=15, sender=BOSS)).since == end_of(16)
    assert unmet(*JOINED, paused(15, day=3)).since == end_of(16)


@pytest.mark.parametrize("plan", [booked(5, starts=22), next_step(22, day=5)])
def test_what_is_planned_with_others_is_not(plan):
    assert unmet(*JOINED, plan).since == at(9)


def test_of_several_it_is_one_finding_from_the_first_to_the_last():
    chair = person(CHAIR, 30, roles=["economic_buyer"], joined_on=on(28))
    found = unmet(*JOINED, chair)
    assert (found.since, found.critical_from, found.until) == (at(9), at(30), end_of(28) + NEW)
    assert [each.event for each in found.evidence] == ["crm/person-boss-2", "crm/person-chair-30"]
    assert unmet(*JOINED, chair, inbound(31, sender=BOSS)).since == at(37)


def test_one_long_after_the_other_is_a_finding_of_its_own():
    chair = person(CHAIR, 98, roles=["economic_buyer"], joined_on=on(97))
    past, now = findings("new_executive", *JOINED, chair, day=99)
    assert (past.state, past.since, past.until) == ("resolved", at(9), end_of(90))
    assert (now.state, now.since, now.until) == ("pending", at(105), end_of(97) + NEW)


def test_weekends_and_holidays_do_not_count():
    # Good Friday is day 32, Easter Monday day 35
    easter = (created(0), person(BOSS, 31, title="CFO", joined_on=on(20)))
    assert unmet(*easter).since == at(38)
    assert unmet(*easter, rules=rules_for(holidays="DE")).since == at(42)


def test_meeting_them_ends_the_finding():
    (past,) = findings("new_executive", *JOINED, inbound(15, sender=BOSS), day=20)
    assert (past.state, past.since, past.until) == ("resolved", at(9), at(15))


def test_a_word_of_theirs_that_arrives_late_retracts_it():
    assert findings("new_executive", *JOINED, inbound(20), inbound(5, sender=BOSS), day=21) == []


def test_it_is_over_when_they_are_no_longer_new():
    (past,) = findings("new_executive", *JOINED, inbound(100), day=101)
    assert (past.state, past.until) == ("resolved", end_of(90))


def test_the_thresholds_are_those_of_the_rules():
    own = {"window": "30d", "warn_business_days": 2, "critical_business_days": 1}
    rules = Rules.of({"organization": {"domains": ["us.example"]}, "detectors": {"new_executive": own}})
    found = unmet(*JOINED, rules=rules)
    assert (found.since, found.critical_from, found.until) == (at(4), at(4), end_of(30))


def test_a_closed_deal_need_not_meet_them():
    assert breach("new_executive", *JOINED, lost(20)) is None
