"""What first alerts on deals are worth, whoever told them, and what two ways are worth at the same recall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
class Gap:
    """By how much one way has more precision and fewer false alarms than another at its recall, with 95 % intervals."""

    precision: float
    fewer_false_alarms: float
    precision_interval: tuple[float, float]
    false_alarms_interval: tuple[float, float]


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


def gap(settings: Sequence[Alerts], other: Alerts, lives: Iterable[Life], endings: Endings, rounds: int) -> Gap | None:
    """What settings are worth beside another way at its recall; intervals by drawing the deals anew so many times.

    None where the settings do not reach that recall.
    """
    kinds = Counter(
        (endings.of_life(life), tuple(_is_alerted(alerts, life) for alerts in (other, *settings))) for life in lives
    )
    found = _gap(kinds)
    if found is None:
        return None
    # the same draws each time, so that whoever runs it reads the same
    random, drawn = Random(1), []
    for _ in range(rounds):
        deals = Counter(random.choices(list(kinds), weights=list(kinds.values()), k=kinds.total()))
        if (each := _gap(deals)) is not None:
            drawn.append(each)
    return Gap(*found, _middle([each[0] for each in drawn]), _middle([each[1] for each in drawn]))


Kinds = Counter[tuple[Ending, tuple[bool, ...]]]
Tally = tuple[int, int, int, int, int]
"""Alerted deals with a bad end, alerted ones in all, won ones of them; all bad ends and all won deals."""


def _is_alerted(alerts: Alerts, life: Life) -> bool:
    at = alerts.get(life.deal_id)
    return at is not None and life.ended is not None and at < life.ended


def _gap(kinds: Kinds) -> tuple[float, float] | None:
    other, *settings = _tallies(kinds)
    bad, alerted, won, all_bad, all_won = other
    if not alerted or not all_bad or not all_won:
        return None
    point = _at_recall(settings, bad / all_bad)
    return None if point is None else (point.precision - bad / alerted, won / all_won - point.false_alarms)


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


def _middle(values: list[float]) -> tuple[float, float]:
    """Between which values 95 % of them lie."""
    ordered = sorted(values)
    cut = round(0.025 * len(ordered))
    return ordered[cut], ordered[-1 - cut]
