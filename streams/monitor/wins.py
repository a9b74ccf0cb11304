"""What was won, known to every partition: each measures its open deals by all the won ones of their pipeline.

The partition in which a deal is won tells the others, by a mark in each of theirs. A win counts from the next day on,
so that it is there before it counts; where it comes later than that, the past is told anew from then on.
"""

from collections.abc import Iterator
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from detectors.core import events
from detectors.core.baselines import Baseline, Baselines, Win, win_of
from detectors.core.deal import Deal

from ..wire import MARK, Headers, Record, Send

WIN_KEY = "\x00win\x00"
WIN_MARK = b"win"
HEADERS: Headers = ((MARK, WIN_MARK),)
_WIN = TypeAdapter(Win)


class Wins:
    """The won deals as one partition knows them; each has a row in its table."""

    def __init__(self, partition: int, partitions: int) -> None:
        self.baselines = Baselines()
        self._partition = partition
        self._others = [number for number in range(partitions) if number != partition]
        self._in_force: dict[str, Baseline | None] = {}
        self._learned: dict[str, datetime] = {}

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        self.baselines.put(_WIN.validate_json(value))

    def see(self, deal: Deal, judged_up_to: datetime) -> tuple[dict[str, bytes | None], list[Send]]:
        """What a deal of this partition adds now: the row to keep and the marks for the others, if that is news."""
        win, known = win_of(deal), self.baselines.win(deal.id)
        if win == known:
            return {}, []
        row = self._take(deal.id, win, judged_up_to)
        value = b"" if win is None else _WIN.dump_json(win)
        return row, [Send("deal_events", number, deal.id.encode(), value, HEADERS) for number in self._others]

    def hear(self, record: Record, judged_up_to: datetime | None) -> dict[str, bytes | None]:
        """Take another partition's mark: the row to keep. `Refused` if it cannot be read."""
        try:
            win = _WIN.validate_json(record.value) if record.value else None
            deal_id = (record.key or b"").decode()
        except (ValidationError, UnicodeDecodeError) as error:
            raise events.Refused("not_json", f"no mark of a won deal: {error}") from None
        return {} if win == self.baselines.win(deal_id) else self._take(deal_id, win, judged_up_to)

    def learned_late(self) -> Iterator[tuple[str, datetime]]:
        """The pipelines in which something was learned that counts for what was judged by then, and from when on."""
        late, self._learned = self._learned, {}
        yield from late.items()

    def come_into_force(self, time: datetime | None) -> set[str]:
        """The pipelines whose baseline at this time is another than at the time before."""
        if time is None:
            return set()
        now = {pipeline: self.baselines.of(pipeline, time) for pipeline in self.baselines.pipelines}
        before, self._in_force = self._in_force, now
        return {pipeline for pipeline, baseline in now.items() if before.get(pipeline) != baseline}

    def _take(self, deal_id: str, win: Win | None, judged_up_to: datetime | None) -> dict[str, bytes | None]:
        for each in (self.baselines.win(deal_id), win):
            if each is not None and judged_up_to is not None and each.counts_from <= judged_up_to:
                self._learned[each.pipeline] = min(each.counts_from, self._learned.get(each.pipeline, each.counts_from))
        row = f"{WIN_KEY}{self._partition}\x00{deal_id}"
        if win is None:
            self.baselines.drop(deal_id)
            return {row: None}
        self.baselines.put(win)
        return {row: _WIN.dump_json(win)}


def partition_of_row(row: str) -> int:
    """The partition that a row belongs to."""
    return int(row.removeprefix(WIN_KEY).partition("\x00")[0])
