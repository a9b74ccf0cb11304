"""Much traffic in this stage, and nothing moves."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    COLLEAGUE,
    REP,
    RULES,
    STAGES,
    TICK,
    Answer,
    Event,
    at,
    away,
    booked,
    breach,
    call,
    changed,
    created,
    dated,
    document,
    entered,
    findings,
    held,
    inbound,
    lost,
    mail,
    milestone,
    next_step,
    outbound,
    person,
)

SEVEN = tuple(outbound(day) for day in (3, 4, 7, 8, 9, 10, 11))
BUSY = (entered("Demo", 2), *SEVEN, inbound(14))


def stuck(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("busy_but_stuck", *parts, rules=rules)
    assert found is not None
    return found


def test_eight_touches_and_thirty_days_in_a_stage_are_busy_and_stuck():
    assert stuck(*BUSY) == Breach(
        since=at(32),
        critical_from=at(62),
        evidence=(
            Evidence("crm/stage-2", at(2), "the last move: it came to Demo"),
            Evidence(
                "gmail/inbound-14", at(14), "8 touches in Demo since 2026-03-04, the newest: their mail 'pricing'"
            ),
        ),
        clears_when="a stage, a milestone or an earlier close date is reached, or a new person takes a role in it",
    )


def test_it_opens_on_the_thirtieth_day_and_not_an_instant_before():
    found = stuck(*BUSY)
    assert not found.holds_at(at(32) - TICK)
    assert found.holds_at(at(32))


def test_seven_touches_are_not_busy():
    assert breach("busy_but_stuck", entered("Demo", 2), *SEVEN) is None


def test_where_the_eighth_comes_later_it_opens_with_it():
    found = stuck(entered("Demo", 2), *SEVEN, inbound(40))
    assert (found.since, found.critical_from) == (at(40), at(62))
    late = stuck(entered("Demo", 2), *SEVEN, inbound(70))
    assert (late.since, late.critical_from) == (at(70), at(70))


def test_more_traffic_does_not_move_it():
    assert stuck(*BUSY, outbound(15), held(40)).since == at(32)


def test_touches_of_an_earlier_stage_do_not_count():
    assert breach("busy_but_stuck", *BUSY, entered("Proposal", 15), outbound(16)) is None
    assert stuck(entered("Demo", 2), outbound(2), *SEVEN).since == at(32)


@pytest.mark.parametrize(
    "other", [away(15), mail(COLLEAGUE, REP, 15), held(15, attendees=[REP, COLLEAGUE]), booked(15, starts=16)]
)
def test_what_is_no_touch_does_not_count(other):
    assert breach("busy_but_stuck", entered("Demo", 2), *SEVEN, other) is None


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (milestone(16, done=True), "the last move: a milestone was done"),
        (dated(50, day=16), "the last move: close date pulled in to 2026-04-21"),
        (
            person("boss@them.example", 16, roles=["economic_buyer"]),
            "the last move: boss@them.example is economic buyer",
        ),
    ],
    ids=["milestone", "earlier close date", "new role"],
)
def test_progress_starts_the_days_anew(progress, words):
    found = stuck(*BUSY, dated(60, day=3), progress)
    assert (found.since, found.critical_from) == (at(46), at(76))
    assert found.evidence[0].text == words


def test_progress_takes_back_what_is_open():
    (past, ahead) = findings("busy_but_stuck", *BUSY, milestone(35, done=True), day=36)
    assert (past.state, past.since, past.until) == ("resolved", at(32), at(35))
    assert (ahead.state, ahead.since) == ("pending", at(65))


@pytest.mark.parametrize(
    "no_progress",
    [
        dated(90, day=16),
        person("boss@them.example", 16, title="CEO"),
        milestone(16, due="2026-05-01"),
        document(16),
        next_step(20, day=16),
        changed(16, amount=90_000),
        changed(16, stage="Demo"),
    ],
    ids=["push", "new person", "milestone planned", "document", "next step", "amount", "same stage again"],
)
def test_what_is_no_progress_does_not(no_progress):
    assert stuck(*BUSY, dated(60, day=3), no_progress).since == at(32)


def test_going_back_a_stage_starts_anew():
    talk = tuple(call(day) for day in (17, 18, 21, 22, 23, 24, 25, 28))
    assert stuck(entered("Proposal", 0), *BUSY[1:], entered("Demo", 16), *talk).since == at(46)


def test_a_deal_whose_stage_is_unknown_is_not_judged():
    assert breach("busy_but_stuck", created(0), *SEVEN, inbound(14)) is None
    assert breach("busy_but_stuck", *BUSY, entered(None, 15)) is None


def test_a_busier_deal_than_is_remembered_keeps_its_beginning():
    crowd = [call(day, hour) for day in range(3, 23) for hour in (9, 12, 15)]
    found = stuck(entered("Demo", 2), *crowd)
    assert (found.since, found.critical_from) == (at(32), at(62))


def test_the_thresholds_are_those_of_the_rules():
    strict = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "pipelines": {"default": {"stages": STAGES}},
            "detectors": {"busy_but_stuck": {"touches": 7, "stuck": "10d", "critical": "20d"}},
        }
    )
    found = stuck(entered("Demo", 2), *SEVEN, rules=strict)
    assert (found.since, found.critical_from) == (at(12), at(22))


def test_a_closed_deal_is_stuck_no_more():
    assert breach("busy_but_stuck", *BUSY, lost(15)) is None


def test_late_news_of_a_move_takes_it_back():
    assert [each.state for each in findings("busy_but_stuck", *BUSY, outbound(40), day=41)] == ["open"]
    late = findings("busy_but_stuck", *BUSY, outbound(40), milestone(20, done=True), day=41)
    assert [(each.state, each.since) for each in late] == [("pending", at(50))]
