"""What was fetched of a topic and is not handed over yet, taken in equal shares from all of its partitions."""

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)
R = TypeVar("R")


class Backlog(Generic[P, R]):
    """Fetched lists by partition, each in order. A partition that has much does not keep the others waiting."""

    def __init__(self) -> None:
        self._waiting: dict[P, deque[Sequence[R]]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, fetched: Mapping[P, Sequence[R]]) -> None:
        """More, behind what waits already."""
        for partition, records in fetched.items():
            if records:
                self._waiting.setdefault(partition, deque()).append(records)

    def take(self, most: int) -> dict[P, Sequence[R]]:
        """At most so many records (one of each partition at least), the same number of each as far as it has them."""
        taken: dict[P, Sequence[R]] = {}
        # who has least first: what it leaves of its share the others have
        shortest_first = sorted(self._waiting, key=lambda partition: len(self._waiting[partition][0]))
        for before, partition in enumerate(shortest_first):
            share = max(1, most // (len(shortest_first) - before))
            lists = self._waiting[partition]
            taken[partition] = lists[0][:share]
            rest = lists.popleft()[share:]
            if rest:
                lists.appendleft(rest)
            elif not lists:
                del self._waiting[partition]
            most -= len(taken[partition])
        return taken

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
