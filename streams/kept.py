"""A record that the join holds or lets wait, as its row of the table has it."""

from dataclasses import dataclass
from datetime import datetime

import orjson


@dataclass(frozen=True, slots=True)
class Kept:
    """The record's value, and from when on its wait counts: its event time or, if it came late, when it came."""

    since: datetime
    value: bytes

    def to_row(self) -> bytes:
        """The row's value."""
        return orjson.dumps(self.since) + b"\n" + self.value

    @classmethod
    def of(cls, row: bytes) -> "Kept":
        """What a row holds."""
        since, _, value = row.partition(b"\n")
        return cls(datetime.fromisoformat(orjson.loads(since)), value)
