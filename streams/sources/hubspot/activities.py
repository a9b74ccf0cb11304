"""Calls, meetings and mails as events. Notes are no touch; tasks are in their deal's next activity date.

An activity is told to each deal that it is on; one that is on none goes by its people.
"""

from collections.abc import Callable, Iterable, Iterator

from detectors.core.events import Event, Refused

from ..item import Item, event
from . import calls, emails, meetings
from .around import Around, Taken, Word
from .portal import Portal
from .records import Record

# read of all of them
COMMON = ("hs_timestamp", "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate")
PROPERTIES = {"calls": calls.PROPERTIES, "meetings": meetings.PROPERTIES, "emails": emails.PROPERTIES}
HISTORIES: dict[str, tuple[str, ...]] = {"calls": calls.HISTORIES, "meetings": meetings.HISTORIES, "emails": ()}


def item_of(record: Record, around: Around, portal: Portal) -> Item:
    """An activity's record, read."""
    try:
        taken = _READ[record.kind](record, around, portal)
        told = tuple(_on_deals(record, taken.words, portal))
    except Refused as refused:
        return Item(record.place, record.raw, record.kind.removesuffix("s"), refusal=refused)
    return Item(record.place, record.raw, taken.kind, taken.why, told)


def _on_deals(record: Record, words: Iterable[Word], portal: Portal) -> Iterator[Event]:
    deals = record.links.get("deals", ())
    for word in words:
        for deal in deals:
            yield event(
                portal.settings.source, f"{word.id}-on-{deal.id}", word.type, word.at, word.fields, subject=deal.id
            )
        if not deals:
            yield event(portal.settings.source, word.id, word.type, word.at, word.fields)


def _note(_record: Record, _around: Around, _portal: Portal) -> Taken:
    return Taken("note", "no touch", [])


def _task(_record: Record, _around: Around, _portal: Portal) -> Taken:
    return Taken("task", "is in its deal's next activity date", [])


_READ: dict[str, Callable[[Record, Around, Portal], Taken]] = {
    "calls": calls.read,
    "meetings": meetings.read,
    "emails": emails.read,
    "notes": _note,
    "tasks": _task,
}
