"""Tasks and events of the calendar: calls and meetings; mails where the settings ask for them.

A call is a closed task of the subtype Call; one that is still open is a plan to call. Its time is that of its
completion; a call that was noted days later stands at noon of the day that it was noted for. Whether somebody answered
is known only by its result (`CallDisposition`, an org's own words).

An event is a meeting of its owner and the one person that it names (further invitees stand in a table of their own,
which is not read), booked when it was created. Salesforce does not know whether it was held: what is over was held,
unless it was deleted, or an own field (`meeting_status`) says something else. `as_of` is the moment up to which that is
known: of an export its newest modification, of a poll its time. An all-day event is an entry in a calendar, no meeting.

A mail has the sender and the receivers that EmailMessage has, and its Message-ID. A task of the subtype Email is told
only if its subject shows which way it went, as those do that Salesforce itself writes.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from email.utils import getaddresses
from typing import Any

from detectors.core.events import Refused

from ..item import Item, Row
from .known import CONTACT, Known, address
from .telling import Draft
from .values import an_id, day, milliseconds, moment, record_id, truth

DEAL = "006"
NOBODYS = "on no opportunity, and with nobody whose address is known"
_NOT_ANSWERED = re.compile(
    r"voice ?mail|no answer|not? (?:reached|connected)|busy|wrong number|unanswered|missed|left (?:a )?message", re.I
)
_ANSWERED = re.compile(r"connected|answered|spoke|reached|conversation|completed|interested|meeting", re.I)
_KINDS = (
    ("demo", re.compile(r"\bdemo", re.I)),
    ("discovery", re.compile(r"\bdiscover", re.I)),
    ("review", re.compile(r"\breview", re.I)),
    ("executive", re.compile(r"\bexec", re.I)),
)
_STATUSES = ("booked", "held", "cancelled", "no_show")
_OUT, _IN = re.compile(r"^(?:email:|→|»)", re.I), re.compile(r"^(?:←|«)")


def task(row: Row, known: Known) -> Item:
    """A task: a call, or a mail, else nothing that is told."""
    fields = row.fields
    kinds = {str(fields.get(name)).casefold() for name in ("TaskSubtype", "Type")}
    is_call = "call" in kinds or bool(fields.get("CallType"))
    draft = Draft(known.settings.source)
    try:
        id = an_id(fields.get("Id"), "Id")
        draft.subject = _deal(fields)
        if truth(fields.get("IsDeleted")):
            return draft.item(row.place, row.raw, "Task", "deleted")
        if not _is_closed(fields):
            return draft.item(row.place, row.raw, "Task", "still to be done: nothing has happened")
        if is_call and _is_nobodys(draft, fields, known):
            return draft.item(row.place, row.raw, "Task", NOBODYS)
        if is_call:
            _call(draft, id, fields, known)
            return draft.item(row.place, row.raw, "Task", "a call")
        if known.settings.mails and "email" in kinds:
            _mail_of_task(draft, id, fields, known)
            return draft.item(
                row.place, row.raw, "Task", "a mail" if draft.told else "a mail, but which way is not said"
            )
    except Refused as refusal:
        draft.problems.append(refusal)
    return draft.item(row.place, row.raw, "Task", "" if draft.problems else "neither a call nor a mail that is told")


def meeting(row: Row, known: Known, as_of: datetime, since: datetime | None = None) -> Item:
    """An event of the calendar: booked, and held when it is over. With `since`, earlier bookings were told before."""
    fields = row.fields
    draft = Draft(known.settings.source)
    try:
        id = an_id(fields.get("Id"), "Id")
        draft.subject = _deal(fields)
        if truth(fields.get("IsAllDayEvent")) or truth(fields.get("IsChild")) or truth(fields.get("IsRecurrence")):
            return draft.item(
                row.place, row.raw, "Event", "all day, another's copy, or the head of a series: no meeting"
            )
        if _is_nobodys(draft, fields, known):
            return draft.item(row.place, row.raw, "Event", NOBODYS)
        _meeting(draft, id, fields, known, as_of, since)
    except Refused as refusal:
        draft.problems.append(refusal)
    return draft.item(row.place, row.raw, "Event", "a meeting")


def mail(row: Row, known: Known) -> Item:
    """A mail that Salesforce keeps."""
    fields = row.fields
    draft = Draft(known.settings.source)
    try:
        id = an_id(fields.get("Id"), "Id")
        draft.subject = _deal({"WhatId": fields.get("RelatedToId")})
        if not known.settings.mails:
            return draft.item(row.place, row.raw, "EmailMessage", "mails are read elsewhere (`mails` in the settings)")
        sender = address(fields.get("FromAddress"))
        if sender is None or truth(fields.get("IsDeleted")):
            return draft.item(row.place, row.raw, "EmailMessage", "without a sender, or deleted")
        at = _first(fields, known, "MessageDate", "CreatedDate")
        data: dict[str, Any] = {
            "message_id": str(fields.get("MessageIdentifier") or id),
            "from": sender,
            "to": _addresses(fields.get("ToAddress")),
            "cc": _addresses(fields.get("CcAddress")),
        }
        if fields.get("Subject"):
            data["subject"] = str(fields["Subject"])
        if fields.get("ThreadIdentifier"):
            data["references"] = [str(fields["ThreadIdentifier"])]
        draft.say("activity.email", id, at, data)
    except Refused as refusal:
        draft.problems.append(refusal)
    return draft.item(row.place, row.raw, "EmailMessage", "a mail")


def _call(draft: Draft, id: str, fields: Mapping[str, Any], known: Known) -> None:
    way = str(fields.get("CallType") or "outbound").casefold()
    if way == "internal":
        return
    data: dict[str, Any] = {"call_id": id, "direction": "inbound" if way == "inbound" else "outbound"}
    if people := _people(fields, known):
        data["with"] = people
    if (connected := _connected(fields, known)) is not None:
        data["connected"] = connected
    draft.say("activity.call", id, _done_at(fields, known), data)


def _connected(fields: Mapping[str, Any], known: Known) -> bool | None:
    result = str(fields.get("CallDisposition") or "").strip()
    result = known.settings.values.get("CallDisposition", {}).get(result, result)
    if _NOT_ANSWERED.search(result) or result.casefold() == "false":
        return False
    return True if _ANSWERED.search(result) or result.casefold() == "true" else None


def _mail_of_task(draft: Draft, id: str, fields: Mapping[str, Any], known: Known) -> None:
    subject = str(fields.get("Subject") or "").strip()
    outbound, inbound = _OUT.match(subject), _IN.match(subject)
    people = _people(fields, known)
    if not people or not (outbound or inbound):
        return
    owner = known.owner(fields.get("OwnerId"), "OwnerId")
    sender, receivers = (owner, people) if outbound else (people[0], [owner])
    words = outbound or inbound
    assert words is not None
    data = {"message_id": id, "from": sender, "to": receivers, "subject": subject[words.end() :].strip()}
    draft.say("activity.email", id, _done_at(fields, known), data)


def _meeting(
    draft: Draft, id: str, fields: Mapping[str, Any], known: Known, as_of: datetime, since: datetime | None
) -> None:
    start = _first(fields, known, "StartDateTime", "ActivityDateTime")
    end = _end(fields, known, start)
    touched = _when(fields, known, "SystemModstamp", "LastModifiedDate")
    created = _when(fields, known, "CreatedDate") or touched or start
    touched = max(created, touched or created)
    people = _people(fields, known)
    who: dict[str, Any] = {"meeting_id": id}
    if kind := _kind(fields, known):
        who["kind"] = kind
    try:
        who["organizer"] = known.owner(fields["OwnerId"], "OwnerId") if fields.get("OwnerId") else None
    except Refused as refusal:
        draft.problems.append(refusal)
    who = {name: value for name, value in who.items() if value is not None}
    if people:
        who["attendees"] = [*([who["organizer"]] if "organizer" in who else []), *people]
    moved = created < touched < start and touched - created > timedelta(minutes=1)

    def say(status: str, at: datetime, **more: Any) -> None:
        told = f"{id}/{milliseconds(at)}/{status}"
        draft.say("activity.meeting", told, at, who | {"status": status} | more)

    if created < start and (since is None or created >= since):
        say("booked", created, **({} if moved else {"starts_at": start}))
    if truth(fields.get("IsDeleted")):
        say("cancelled", touched)
        return
    if moved:
        say("booked", touched, starts_at=start)
    status = _status(fields, known)
    if status in ("cancelled", "no_show"):
        say(status, touched if status == "cancelled" else end)
    elif end <= as_of and (status == "held" or known.settings.meeting_status is None):
        say("held", end, starts_at=start)


def _status(fields: Mapping[str, Any], known: Known) -> str | None:
    name = known.settings.meeting_status
    told = fields.get(name) if name else None
    if name is None or told is None:
        return None
    word = known.settings.values.get(name, {}).get(str(told).strip(), str(told))
    plain = "_".join(word.casefold().replace("_", " ").split())
    if plain not in _STATUSES:
        raise Refused("unmapped", f"{name}: {word[:80]!r} is none of {', '.join(_STATUSES)}; name it in values")
    return plain


def _kind(fields: Mapping[str, Any], known: Known) -> str | None:
    told = fields.get("Type")
    if told is not None and (word := known.settings.values.get("Type", {}).get(str(told))) is not None:
        return word
    words = f"{told or ''} {fields.get('Subject') or ''}"
    return next((kind for kind, pattern in _KINDS if pattern.search(words)), None)


def _end(fields: Mapping[str, Any], known: Known, start: datetime) -> datetime:
    end = _when(fields, known, "EndDateTime")
    if end is None and str(fields.get("DurationInMinutes", "")).removesuffix(".0").isdigit():
        end = start + timedelta(minutes=min(float(fields["DurationInMinutes"]), 14 * 24 * 60))
    return max(start, end or start)


def _done_at(fields: Mapping[str, Any], known: Known) -> datetime:
    at = _first(fields, known, "CompletedDateTime", "CreatedDate", "LastModifiedDate", "ActivityDate")
    if fields.get("ActivityDate"):
        zone = known.settings.zone
        noted_for = datetime.fromisoformat(day(fields["ActivityDate"], "ActivityDate", known.settings)).date()
        if noted_for < at.astimezone(zone).date():
            return datetime.combine(noted_for, time(12), zone)
    return at


def _first(fields: Mapping[str, Any], known: Known, *names: str) -> datetime:
    at = _when(fields, known, *names)
    if at is None:
        raise Refused("unreadable", f"{names[0]}: when it was is not in the row")
    return at


def _when(fields: Mapping[str, Any], known: Known, *names: str) -> datetime | None:
    return next((moment(fields[name], name, known.settings) for name in names if fields.get(name)), None)


def _is_closed(fields: Mapping[str, Any]) -> bool:
    if "IsClosed" in fields:
        return truth(fields["IsClosed"])
    return bool(fields.get("CompletedDateTime")) or str(fields.get("Status") or "").casefold() == "completed"


def _is_nobodys(draft: Draft, fields: Mapping[str, Any], known: Known) -> bool:
    return draft.subject is None and not _people(fields, known)


def _deal(fields: Mapping[str, Any]) -> str | None:
    id = record_id(fields.get("WhatId"))
    return id if id and id.startswith(DEAL) else None


def _people(fields: Mapping[str, Any], known: Known) -> list[str]:
    """The buyer's people on it, as far as their addresses are known."""
    id = record_id(fields.get("WhoId"))
    contact = known.contacts.get(id) if id and id.startswith(CONTACT) else None
    mail = address(contact.fields.get("Email")) if contact else address(fields.get("Who.Email"))
    return [mail] if mail else []


def _addresses(value: object) -> list[str]:
    # Salesforce keeps 4,000 characters
    text = str(value or "")[:4000].replace(";", ",")
    return list(dict.fromkeys(filter(None, (address(each) for _, each in getaddresses([text])))))
