"""What first alerts on deals are worth, whoever told them, and what two ways are worth at the same recall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from streams.tuning.endings import Ending, Endings
from streams.tuning.figures import Quartiles, Share
from streams.tuning.lives import Life

Alerts = Mapping[str, datetime]
"""When each deal was told of first, by id."""

IN_TIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Worth:
    """Of the alerted deals that ended, `precision` is the share of bad ends, and `in_time` that of bad ends at least a
    week later. `recall` is of the bad ends, `false_alarms` of the won deals; `lead_days` are those of the bad ends."""

    precision: Share
    recall: Share
    false_alarms: Share
    in_time: Share
    lead_days: Quartiles | None


@dataclass(frozen=True, slots=True)
class Point:
    """A precision and a share of false alarms."""

    precision: float
    false_alarms: float


@dataclass(frozen=True, slots=True)
class Gain:
    """A difference in favour of the first of two ways, with its 95 % interval."""

    value: float
    low: float
    high: float


def worth(alerts: Alerts, lives: Iterable[Life], endings: Endings) -> Worth:
    """The worth of alerts on deals that are measured; what comes after a deal's end is none."""
    ends: Counter[Ending] = Counter()
    alerted: Counter[Ending] = Counter()
    leads: list[timedelta] = []
    for life in lives:
        ending, at = endings.of_life(life), alerts.get(life.deal_id)
        ends[ending] += 1
        if life.ended is not None and at is not None and at < life.ended:
            alerted[ending] += 1
            if ending is Ending.BAD:
                leads.append(life.ended - at)
    count = alerted.total()
    return Worth(
        precision=Share.of(alerted[Ending.BAD], count),
        recall=Share.of(alerted[Ending.BAD], ends[Ending.BAD]),
        false_alarms=Share.of(alerted[Ending.GOOD], ends[Ending.GOOD]),
        in_time=Share.of(sum(lead >= IN_TIME for lead in leads), count),
        lead_days=Quartiles.of(lead / timedelta(days=1) for lead in leads),
    )


def at_recall(settings: Iterable[Worth], recall: float) -> Point | None:
    """What settings of a threshold are worth at a recall: between the two next to it, as if each told of some deals.

    None where they do not reach so far.
    """
    tallies = [
        (each.recall.part, each.precision.whole, each.false_alarms.part, each.recall.whole, each.false_alarms.whole)
        for each in settings
    ]
    return _at_recall(tallies, recall)


def gains(ours: Alerts, other: Alerts, lives: Iterable[Life], endings: Endings, rounds: int) -> list[Gain] | None:
    """How much more precision and recall one way has than another, and how many fewer false alarms.

    Intervals by drawing the deals anew so many times. None where one of them tells of nothing.
    """
    return _gains(_kinds([other, ours], lives, endings), _apart, rounds)


def gains_at_recall(
    settings: Sequence[Alerts], other: Alerts, lives: Iterable[Life], endings: Endings, rounds: int
) -> list[Gain] | None:
    """How much more precision settings of a threshold have than another way at its recall, and how many fewer false
    alarms; intervals as for `gains`. None where the settings do not reach that recall."""
    return _gains(_kinds([other, *settings], lives, endings), _apart_at_recall, rounds)


Kinds = Counter[tuple[Ending, tuple[bool, ...]]]
Tally = tuple[int, int, int, int, int]
"""Alerted deals with a bad end, alerted ones in all, won ones of them; all bad ends and all won deals."""


def _is_alerted(alerts: Alerts, life: Life) -> bool:
    at = alerts.get(life.deal_id)
    return at is not None and life.ended is not None and at < life.ended


def _kinds(ways: Sequence[Alerts], lives: Iterable[Life], endings: Endings) -> Kinds:
    """How many deals ended alike and were told of by the same ways."""
    return Counter((endings.of_life(life), tuple(_is_alerted(alerts, life) for alerts in ways)) for life in lives)


def _gains(kinds: Kinds, apart: Callable[[Kinds], list[float] | None], rounds: int) -> list[Gain] | None:
    found = apart(kinds)
    if found is None:
        return None
    # the same draws each time, so that whoever runs it reads the same
    random = Random(1)
    draws = (random.choices(list(kinds), weights=list(kinds.values()), k=kinds.total()) for _ in range(rounds))
    drawn = [each for deals in draws if (each := apart(Counter(deals))) is not None]
    return [Gain(value, *_middle(among)) for value, among in zip(found, zip(*drawn, strict=True), strict=True)]


def _apart(kinds: Kinds) -> list[float] | None:
    (bad, alerted, won, all_bad, all_won), ours = _tallies(kinds)
    if not (alerted and ours[1] and all_bad and all_won):
        return None
    return [ours[0] / ours[1] - bad / alerted, (ours[0] - bad) / all_bad, (won - ours[2]) / all_won]


def _apart_at_recall(kinds: Kinds) -> list[float] | None:
    (bad, alerted, won, all_bad, all_won), *settings = _tallies(kinds)
    point = _at_recall(settings, bad / all_bad) if alerted and all_bad and all_won else None
    return None if point is None else [point.precision - bad / alerted, won / all_won - point.false_alarms]


def _tallies(kinds: Kinds) -> list[Tally]:
    ways = len(next(iter(kinds))[1])
    bad, alerted, won = [0] * ways, [0] * ways, [0] * ways
    ends: Counter[Ending] = Counter()
    for (ending, told), count in kinds.items():
        ends[ending] += count
        for way in range(ways):
            if told[way]:
                alerted[way] += count
                bad[way] += count * (ending is Ending.BAD)
                won[way] += count * (ending is Ending.GOOD)
    return [(bad[way], alerted[way], won[way], ends[Ending.BAD], ends[Ending.GOOD]) for way in range(ways)]


def _at_recall(settings: Iterable[Tally], recall: float) -> Point | None:
    for less, more in pairwise(sorted(settings)):
        wanted = recall * more[3]
        if less[0] <= wanted <= more[0] and more[0] > 0:
            part = (wanted - less[0]) / (more[0] - less[0]) if more[0] > less[0] else 0.0
            bad, alerted, won = (few + part * (many - few) for few, many in zip(less[:3], more[:3], strict=True))
            return Point(bad / alerted, won / more[4]) if alerted else None
    return None


def _middle(values: Iterable[float]) -> tuple[float, float]:
    """Between which values 95 % of them lie."""
    ordered = sorted(values)
    cut = round(0.025 * len(ordered))
    return ordered[cut], ordered[-1 - cut]
