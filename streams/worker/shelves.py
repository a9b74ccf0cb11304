"""Which state a worker holds: one object for each partition that it was assigned, backed by a Faust table.

Faust keeps the rows and recovers them from the changelog; what they mean is built from them here. After every
rebalance the rows decide: a partition whose rows are still those that its object was built from keeps the object,
every other one is built anew. So a worker that slept through a takeover never goes on from what it remembers.
(Faust's memory store keeps rows of partitions that it lost; they are swept out here.)
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

log = logging.getLogger("stallwatch.shelves")

# after so many steps others have their turn: pages, and whoever asks how far it is
TURN = 200


class Restorable(Protocol):
    """State of one partition that can be built from rows."""

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row."""

    def resume(self) -> None:
        """After the last row."""


@runtime_checkable
class Gradual(Protocol):
    """State for which the last of these takes long, and can be done bit by bit."""

    def resuming(self) -> Iterator[object]:
        """The same as `resume`, with something else in between."""


T = TypeVar("T", bound=Restorable)


class Shelves(Generic[T]):
    """The state of each assigned partition."""

    def __init__(
        self,
        table: Any,
        make: Callable[[int], T],
        partition_of_row: Callable[[str], int],
        assigned: Callable[[], set[int]],
    ) -> None:
        self._table = table
        self._make = make
        self._partition_of_row = partition_of_row
        self._assigned = assigned
        self._states: dict[int, T] = {}
        self._rows: dict[int, dict[str, bytes]] = {}
        # steps of the takeover that is under way, or was the last: those done, and about how many there are
        self.done = self.steps = 0

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._states.values()))

    def __len__(self) -> int:
        return len(self._states)

    def of(self, partition: int) -> T:
        """The state of a partition; `LookupError` if it is not (or no longer) assigned to this worker."""
        return self._states[partition]

    async def recovered(self, still: Callable[[], bool] = lambda: True) -> bool:
        """Build what the recovered rows say, for the partitions that are assigned now.

        `still` says whether they are assigned as they were: if not, nothing has changed and the answer is False.
        """
        assigned = self._assigned()
        rows: dict[int, dict[str, bytes]] = {partition: {} for partition in assigned}
        for key in list(self._table.data):
            row = key.decode()
            partition = self._partition_of_row(row)
            if partition in rows:
                rows[partition][row] = self._table.data[key]
            else:
                del self._table.data[key]
        kept = {partition for partition in assigned if self._rows.get(partition) == rows[partition]}
        states = {each: self._states[each] if each in kept else self._make(each) for each in sorted(assigned)}
        building = [(states[each], rows[each]) for each in sorted(assigned - kept)]
        self.done, self.steps = 0, sum(_steps(*each) for each in building)
        ahead = 0
        for state, its_rows in building:
            ahead += _steps(state, its_rows)
            for _ in _building(state, its_rows):
                self.done += 1
                if self.done % TURN == 0:
                    await asyncio.sleep(0)
                    if not still():
                        return False
            self.done = ahead
        self._states = states
        self._rows = rows
        log.info("%s: %d partitions, %d of them as before", self._table.name, len(assigned), len(kept))
        return True

    def put(self, partition: int, rows: Mapping[str, bytes | None]) -> None:
        """Remember rows that are being written to the changelog."""
        known = self._rows[partition]
        for row, value in rows.items():
            if value is None:
                known.pop(row, None)
                self._table.data.pop(row.encode(), None)
            else:
                known[row] = value
                self._table.data[row.encode()] = value


def _steps(state: Restorable, rows: Mapping[str, bytes]) -> int:
    return len(rows) * (2 if isinstance(state, Gradual) else 1)


def _building(state: Restorable, rows: Mapping[str, bytes]) -> Iterator[object]:
    for row, value in rows.items():
        state.restore(row, value)
        yield row
    if isinstance(state, Gradual):
        yield from state.resuming()
    else:
        state.resume()
