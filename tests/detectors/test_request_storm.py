"""The buyer opens one thread after another, and the stage stands."""

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
    changed,
    created,
    entered,
    findings,
    inbound,
    lost,
    outbound,
    person,
    reply,
)

BOSS = "boss@them.example"
FOUR = (entered("Demo", 0), inbound(1), reply(1, hour=10), inbound(3), inbound(8), reply(8, hour=10), inbound(10))


def storm(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("request_storm", *parts, rules=rules)
    assert found is not None
    return found


def test_the_fourth_thread_within_three_weeks_is_a_storm_until_the_first_ages_out():
    assert storm(*FOUR) == Breach(
        since=at(10),
        critical_from=None,
        until=at(22),
        evidence=tuple(
            Evidence(
                f"gmail/inbound-{day}",
                at(day),
                f"the {number} thread that they opened within 21 days: 'pricing' from buyer",
            )
            for number, day in (("first", 1), ("second", 3), ("third", 8), ("fourth", 10))
        ),
        clears_when="the questions are settled together, with somebody who decides, and the stage advances",
    )


def test_it_opens_and_ends_at_the_moment_and_not_an_instant_before():
    found = storm(*FOUR)
    assert [found.holds_at(each) for each in (at(10) - TICK, at(10), at(22) - TICK, at(22))] == [
        False,
        True,
        True,
        False,
    ]


def test_three_threads_are_none():
    assert breach("request_storm", entered("Demo", 0), inbound(1), inbound(3), inbound(8), reply(9)) is None


def test_the_fourth_must_come_within_three_weeks_of_the_first():
    early = (entered("Demo", 0), inbound(1), inbound(3), inbound(8))
    assert storm(*early, inbound(21)).since == at(21)
    assert breach("request_storm", *early, inbound(22)) is None


def test_answers_within_a_thread_open_none():
    talk = (entered("Demo", 0), inbound(1), reply(2), answer(3), reply(4), answer(7), reply(8), answer(9))
    assert breach("request_storm", *talk) is None
    unseen = (inbound(day, in_reply_to="<unseen@mail.example>") for day in (1, 2, 3, 4))
    assert breach("request_storm", entered("Demo", 0), *unseen) is None


@pytest.mark.parametrize("other", [outbound(10), away(10), call(10, direction="inbound", connected=True)])
def test_only_mail_of_theirs_opens_a_thread(other):
    assert breach("request_storm", entered("Demo", 0), inbound(1), inbound(3), inbound(8), other) is None


def test_the_sixth_makes_it_critical_and_more_prolong_it():
    found = storm(*FOUR, inbound(11), inbound(14))
    assert (found.since, found.critical_from, found.until) == (at(10), at(14), at(29))
    assert found.evidence[-1].text.startswith("the sixth thread")


def test_evidence_is_no_longer_than_people_read():
    found = storm(entered("Demo", 0), *(inbound(1, hour=hour) for hour in range(8, 19)))
    assert len(found.evidence) == 8
    assert found.evidence[-1].text.startswith("the 11th thread")


def test_a_storm_that_had_blown_over_begins_anew():
    # on day 25 three of the last 21 days stand, on day 26 four
    again = (inbound(25), inbound(26), inbound(28), inbound(29))
    assert storm(*FOUR, *again).since == at(26)
    told = findings("request_storm", *FOUR, *again, day=30)
    assert [(each.state, each.since, each.until) for each in told] == [
        ("resolved", at(10), at(22)),
        ("open", at(26), at(46)),
    ]


def test_a_thread_at_the_very_instant_at_which_the_oldest_ages_out_lets_it_go_on():
    assert storm(*FOUR, inbound(22)).since == at(10)
    assert [(each.state, each.since) for each in findings("request_storm", *FOUR, inbound(22), day=23)] == [
        ("open", at(10))
    ]
    assert storm(*FOUR, inbound(22, minute=1)).since == at(22, minute=1)


def test_two_threads_of_one_instant_do_not_prolong_what_was_no_storm():
    # the fourth comes as the first ages out, and a fifth with it
    life = (entered("Demo", 0), inbound(1), inbound(8), inbound(15), inbound(22))
    life = (*life, inbound(22, event_id="fifth", subject="terms"))
    assert storm(*life).since == at(22)


def test_a_stage_that_was_left_starts_the_count_anew():
    assert breach("request_storm", *FOUR, entered("Proposal", 11)) is None
    assert breach("request_storm", *FOUR, entered("Proposal", 11), inbound(12)) is None
    later = (inbound(14), inbound(15), inbound(16), inbound(17))
    assert storm(*FOUR, entered("Proposal", 11), *later).since == at(17)


def test_the_first_stage_that_is_told_was_not_left():
    assert storm(created(0), inbound(1), inbound(2), inbound(3), entered("Demo", 4), inbound(7)).since == at(7)


def test_who_decides_is_no_storm():
    boss = person(BOSS, 0, title="Chief Operating Officer")
    assert breach("request_storm", *FOUR, boss, inbound(4, sender=BOSS)) is None
    assert (
        breach("request_storm", boss, entered("Demo", 0), *(inbound(day, sender=BOSS) for day in range(1, 7))) is None
    )


def test_a_thread_of_theirs_keeps_it_away_as_long_as_it_counts():
    boss = person(BOSS, 0, roles=["economic_buyer"])
    found = storm(entered("Demo", 0), boss, inbound(0, hour=10, sender=BOSS), *FOUR[1:], inbound(11))
    assert (found.since, found.until) == (at(21, hour=10), at(24))
    assert breach("request_storm", boss, *FOUR, inbound(0, hour=10, sender=BOSS)).since == at(21, hour=10)


def test_who_answers_in_a_thread_does_not_matter():
    boss = person(BOSS, 0, title="CEO")
    assert storm(*FOUR, boss, answer(4, sender=BOSS)).since == at(10)


def test_the_thresholds_are_those_of_the_rules():
    strict = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "detectors": {"request_storm": {"threads": 2, "critical_threads": 3, "window": "7d"}},
        }
    )
    # the third comes as the first ages out, and the fourth as the second does: it goes on
    found = storm(*FOUR, inbound(11), rules=strict)
    assert (found.since, found.critical_from, found.until) == (at(3), at(11), at(17))


def test_a_closed_deal_has_no_weather():
    assert breach("request_storm", *FOUR, lost(11)) is None


def test_a_late_word_of_a_boss_takes_it_back():
    boss = person(BOSS, 0, title="CEO")
    assert [each.state for each in findings("request_storm", boss, *FOUR, changed(12), day=13)] == ["open"]
    assert findings("request_storm", boss, *FOUR, changed(12), inbound(9, sender=BOSS), day=13) == []
