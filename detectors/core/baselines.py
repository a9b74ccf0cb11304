"""How long won deals took: what a deal that is still open is measured by.

A baseline is the median over the won deals of a pipeline. A deal that was clicked through its stages in minutes says
nothing of how long they take and does not count; nor does one that was put into the CRM or won in bulk, nor a stage
that was entered or left so. What was won counts from the next day (UTC) on, so that all deals are measured alike during
a day, in whatever order their events arrive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .deal import Deal

LEAST_WINS = 10
SHORTEST_STAGE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Win:
    """How long a won deal took in all, and in each stage (casefolded), in seconds."""

    deal_id: str
    pipeline: str
    at: datetime
    cycle: float
    stages: tuple[tuple[str, float], ...]

    @property
    def counts_from(self) -> datetime:
        """The first moment of the day after it was won, UTC."""
        return datetime.combine(self.at.astimezone(UTC).date() + timedelta(days=1), time.min, UTC)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Medians over `wins` won deals; of a stage (casefolded) only where so many of them were in it."""

    wins: int
    cycle: timedelta
    stages: Mapping[str, timedelta]


def win_of(deal: Deal) -> Win | None:
    """What a won deal adds to the baseline; None if it is not won, or was not really sold stage by stage."""
    won = deal.current("status")
    if won is None or won.value != "won" or won.bulk or deal.created.bulk:
        return None
    entered = [change for change, _ in deal.stage_changes]
    spent: defaultdict[str, float] = defaultdict(float)
    put: set[str] = set()
    for change, end in zip(entered, [*entered[1:], won], strict=False):
        # a stage that was set together with, or after, the win was not lived in
        if isinstance(change.value, str) and change.at < won.at:
            stage = change.value.strip().casefold()
            spent[stage] += (min(end.at, won.at) - change.at).total_seconds()
            if change.bulk or (end.bulk and end.at < won.at):
                put.add(stage)
    for stage in put:
        del spent[stage]
    if any(seconds < SHORTEST_STAGE.total_seconds() for seconds in spent.values()):
        return None
    cycle = (won.at - deal.created.at).total_seconds()
    return Win(deal.id, deal.pipeline, won.at, cycle, tuple(sorted(spent.items())))


class Baselines:
    """The won deals of all pipelines, and the baseline that was in force at any moment.

    It is the very same as long as the same won deals count.
    """

    def __init__(self) -> None:
        self._wins: dict[str, Win] = {}
        self._of: dict[str, _Pipeline] = {}

    def __iter__(self) -> Iterator[Win]:
        return iter(self._wins.values())

    @property
    def pipelines(self) -> Iterable[str]:
        """Those in which something was won."""
        return self._of.keys()

    def win(self, deal_id: str) -> Win | None:
        """What is known of a won deal."""
        return self._wins.get(deal_id)

    def put(self, win: Win) -> None:
        """Take a won deal, in place of what was known of it."""
        self.drop(win.deal_id)
        self._wins[win.deal_id] = win
        self._of.setdefault(win.pipeline, _Pipeline()).put(win)

    def drop(self, deal_id: str) -> None:
        """A deal is not won after all."""
        win = self._wins.pop(deal_id, None)
        if win is not None:
            self._of[win.pipeline].drop(win)

    def of(self, pipeline: str, moment: datetime) -> Baseline | None:
        """The baseline of a pipeline that is in force at a moment; None while too few deals are won."""
        known = self._of.get(pipeline)
        return known.at(moment) if known else None


class _Pipeline:
    """The won deals of one pipeline in the order in which they count, and the baselines that were asked for."""

    def __init__(self) -> None:
        self._wins: list[Win] = []
        self._count_from: list[datetime] = []
        # by how many won deals count
        self._known: dict[int, Baseline] = {}

    def at(self, moment: datetime) -> Baseline | None:
        count = bisect_right(self._count_from, moment)
        if count < LEAST_WINS:
            return None
        if count not in self._known:
            self._known[count] = _baseline(self._wins[:count])
        return self._known[count]

    def put(self, win: Win) -> None:
        place = bisect_left(self._wins, _order(win), key=_order)
        self._wins.insert(place, win)
        self._changed_from(place)

    def drop(self, win: Win) -> None:
        place = bisect_left(self._wins, _order(win), key=_order)
        del self._wins[place]
        self._changed_from(place)

    def _changed_from(self, place: int) -> None:
        self._count_from[place:] = [win.counts_from for win in self._wins[place:]]
        self._known = {count: known for count, known in self._known.items() if count <= place}


def _order(win: Win) -> tuple[datetime, str]:
    return win.counts_from, win.deal_id


def _baseline(wins: list[Win]) -> Baseline:
    spent: defaultdict[str, list[float]] = defaultdict(list)
    for win in wins:
        for stage, seconds in win.stages:
            spent[stage].append(seconds)
    stages = {
        stage: timedelta(seconds=median(each)) for stage, each in sorted(spent.items()) if len(each) >= LEAST_WINS
    }
    return Baseline(len(wins), timedelta(seconds=median(win.cycle for win in wins)), stages)
