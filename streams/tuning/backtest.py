"""What a history says of some rules: the figures, and what the owners of deals would have been told.

A book's detectors are left out: what is wrong with a book has no deal's end to be judged by.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from detectors.core.rules import Rules
from detectors.core.words import count_of

from ..alerting.quiet import Hours
from .endings import Ending, Endings
from .figures import CRITICAL, WARNING, Figures, figures, leads, names_of
from .lives import Life
from .tellings import Telling, books, hours_of, tellings


class BacktestError(ValueError):
    """A history that cannot be measured as it is asked for."""


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


def measure(lives: Iterable[Life], endings: Endings, rules: Rules, ended: datetime) -> Backtest:
    """What the lives of a history's deals, up to its last moment, say of the rules that they were told by.

    Owners are told of all their deals; counted is what they were told of those that are measured. `BacktestError` if
    none of these has ended, or if the endings ask for a field that no deal has.
    """
    everybody = list(lives)
    _refuse_unknown(endings.fields, everybody)
    measured = tuple(life for life in everybody if endings.concerns(life))
    if all(life.ended is None for life in measured):
        number = f"{len(measured):,} of {count_of(len(everybody), 'deal')}"
        raise BacktestError(f"no deal that is measured ({number}) has ended: there is nothing to judge alerts by")
    alerts, rep_weeks = _alerts_by_week(everybody, measured, rules, ended)
    told = sum(alerts.values(), Counter())
    per_week = {name: count / rep_weeks.total() for name, count in told.items()} if rep_weeks else None
    began = min((life.began for life in everybody), default=ended)
    return Backtest(
        rules=rules.hash,
        began=began,
        ended=ended,
        endings=endings,
        deals=Counter(map(endings.of_life, measured)),
        statuses=Counter(life.status for life in measured),
        reps=len({life.owner for life in measured if life.owner}),
        figures=tuple(figures(measured, endings, per_week)),
        leads=leads(measured, endings),
        weeks=tuple(_weeks(alerts, rep_weeks)),
        lives=measured,
    )


def _refuse_unknown(fields: Iterable[str], lives: Iterable[Life]) -> None:
    # a status that nobody told is open
    known = {"status"}.union(*(life.facts for life in lives))
    for field in fields:
        if field not in known:
            near = get_close_matches(field, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}"
            raise BacktestError(f"no deal has a field {field!r}; {hint}")


def _alerts_by_week(
    everybody: Iterable[Life], measured: Iterable[Life], rules: Rules, ended: datetime
) -> tuple[dict[date, Counter[str]], Counter[date]]:
    """What was told in each week, by name, and how many owners had a deal open in it; weeks are those of the owner."""
    counted = {life.deal_id for life in measured}
    alerts: defaultdict[date, Counter[str]] = defaultdict(Counter)
    rep_weeks: Counter[date] = Counter()
    hours: dict[str, Hours] = {}
    for owner, book in books(everybody).items():
        hours[owner] = hours_of(owner, book, rules)
        day_of = hours[owner].day_of
        spans = ((day_of(each.began), day_of(each.ended or ended)) for each in book if each.deal_id in counted)
        rep_weeks.update({monday for first, last in spans for monday in _mondays(first, last)})
    for told in tellings(everybody, rules, ended):
        if told.deal_id in counted:
            alerts[_monday(hours[told.owner].day_of(told.at))].update(_names(told))
    return alerts, rep_weeks


def _names(told: Telling) -> set[str]:
    """What a deal that is told counts for: once for each name, however much is new of it."""
    names = {name for detector in told.new for name in names_of(detector)}
    return names | {WARNING} | ({CRITICAL} if "critical" in told.new.values() else set())


def _weeks(alerts: Mapping[date, Counter[str]], rep_weeks: Counter[date]) -> Iterator[Week]:
    """Every week from the first to the last in which somebody had a deal open."""
    for monday in _mondays(min(rep_weeks), max(rep_weeks)) if rep_weeks else ():
        yield Week(monday, rep_weeks[monday], dict(alerts.get(monday, {})))


def _mondays(first: date, last: date) -> Iterator[date]:
    monday = _monday(first)
    while monday <= last:
        yield monday
        monday += timedelta(days=7)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
