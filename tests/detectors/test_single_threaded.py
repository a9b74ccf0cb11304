"""One person carries the deal."""

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
    at,
    breach,
    call,
    created,
    entered,
    findings,
    held,
    inbound,
    lost,
    no_show,
    on,
    outbound,
    person,
    reopened,
    rules_for,
)

USER, THIRD = "user@them.example", "third@them.example"


def single(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("single_threaded", *parts, rules=rules)
    assert found is not None
    return found


def test_one_person_after_three_weeks_is_a_finding():
    assert single(created(0), person(BUYER, name="Nina Hart"), inbound(2), inbound(9)) == Breach(
        since=at(21),
        critical_from=None,
        until=None,
        evidence=(Evidence("gmail/inbound-9", at(9), f"only Nina Hart within 60 days, last on {on(9)}"),),
        clears_when="1 more person of theirs takes part: in a mail, a meeting or a call",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = single(created(0), inbound(2))
    assert not found.holds_at(at(21) - TICK)
    assert found.holds_at(at(21))


def test_nobody_at_all_is_fewer_than_two():
    found = single(created(0), outbound(2))
    assert (found.since, found.evidence) == (
        at(21),
        (Evidence("crm/created-0", at(0), "the deal began, and nobody of theirs took part"),),
    )


@pytest.mark.parametrize(
    "second",
    [
        inbound(10, sender=USER),
        held(10, attendees=[REP, BUYER, USER]),
        call(10, to=USER, connected=True),
    ],
    ids=["writes", "meets us", "takes a call"],
)
def test_a_second_person_carries_it_for_sixty_days(second):
    assert single(created(0), inbound(20), second).since == at(70)


@pytest.mark.parametrize(
    "nobody",
    [
        outbound(10, to=USER),
        call(10, to=USER, connected=False),
        no_show(10, attendees=[REP, USER]),
        inbound(10, cc=[USER]),
        inbound(10, sender=USER, automatic=True),
        held(10, attendees=[REP, COLLEAGUE, BUYER]),
    ],
    ids=["is written to", "does not take the call", "does not come", "is copied", "is a machine", "is of ours"],
)
def test_who_takes_no_part_carries_nothing(nobody):
    assert single(created(0), inbound(2), nobody).since == at(21)


def test_it_begins_when_the_second_ones_last_touch_has_aged():
    two = (created(0), person(USER, name="Omar Said"), person(BUYER, name="Nina Hart"), inbound(5, sender=USER))
    found = single(*two, inbound(6), inbound(50))
    assert not found.holds_at(at(65) - TICK)
    assert found.holds_at(at(65))
    assert found.evidence == (
        Evidence("gmail/inbound-5", at(5), "Omar Said took part, and not since"),
        Evidence("gmail/inbound-50", at(50), f"only Nina Hart within 60 days, last on {on(50)}"),
    )


def test_two_who_were_last_heard_of_together_are_nobody_after_sixty_days():
    found = single(created(0), held(10, attendees=[REP, BUYER, USER]))
    assert found.since == at(70)
    assert found.evidence[-1].text == f"nobody within 60 days, user last on {on(10)}"


def test_more_of_the_same_person_does_not_move_it():
    assert single(created(0), inbound(2), *(inbound(day) for day in range(30, 60))).since == at(21)


def test_one_who_follows_another_long_after_does_not_move_it():
    # the first was last heard of seventy days before the second came
    found = single(created(0), inbound(5), inbound(75, sender=USER))
    assert found.since == at(21)
    assert found.evidence[-1].text == f"only user within 60 days, last on {on(75)}"


def test_an_earlier_time_of_two_ends_when_it_ended_though_a_third_came_long_after():
    found = single(created(0), inbound(5), inbound(6, sender=USER), inbound(90, sender=THIRD))
    assert found.since == at(65)


def test_people_whose_touches_fell_off_the_log_are_not_forgotten():
    many = [inbound(30 + number, hour=10) for number in range(50)]
    assert single(created(0), inbound(25, sender=USER), *many).since == at(85)


def test_months_of_the_one_person_do_not_move_the_day_on_which_the_other_had_aged():
    months = [inbound(1 + number, hour=10) for number in range(200)]
    assert single(created(0), inbound(5, sender=USER), *months[:70]).since == at(65)
    assert single(created(0), inbound(5, sender=USER), *months).since == at(65)


def test_it_is_critical_in_the_later_stages():
    found = single(entered("Discovery", 0), inbound(2), entered("Proposal", 30))
    assert (found.since, found.critical_from) == (at(21), at(30))
    assert found.evidence[0] == Evidence("crm/stage-30", at(30), "it came to the later stages: Proposal")


def test_it_is_never_critical_before_it_is_a_finding():
    found = single(entered("Proposal", 0), inbound(2))
    assert (found.since, found.critical_from) == (at(21), at(21))


def test_weekends_and_holidays_do_not_count():
    # Good Friday is day 32, Easter Monday day 35
    assert single(created(5)).since == at(28, hour=0)
    assert single(created(14)).since == at(35)
    assert single(created(14), rules=rules_for(holidays="DE")).since == at(37)


def test_a_second_person_ends_the_finding():
    past, now = findings("single_threaded", created(0), inbound(2), inbound(25, sender=USER), day=30)
    assert (past.state, past.since, past.until) == ("resolved", at(21), at(25))
    # the first one's word is sixty days old on day 62
    assert (now.state, now.since) == ("pending", at(62))


def test_a_second_person_of_whom_we_learn_late_retracts_it():
    told = findings("single_threaded", created(0), inbound(2), inbound(30), inbound(20, sender=USER), day=31)
    assert [(each.state, each.since) for each in told] == [("pending", at(80))]


def test_the_thresholds_are_those_of_the_rules():
    own = {"people": 3, "window": "30d", "new_deal_business_days": 1}
    rules = Rules.of({"organization": {"domains": ["us.example"]}, "detectors": {"single_threaded": own}})
    two = (created(0), inbound(2), inbound(3, sender=USER))
    assert single(*two, rules=rules).since == at(1)
    found = single(*two, inbound(4, sender=THIRD), rules=rules)
    assert (found.since, found.clears_when.partition(":")[0]) == (at(32), "2 more people of theirs take part")


def test_a_closed_deal_needs_nobody_and_a_reopened_one_does():
    assert breach("single_threaded", created(0), inbound(2), lost(40)) is None
    assert single(created(0), inbound(2), lost(40), reopened(50)).since == at(21)
