"""When each finding could be told first: never by what was known later, not by a baseline of later days either."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from streams import replay
from streams.history import Line
from streams.tuning.lives import Episode, lives
from tests.streams.sample_deals import crm, day

BY_BASELINE = {"cycle_overrun", "stage_overstay"}
RULES = Rules.of({"overrides": [{"when": {}, "disable": sorted(set(catalogue()) - BY_BASELINE)}]})


def told(deal_id: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    return [each | {"subject": deal_id, "id": f"{deal_id}-{number}"} for number, each in enumerate(events)]


def won(deal_id: str, at: float, days: float) -> list[dict[str, Any]]:
    """A deal that took so many days to be won."""
    return told(deal_id, crm(at - days, stage="Demo"), crm(at, status="won"))


def history(*parts: Iterable[dict[str, Any]]) -> list[Line]:
    events = sorted((each for part in parts for each in part), key=lambda each: str(each["time"]))
    return [Line(Path("history"), number, orjson.dumps(each)) for number, each in enumerate(events, start=1)]


SLOW = [each for number in range(10) for each in won(f"slow-{number}", -120 + number, 40)]
# from day -50 on, every day one that was quick: half of all were from day -40 on
QUICK = [each for number in range(14) for each in won(f"quick-{number}", -50 + number, 4)]
OPEN = told("open", crm(-70, stage="Demo"), crm(-20, name="Still there"), crm(-5, name="And still"))
HISTORY = history(SLOW, QUICK, OPEN)


def episodes(until: datetime | None = None) -> dict[str, Episode]:
    found = {life.deal_id: life for life in lives(HISTORY, RULES, until)}
    return {each.detector: each for each in found["open"].episodes}


def test_a_baseline_that_is_shorter_later_tells_nothing_of_the_days_before() -> None:
    overdue = episodes()["cycle_overrun"]
    # one and a half of four days after it began, by what was won until now
    assert overdue.since == day(-70 + 6)
    first_seen = next(at for at in map(day, range(-69, 0)) if "cycle_overrun" in episodes(until=at))
    assert first_seen - timedelta(days=1) < overdue.seen_at <= first_seen
    assert overdue.seen_at > day(-50)


@pytest.mark.parametrize("batch", [1, 500])
def test_whenever_it_is_looked_at_what_was_told_by_then_stays(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "BATCH", batch)
    moments = [day(number) for number in range(-46, 0, 9)]
    looks = [{name: each.seen_at for name, each in episodes(until=at).items()} for at in moments]
    for before, after in pairwise([*looks, {name: each.seen_at for name, each in episodes().items()}]):
        assert before.items() <= after.items()
    assert looks[-1]
    assert all(at <= moment for look, moment in zip(looks, moments, strict=True) for at in look.values())


def test_critical_is_told_when_it_was_critical_by_the_baseline_of_that_day() -> None:
    overdue = episodes()["cycle_overrun"]
    assert overdue.critical_from is not None
    assert overdue.critical_from >= overdue.seen_at
    before = episodes(until=overdue.critical_from - timedelta(hours=1)).get("cycle_overrun")
    assert before is None or before.critical_from is None
    after = episodes(until=overdue.critical_from + timedelta(hours=1))["cycle_overrun"]
    assert after.critical_from == overdue.critical_from
