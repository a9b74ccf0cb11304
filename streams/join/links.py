"""Which deals a company's threads lead to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime

import orjson

from ..row_json import row_json
from .rows import answer_of, company_in, kind_of, own_of, without_company

MOST_THREADS = 200_000
# of somebody who is on more deals than this, a mail says little of any
MOST_DEALS = 100
Rows = dict[str, bytes | None]


class Links:
    """The links of one partition, each with a row of its table; of threads, those that were told of last are kept.

    What an activity was given itself stands in a row that never changes. Rows are written in the order of their last
    change: so whoever goes on from a part of them finds, for all that is linked, what was placed before it was.
    """

    def __init__(self) -> None:
        self._deals: dict[str, list[str]] = {}
        self._threads: dict[str, None] = {}
        self._things: defaultdict[str, dict[str, datetime]] = defaultdict(dict)

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table, in the order in which they were kept."""
        told = orjson.loads(value)
        if kind_of(row) == "thing":
            since, *told = told
            self._spoken_of(row, datetime.fromisoformat(since))
        self._put(row, told)

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """All of them, as the table has them, in the order in which they were kept."""
        for row in self._threads:
            yield row, self._value(row)

    def own(self, thread: str) -> list[str]:
        """The deals that were given the activity whose thread this is."""
        return self._deals.get(own_of(thread), [])

    def answered(self, threads: Iterable[str]) -> list[str]:
        """The deals that were given the first of these activities that were given to any."""
        rows = [row for thread in threads for row in (answer_of(thread), own_of(thread))]
        return next((deals for row in rows if (deals := self._deals.get(row))), [])

    def found(self, rows: Iterable[str]) -> Counter[str]:
        """The deals that rows lead to, in the order of the rows, and how many of the rows lead to each."""
        return Counter(deal for row in rows for deal in dict.fromkeys(self._found_at(row)))

    def known_before(self, moment: datetime, thing: str) -> list[str]:
        """The companies at which a thing was spoken of by then; the thing's row names none."""
        return [company for company, since in self._things.get(thing, {}).items() if since < moment]

    def link(self, row: str, deals: Sequence[str]) -> Rows:
        """From now on a row leads to these deals as well; rows to keep."""
        known = self._found_at(row)
        news = [deal for deal in deals if deal not in known]
        return self._put(row, (self._deals.get(row, []) + news)[-MOST_DEALS:]) if news else {}

    def place(self, at: datetime, threads: Sequence[str], deals: Sequence[str]) -> Rows:
        """An activity was given to deals: so are from now on its threads, the first of which is its own."""
        kept: Rows = {}
        if not self.own(threads[0]):
            kept |= self._put(own_of(threads[0]), list(deals))
        for row in threads:
            if kind_of(row) == "thing":
                self._spoken_of(row, at)
            kept |= self.link(row, deals)
        while len(self._threads) > MOST_THREADS:
            kept |= self._drop(next(iter(self._threads)))
        return kept

    def answer(self, thread: str, deals: Sequence[str]) -> Rows:
        """A mail that answers another was given to the deals of that; its thread leads other such mails there."""
        return {} if answer_of(thread) in self._deals else self._put(answer_of(thread), list(deals))

    def drop_people(self, deals: Set[str]) -> Rows:
        """Of people who are a company of their own, and of whom nothing leads anywhere else than to these deals."""
        people = [row for row, known in self._deals.items() if "@" in company_in(row) and deals >= {*known}]
        return {row: None for row in people if self._drop(row)}

    def _found_at(self, row: str) -> list[str]:
        deals = self._deals.get(row, [])
        return self.own(row) + deals if kind_of(row) == "thread" else deals

    def _spoken_of(self, row: str, at: datetime) -> None:
        since = self._things[without_company(row)]
        since[company_in(row)] = min(at, since.get(company_in(row), at))

    def _put(self, row: str, deals: list[str]) -> Rows:
        self._deals[row] = deals
        self._threads.pop(row, None)
        self._threads[row] = None
        return {row: self._value(row)}

    def _value(self, row: str) -> bytes:
        since = [self._things[without_company(row)][company_in(row)].isoformat()] if kind_of(row) == "thing" else []
        return row_json(since + self._deals[row])

    def _drop(self, row: str) -> Rows:
        del self._deals[row], self._threads[row]
        if kind_of(row) == "thing":
            since = self._things[without_company(row)]
            del since[company_in(row)]
            if not since:
                del self._things[without_company(row)]
        return {row: None}
