"""What alerts were worth: how often right, how much they found, how early, and what they cost.

A deal is *alerted* if it was told of before it ended. Precision is the share of bad ends among the alerted deals that
ended; recall the share of alerted deals among the bad ends; false alarms the share of alerted deals among the won ones.
Lead is from the first alert to the bad end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from math import sqrt
from statistics import NormalDist, quantiles
from typing import get_args

from detectors.core.detector import BookDetector, Family
from detectors.core.registry import catalogue

from .endings import Ending, Endings
from .lives import Episode, Life

FEW = 30
"""A rate that stands on fewer deals than this is a hint at most."""

WARNING, CRITICAL = "warning", "critical"
_DAY = timedelta(days=1)
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with its 95 % interval (Wilson); `value` is None where the whole is empty."""

    part: int
    whole: int
    value: float | None
    low: float
    high: float

    @classmethod
    def of(cls, part: int, whole: int) -> Share:
        """With Wilson's interval: E. B. Wilson, "Probable Inference", JASA 22 (1927), 209-212."""
        if not whole:
            return cls(part, whole, None, 0.0, 1.0)
        share, square = part / whole, _Z * _Z / whole
        middle = (share + square / 2) / (1 + square)
        half = _Z / (1 + square) * sqrt(share * (1 - share) / whole + square / (4 * whole))
        return cls(part, whole, share, max(0.0, middle - half), min(1.0, middle + half))

    @property
    def is_small(self) -> bool:
        """Whether it stands on so few deals that it is a hint at most."""
        return self.whole < FEW


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Of a number of days: first quartile, median and third."""

    first: float
    median: float
    third: float

    @classmethod
    def of(cls, days: Iterable[float]) -> Quartiles | None:
        """Those of some days, between neighbours where none is in the place; None of no day."""
        told = list(days)
        if len(told) < 2:
            return cls(*told * 3) if told else None
        return cls(*quantiles(told, n=4, method="inclusive"))


@dataclass(frozen=True, slots=True)
class Figures:
    """What the alerts of one detector, one family, or any of a severity were worth, over the deals that were measured.

    `name` is a detector, a family, `warning` (any warning or worse) or `critical`; `kind` says which of these it is:
    `detector`, `family` or `severity`. `alerted` counts the alerted deals that ended; `alerted_open` those that are
    open, which are left out of rates. `lead_days` of the bad ends that were alerted; `alerted_days` is how long an
    alerted deal that ended was told of, in all its episodes that began before its end. `alerts_per_rep_week` counts
    what reps would have been told anew, after their budget and quiet hours, by week in which they had an open deal;
    None where no rep had one. `value_found` is the value, by currency, of the bad ends that were alerted.
    """

    name: str
    kind: str
    alerted: int
    alerted_open: int
    precision: Share
    recall: Share
    false_alarms: Share
    lead_days: Quartiles | None
    alerted_days: Quartiles | None
    alerts_per_rep_week: float | None
    value_found: dict[str, float]


def names() -> dict[str, str]:
    """Everything that has figures, with its kind: both severities, then each family followed by its detectors."""
    found = {WARNING: "severity", CRITICAL: "severity"}
    families: dict[str, list[str]] = {family: [] for family in get_args(Family)}
    for detector, kind in catalogue().items():
        # what is wrong with a book has no deal's end to be judged by, and what is shown only is no alert
        if not issubclass(kind, BookDetector) and kind.severity != "info":
            families[kind.family].append(detector)
    for family, detectors in families.items():
        if detectors:
            found |= {family: "family", **dict.fromkeys(detectors, "detector")}
    return found


@cache
def names_of(detector: str) -> tuple[str, str]:
    """Under which names a detector's warnings are counted besides `warning`: its own and its family's."""
    return detector, catalogue()[detector].family


def first_alerts(life: Life) -> dict[str, datetime]:
    """When a deal was first told of by each detector and family, at all (`warning`) and as `critical`."""
    first: dict[str, datetime] = {}
    for name, begun, _ in _courses(life):
        if name not in first or begun < first[name]:
            first[name] = begun
    return first


def alerted_days(life: Life) -> dict[str, float]:
    """For how many days a deal that ended was told of by each name, as in `first_alerts`, until its end."""
    assert life.ended is not None
    courses: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for name, begun, over in _courses(life):
        courses[name].append((begun, life.ended if over is None else min(over, life.ended)))
    return {name: _union(each) / _DAY for name, each in courses.items()}


def leads(lives: Iterable[Life], endings: Endings) -> dict[str, tuple[float, ...]]:
    """By name, the days from the first alert to the end of each bad end that was alerted, in the order of the lives."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for life in lives:
        if life.ended is not None and endings.of_life(life) is Ending.BAD:
            for name, at in first_alerts(life).items():
                found[name].append((life.ended - at) / _DAY)
    return {name: tuple(days) for name, days in found.items()}


