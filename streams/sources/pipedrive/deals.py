"""A deal of Pipedrive's: its history as events.

An event of a change is `deal-<id>-<field>-<second>`, by Pipedrive's name of the field: so a change that is told by the
log of changes, by a push and by a poll is one event. They take its second from where each has it (`log_time`;
`stage_change_time`, `won_time`, `lost_time`, else `update_time`). Should these differ, the deal is told the same value
twice, which is no change.

How a deal stands is told as well (`deal-<id>-update_time-<second>`, all fields): of a deal without its log nothing else
is known, and no log is trusted to be whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detectors.core.events import Refused

from .fields import KEYS, NEXT_STEP, key_of, plain, told
from .names import Names, Person
from .telling import Telling
from .values import Thing, id_of, is_set, moment_of, own_id, stamp

_CLOSED_AT = {"won": "won_time", "lost": "lost_time", "archived": "archive_time"}


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of a deal's log of changes."""

    deal: str
    at: datetime
    key: str
    old: object
    new: object
    bulk: bool = False


def tell_creation(deal: Thing, at: datetime, names: Names, out: Telling) -> None:
    """Tell a deal that has just been added."""
    id, deal = own_id(deal), plain(deal)
    first = {key: fields for key, fields in _said(deal, names, out) if key not in NEXT_STEP}
    if id is not None:
        _tell_beginning(id, at, first, out)


def tell_history(deal: Thing, log: Iterable[Change] | None, names: Names, out: Telling) -> str | None:
    """Tell a deal from its beginning; without its log (None) only what its own fields still know. Gives its id."""
    id, deal = own_id(deal), plain(deal)
    if id is None:
        out.problems.append(Refused("no_deal", "a deal without an id"))
        return None
    added = _moment(deal, "add_time", out)
    updated = _moment(deal, "update_time", out) or added
    added = added or updated
    if added is None or updated is None:
        out.problems.append(Refused("unreadable", "a deal without add_time and update_time"))
        return id
    now = dict(_said(deal, names, out))
    first: dict[str, dict[str, Any]]
    since: dict[str, datetime]
    if log is None and updated > added:
        since = {key: at for key in ("stage_id", "status") if (at := _changed(key, deal, out)) and at > added}
        first = {key: now[key] for key in ("pipeline_id", "stage_id") if key in now and key not in since}
        out.deal(id, f"deal-{id}-opened-{stamp(added)}", added, {"status": "open", **_all(first)})
    else:
        changes = sorted(log or (), key=lambda change: (change.at, change.key))
        first, since = _beginning(deal, now, changes, added, names, out)
        _tell_beginning(id, added, first, out)
        for change in changes:
            tell_change(change, names, out)
    for key, at in since.items():
        if key in now:
            out.deal(id, f"deal-{id}-{key}-{stamp(at)}", at, now[key])
    # what a push knows too little of (the company's name) is said here
    out.deal(id, f"deal-{id}-update_time-{stamp(updated)}", updated, _all(now))
    return id


def _tell_beginning(id: str, at: datetime, first: Mapping[str, dict[str, Any]], out: Telling) -> None:
    out.deal(id, f"deal-{id}-add_time-{stamp(at)}", at, {"status": "open", **_all(first)})


def people_on(deal: Thing, log: Iterable[Change] | None, names: Names) -> Iterator[tuple[Person, datetime]]:
    """The people who were the deal's contact, and since when; only those whose address is known."""
    try:
        added = moment_of(deal.get("add_time")) or moment_of(deal.get("update_time"))
    except Refused:
        return
    changes = sorted((change for change in log or () if change.key == "person_id"), key=lambda change: change.at)
    told = [(changes[0].old, added)] if changes else []
    told += [(change.new, change.at) for change in changes]
    for value, since in [*told, (deal.get("person_id"), changes[-1].at if changes else added)]:
        person = names.person(value)
        if person is not None and since is not None:
            yield person, since


