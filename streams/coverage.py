"""Up to when each source has reported. Unknown is not silent."""

from collections.abc import Iterable
from datetime import datetime

import orjson

from detectors.core.coverage import Watermark
from detectors.core.events import Heartbeat


class Heartbeats:
    """The newest heartbeat of each source, or of each mailbox of a source."""

    def __init__(self) -> None:
        self._through: dict[tuple[str, str | None], tuple[frozenset[str], datetime]] = {}

    def take(self, event: Heartbeat) -> bool:
        """Take a heartbeat; whether it says more than was known. A watermark never goes back."""
        key = (event.source, event.data.mailbox)
        known = self._through.get(key)
        if known is not None and event.data.through <= known[1]:
            return False
        self._through[key] = (frozenset(event.data.covers), event.data.through)
        return True

    def is_new(self, event: Heartbeat) -> bool:
        """Whether it covers what this source has not reported on before: that counted as complete up to now."""
        known = self._through.get((event.source, event.data.mailbox))
        return known is None or not known[0].issuperset(event.data.covers)

    def through(self, types: Iterable[str], owner: str | None) -> Watermark | None:
        """The earliest watermark of the sources that watch these types for this owner; None if none does."""
        wanted = set(types)
        marks = [
            Watermark(through, source, None)
            for (source, mailbox), (covers, through) in self._through.items()
            if covers & wanted and mailbox in (None, owner)
        ]
        return min(marks, key=lambda mark: mark.through, default=None)

    def to_list(self) -> list[list[object]]:
        """What must outlive a restart."""
        return [
            [source, mailbox, sorted(covers), through.isoformat()]
            for (source, mailbox), (covers, through) in self._through.items()
        ]

    @classmethod
    def of(cls, kept: bytes) -> "Heartbeats":
        """The heartbeats from what was kept."""
        beats = cls()
        for source, mailbox, covers, through in orjson.loads(kept):
            beats._through[source, mailbox] = (frozenset(covers), datetime.fromisoformat(through))
        return beats
