"""Records that no deal was found for yet: who waits longest first, and what each waits for."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(days=45)


class Waiting:
    """Rows of records in the order in which they began to wait, each under the rows by which its deal may be found."""

    def __init__(self) -> None:
        self._line: list[tuple[datetime, str]] = []
        self._records: dict[str, tuple[datetime, datetime, Collection[str]]] = {}
        self._for: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._line)

    @property
    def oldest(self) -> tuple[datetime, str]:
        """Who waits longest, since when."""
        return self._line[0]

    def put(self, row: str, at: datetime, since: datetime, found_by: Collection[str]) -> None:
        """Let a record of the moment `at` wait, as it does since."""
        insort(self._line, (since, row))
        self._records[row] = (since, at, found_by)
        for each in found_by:
            self._for[each][row] = None

    def drop(self, row: str) -> None:
        """Let a record go, if it waits here."""
        if row not in self._records:
            return
        since, _, found_by = self._records.pop(row)
        del self._line[bisect_left(self._line, (since, row))]
        for each in found_by:
            rest = self._for[each]
            del rest[row]
            if not rest:
                del self._for[each]

    def found_by(self, row: str, before: datetime | None = None) -> list[str]:
        """Who waits for a row; of those, who is of before a moment."""
        waiting = self._for.get(row, ())
        return [each for each in waiting if before is None or self._records[each][1] < before]