def tell_change(change: Change, names: Names, out: Telling) -> None:
    """Tell one entry of the log of changes."""
    try:
        fields = told(change.key, change.new, names)
    except Refused as refusal:
        out.problems.append(Refused(refusal.reason, f"{change.key}: {refusal}"))
        return
    out.deal(change.deal, f"deal-{change.deal}-{change.key}-{stamp(change.at)}", change.at, fields, change.bulk)


def moment_of_change(key: str, deal: Thing, fallback: datetime, out: Telling) -> datetime:
    """When a field of a deal that has just changed did so."""
    return _changed(key, deal, out) or _moment(deal, "update_time", out) or fallback


def change_of(entry: Thing) -> Change | None:
    """A change out of an entry of the API's `flow`; None for other entries. `Refused` if it cannot be read."""
    if entry.get("object") not in (None, "dealChange"):
        return None
    inner = entry.get("data")
    entry = {**inner, "timestamp": entry.get("timestamp")} if isinstance(inner, Mapping) else entry
    deal, key = id_of(entry.get("item_id", entry.get("deal_id"))), entry.get("field_key")
    if not isinstance(key, str):
        return None
    at = moment_of(entry.get("log_time") or entry.get("time") or entry.get("timestamp"))
    if deal is None or at is None:
        raise Refused("unreadable", "a change that does not say of which deal, or when")
    key, old, new = key_of(key), entry.get("old_value"), entry.get("new_value")
    more = entry.get("additional_data")
    if isinstance(more, Mapping) and key in ("stage_id", "pipeline_id"):
        # a stage that was done away with has no other name
        old = _name_or_id(old, more.get("old_value_formatted"))
        new = _name_or_id(new, more.get("new_value_formatted"))
    return Change(deal, at, key, old, new, is_set(entry.get("is_bulk_update_flag")))


def _said(deal: Thing, names: Names, out: Telling) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in (*KEYS, *names.settings.fields):
        if key in deal:
            try:
                yield key, told(key, deal[key], names)
            except Refused as refusal:
                out.problems.append(Refused(refusal.reason, f"{key}: {refusal}"))


def _beginning(
    deal: Thing, now: Mapping[str, dict[str, Any]], changes: list[Change], added: datetime, names: Names, out: Telling
) -> tuple[dict[str, dict[str, Any]], dict[str, datetime]]:
    """How the deal was when it was added, and since when what no change tells of is as it is."""
    first, since = {}, {}
    before: dict[str, Change] = {}
    for change in changes:
        before.setdefault(change.key, change)
    for key, value in now.items():
        if key in before:
            try:
                first[key] = told(key, before[key].old, names)
            except Refused as refusal:
                out.problems.append(Refused(refusal.reason, f"{key}, as it was at first: {refusal}"))
        elif (at := _changed(key, deal, out)) and at > added:
            since[key] = at
        elif key not in (*NEXT_STEP, "status"):
            first[key] = value
    return first, since


def _changed(key: str, deal: Thing, out: Telling) -> datetime | None:
    """When a field was given its value, where the deal itself has that."""
    if key == "stage_id":
        return _moment(deal, "stage_change_time", out)
    if key == "status" and (status := str(deal.get("status")).casefold()) != "open":
        closed = _CLOSED_AT.get(status, "update_time")
        return _moment(deal, closed, out) or _moment(deal, "close_time", out) or _moment(deal, "update_time", out)
    return None


def _all(said: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """What several fields say together; the company's own fields last, and a lost reason only where there is one."""
    out: dict[str, Any] = {}
    for key, fields in said.items():
        if key == "lost_reason" and fields["lost_reason"] is None:
            continue
        for name, value in fields.items():
            merges = isinstance(value, dict) and isinstance(out.get(name), dict)
            out[name] = {**out[name], **value} if merges else value
    return out


def _moment(deal: Thing, key: str, out: Telling) -> datetime | None:
    try:
        return moment_of(deal.get(key))
    except Refused as refusal:
        out.problems.append(Refused(refusal.reason, f"{key}: {refusal}"))
        return None


def _name_or_id(id: object, name: object) -> object:
    return {"id": id, "name": name} if isinstance(name, str) and name else id
