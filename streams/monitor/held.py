"""Events that run ahead of their partition's time wait here until it comes near.

What the CRM tells of a deal takes a shorter way than its mails, which first have to find it; after a downtime the one
can be weeks ahead of the other. A deal's log is bounded: were everything taken as it comes, what a busy deal still
remembers would hang on which topic was read faster. So nothing is taken that is far ahead of the time, nor anything
before there is a time; what is near, as all is when nothing lags, does not wait.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from heapq import heappop, heappush

from detectors.core.events import Event, parse, to_json

AHEAD = timedelta(hours=1)
MOST = 50_000
HELD_KEY = "\x00held\x00"


class Held:
    """The waiting events of one partition; each has a row in its table, which is named after its content."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._events: dict[str, Event] = {}
        self._heap: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._events)

    def __contains__(self, row: str) -> bool:
        return row in self._events

    def put(self, event: Event, value: bytes) -> str | None:
        """Take an event and the record's value that holds it; its row if it is new here."""
        row = f"{HELD_KEY}{self._partition}\x00{blake2b(value, digest_size=12).hexdigest()}"
        if row in self._events:
            return None
        self._events[row] = event
        heappush(self._heap, (event.time, row))
        return row

    def rewrite(self, change: Callable[[bytes], bytes]) -> dict[str, bytes | None]:
        """Put what `change` makes of events in their place; the rows to keep, and those that are no more."""
        rows: dict[str, bytes | None] = {}
        for row, event in list(self._events.items()):
            value = to_json(event)
            if (now := change(value)) != value:
                del self._events[row]
                rows[row] = None
                if (anew := self.put(parse(now), now)) is not None:
                    rows[anew] = now
        if rows:
            self._heap = sorted((event.time, row) for row, event in self._events.items())
        return rows

    def near(self, time: datetime | None) -> Iterator[tuple[str, Event]]:
        """Take out, earliest first, what is no longer far ahead of the time, and what there is no room for."""
        while self._heap and (len(self) > MOST or (time is not None and self._heap[0][0] <= time + AHEAD)):
            _, row = heappop(self._heap)
            yield row, self._events.pop(row)


def partition_of_row(row: str) -> int:
    """The partition that a row belongs to."""
    return int(row.removeprefix(HELD_KEY).partition("\x00")[0])
