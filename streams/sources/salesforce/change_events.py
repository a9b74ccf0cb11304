"""Salesforce's change events, as connectors write them into Kafka as JSON, as the contract's events.

Taken are the forms of Confluent's connectors: the event by itself, within `payload` beside its schema, or as Salesforce
sends it (within `data`); values may stand in Avro's unions ({"string": "Demo"}). Of an update counts what changed: a
null says nothing unless its field is among the changed or the nulled ones. One event may be of many records.

An event's id is made of commitNumber, transactionKey, sequenceNumber and the record's id. The number stands first, so
that changes of one moment sort as they were committed; its time is commitTimestamp, in milliseconds. The histories that
an export or a poll has do not know transactions: a change that is told both ways is told under two names, with the same
value at the same second, and to say a value again is no change. Calls, meetings and contact roles have the same ids
every way.

What an event does not tell must be fetched: after a gap or an overflow, of `006*` or of no record at all every deal;
where fields are named by a bitmap whose schema is not at hand, or a long text by its difference; and of all but deals,
whatever is no creation, because a part of a call or of a contact says nothing by itself.

A deleted opportunity is lost, with a reason that says so. An undeletion tells all its fields: it has the status of its
stage again, and no reason of a loss.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detectors.core.events import Refused

from ..item import Item, Row
from . import activities, people
from .fields import SAME, Fields, merged
from .known import Known, status_by
from .life import CHANGED, DELETED
from .settings import Salesforce
from .telling import Draft
from .values import moment, record_id

DEAL = "Opportunity"
# in place of an id: all of them
EVERY = "*"
ENTITIES = (DEAL, "OpportunityContactRole", "Contact", "Account", "Task", "Event", "EmailMessage")
KIND = "change event"
_WHOLE = ("CREATE", "UNDELETE")
_UNIONS = frozenset({"string", "double", "float", "long", "int", "boolean", "bytes", "array"})


class _Header(BaseModel):
    """What every change event says of itself."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    entity: str = Field(alias="entityName", min_length=1)
    kind: str = Field(alias="changeType", min_length=1)
    ids: tuple[str, ...] = Field((), alias="recordIds")
    transaction: str = Field("", alias="transactionKey", max_length=200)
    sequence: int = Field(0, alias="sequenceNumber", ge=0, le=2**31)
    number: int = Field(0, alias="commitNumber", ge=0, le=2**63)
    at: int = Field(alias="commitTimestamp", ge=0, le=2**53)
    changed: tuple[str, ...] | None = Field(None, alias="changedFields")
    nulled: tuple[str, ...] | None = Field(None, alias="nulledFields")
    differing: tuple[str, ...] | None = Field(None, alias="diffFields")


@dataclass(frozen=True)
class Change:
    """One change event: `fields` are those that it tells, None where it clears one; `unclear` that it tells not all."""

    entity: str
    kind: str
    ids: tuple[str, ...]
    at: datetime
    key: str
    fields: Mapping[str, Any]
    unclear: bool

    @property
    def references(self) -> list[Any]:
        """Ids of users, contacts and accounts that it names."""
        return [self.fields.get(name) for name in ("OwnerId", "AccountId", "ContactId", "WhoId")]

    @property
    def to_fetch(self) -> tuple[str, ...]:
        """The ids of the records of its entity that must be fetched, EVERY for all of them; none if it tells enough."""
        if self.entity not in ENTITIES:
            return ()
        records = tuple(id for each in self.ids if (id := record_id(each)) is not None)
        if self.kind == "GAP_OVERFLOW" or not records or len(records) < len(self.ids):
            return (EVERY,)
        tells_all = self.kind == "CREATE" or (self.entity == DEAL and self.kind in ("UPDATE", "DELETE", "UNDELETE"))
        needs_more = self.unclear or (self.kind == "UNDELETE" and not self.fields.get("StageName"))
        return () if tells_all and not needs_more and self.entity not in ("Contact", "Account") else records


def parse(value: bytes, settings: Salesforce) -> Change:
    """The change event in a record of Kafka; `Refused` if there is none."""
    try:
        told = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Refused("not_json", f"no change event: {error}") from None
    event = _event(told)
    if event is None:
        raise Refused("unreadable", "no change event: a ChangeEventHeader is nowhere in it")
    try:
        header = _Header.model_validate(_plain(event["ChangeEventHeader"]))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused("unreadable", f"ChangeEventHeader.{where}: {first['msg']}") from None
    fields, unclear = _told(header, {name: _plain(each) for name, each in event.items()})
    return Change(
        header.entity,
        header.kind,
        header.ids,
        moment(header.at, "commitTimestamp", settings),
        f"{header.number:020d}-{header.transaction}-{header.sequence:05d}",
        fields,
        unclear,
    )


