"""Which setting to take: the one that finds the most within a budget of alerts, or that is right often enough.

It is chosen by the deals that choose, and by nothing that is known of the later ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from .figures import FEW
from .tradeoff import Point, Tradeoff


@dataclass(frozen=True, slots=True)
class Wanted:
    """At most so many alerts a rep and week, and at least so often right (0 to 1); None asks for nothing."""

    alerts_per_rep_week: float | None = None
    least_precision: float | None = None

    def is_met(self, point: Point) -> bool:
        """Whether a setting that told of anything is what is wanted."""
        told, budget, least = point.chosen, self.alerts_per_rep_week, self.least_precision
        if not told.alerted:
            return False
        if budget is not None and (told.alerts_per_rep_week or 0.0) > budget:
            return False
        return least is None or (told.precision.value or 0.0) >= least

    def __str__(self) -> str:
        parts = []
        if self.alerts_per_rep_week is not None:
            most = self.alerts_per_rep_week
            parts.append(f"at most {most:g} alert{'' if most == 1 else 's'} a rep and week")
        if self.least_precision is not None:
            parts.append(f"a precision of at least {100 * self.least_precision:g} %")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A setting that `fits` what is wanted, or else the nearest one; None where no setting told of any deal."""

    wanted: Wanted
    point: Point | None
    fits: bool

    @property
    def is_small(self) -> bool:
        """Whether it was chosen by so few alerted deals that it is a hint at most."""
        return self.point is not None and self.point.chosen.alerted < FEW


def propose(told: Tradeoff, wanted: Wanted) -> Proposal:
    """The setting that finds the most of those that are what is wanted.

    Of equals it is the one that is right more often, then the present one, then the one that tells the earliest.
    """
    fitting = [each for each in told.points if wanted.is_met(each)]
    if fitting:
        return Proposal(wanted, max(fitting, key=_worth), fits=True)
    telling = [each for each in told.points if each.chosen.alerted]
    return Proposal(wanted, max(telling, key=lambda each: _nearness(each, wanted), default=None), fits=False)


def _worth(point: Point) -> tuple[float, float, bool, float]:
    told = point.chosen
    lead = told.lead_days.median if told.lead_days else 0.0
    return told.recall.value or 0.0, told.precision.value or 0.0, point.is_present, lead


def _nearness(point: Point, wanted: Wanted) -> tuple[float, tuple[float, float, bool, float]]:
    """By how much of what is wanted it is missed, the worse of both."""
    told, missed = point.chosen, 0.0
    if wanted.alerts_per_rep_week is not None:
        over = (told.alerts_per_rep_week or 0.0) - wanted.alerts_per_rep_week
        missed = max(missed, over / max(wanted.alerts_per_rep_week, 0.01))
    if wanted.least_precision is not None:
        under = wanted.least_precision - (told.precision.value or 0.0)
        missed = max(missed, under / max(wanted.least_precision, 0.01))
    return -missed, _worth(point)
