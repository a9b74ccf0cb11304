"""What Pipedrive pushes: webhooks of version 2, and of version 1. They are not signed, but carry a password.

A push says what changed by how it was before. It has ids where people have names: the section must name stages and
owners, or they are refused as `unmapped` and the rest is told. What changes of a person is told by the next poll: a
push does not say on which deals they are.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from hmac import compare_digest
from typing import Any

import orjson

from detectors.core.events import Refused

from ..item import Item
from .activities import is_step, tell_activity, tell_step
from .deals import moment_of_change, tell_creation
from .fields import DELETED, key_of, plain, told
from .names import Names
from .settings import Pipedrive
from .telling import Telling
from .values import Thing, id_of, is_set, moment_of, own_id, stamp

# flags that are a part of a deal's status
_STATUS = {"is_archived": "status", "is_deleted": "status", "deleted": "status"}
_ACTIONS = {"added": "create", "updated": "change", "deleted": "delete", "merged": "change"}
# what a change of an activity must touch to be told
_MATTERS = {
    "done",
    "type",
    "deal_id",
    "due_date",
    "due_time",
    "subject",
    "person_id",
    "participants",
    "attendees",
    "is_deleted",
    "active_flag",
}


class Unverified(Exception):
    """A push that is not from whom it should be; the text says what was wrong, and no secret."""


def verify(user: str, password: str, authorization_header: str | None) -> None:
    """Accept a push that has this user and password (HTTP Basic), `Unverified` refuses it; in constant time."""
    scheme, _, told = (authorization_header or "").partition(" ")
    try:
        given = b64decode(told.strip(), validate=True)
    except ValueError:
        given = b""
    right = compare_digest(given, f"{user}:{password}".encode())
    if not (right and scheme.casefold() == "basic"):
        raise Unverified("no user and password" if not told else "user or password is wrong")


def pushed(body: bytes, settings: Pipedrive, place: str) -> Iterator[Item]:
    """The item of one push; one that cannot be read is refused, whatever it holds."""
    out = Telling(settings.source)
    try:
        kind, why = _told(_checked(body), settings, out)
    except Refused as refusal:
        out.problems.append(refusal)
        kind, why = "push", ""
    yield out.item(place, body, kind, why)


class _Push:
    """A push, by the names of version 2."""

    def __init__(self, content: Thing) -> None:
        meta = content.get("meta")
        if not isinstance(meta, Mapping):
            raise Refused("unreadable", "meta: missing, so that this is no push of Pipedrive's")
        self.meta = meta
        self.entity = str(meta.get("entity", meta.get("object")))
        action = str(meta.get("action"))
        self.action = _ACTIONS.get(action, action)
        self.data = _thing(content, "data" if "data" in content else "current")
        self.previous = _thing(content, "previous")
        id = id_of(meta.get("entity_id")) or id_of(meta.get("id")) or own_id(self.data) or own_id(self.previous)
        at = moment_of(meta.get("timestamp"))
        if at is None:
            raise Refused("unreadable", "meta.timestamp: missing")
        self.id, self.at = id, at
        self.is_bulk = is_set(meta.get("is_bulk_edit", meta.get("is_bulk_update")))


def _told(content: Thing, settings: Pipedrive, out: Telling) -> tuple[str, str]:
    push = _Push(content)
    names = Names(settings)
    why = f"{push.action} of {push.entity}"
    if push.action not in ("create", "change", "delete"):
        raise Refused("unreadable", f"meta.action: {push.action[:40]!r} is unknown")
    if push.entity == "deal":
        _tell_deal(push, names, out)
    elif push.entity == "activity":
        _tell_activity(push, names, out)
    elif push.entity == "person":
        return "person", "on which deals they are, the next poll tells"
    else:
        return push.entity[:40], "nothing that a deal is told by"
    return push.entity, why


def _tell_deal(push: _Push, names: Names, out: Telling) -> None:
    if push.id is None:
        raise Refused("no_deal", "meta.entity_id: a deal without an id")
    if push.action == "delete":
        into = id_of(push.meta.get("merged_to_id"))
        reason = f"merged into deal {into} in Pipedrive" if into else DELETED
        fields = {"status": "lost", "lost_reason": reason}
        out.deal(push.id, f"deal-{push.id}-status-{stamp(push.at)}", push.at, fields, push.is_bulk)
        return
    deal = {**push.data, "id": push.id}
    if push.action == "create":
        tell_creation(deal, moment_of(deal.get("add_time")) or push.at, names, out)
        return
    now = plain(deal)
    changed = [_STATUS.get(key, key_of(key)) for key in _changes(plain(push.previous), now)]
    for key in dict.fromkeys(changed):
        try:
            fields = told(key, now.get(key), names)
        except Refused as refusal:
            out.problems.append(Refused(refusal.reason, f"{key}: {refusal}"))
            continue
        at = moment_of_change(key, now, push.at, out)
        out.deal(push.id, f"deal-{push.id}-{key}-{stamp(at)}", at, fields, push.is_bulk)


def _tell_activity(push: _Push, names: Names, out: Telling) -> None:
    activity = {**(push.previous if push.action == "delete" else push.data), "id": push.id}
    if push.action == "change" and not _MATTERS.intersection(_changes(push.previous, push.data)):
        return
    removed = push.at if push.action == "delete" else None
    tell_activity(activity, names, out, removed)
    deal = id_of(activity.get("deal_id"))
    if deal is not None and is_step(activity, names):
        is_open = removed is None and not is_set(activity.get("done"))
        at = removed or moment_of(activity.get("update_time")) or moment_of(activity.get("add_time")) or push.at
        # of the deal's other activities a push knows nothing: where there are some, the next poll tells them
        tell_step(deal, [activity] if is_open else [], at, out, by=f"activity-{push.id}")


def _changes(before: Thing, now: Thing) -> list[str]:
    """Version 2 tells only what changed of how it was before, version 1 tells all of it."""
    return [key for key in before if key in now and now[key] != before[key]]


def _thing(content: Thing, name: str) -> dict[str, Any]:
    value = content.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Refused("unreadable", f"{name}: is no object")
    return dict(value)


def _checked(body: bytes) -> Thing:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused("not_json", str(error)) from None
    if not isinstance(content, dict):
        raise Refused("unreadable", "is no object")
    return content
