"""We push and push and push."""

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
    breach,
    call,
    changed,
    created,
    findings,
    held,
    inbound,
    lost,
    mail,
    outbound,
    reply,
)

FIVE = (created(0), *(outbound(day) for day in (0, 2, 4, 7, 9)))
SIX = (*FIVE, outbound(11))


def push(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("one_sided_push", *parts, rules=rules)
    assert found is not None
    return found


def test_the_sixth_touch_of_our_own_within_thirty_days_is_one_too_many():
    numbers = (("first", 0), ("second", 2), ("third", 4), ("fourth", 7), ("fifth", 9))
    assert push(*SIX) == Breach(
        since=at(11),
        critical_from=None,
        until=at(30),
        evidence=(
            *(
                Evidence(
                    f"gmail/outbound-{day}", at(day), f"our {number} touch that answers nothing: our mail 'pricing'"
                )
                for number, day in numbers
            ),
            Evidence(
                "gmail/outbound-11",
                at(11),
                "6 touches of our own within 30 days against 0 of theirs, the newest: our mail 'pricing'",
            ),
        ),
        clears_when=(
            "the buyer writes, meets or takes a call; one question to one other person is worth more than the next"
            " reminder"
        ),
    )


def test_it_opens_and_ends_at_the_moment_and_not_an_instant_before():
    found = push(*SIX)
    assert [found.holds_at(each) for each in (at(11) - TICK, at(11), at(30) - TICK, at(30))] == [
        False,
        True,
        True,
        False,
    ]


def test_five_are_not():
    assert breach("one_sided_push", *FIVE) is None
    assert breach("one_sided_push", *FIVE, inbound(10), reply(11)) is None


def test_one_word_of_theirs_in_four_is_enough():
    assert push(*SIX, inbound(12)).since == at(11)
    assert breach("one_sided_push", *SIX, inbound(12), inbound(14)) is None
    eight = (*SIX, inbound(12), inbound(14), outbound(15))
    assert breach("one_sided_push", *eight) is None
    assert push(*eight, outbound(16)).since == at(16)


@pytest.mark.parametrize(
    "theirs",
    [
        (inbound(5), answer(10)),
        (held(5), held(10)),
        (call(5, connected=True), call(10, connected=True)),
        (call(5, direction="inbound", connected=False), inbound(10)),
    ],
    ids=["mails", "meetings", "calls that they took", "a call of theirs"],
)
def test_every_word_of_theirs_counts(theirs):
    assert breach("one_sided_push", *FIVE, *theirs, outbound(11)) is None


@pytest.mark.parametrize("other", [away(5), mail(COLLEAGUE, REP, 5), held(5, attendees=[REP, COLLEAGUE])])
def test_what_is_no_word_of_theirs_does_not(other):
    assert push(*SIX, other, away(6)).since == at(11)


def test_replies_are_not_pushing():
    talk = [part for day in range(6) for part in (inbound(day), reply(day, hour=12))]
    assert breach("one_sided_push", created(0), *talk) is None


def test_calls_and_reminders_in_a_thread_of_our_own_are():
    first = outbound(0)
    reminders = [mail(REP, BUYER, day, word="reminder", answers=first) for day in (2, 4, 7)]
    found = push(created(0), first, *reminders, call(9, connected=False), call(11))
    assert (found.since, found.evidence[-1].text[-8:]) == (at(11), "our call")


def test_the_tenth_makes_it_critical_and_more_prolong_it():
    found = push(*SIX, *(outbound(day) for day in (14, 15, 16, 17)))
    assert (found.since, found.critical_from, found.until) == (at(11), at(17), at(39))
    assert len(found.evidence) == 8
    assert found.evidence[0].event == "gmail/outbound-4"


def test_six_in_more_than_thirty_days_are_no_push():
    assert breach("one_sided_push", created(0), *(outbound(day) for day in (0, 6, 12, 18, 24, 30))) is None
    assert push(created(0), *(outbound(day) for day in (1, 6, 12, 18, 24, 30))).since == at(30)


def test_what_ages_out_may_end_it_and_begins_nothing():
    # both words of theirs age out on day 30 and 31, and our sixth lies there still: no new push, no new finding
    early = (created(0), inbound(0, hour=8), inbound(1), *(outbound(day) for day in (2, 4, 7, 9, 11, 14)))
    assert breach("one_sided_push", *early) is None
    assert push(*early, outbound(32)).since == at(32)
    # eight against two, until the first of ours is gone and seven are left against two
    ratio = (*SIX, outbound(12), outbound(13), inbound(14), inbound(15))
    found = push(*ratio)
    assert (found.since, found.until) == (at(11), at(30))


def test_a_push_that_had_ended_begins_anew():
    # of the first six, three still count on day 35
    again = (outbound(33), outbound(34), outbound(35))
    told = findings("one_sided_push", *SIX, *again, day=36)
    assert [(each.state, each.since, each.until) for each in told] == [
        ("resolved", at(11), at(30)),
        ("open", at(35), at(37)),
    ]


def test_the_thresholds_are_those_of_the_rules():
    strict = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "detectors": {"one_sided_push": {"touches": 3, "critical_touches": 4, "ratio": 1, "window": "10d"}},
        }
    )
    found = push(*FIVE, inbound(5), rules=strict)
    assert (found.since, found.critical_from, found.until) == (at(4), at(7), at(14))


def test_a_closed_deal_is_pushed_by_nobody():
    assert breach("one_sided_push", *SIX, lost(12)) is None


def test_late_mail_of_theirs_takes_it_back():
    assert [each.state for each in findings("one_sided_push", *SIX, changed(12), day=13)] == ["open"]
    assert findings("one_sided_push", *SIX, changed(12), inbound(3), inbound(5), day=13) == []


def test_what_was_open_until_they_spoke_stays_told():
    (past,) = findings("one_sided_push", *SIX, inbound(12), inbound(14), day=15)
    assert (past.state, past.since, past.until) == ("resolved", at(11), at(14))
