"""Whose contacts a company's people are, and since when."""

from collections import Counter
from collections.abc import Iterable, Iterator, Set
from datetime import datetime

import orjson

from ..row_json import row_json
from .links import MOST_DEALS


class Contacts:
    """The contacts of one partition, each with a row of its table."""

    def __init__(self) -> None:
        self._deals: dict[str, dict[str, datetime]] = {}

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        told = orjson.loads(value).items()
        self._deals[row] = {deal: datetime.fromisoformat(since) for deal, since in told}

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """All of them, as the table has them."""
        for row, deals in self._deals.items():
            yield row, row_json(deals)

    def drop(self, deals: Set[str]) -> dict[str, bytes | None]:
        """Nobody is a contact of these deals any more; the rows that differ since."""
        rows: dict[str, bytes | None] = {}
        for row, known in list(self._deals.items()):
            if deals.isdisjoint(known):
                continue
            if rest := {deal: since for deal, since in known.items() if deal not in deals}:
                self._deals[row] = rest
                rows[row] = row_json(rest)
            else:
                del self._deals[row]
                rows[row] = None
        return rows

    def meet(self, row: str, deal: str, at: datetime) -> dict[str, bytes | None]:
        """Somebody is a deal's contact, at the latest from then on; the row to keep, if that is news."""
        known = self._deals.get(row, {})
        if deal in known and known[deal] <= at:
            return {}
        newest = list((known | {deal: at}).items())[-MOST_DEALS:]
        self._deals[row] = dict(newest)
        return {row: row_json(self._deals[row])}

    def found(self, rows: Iterable[str], by: datetime) -> Counter[str]:
        """The deals whose contacts they were by then, in the order of the rows, and how many rows lead to each."""
        return Counter(deal for row in rows for deal, since in self._deals.get(row, {}).items() if since <= by)

    def since(self, rows: Iterable[str]) -> list[datetime]:
        """The moments at which any of them became a deal's contact."""
        return [since for row in rows for since in self._deals.get(row, {}).values()]
