"""The buyer takes part less and less."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
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
)

LIVELY = (created(0), *(inbound(day) for day in (0, 1, 2, 3, 4, 7, 8, 9)))


def drop(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("engagement_drop", *parts, rules=rules)
    assert found is not None
    return found


def test_it_begins_when_a_touch_ages_and_ends_when_too_few_are_left_to_compare_with():
    # on day 21 the sixth touch is two weeks old: six before, two of late; on day 44 the third is six weeks old
    assert drop(*LIVELY) == Breach(
        since=at(21),
        critical_from=at(22),
        until=at(44),
        evidence=(
            Evidence("gmail/inbound-7", at(7), "6 two-way touches in the 28 days up to 2026-03-09"),
            Evidence(
                "gmail/inbound-9",
                at(9),
                "2 in the 14 days up to 2026-03-23, 6 in the 28 before; the newest: their mail 'pricing'",
            ),
        ),
        clears_when="the buyer writes, meets and calls as often as before, or a next step is agreed and dated",
    )


def test_it_opens_and_ends_at_the_moment_and_not_an_instant_before():
    found = drop(*LIVELY)
    assert [found.holds_at(each) for each in (at(21) - TICK, at(21), at(44) - TICK, at(44))] == [
        False,
        True,
        True,
        False,
    ]


def test_half_as_many_as_before_is_no_drop():
    # at the end of day 21 three of late stand against six before
    assert drop(*LIVELY, inbound(10)).since == at(22)
    assert not drop(*LIVELY, inbound(10)).holds_at(at(21))


def test_five_before_are_too_few_to_judge():
    assert breach("engagement_drop", created(0), *(inbound(day) for day in range(5))) is None


def test_six_that_never_lie_in_one_window_are_too_few():
    assert breach("engagement_drop", created(0), *(inbound(day) for day in range(0, 60, 10))) is None


def test_a_steady_pace_is_no_drop_as_long_as_it_lasts():
    steady = [inbound(day) for day in range(0, 61, 2)]
    assert drop(created(0), *steady).since > at(60)
    assert all(each.state == "pending" for each in findings("engagement_drop", created(0), *steady, day=60))


def test_a_touch_that_is_not_enough_leaves_its_beginning():
    once = drop(*LIVELY, inbound(25))
    assert (once.since, once.critical_from) == (at(21), at(22))
    assert once.evidence[-1].text.startswith("1 in the 14 days up to 2026-03-27, 8 in the 28 before")


def test_more_of_them_make_it_less_than_critical_and_enough_of_them_clear_it():
    twice = drop(*LIVELY, inbound(25), inbound(26))
    assert (twice.since, twice.critical_from) == (at(21), at(39))
    enough = [inbound(25, hour=hour) for hour in (9, 10, 11, 12)]
    assert not drop(*LIVELY, *enough).holds_at(at(25, hour=12))
    (past, *_) = findings("engagement_drop", *LIVELY, *enough, day=26)
    assert (past.state, past.since, past.until) == ("resolved", at(21), at(25, hour=12))


def test_time_alone_ends_it_only_for_good():
    # from day 42 to 44 only five are left before; then the last touch ages and makes them six again
    found = drop(created(0), *(inbound(day) for day in (0, 10, 11, 12, 13, 14, 30)))
    assert (found.since, found.until) == (at(28), at(52))


def test_it_may_come_and_go_and_come_again():
    again = [inbound(day, hour=11) for day in (30, 31, 32, 35, 36, 37)]
    told = findings("engagement_drop", *LIVELY, *again, day=52)
    assert [(each.state, each.since) for each in told] == [("resolved", at(21)), ("open", at(49, hour=11))]


def test_meetings_and_calls_that_they_took_count_and_what_is_one_way_does_not():
    mixed = (
        created(0),
        *(inbound(day) for day in (0, 1, 2, 3)),
        held(4),
        call(7, connected=True),
        inbound(8),
        inbound(9),
    )
    assert drop(*mixed).since == at(21)
    one_way = (outbound(12), call(13, connected=False), away(14))
    assert drop(*mixed, *one_way).since == at(21)
    assert drop(*mixed, held(13)).since > at(21)


def test_weekends_count_like_all_days():
    assert drop(created(0), *(inbound(day) for day in range(6))).since == at(19)


def test_a_future_step_holds_it_and_one_beyond_its_end_leaves_nothing():
    held_back = drop(*LIVELY, next_step(35, day=9))
    assert (held_back.since, held_back.critical_from, held_back.until) == (end_of(36), end_of(36), at(44))
    assert breach("engagement_drop", *LIVELY, next_step(45, day=9)) is None


@pytest.mark.parametrize(
    ("thresholds", "since"),
    [
        ({"late": "7d"}, at(14)),
        ({"least": 7}, at(22)),
        ({"share": 0.2}, at(22)),
        ({"share": 0.1}, at(23)),
        ({"before": "7d", "least": 5}, at(21)),
    ],
)
def test_the_thresholds_are_those_of_the_rules(thresholds, since):
    rules = Rules.of({"organization": {"domains": ["us.example"]}, "detectors": {"engagement_drop": thresholds}})
    assert drop(*LIVELY, rules=rules).since == since


def test_a_closed_deal_cools_no_more():
    assert breach("engagement_drop", *LIVELY, lost(10)) is None


def test_late_mail_takes_it_back():
    assert [each.state for each in findings("engagement_drop", *LIVELY, outbound(30), day=31)] == ["open"]
    late = [inbound(day, hour=11) for day in (16, 17, 18, 21, 22, 23)]
    told = findings("engagement_drop", *LIVELY, outbound(30), *late, day=31)
    assert [each.state for each in told] == ["pending"]
