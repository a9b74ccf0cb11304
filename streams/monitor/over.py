"""Closed deals are kept for a while, then dropped: of each, no more is left than its id and when it ended.

Without that little, the next mail of somebody who was on it would be a new deal of which nobody knows anything. So
nothing that is of before its end, and nothing that comes later, says anything of it any more, but one word: that the
CRM opened it again, with which it begins anew, as far as the CRM tells of it then.
"""

from datetime import datetime, timedelta

import orjson

from detectors.core import events
from detectors.core.deal import Deal

from ..row_json import row_json

OVER_KEY = "\x00over\x00"


class Over:
    """The deals of one partition that were dropped, each with a row in its table; `keep` is how long they are kept."""

    def __init__(self, partition: int, keep: timedelta | None) -> None:
        self._partition = partition
        self._keep = keep
        self._ended: dict[str, datetime] = {}

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        self._ended[row.removeprefix(OVER_KEY).partition("\x00")[2]] = datetime.fromisoformat(orjson.loads(value))

    def dropped_at(self, deal: Deal) -> datetime | None:
        """When a deal is to be dropped; None if it is open, or kept for good."""
        ended = None if deal.is_open else deal.current("status")
        return ended.at + self._keep if ended and self._keep else None

    def drop(self, deal: Deal) -> dict[str, bytes | None]:
        """A deal is no longer kept; the rows that say it, in this order."""
        ended = deal.current("status")
        assert ended is not None  # it is closed
        self._ended[deal.id] = ended.at
        return {f"{OVER_KEY}{self._partition}\x00{deal.id}": row_json(ended.at), deal.id: None}

    def hides(self, event: events.Event, deal_id: str, *, is_kept: bool) -> bool:
        """Whether an event says nothing any more, because its deal was dropped."""
        ended = self._ended.get(deal_id)
        if ended is None:
            return False
        return event.time <= ended or not (is_kept or _opens(event))


def _opens(event: events.Event) -> bool:
    return (
        isinstance(event, events.DealChanged)
        and "status" in event.data.model_fields_set
        and event.data.status not in ("won", "lost")
    )


def partition_of_row(row: str) -> int:
    """The partition that a row belongs to."""
    return int(row.removeprefix(OVER_KEY).partition("\x00")[0])
