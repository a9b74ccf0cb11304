"""At which other companies the mails of a company were looked for: there their deal may be known, and so is the thread.

Somebody who had a copy of a mail between two others answers alone, at a company that nobody knows a deal of.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import orjson

from ..row_json import row_json
from .links import MOST_THREADS

Rows = dict[str, bytes | None]


class Elsewhere:
    """The threads of one partition that are other companies' as well, each with a row of its table; the newest ones."""

    def __init__(self) -> None:
        self._companies: dict[str, tuple[datetime, list[str]]] = {}

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        since, *companies = orjson.loads(value)
        self._companies[row] = datetime.fromisoformat(since), companies

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """All of them, as the table has them, in the order in which they were kept."""
        for row, (at, companies) in self._companies.items():
            yield row, row_json((at, *companies))

    def of(self, row: str) -> list[str]:
        """The companies at which the mail of this row is looked for too."""
        return self._companies[row][1] if row in self._companies else []

    def of_earlier(self, rows: Iterable[str], moment: datetime) -> list[str]:
        """The companies at which those of these rows' mails are looked for that are of before a moment."""
        earlier = [row for row in rows if row in self._companies and self._companies[row][0] < moment]
        return [each for row in earlier for each in self.of(row)]

    def drop_before(self, moment: datetime) -> Rows:
        """What is of before a moment is looked for nowhere else; the rows that are no more."""
        old = [row for row, (at, _) in self._companies.items() if at < moment]
        for row in old:
            del self._companies[row]
        return dict.fromkeys(old)

    def spread(self, row: str, at: datetime, companies: Sequence[str]) -> Rows:
        """The mail of a row, and of a moment, is looked for at these as well; rows to keep, none if that is no news."""
        if not companies or companies == self.of(row):
            return {}
        self._companies.pop(row, None)
        self._companies[row] = at, list(companies)
        kept: Rows = {row: row_json((at, *companies))}
        while len(self._companies) > MOST_THREADS:
            oldest = next(iter(self._companies))
            del self._companies[oldest]
            kept[oldest] = None
        return kept
