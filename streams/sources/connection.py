"""A live connection to a source: what a mailbox or a CRM must offer to be polled.

A round asks a source for all that is new since the bookmark, batch by batch. Whoever runs it sends a batch, waits until
Kafka has it, and keeps the batch's bookmark; a round that came to its end is told by a heartbeat. So what a crash cuts
off is fetched again, and the same events come again, which changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .item import Item

Bookmark = Mapping[str, Any]


class SourceError(RuntimeError):
    """A source cannot be read: the text names it, and what it said. Never a secret."""


class SourceUnavailable(SourceError):
    """It does not answer, or says to come again: the next round tries once more."""


class SourceRefused(SourceError):
    """It refuses us (a password, a right, an address): somebody must mend the connection."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a source gave, and where to go on once Kafka has it. `total` is how many items the round has, if known."""

    items: tuple[Item, ...]
    bookmark: Bookmark
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """A word on completeness: all events of these types up to `through` have been given; of this mailbox, if it is one.

    A round ends with one, unless something is missing of which the source said no more than that: then silence is no
    fact.
    """

    covers: tuple[str, ...]
    through: datetime
    mailbox: str | None = None


class Connection(Protocol):
    """One source that can be polled."""

    @property
    def name(self) -> str:
        """Its name among all connections, and of its bookmark: `mailboxes.rep`, `salesforce`."""

    @property
    def source(self) -> str:
        """The `source` of its events."""

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        """Everything new since the bookmark ({} at the first time); `SourceError` says why it stopped."""
