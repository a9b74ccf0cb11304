"""Up to when the sources that watch a deal have reported. Unknown is not silent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Watermark:
    """A source has reported everything up to `through`, by its heartbeat `event`.

    Where other mailboxes report and the owner's does not, `event` is None, and `through` lies before any deal.
    """

    through: datetime
    source: str
    event: str | None


class Coverage(Protocol):
    """What is known of the sources."""

    def through(self, types: Iterable[str], owner: str | None) -> Watermark | None:
        """The earliest watermark of those that watch these event types for an owner; None if all count as complete."""
