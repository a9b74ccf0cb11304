"""How far a poll has come in an object: by the time of its rows' modification, with a look back.

A long transaction shows its rows late. So each pass begins a little before the newest modification that was seen; which
rows of this overlap were read, and what they told, is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from detectors.core.events import Event, Refused

from ..connection import SourceUnavailable
from ..item import Row
from .settings import Salesforce
from .values import moment

OVERLAP = timedelta(minutes=5)
# what more than this was modified within the overlap is read twice, which changes nothing
MOST_READ = 20_000
_UTC = Salesforce()


@dataclass
class Pass:
    """`at` is the newest modification that was read; `since` what it was when the object was read to its end last."""

    at: datetime | None
    since: datetime | None
    read: dict[str, datetime] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> "Pass":
        """As a bookmark had it; from the beginning, if it had none."""
        kept = kept or {}
        times = {name: datetime.fromisoformat(kept[name]) for name in ("at", "since") if kept.get(name)}
        read, told = (
            {id: datetime.fromisoformat(at) for id, at in kept.get(name, {}).items()} for name in ("read", "told")
        )
        return cls(times.get("at"), times.get("since"), read, told)

    def kept(self) -> dict[str, Any]:
        """As a bookmark has it."""
        times = {name: at.isoformat() for name, at in (("at", self.at), ("since", self.since)) if at}
        lately = {"read": self.read, "told": self.told}
        return times | {name: {id: at.isoformat() for id, at in found.items()} for name, found in lately.items()}

    @property
    def begins(self) -> datetime | None:
        """From which modification on it reads."""
        return self.at - OVERLAP if self.at else None

    @property
    def news(self) -> datetime | None:
        """What happened before was told by earlier passes; None if there was none."""
        return self.since - OVERLAP if self.since else None

    def new(self, rows: Iterable[Row], key: str) -> list[Row]:
        """Those that were not read as they are now."""
        return [row for row in rows if self.read.get(str(row.fields.get("Id"))) != dated(row, key)]

    def take(self, rows: Iterable[Row], key: str, events: Iterable[Event]) -> None:
        """These are read, in the order of their times, and told."""
        for row in rows:
            at = dated(row, key)
            self.at = max(self.at or at, at)
            self.read[str(row.fields.get("Id"))] = at
        self.told.update((event.id, event.time) for event in events)
        assert self.at is not None
        overlap = self.at - OVERLAP
        self.read, self.told = (
            dict([(id, at) for id, at in found.items() if at >= overlap][-MOST_READ:])
            for found in (self.read, self.told)
        )


def dated(row: Row, key: str) -> datetime:
    """A row's time by which it was asked for; `SourceUnavailable` if it has none."""
    try:
        return moment(row.fields.get(key), key, _UTC)
    except Refused as refusal:
        raise SourceUnavailable(f"{row.place}: without the time by which it was asked for: {refusal}") from None
