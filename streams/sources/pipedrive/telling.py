"""One of Pipedrive's things as an item: its events, and in one refusal all that could not be told of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from detectors.core import events
from detectors.core.events import Refused

from ..item import Item, event


class Telling:
    """Collects what is told of one thing. A field that is refused takes nothing else with it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.events: list[events.Event] = []
        self.problems: list[Refused] = []

    def deal(self, deal: str, id: str, at: datetime, fields: Mapping[str, Any], bulk: bool = False) -> None:
        """Tell that fields of a deal changed; nothing, if none is left."""
        if not fields:
            return
        more = {"bulk": True} if bulk else {}
        try:
            self.events.append(event(self._source, id, "crm.deal.changed", at, fields, deal, **more))
        except Refused:
            sound = self._sound(fields)
            if sound:
                self.tell(id, "crm.deal.changed", at, sound, deal, **more)

    def tell(self, id: str, type: str, at: datetime, data: Mapping[str, Any], deal: str | None, **more: Any) -> None:
        """Tell anything else."""
        try:
            self.events.append(event(self._source, id, type, at, data, deal, **more))
        except Refused as refusal:
            self.problems.append(refusal)

    def item(self, place: str, raw: bytes, kind: str, why: str = "") -> Item:
        """What was told."""
        return Item(place, raw, kind, why, tuple(self.events), _one(self.problems))

    def _sound(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        sound = {}
        for name, value in fields.items():
            try:
                events.DealFields.model_validate_json(orjson.dumps({name: value}))
                sound[name] = value
            except (ValidationError, TypeError) as error:
                what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
                self.problems.append(Refused("invalid", f"{name}: {what.removeprefix('Value error, ')}"))
        return sound


def raw(thing: Mapping[str, Any]) -> bytes:
    """A thing as JSON, for a dead letter of it."""
    try:
        return orjson.dumps(dict(thing), default=str)
    except TypeError:
        # nested more deeply than anything that Pipedrive has
        return repr(thing)[:10_000].encode(errors="replace")


def _one(problems: list[Refused]) -> Refused | None:
    if not problems:
        return None
    return Refused(problems[0].reason, "; ".join(dict.fromkeys(str(problem) for problem in problems)))
