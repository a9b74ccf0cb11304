"""Shown before the need was known."""

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
    at,
    booked,
    breach,
    changed,
    created,
    findings,
    held,
    inbound,
    lost,
    no_show,
    person,
)


def premature(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("premature_demo", *parts, rules=rules)
    assert found is not None
    return found


def demo(day: float, hour: int = 9, name: str = "demo") -> Event:
    return held(day, name, hour, kind="demo")


def discovery(day: float, hour: int = 9) -> Event:
    return held(day, "discovery", hour, kind="discovery")


def test_a_demo_with_no_discovery_and_the_need_unknown_is_premature():
    assert premature(created(0), inbound(1), demo(3)) == Breach(
        since=at(3),
        critical_from=None,
        evidence=(
            Evidence("calendar/held-3", at(3), "a demo was held, with no discovery before it and the need unknown"),
        ),
        clears_when="a discovery is held, or the need is known and noted",
    )


def test_it_opens_with_the_demo_and_not_an_instant_before():
    found = premature(created(0), demo(3))
    assert not found.holds_at(at(3) - TICK)
    assert found.holds_at(at(3))


@pytest.mark.parametrize(
    "known",
    [discovery(2), discovery(3, hour=8), *(changed(2, need=need) for need in ("interesting", "important", "critical"))],
    ids=["discovery", "discovery on the same day", "interesting", "important", "critical"],
)
def test_what_was_known_before_makes_it_timely(known):
    assert breach("premature_demo", created(0), known, demo(3)) is None


def test_a_need_that_is_noted_with_the_demo_was_known():
    assert breach("premature_demo", created(0), changed(3, need="important"), demo(3)) is None


def test_a_need_that_is_forgotten_afterwards_was_known():
    assert breach("premature_demo", created(0), changed(1, need="important"), demo(3), changed(9, need=None)) is None


@pytest.mark.parametrize(
    "nothing_known",
    [
        changed(2, need="unknown"),
        changed(2, need=None),
        changed(2, budget="confirmed"),
        person("boss@them.example", 2, title="CEO"),
        booked(2, starts=9, name="discovery", kind="discovery"),
        no_show(2, "discovery", kind="discovery"),
        held(2, "discovery", kind="discovery", attendees=[REP, COLLEAGUE]),
        held(2, "talk", hour=10),
    ],
    ids=["unknown", "cleared", "budget", "boss", "booked", "no show", "among ourselves", "another meeting"],
)
def test_what_says_nothing_of_the_need_does_not(nothing_known):
    assert premature(created(0), nothing_known, demo(3)).since == at(3)


@pytest.mark.parametrize("known", [discovery(9), changed(9, need="interesting")], ids=["discovery", "need"])
def test_what_is_learned_afterwards_makes_up_for_it(known):
    (past,) = findings("premature_demo", created(0), demo(3), known, day=10)
    assert (past.state, past.since, past.until) == ("resolved", at(3), at(9))


def test_what_was_learned_and_is_forgotten_does_not_count_either():
    learned = (changed(9, need="interesting"), changed(12, need="unknown"))
    assert breach("premature_demo", created(0), demo(3), *learned) is None
    assert premature(demo(1), created(3)).since == at(1)


def test_showing_it_again_does_not_move_it():
    assert premature(created(0), demo(3), demo(9, name="second demo")).since == at(3)


def test_a_meeting_that_is_no_demo_shows_nothing():
    assert breach("premature_demo", created(0), held(3, "talk")) is None
    assert breach("premature_demo", created(0), booked(3, starts=9, kind="demo")) is None
    assert breach("premature_demo", created(0), held(3, kind="demo", attendees=[REP, COLLEAGUE])) is None


def test_weekends_do_not_matter():
    assert premature(created(0), demo(6)).since == at(6)


def test_the_rules_may_leave_time_to_note_it_down():
    rules = Rules.of({"detectors": {"premature_demo": {"grace": "2d"}}})
    assert premature(created(0), demo(3), rules=rules).since == at(5)
    assert findings("premature_demo", created(0), demo(3), changed(4, need="important"), day=9, rules=rules) == []


def test_a_closed_deal_is_not_premature():
    assert breach("premature_demo", created(0), demo(3), lost(9)) is None


def test_a_discovery_that_is_told_late_takes_it_back():
    assert [each.state for each in findings("premature_demo", created(0), demo(3), day=9)] == ["open"]
    assert findings("premature_demo", created(0), demo(3), discovery(2), day=9) == []
