"""One thing that a source gave (a mail, a row, a change that was pushed) and the events that it was read as."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from detectors.core import events
from detectors.core.events import Event, Refused

from ..history import Told


@dataclass(frozen=True, slots=True)
class Item:
    """A thing that a source gave, and what was made of it.

    `place` is where it stands (`sales.mbox:17`, `Opportunity.csv:3`); `kind` what it was taken for, in a few words, and
    `why` what showed it; `raw` is what a dead letter of it keeps (of a mail its headers, never its body). It may have
    both events and a refusal, where only a part of it could be read. `source` is whose it is, where its reader knows.
    """

    place: str
    raw: bytes
    kind: str
    why: str = ""
    events: tuple[Event, ...] = ()
    refusal: Refused | None = None
    source: str | None = None

    def told(self) -> Iterator[Told]:
        """What is sent to the inbox for it, and what goes to the dead letters."""
        for event in self.events:
            yield Told(self.place, events.to_json(event))
        if self.refusal is not None:
            yield Told(self.place, self.raw, self.refusal, self.source)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table as a source gives it, by the names of its columns; what is empty is left out of `fields`."""

    place: str
    fields: Mapping[str, Any]

    @property
    def raw(self) -> bytes:
        """The row as JSON."""
        return orjson.dumps(dict(self.fields), default=str)


def event(
    source: str, id: str, type: str, time: datetime, data: Mapping[str, Any], subject: str | None = None, **more: Any
) -> Event:
    """An event of the contract; `Refused` names the field that is wrong. Dates and times in `data` may be objects."""
    envelope = {"specversion": "1.0", "id": id, "source": source, "type": type, "time": time, "data": data, **more}
    if subject is not None:
        envelope["subject"] = subject
    return events.parse(orjson.dumps(envelope, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{value!r} is nothing that an event can hold")
