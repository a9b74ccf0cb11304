"""The export of properties' histories: a table with a change a row.

HubSpot writes the times in whole minutes of the account's time zone, and the newest change first. So a change has the
id that the API's own history gives it only if it fell on a full minute; else it is told twice, which changes nothing.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from detectors.core.events import Event, Refused

from ..item import Item, Row
from . import deals
from .portal import Portal
from .records import property_of
from .values import moment, raw_of, text_of

# what the columns may be called, in small letters
_COLUMNS = {
    "deal": {"record id", "object id", "deal id", "hs_object_id"},
    "property": {"property", "property name", "property_name"},
    "value": {"value", "property value"},
    "at": {"change date", "changed at", "changed on", "timestamp", "updated at"},
    "by": {"source", "source type", "source_type", "change source"},
    "object": {"object type", "object_type", "object"},
}
_NEEDED = ("deal", "property", "value", "at")
_CHANGE = "a change of a deal"
_MILLISECOND = timedelta(milliseconds=1)


class _Change(NamedTuple):
    """A row of a property's history."""

    deal: str
    name: str
    at: datetime
    value: Any
    by: str
    row: Row


def has(columns: Collection[str]) -> bool:
    """Whether a table with these columns is one of them."""
    found = _columns(columns)
    return all(name in found for name in _NEEDED)


def read(rows: Iterable[Row], portal: Portal) -> Iterator[Item]:
    """The events of properties' histories. What changed more than once in a minute keeps the order of the file."""
    for _, series in groupby(_read_changes(rows, portal), key=_series):
        told = []
        for each in series:
            if isinstance(each, Item):
                yield each
            else:
                told.append(each)
        if told and told[0].at >= told[-1].at:
            told.reverse()  # HubSpot writes the newest first
        for _, together in groupby(sorted(told, key=_time), key=_time):
            for number, change in enumerate(together):
                yield _changed(change._replace(at=change.at + number * _MILLISECOND), portal)


def _read_changes(rows: Iterable[Row], portal: Portal) -> Iterator[_Change | Item]:
    for row in rows:
        try:
            cells = {name: text_of(row.fields[column]) for name, column in _columns(row.fields).items()}
            if cells.get("object", "deal").lower() not in {"deal", "deals", "0-3"}:
                yield Item(row.place, raw_of(row.fields), "a change of another record", cells["object"])
                continue
            if not cells.get("deal") or not cells.get("property"):
                raise Refused("unreadable", "the record's id or the property is missing")
            at = moment(cells.get("at", ""), portal.settings)
            name = property_of(cells["property"])
            yield _Change(cells["deal"], name, at, cells.get("value", ""), cells.get("by", ""), row)
        except Refused as refused:
            yield Item(row.place, raw_of(row.fields), _CHANGE, refusal=refused)


def _series(told: _Change | Item) -> tuple[str, str]:
    return (told.deal, told.name) if isinstance(told, _Change) else ("", "")


def _time(told: _Change) -> datetime:
    return told.at


def _changed(told: _Change, portal: Portal) -> Item:
    try:
        by = "_".join(told.by.upper().split())
        if told.name == "createdate":
            event: Event | None = deals.created(told.deal, moment(told.value, portal.settings), portal, by)
        else:
            event = deals.changed(told.deal, told.name, told.value, told.at, portal, by)
    except Refused as refused:
        return Item(told.row.place, raw_of(told.row.fields), _CHANGE, told.name, refusal=refused)
    if event is None:
        return Item(told.row.place, raw_of(told.row.fields), "a property that is not read", told.name)
    return Item(told.row.place, raw_of(told.row.fields), _CHANGE, told.name, (event,))


def _columns(columns: Iterable[str]) -> dict[str, str]:
    """Which column is which of a property's history."""
    found: dict[str, str] = {}
    for column in columns:
        for name, called in _COLUMNS.items():
            if column.strip().casefold() in called:
                found.setdefault(name, column)
    return found
