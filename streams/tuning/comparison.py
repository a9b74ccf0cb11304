"""What some rules tell more, less, earlier or later of a history than others do, and for whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import zip_longest
from statistics import median
from typing import TYPE_CHECKING

from .backtest import Backtest
from .endings import Ending
from .figures import Figures, first_alerts
from .lives import Life

if TYPE_CHECKING:
    from ..rules_view import Difference

EXAMPLES = 4
_DAY = timedelta(days=1)


class Way(StrEnum):
    """What becomes of a deal's first alert."""

    OPENS = "opens"
    CLOSES = "closes"
    EARLIER = "earlier"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Move:
    """A deal that is told of at another moment, or by one of the rules only; `name` is that of the `Change`."""

    name: str
    life: Life
    ending: Ending
    before: datetime | None
    after: datetime | None

    @property
    def way(self) -> Way:
        """What becomes of its alert."""
        if self.before is None:
            return Way.OPENS
        if self.after is None:
            return Way.CLOSES
        return Way.EARLIER if self.after < self.before else Way.LATER

    @property
    def days(self) -> float | None:
        """By how many days it moves, either way; None where only one of the rules tells of it."""
        return None if self.before is None or self.after is None else abs(self.after - self.before) / _DAY


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one detector, family or severity: its figures under both rules, and the deals it tells of.

    `opens` and `closes` count, by ending, the deals that only the new or only the old rules tell of. Of those that both
    tell of, `earlier` and `later` count the ones whose first alert moves, with the median of days; `stays` the rest.
    """

    before: Figures
    after: Figures
    opens: Mapping[Ending, int]
    closes: Mapping[Ending, int]
    earlier: int
    earlier_days: float | None
    later: int
    later_days: float | None
    stays: int

    @property
    def name(self) -> str:
        """As in its figures."""
        return self.after.name

    @property
    def moves(self) -> bool:
        """Whether it tells of other deals, or of some at another time."""
        return bool(self.opens or self.closes or self.earlier or self.later)


@dataclass(frozen=True, slots=True)
class Audience:
    """A team, or an owner, with the number of deals that are measured of theirs, and that they are told of.

    `name` is empty of the deals that have none.
    """

    name: str
    deals: int
    before: int
    after: int


@dataclass(frozen=True)
class Comparison:
    """The new rules (`after`) beside the old ones (`before`), over the deals that both measure.

    `against` is what the old rules are called, and `settings` are those in which they differ.
    `changes` stand in the order of the figures, teams and owners in that of their names. `examples` has a few deals for
    each way, from as many detectors as there are, those that ended and the newest first. `only_in_one` counts the deals
    that only one of the two measures, which are left out.
    """

    against: str
    settings: tuple[Difference, ...]
    before: Backtest
    after: Backtest
    changes: tuple[Change, ...]
    teams: tuple[Audience, ...]
    owners: tuple[Audience, ...]
    examples: tuple[Move, ...]
    only_in_one: int

    @property
    def changed(self) -> tuple[Change, ...]:
        """What moves deals, beside any alert and the critical ones; nothing where no figure changes.

        How often reps are told hangs on the budget as well, so with one detector it changes for others.
        """
        if not any(each.moves or each.before != each.after for each in self.changes):
            return ()
        return tuple(each for each in self.changes if each.moves or each.after.kind == "severity")

    def change_of(self, name: str) -> Change:
        """That of a detector, a family, `warning` or `critical`; KeyError if there is none of this name."""
        for each in self.changes:
            if each.name == name:
                return each
        raise KeyError(name)

    def examples_of(self, way: Way) -> tuple[Move, ...]:
        """The examples of one way."""
        return tuple(each for each in self.examples if each.way == way)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A deal under both rules, with when it was first told of, by name."""

    life: Life
    ending: Ending
    before: Mapping[str, datetime]
    after: Mapping[str, datetime]


def compare(before: Backtest, after: Backtest, against: str, settings: Iterable[Difference] = ()) -> Comparison:
    """What changes with the rules of `after` in place of those of `before`; both are measures of the same history."""
    others = {life.deal_id: life for life in before.lives}
    pairs = [
        _Pair(life, after.endings.of_life(life), first_alerts(others[life.deal_id]), first_alerts(life))
        for life in after.lives
        if life.deal_id in others
    ]
    changes = tuple(_change(before.figures_of(each.name), each, pairs) for each in after.figures)
    told_by = {change.name for change in changes if change.after.kind == "detector"} | {"critical"}
    return Comparison(
        against=against,
        settings=tuple(settings),
        before=before,
        after=after,
        changes=changes,
        teams=_audiences(pairs, lambda life: life.team),
        owners=_audiences(pairs, lambda life: life.owner),
        examples=tuple(_examples(move for name in sorted(told_by) for move in _moves(name, pairs))),
        only_in_one=len(others) + len(after.lives) - 2 * len(pairs),
    )


def _moves(name: str, pairs: Iterable[_Pair]) -> Iterator[Move]:
    for pair in pairs:
        if (one := pair.before.get(name)) != (other := pair.after.get(name)):
            yield Move(name, pair.life, pair.ending, one, other)


def _change(before: Figures, after: Figures, pairs: Iterable[_Pair]) -> Change:
    pairs = list(pairs)
    ways: defaultdict[Way, list[Move]] = defaultdict(list)
    for move in _moves(after.name, pairs):
        ways[move.way].append(move)
    earlier, later = ([move.days or 0.0 for move in ways[way]] for way in (Way.EARLIER, Way.LATER))
    told_by_both = sum(after.name in pair.before and after.name in pair.after for pair in pairs)
    return Change(
        before=before,
        after=after,
        opens=Counter(move.ending for move in ways[Way.OPENS]),
        closes=Counter(move.ending for move in ways[Way.CLOSES]),
        earlier=len(earlier),
        earlier_days=median(earlier) if earlier else None,
        later=len(later),
        later_days=median(later) if later else None,
        stays=told_by_both - len(earlier) - len(later),
    )


def _audiences(pairs: Iterable[_Pair], name_of: Callable[[Life], str | None]) -> tuple[Audience, ...]:
    """By name, whatever the numbers are: what reps are told of makes no league table."""
    deals: Counter[str] = Counter()
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for pair in pairs:
        name = name_of(pair.life) or ""
        deals[name] += 1
        before[name] += "warning" in pair.before
        after[name] += "warning" in pair.after
    names = sorted(deals, key=lambda name: (name.casefold(), name))
    return tuple(Audience(name, deals[name], before[name], after[name]) for name in names)


def _examples(moves: Iterable[Move]) -> Iterator[Move]:
    """Of each way one deal of each detector in turn, no deal twice; those that ended say more than those that did not.

    Of these the newest, which people remember best.
    """
    ways: dict[Way, defaultdict[str, list[Move]]] = {way: defaultdict(list) for way in Way}
    for move in moves:
        ways[move.way][move.name].append(move)
    for names in ways.values():
        shown: dict[str, Move] = {}
        for turn in zip_longest(*(sorted(each, key=_telling) for each in names.values())):
            for move in turn:
                if move is not None and len(shown) < EXAMPLES:
                    shown.setdefault(move.life.deal_id, move)
        yield from shown.values()


def _telling(move: Move) -> tuple[bool, float, str]:
    return move.ending is Ending.OPEN, -move.life.began.timestamp(), move.life.deal_id
