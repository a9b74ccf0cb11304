"""Items out of what was read: each event is checked, and what cannot be told stands beside it as a refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from detectors.core.events import Event, Refused

from ..item import Item, event


@dataclass
class Draft:
    """What is told of one thing, as far as it could be read; `problems` are in the way of the rest."""

    source: str
    subject: str | None = None
    told: list[Event] = field(default_factory=list)
    problems: list[Refused] = field(default_factory=list)

    def say(self, type: str, id: str, at: datetime, data: Mapping[str, Any], **more: Any) -> None:
        """Tell an event, if it is one."""
        try:
            self.told.append(event(self.source, id, type, at, data, self.subject, **more))
        except Refused as refusal:
            self.problems.append(refusal)

    def item(self, place: str, raw: bytes, kind: str, why: str = "") -> Item:
        """All of it."""
        return Item(place, raw, kind, why, tuple(self.told), together(self.problems))


def together(problems: Iterable[Refused]) -> Refused | None:
    """Several problems of one thing as one; what is in no readable form weighs more than what has no name."""
    found = list({str(each): each for each in problems}.values())
    if not found:
        return None
    worst = next((each for each in found if each.reason != "unmapped"), found[0])
    return Refused(worst.reason, "; ".join(str(each) for each in found))