def changes(value: bytes, place: str, settings: Salesforce, known: Known | None = None) -> Item:
    """What a change event tells, as far as it does; with what is `known` of the users, contacts and stages it names."""
    draft = Draft(settings.source)
    try:
        change = parse(value, settings)
    except Refused as refusal:
        draft.problems.append(refusal)
        return draft.item(place, value, KIND)
    known = known or Known(settings)
    if change.entity not in ENTITIES:
        return draft.item(place, value, KIND, f"of {change.entity[:80]}, of which nothing is told")
    for id in filter(None, map(record_id, change.ids)):
        if change.entity == DEAL:
            _tell_deal(draft, id, change, Fields(settings, known))
        elif change.kind == "CREATE":
            _tell_created(draft, id, change, known)
    why = f"{change.kind[:40]} of {change.entity}"
    return draft.item(place, value, KIND, f"{why}, of which more must be fetched" if change.to_fetch else why)


def _tell_deal(draft: Draft, id: str, change: Change, fields: Fields) -> None:
    draft.subject = id
    if change.kind == "DELETE":
        draft.say(CHANGED, f"{change.key}/{id}", change.at, DELETED)
        return
    if change.kind not in (*_WHOLE, "UPDATE"):
        return
    told = dict(change.fields)
    current = {SAME.get(name, name): each for name, each in told.items()}
    if change.kind in _WHOLE:
        current = fields.current(told)
    parts = []
    for name, each in current.items():
        if name in fields.names:
            try:
                parts.append(_as_of(change.at, fields.part(name, each), fields.known))
            except Refused as refusal:
                draft.problems.append(refusal)
    data = merged(parts)
    if change.kind in _WHOLE:
        data = {"status": "open"} | ({"lost_reason": None} if change.kind == "UNDELETE" else {}) | data
    if told.get("IsClosed") is not None and "status" in data:
        data["status"] = status_by(told)
    if data:
        draft.say(CHANGED, f"{change.key}/{id}", change.at, data)


def _as_of(at: datetime, part: dict[str, Any], known: Known) -> dict[str, Any]:
    """What was known by then: an account that was modified later may not have fitted, or not have been judged, yet."""
    account = part.get("account")
    if account:
        fields = known.accounts[account["id"]].fields if account["id"] in known.accounts else {}
        touched = fields.get("SystemModstamp")
        if touched is not None and moment(touched, "Account.SystemModstamp", known.settings) > at:
            account.pop("fit", None)
    return part


def _tell_created(draft: Draft, id: str, change: Change, known: Known) -> None:
    at = change.at.isoformat()
    row = Row("", {"CreatedDate": at, "LastModifiedDate": at} | dict(change.fields) | {"Id": id, "SystemModstamp": at})
    match change.entity:
        case "Task":
            item = activities.task(row, known)
        case "Event":
            item = activities.meeting(row, known, change.at)
        case "EmailMessage":
            item = activities.mail(row, known)
        case "OpportunityContactRole":
            item = people.contact_role(row, known)
        case _:
            return
    draft.told += item.events
    draft.problems += [item.refusal] if item.refusal else []


def _event(told: Any) -> dict[str, Any] | None:
    for _ in range(3):
        if not isinstance(told, dict):
            return None
        if isinstance(told.get("ChangeEventHeader"), dict):
            return told
        told = told.get("payload") or told.get("data")
    return None


def _told(header: _Header, event: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The fields that an event tells, and whether there are more that it does not."""
    values = {name: each for name, each in event.items() if name != "ChangeEventHeader"}
    said = {name: each for name, each in values.items() if each is not None}
    if header.kind != "UPDATE":
        return said, False
    nulled, differing = set(header.nulled or ()), {name.partition(".")[0] for name in header.differing or ()}
    changed = set(header.changed or ())
    # before they were named in the header, a null could mean both
    is_unnamed = not changed and header.nulled is None
    unclear = bool(differing) or is_unnamed or any(_is_bitmap(name) for name in nulled)
    if changed and not any(map(_is_bitmap, changed)):
        # a part of a compound field is named behind the whole: Name.LastName
        wholes = {name.partition(".")[0] for name in changed}
        said = {name: each for name, each in values.items() if name in wholes}
        cleared = {name for name in changed if values.get(name.partition(".")[0]) is None}
    else:
        cleared = set()
    said |= {name: None for name in (nulled | cleared) if "." not in name and not _is_bitmap(name)}
    return {name: each for name, each in said.items() if name not in differing}, unclear


def _is_bitmap(name: str) -> bool:
    return "0x" in name


def _plain(value: Any) -> Any:
    """A value out of Avro's union, if it stands in one."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((kind, inner),) = value.items()
            if kind in _UNIONS or "." in kind:
                return _plain(inner)
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def every_reference(found: list[Change]) -> Iterator[Any]:
    """Ids that must be known before these changes are told."""
    return (each for change in found for each in change.references)
