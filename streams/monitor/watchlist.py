"""Deadlines of quiet deals: nobody looks at a deal before its deadline is due."""

from datetime import datetime
from heapq import heapify, heappop, heappush

# with so few, it does not matter how many of them were replaced
FEW = 1_000


class Watchlist:
    """The next deadline of each deal. Rebuilt from the deals, never stored."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str]] = []
        self._next: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._next)

    def put(self, deal_id: str, deadline: datetime | None) -> None:
        """Set a deal's next deadline; None takes it off the list."""
        if deadline is None:
            self._next.pop(deal_id, None)
        elif self._next.get(deal_id) != deadline:
            self._next[deal_id] = deadline
            heappush(self._heap, (deadline, deal_id))
            self._clear_up()

    def due(self, now: datetime) -> list[str]:
        """Take the deals whose deadline is not after `now`, earliest first."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            deadline, deal_id = heappop(self._heap)
            # an entry that a later `put` replaced stays in the heap and is passed over here
            if self._next.get(deal_id) == deadline:
                del self._next[deal_id]
                found.append(deal_id)
        return found

    def _clear_up(self) -> None:
        """Let go what was replaced, once it is most of the heap: a busy deal has a new deadline with each touch."""
        if len(self._heap) > FEW + 2 * len(self._next):
            self._heap = [(deadline, deal_id) for deal_id, deadline in self._next.items()]
            heapify(self._heap)
