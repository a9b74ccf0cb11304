"""The naive rule: no reply so many days after the first offer. It reads the events by itself, by none of our code."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.history import Line


@dataclass(frozen=True, slots=True)
class Offered:
    """When a deal's first offer was sent, and when the buyer wrote."""

    first: datetime
    replies: tuple[datetime, ...]

    def alert(self, days: int) -> datetime | None:
        """When the rule tells of the deal; None where the buyer wrote in time."""
        at = self.first + timedelta(days=days)
        return None if any(self.first <= reply <= at for reply in self.replies) else at


def offered(history: Iterable[Line], ours: Collection[str]) -> dict[str, Offered]:
    """The deals that had an offer, by id; mail from our domains is no reply."""
    first: dict[str, datetime] = {}
    replies: defaultdict[str, list[datetime]] = defaultdict(list)
    for line in history:
        event = json.loads(line.raw)
        deal_id, at, told = event["subject"], datetime.fromisoformat(event["time"]), event["data"]
        match event["type"]:
            case "activity.document" if (told["kind"], told["status"]) == ("quote", "sent"):
                first[deal_id] = min(at, first.get(deal_id, at))
            case "activity.email" if told["from"].partition("@")[2] not in ours:
                replies[deal_id].append(at)
    return {deal_id: Offered(at, tuple(replies[deal_id])) for deal_id, at in first.items()}
