"""A deal's life as events. A change has the same id whoever tells it: `deal-<id>-<property>-<milliseconds>`.

The API's history of a property, a push and a JSON dump all give the change's own milliseconds; a table that people
export has its minutes, and a record without history only says how things stand. Such an event has another id, and the
deal comes out the same: to say a value again, before or after it is said exactly, is no change.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from detectors.core.events import Event, Refused

from ..item import event
from .fields import CLOSINGS, deal_fields, mark
from .portal import Portal
from .records import Record, Version
from .values import milliseconds, moment, text_of

# no seller's hand: many deals at once
_BULK = frozenset({"IMPORT", "BATCH_UPDATE"})


# what a deal is and whose, most often from its beginning on: nothing is counted from when it was told
_STANDING = frozenset({"name", "pipeline", "owner", "currency", "team", "segment"})
# read along with a deal, for its own times
MERGED = "hs_merged_object_ids"
TIMES = ("createdate", "hs_lastmodifieddate", "hs_v2_date_entered_current_stage")
# HubSpot works out its marks of closing one after the other
_AT_ONCE = timedelta(minutes=1)
_KNOWN_BY = ("createdate", "notes_last_updated", "notes_last_contacted", "hs_v2_date_entered_current_stage")


def life(
    record: Record, began: datetime | None, portal: Portal, standing: bool = True, after: datetime | None = None
) -> tuple[list[Event], list[Refused]]:
    """Everything that a deal's record tells of it, and what of it could not be read.

    Without `standing`, nothing of what it is now is said of its beginning: its history is told elsewhere. What happened
    before `after` has been told; but a deal that others were merged into since has their histories from then on.
    """
    problems: list[Refused] = []
    told = list(_read(_merged(record, portal), problems))
    if after is not None and any(event.time >= after for event in told):
        after = None
    if began is not None:
        told += _read(_created(record, began, portal), problems)
    told += _changes(record, portal, after, problems)
    told += _read(_losses(record, portal), problems)
    told += _as_it_stands(record, portal, began if standing else None, problems)
    told += _read(_deleted(record, portal), problems)
    return [event for event in told if after is None or event.time >= after], problems


def _read(told: Iterator[Event], problems: list[Refused]) -> Iterator[Event]:
    try:
        yield from told
    except Refused as refused:
        problems.append(refused)


def _changes(record: Record, portal: Portal, after: datetime | None, problems: list[Refused]) -> Iterator[Event]:
    for name in portal.properties:
        for version in record.versions(name, portal.settings):
            try:
                if isinstance(version, Refused):
                    raise version
                if after is not None and version.at < after:
                    continue
                change = changed(record.id, name, version.value, version.at, portal, version.by)
            except Refused as refused:
                problems.append(refused)
                continue
            if change is not None:
                yield change


def _created(record: Record, began: datetime, portal: Portal) -> Iterator[Event]:
    yield created(record.id, began, portal)


def _deleted(record: Record, portal: Portal) -> Iterator[Event]:
    if record.archived_at:
        yield deleted(record.id, moment(record.archived_at, portal.settings), portal)


def _merged(record: Record, portal: Portal) -> Iterator[Event]:
    """The deals that were merged into this one."""
    known: set[str] = {record.id}
    versions = (each for each in record.versions(MERGED, portal.settings) if isinstance(each, Version))
    for version in sorted(versions, key=lambda each: each.at):
        for id in re.findall(r"\d+", text_of(version.value)):
            if id not in known:
                known.add(id)
                yield merged(id, record.id, version.at, portal)


def _losses(record: Record, portal: Portal) -> Iterator[Event]:
    """When it was closed and was not won: what two histories say only together."""
    if "hs_is_closed" not in portal.properties or "hs_is_closed_won" not in {*record.histories, *record.properties}:
        return
    won = [each for each in record.versions("hs_is_closed_won", portal.settings) if isinstance(each, Version)]
    for closed in record.versions("hs_is_closed", portal.settings):
        if isinstance(closed, Version) and mark(closed.value) == "true":
            as_of = max(
                (each for each in won if each.at <= closed.at + _AT_ONCE), key=lambda each: each.at, default=None
            )
            if as_of is None or mark(as_of.value) != "true":
                id = f"deal-{record.id}-hs_is_closed-{milliseconds(closed.at)}"
                yield _event(id, record.id, closed.at, {"status": "lost"}, portal, closed.by)


def _as_it_stands(record: Record, portal: Portal, began: datetime | None, problems: list[Refused]) -> list[Event]:
    """What a record says without a history, at the best time that it has for it."""
    told: defaultdict[tuple[str, datetime], list[dict[str, Any]]] = defaultdict(list)
    for name in portal.properties:
        if name not in record.properties or record.histories.get(name):
            continue
        try:
            value = _stage(record) if name == "dealstage" else record.properties[name]
            if record.has_history and not text_of(value):
                continue
            if fields := deal_fields(name, value, portal):
                for when in _when(name, fields, record, portal, began):
                    told[when].append(fields)
        except Refused as refused:
            problems.append(refused)
    if not record.has_history and "hs_is_closed" in portal.properties and (status := _status(record.properties)):
        try:
            told[_as_of(record, portal)].append({"status": status})
        except Refused as refused:
            problems.append(refused)
    return [
        event
        for (id, at), parts in told.items()
        if (event := _together(id, record.id, at, parts, portal, problems)) is not None
    ]


def _together(
    id: str, deal: str, at: datetime, parts: list[dict[str, Any]], portal: Portal, problems: list[Refused]
) -> Event | None:
    """One event of several parts; a part that cannot be told takes no other with it."""
    try:
        return _event(id, deal, at, {name: value for part in parts for name, value in part.items()}, portal)
    except Refused:
        sound: dict[str, Any] = {}
        for part in parts:
            try:
                _event(id, deal, at, part, portal)
                sound |= part
            except Refused as refused:
                problems.append(refused)
        return _event(id, deal, at, sound, portal) if sound else None


def _when(
    name: str, fields: Mapping[str, Any], record: Record, portal: Portal, began: datetime | None
) -> Iterator[tuple[str, datetime]]:
    entered = record.moment(portal.settings, "hs_v2_date_entered_current_stage")
    if name == "dealstage" and entered is not None:
        yield f"deal-{record.id}-dealstage-{milliseconds(entered)}", entered
        return
    if began is not None and fields.keys() <= _STANDING:
        # stands before the history's own word of the same moment
        yield f"deal-{record.id}-as-it-stands", began
    yield _as_of(record, portal)


def _stage(record: Record) -> str:
    """A table may name the pipeline behind the stage."""
    stage, pipeline = record.text("dealstage"), record.text("pipeline")
    return stage.removesuffix(f"({pipeline})").strip() if record.labelled and pipeline else stage


def _status(properties: Mapping[str, Any]) -> str | None:
    """What the record's three marks of closing say together."""
    closed, won, lost = (mark(properties.get(name)) for name in CLOSINGS)
    if "true" in (won, lost):
        return "won" if won == "true" else "lost"
    if closed == "true":
        return "lost" if won == "false" else None
    return "open" if closed == "false" else None


