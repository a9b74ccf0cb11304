"""Records that no deal was found for yet: the longest first, and what each waits for."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime


class Waiting:
    """Rows of records in order of time, each under the rows by any of which its deal may be found."""

    def __init__(self) -> None:
        self._line: list[tuple[datetime, str]] = []
        self._for: defaultdict[str, dict[str, datetime]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._line)

    @property
    def oldest(self) -> tuple[datetime, str]:
        """Who waits longest, since when."""
        return self._line[0]

    def put(self, at: datetime, row: str, found_by: Iterable[str]) -> None:
        """Let a record wait."""
        insort(self._line, (at, row))
        for each in found_by:
            self._for[each][row] = at

    def drop(self, at: datetime, row: str, found_by: Iterable[str]) -> None:
        """Let a record go, if it waits here."""
        place = bisect_left(self._line, (at, row))
        if self._line[place : place + 1] != [(at, row)]:
            return
        del self._line[place]
        for each in found_by:
            rest = self._for[each]
            del rest[row]
            if not rest:
                del self._for[each]

    def found_by(self, row: str) -> list[str]:
        """Who waits for a row."""
        return list(self._for.get(row, ()))

    def before(self, moment: datetime, row: str) -> list[str]:
        """Who of what happened before a moment waits for a row."""
        return [each for each, at in self._for.get(row, {}).items() if at < moment]
