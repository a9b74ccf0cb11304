"""What each value of a threshold is worth, on the deals that choose and on the later ones that judge.

Deals are split by when they began. Whatever is chosen is chosen by the earlier ones alone: it never sees the later
ones, so that what these say of it is what may be expected of deals to come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Any

from detectors.core.rules import Rules, When
from detectors.core.words import count_of

from .backtest import Backtest, BacktestError, measure
from .endings import Ending, Endings
from .figures import CRITICAL, Figures, Share
from .lives import Life
from .sweep import Swept, Told


@dataclass(frozen=True, slots=True)
class Part:
    """The measured deals of one part of the history: by how they ended, the first and last beginning, their owners."""

    deals: Mapping[Ending, int]
    began: datetime
    until: datetime
    reps: int


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of the thresholds, with what it was worth to the deals that choose and to those that judge.

    It `is_efficient` if no other one was right more often and found as much, or found more and was right as often, on
    the deals that choose.
    """

    values: Mapping[str, Any]
    chosen: Figures
    judged: Figures
    is_present: bool
    is_efficient: bool


@dataclass(frozen=True)
class Tradeoff:
    """The settings of a detector side by side.

    `name` says which of its alerts are judged: all (`warning`), or those that turned `critical`, where only thresholds
    of these were swept. `said` is how often people called its findings useful, by the newest word on each deal.
    """

    detector: str
    name: str
    when: When | None
    endings: Endings
    chosen_by: Part
    judged_by: Part
    points: tuple[Point, ...]
    said: Share
    ended: datetime

    @property
    def present(self) -> Point:
        """What is in force."""
        return next(each for each in self.points if each.is_present)

    @property
    def thresholds(self) -> tuple[str, ...]:
        """Those that were swept."""
        return tuple(self.points[0].values)


def tradeoff(
    swept: Swept,
    detector: str,
    settings: Sequence[Mapping[str, Any]],
    present: Mapping[str, Any],
    rules: Sequence[Rules],
    endings: Endings,
    split: Fraction,
    when: When | None = None,
) -> Tradeoff:
    """What each of some settings, under whose rules a history was swept, was worth to the deals that `when` is for.

    The earlier deals choose, so large a part of all as `split` says. `BacktestError` where of either none has ended.
    """
    deals = [each for each in swept.deals if when is None or when.matches(_Described(each.life))]
    measured = sorted(each.life.began for each in deals if endings.concerns(each.life))
    if not measured:
        raise BacktestError(f"none of the {count_of(len(swept.deals), 'deal')} of this history is measured")
    first_later = ceil(len(measured) * split)
    boundary = measured[first_later] if first_later < len(measured) else swept.ended
    earlier = [each for each in deals if each.life.began < boundary]
    later = replace(endings, registered_from=boundary)
    for what, those, which in (("choose", earlier, endings), ("judge", deals, later)):
        if not any(which.concerns(each.life) and each.life.ended is not None for each in those):
            raise BacktestError(f"no deal that is to {what} has ended; another --split may help")
    name = CRITICAL if all(each.startswith("critical") for each in present) else detector
    chosen = [_measured(earlier, number, endings, rules[number], swept.ended) for number in range(len(settings))]
    judged = [_measured(deals, number, later, rules[number], swept.ended) for number in range(len(settings))]
    figures = [each.figures_of(name) for each in chosen]
    return Tradeoff(
        detector=detector,
        name=name,
        when=when,
        endings=endings,
        chosen_by=_part(chosen[0], measured[0], boundary),
        judged_by=_part(judged[0], boundary, swept.ended),
        points=tuple(
            Point(
                values=values,
                chosen=figures[number],
                judged=judged[number].figures_of(name),
                is_present=dict(values) == dict(present),
                is_efficient=_is_efficient(figures[number], figures),
            )
            for number, values in enumerate(settings)
        ),
        said=_said(deals),
        ended=swept.ended,
    )


def overall(swept: Swept, number: int, detector: str, rules: Rules, endings: Endings, since: datetime) -> Figures:
    """What one setting of a detector was worth to all deals that began from a moment on, whatever `when` is for."""
    later = replace(endings, registered_from=since)
    return _measured(swept.deals, number, later, rules, swept.ended).figures_of(detector)


def _measured(deals: Iterable[Told], number: int, endings: Endings, rules: Rules, ended: datetime) -> Backtest:
    return measure((each.under(number) for each in deals), endings, rules, ended)


def _part(backtest: Backtest, began: datetime, until: datetime) -> Part:
    return Part(backtest.deals, began, until, backtest.reps)


def _is_efficient(one: Figures, others: Iterable[Figures]) -> bool:
    right, found = one.precision.value, one.recall.value
    if right is None or found is None:
        return False
    return not any(
        (other.precision.value or 0.0) >= right
        and (other.recall.value or 0.0) >= found
        and (other.precision.value, other.recall.value) != (right, found)
        for other in others
    )


def _said(deals: Iterable[Told]) -> Share:
    words = [each.verdict for each in deals if each.verdict is not None]
    return Share.of(words.count("useful"), len(words))


@dataclass(frozen=True, slots=True)
class _Described:
    """What overrides may ask of a deal, as it was last."""

    life: Life

    @property
    def pipeline(self) -> str:
        return self.life.facts.get("pipeline") or "default"

    @property
    def segment(self) -> str | None:
        return self.life.facts.get("segment")

    @property
    def stage(self) -> str | None:
        return self.life.facts.get("stage")

    @property
    def team(self) -> str | None:
        return self.life.team

    @property
    def owner(self) -> str | None:
        return self.life.owner

    @property
    def currency(self) -> str | None:
        return self.life.currency

    @property
    def amount(self) -> float | None:
        return self.life.amount