@dataclass
class _Tally:
    """What is counted of one name."""

    alerted: Counter[Ending] = field(default_factory=Counter)
    lead_days: list[float] = field(default_factory=list)
    alerted_days: list[float] = field(default_factory=list)
    value_found: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


def figures(
    lives: Iterable[Life], endings: Endings, alerts_per_rep_week: Mapping[str, float] | None = None
) -> Iterator[Figures]:
    """The figures of every name, over lives that are all measured; what reps were told is counted elsewhere."""
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    ends: Counter[Ending] = Counter()
    for life in lives:
        ending = endings.of_life(life)
        ends[ending] += 1
        _count(life, ending, tallies)
    for name, kind in names().items():
        tally = tallies[name]
        bad, won = tally.alerted[Ending.BAD], tally.alerted[Ending.GOOD]
        ended = tally.alerted.total() - tally.alerted[Ending.OPEN]
        yield Figures(
            name=name,
            kind=kind,
            alerted=ended,
            alerted_open=tally.alerted[Ending.OPEN],
            precision=Share.of(bad, ended),
            recall=Share.of(bad, ends[Ending.BAD]),
            false_alarms=Share.of(won, ends[Ending.GOOD]),
            lead_days=Quartiles.of(tally.lead_days),
            alerted_days=Quartiles.of(tally.alerted_days),
            alerts_per_rep_week=None if alerts_per_rep_week is None else alerts_per_rep_week.get(name, 0.0),
            value_found={currency: round(value, 2) for currency, value in sorted(tally.value_found.items())},
        )


def _count(life: Life, ending: Ending, tallies: Mapping[str, _Tally]) -> None:
    days = alerted_days(life) if life.ended is not None else {}
    for name, at in first_alerts(life).items():
        tally = tallies[name]
        tally.alerted[ending] += 1
        if life.ended is not None:
            tally.alerted_days.append(days[name])
            if ending is Ending.BAD:
                tally.lead_days.append((life.ended - at) / _DAY)
                if life.amount is not None:
                    tally.value_found[life.currency or ""] += life.amount


def _courses(life: Life) -> Iterator[tuple[str, datetime, datetime | None]]:
    """From when until when (None: the end) each name told of a deal; only what began before its end."""
    for each in life.episodes:
        for name, begun in _beginnings(each):
            if life.ended is None or begun < life.ended:
                yield name, begun, each.until


def _beginnings(episode: Episode) -> Iterator[tuple[str, datetime]]:
    yield WARNING, episode.seen_at
    for name in names_of(episode.detector):
        yield name, episode.seen_at
    if episode.critical_from is not None:
        yield CRITICAL, episode.critical_from


def _union(intervals: list[tuple[datetime, datetime]]) -> timedelta:
    """How long at least one of some intervals lasted."""
    covered, reached = timedelta(), None
    for begun, over in sorted(intervals):
        if reached is None or begun > reached:
            covered += max(over - begun, timedelta())
            reached = over
        elif over > reached:
            covered += over - reached
            reached = over
    return covered
