"""What stands around an activity: its people, its time, its thread, and the event that is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from detectors.core.addresses import normalise
from detectors.core.events import Refused

from .portal import Portal
from .records import Record


@dataclass(frozen=True, slots=True)
class Around:
    """What activities do not say themselves.

    The mail addresses of contacts by their ids; of a mail, by its thread and its own id, the thread's first and the
    one before it; and up to when all of this is known.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    as_of: datetime | None = None

    def contacts(self, record: Record) -> list[str]:
        """The addresses of the contacts on an activity."""
        known = (self.addresses.get(link.id) for link in record.links.get("contacts", ()))
        return list(dict.fromkeys(filter(None, known)))


class Word(NamedTuple):
    """An event in the making."""

    id: str
    type: str
    at: datetime
    fields: dict[str, Any]


class Taken(NamedTuple):
    """What an activity was taken for, what showed it, and what is told of it."""

    kind: str
    why: str
    words: list[Word]


def happened(record: Record, portal: Portal) -> datetime:
    """When an activity took place; `Refused` if nobody said."""
    at = record.moment(portal.settings, "hs_timestamp")
    if at is None:
        raise Refused("unreadable", "hs_timestamp is missing")
    return at


def owner(value: str, portal: Portal) -> str | None:
    """An owner's address, if it is known: an activity is told without it as well."""
    try:
        return normalise(portal.owner(value)) if value else None
    except ValueError:
        return None


def listed(text: str) -> list[str]:
    """The addresses in a list with semicolons."""
    found = []
    for each in text.split(";"):
        try:
            found.append(normalise(each.strip()))
        except ValueError:
            continue
    return found
