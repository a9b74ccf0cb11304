"""Which deals a company's contacts and threads lead to."""

from collections import Counter
from collections.abc import Iterable, Sequence

import orjson

from .join_rows import kind_of, own_of

MOST_THREADS = 200_000
# of somebody who is on more deals than this, a mail says little of any
MOST_DEALS = 100


class Links:
    """The links of one partition, each with a row of its table; of threads, those that were told of last are kept.

    What an activity was given itself stands in a row that never changes. Rows are written in the order of their last
    change: so whoever goes on from a part of them finds, for all that is linked, what was placed before it was.
    """

    def __init__(self) -> None:
        self._deals: dict[str, list[str]] = {}
        self._threads: dict[str, None] = {}

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table, in the order in which they were kept."""
        self._put(row, orjson.loads(value))

    def own(self, thread: str) -> list[str]:
        """The deals that were given the activity whose thread this is."""
        return self._deals.get(own_of(thread), [])

    def found(self, rows: Iterable[str]) -> Counter[str]:
        """The deals that rows lead to, in the order of the rows, and how many of the rows lead to each."""
        return Counter(deal for row in rows for deal in dict.fromkeys(self._found_at(row)))

    def link(self, rows: Iterable[str], deals: Sequence[str], own: str | None = None) -> dict[str, bytes | None]:
        """From now on the rows lead to these deals as well, and `own` is of what they were given; rows to keep."""
        kept: dict[str, bytes | None] = {}
        if own is not None and not self.own(own):
            self._put(own_of(own), list(deals[-MOST_DEALS:]), kept)
        for row in rows:
            known = self._found_at(row)
            if news := [deal for deal in deals if deal not in known]:
                self._put(row, (self._deals.get(row, []) + news)[-MOST_DEALS:], kept)
        while len(self._threads) > MOST_THREADS:
            oldest = next(iter(self._threads))
            del self._deals[oldest], self._threads[oldest]
            kept[oldest] = None
        return kept

    def _found_at(self, row: str) -> list[str]:
        deals = self._deals.get(row, [])
        return self.own(row) + deals if kind_of(row) == "thread" else deals

    def _put(self, row: str, deals: list[str], kept: dict[str, bytes | None] | None = None) -> None:
        self._deals[row] = deals
        if kind_of(row) in ("thread", "own"):
            self._threads.pop(row, None)
            self._threads[row] = None
        if kept is not None:
            kept[row] = orjson.dumps(deals)
