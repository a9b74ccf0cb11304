"""A record that the join holds or lets wait, as its row of the table has it."""

from dataclasses import dataclass
from datetime import datetime

import orjson


@dataclass(frozen=True, slots=True)
class Kept:
    """The record's value; from when on its wait counts: its event time or, if it came late, when it came; and all
    companies at which it is looked for, if it is at several."""

    since: datetime
    value: bytes
    companies: tuple[str, ...] = ()

    def to_row(self) -> bytes:
        """The row's value."""
        return orjson.dumps((self.since, *self.companies)) + b"\n" + self.value

    @classmethod
    def of(cls, row: bytes) -> "Kept":
        """What a row holds."""
        told, _, value = row.partition(b"\n")
        since, *companies = orjson.loads(told)
        return cls(datetime.fromisoformat(since), value, tuple(companies))