def _as_of(record: Record, portal: Portal) -> tuple[str, datetime]:
    """Up to when a record without history knows how things stand."""
    known = record.changed(portal.settings)
    if known is None:
        past = filter(None, (record.moment(portal.settings, name) for name in _KNOWN_BY))
        known = max(past, default=None)
    if known is None:
        raise Refused("time", "nothing says when this was so: export Last Modified Date too")
    return f"deal-{record.id}-as-of-{milliseconds(known)}", known


def created(deal: str, at: datetime, portal: Portal, changed_by: str | None = None) -> Event:
    """The deal began."""
    return _event(f"deal-{deal}-created", deal, at, {}, portal, changed_by)


def changed(
    deal: str, name: str, value: Any, at: datetime, portal: Portal, changed_by: str | None = None
) -> Event | None:
    """A property took a value; None if it is one that says nothing of the contract. `Refused` if it cannot be read."""
    data = deal_fields(name, value, portal)
    if not data:
        return None
    return _event(f"deal-{deal}-{name}-{milliseconds(at)}", deal, at, data, portal, changed_by)


def deleted(deal: str, at: datetime, portal: Portal, changed_by: str | None = None) -> Event:
    """The deal was deleted: for the contract, which knows no such thing, it is lost."""
    data = {"status": "lost", "lost_reason": "deleted in HubSpot"}
    return _event(f"deal-{deal}-deleted-{milliseconds(at)}", deal, at, data, portal, changed_by)


def merged(deal: str, into: str, at: datetime, portal: Portal) -> Event:
    """The deal was merged into another one, in which it lives on."""
    data = {"status": "lost", "lost_reason": f"merged into deal {into} in HubSpot"}
    return _event(f"deal-{deal}-merged-{milliseconds(at)}", deal, at, data, portal)


def restored(deal: str, at: datetime, portal: Portal, changed_by: str | None = None) -> Event:
    """The deal that was deleted is back."""
    data = {"status": "open", "lost_reason": None}
    return _event(f"deal-{deal}-restored-{milliseconds(at)}", deal, at, data, portal, changed_by)


def _event(
    id: str, deal: str, at: datetime, data: dict[str, Any], portal: Portal, changed_by: str | None = None
) -> Event:
    more = {"bulk": True} if changed_by in _BULK else {}
    return event(portal.settings.source, id, "crm.deal.changed", at, data, subject=deal, **more)
