"""Calls, meetings and mails as events. Notes are no touch; tasks are in their deal's next activity date.

An activity is told to each deal that it is on; one that is on none goes by its people. HubSpot knows which mails are of
one thread, but not which of them answers which: so the first one opens it, and each answers the one before. Of what
people wrote to each other only a snippet of what is new in a mail leaves here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Any, NamedTuple

import orjson

from detectors.core.addresses import normalise
from detectors.core.events import Email, Event, Refused

from ..item import Item, event
from ..mail import reading
from ..mail.domains import Domains
from .portal import Portal
from .records import Record, Version
from .values import milliseconds, moment

PROPERTIES = {
    "calls": ("hs_call_direction", "hs_call_disposition", "hs_call_status"),
    "meetings": ("hs_meeting_outcome", "hs_meeting_start_time", "hs_attendee_owner_ids", "hs_meeting_title"),
    "emails": (
        "hs_email_direction",
        "hs_email_status",
        "hs_email_subject",
        "hs_email_text",
        "hs_email_headers",
        "hs_email_from_email",
        "hs_email_to_email",
        "hs_email_cc_email",
        "hs_email_message_id",
        "hs_email_thread_id",
    ),
}
# read of all of them
COMMON = ("hs_timestamp", "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate")
# when a meeting was booked, moved, and what became of it; which word on a call is the newest
HISTORIES = {
    "calls": ("hs_call_direction", "hs_call_disposition", "hs_call_status"),
    "meetings": ("hs_meeting_outcome", "hs_meeting_start_time"),
    "emails": (),
}

# the outcomes that every account has, by their ids, their labels, and what telephones say
_CONNECTED = {
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": True,
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": True,
    "9d9162e7-6cf3-4944-bf63-4dff82258764": False,
    "73a0d17f-1163-4015-bdd5-ec830791da20": False,
    "b2cf5968-551e-4856-9783-52b3da59a7d0": False,
    "17b47fee-58de-441e-a44c-c6300d46f273": False,
    "connected": True,
    "left live message": True,
    "busy": False,
    "no answer": False,
    "left voicemail": False,
    "wrong number": False,
}
_UNANSWERED = frozenset({"busy", "canceled", "failed", "no_answer", "missed"})
_NOT_YET = frozenset({"queued", "ringing", "connecting", "calling_crm_user", "in_progress", "scheduled"})
_UNSENT = frozenset({"bounced", "failed", "scheduled", "sending"})
_OUTCOMES = {
    "scheduled": "booked",
    "rescheduled": "booked",
    "completed": "held",
    "no_show": "no_show",
    "no show": "no_show",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}
_NOBODY = Domains(())
_MOST_WORDS = 100_000
_MOST_OF_SUBJECT = 1000


class Sent(NamedTuple):
    """A mail's place in its thread."""

    at: datetime
    id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Around:
    """What activities name by id: the mail addresses of contacts, and the mails of each thread, oldest first."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    threads: Mapping[str, Sequence[Sent]] = field(default_factory=dict)


def item_of(record: Record, around: Around, portal: Portal) -> Item:
    """An activity's record, read."""
    told: tuple[Event, ...] = ()
    try:
        kind, why, words = _READ[record.kind](record, around, portal)
        told = tuple(_on_deals(record, words, portal))
    except Refused as refused:
        return Item(record.place, record.raw, record.kind.removesuffix("s"), refusal=refused)
    return Item(record.place, record.raw, kind, why, told)


def thread_of(record: Record, portal: Portal) -> tuple[str, Sent] | None:
    """The thread that a mail is in, and its place there; None if it is in none, or was not sent."""
    try:
        thread, at = record.text("hs_email_thread_id"), record.moment(portal.settings, "hs_timestamp")
        if record.kind != "emails" or not thread or at is None or record.text("hs_email_status").lower() in _UNSENT:
            return None
        return thread, Sent(at, record.id, _message_id(record))
    except Refused:
        return None


def threads_of(mails: Iterable[tuple[str, Sent]]) -> dict[str, list[Sent]]:
    """The mails of each thread, oldest first, each once, even if it was logged by several people."""
    found: dict[str, dict[str, Sent]] = {}
    for thread, sent in mails:
        known = found.setdefault(thread, {})
        known[sent.message_id] = min(sent, known.get(sent.message_id, sent))
    return {thread: sorted(sent.values()) for thread, sent in found.items()}


class _Word(NamedTuple):
    """An event in the making."""

    id: str
    type: str
    at: datetime
    fields: dict[str, Any]


def _on_deals(record: Record, words: Iterable[_Word], portal: Portal) -> Iterator[Event]:
    deals = record.links.get("deals", ())
    for word in words:
        for deal in deals:
            yield event(
                portal.settings.source, f"{word.id}-on-{deal.id}", word.type, word.at, word.fields, subject=deal.id
            )
        if not deals:
            yield event(portal.settings.source, word.id, word.type, word.at, word.fields)


def _call(record: Record, around: Around, portal: Portal) -> tuple[str, str, list[_Word]]:
    at = _at(record, portal)
    status = record.text("hs_call_status").lower()
    changed = record.changed(portal.settings)
    if status in _NOT_YET or (changed is not None and at > changed):
        return "call to come", status or "its time lies ahead", []
    direction = record.text("hs_call_direction").lower()
    fields: dict[str, Any] = {
        "call_id": f"hubspot-call-{record.id}",
        # HubSpot does not ask who called whom when a call is logged by hand
        "direction": "inbound" if direction == "inbound" else "outbound",
    }
    if people := _contacts(record, around):
        fields["with"] = people
    outcome = record.text("hs_call_disposition")
    outcome = portal.settings.values.get("hs_call_disposition", {}).get(outcome, outcome).lower()
    connected = _CONNECTED.get(outcome, False if status in _UNANSWERED else None)
    if connected is not None:
        fields["connected"] = connected
    told = [version for name in HISTORIES["calls"] for version in record.versions(name, portal.settings)]
    newest = max((version.at for version in told if isinstance(version, Version)), default=changed or at)
    # of several words on one call the last by id counts
    id = f"call-{record.id}-{milliseconds(newest)}"
    return "call", direction or "no direction", [_Word(id, "activity.call", at, fields)]


def _meeting(record: Record, around: Around, portal: Portal) -> tuple[str, str, list[_Word]]:
    starts = record.moment(portal.settings, "hs_meeting_start_time", "hs_timestamp")
    if starts is None:
        raise Refused("unreadable", "hs_meeting_start_time is missing")
    made = record.created(portal.settings) or record.changed(portal.settings) or starts
    always: dict[str, Any] = {"meeting_id": f"hubspot-meeting-{record.id}"}
    if organizer := _owner(record.text("hubspot_owner_id"), portal):
        always["organizer"] = organizer
    hosts = filter(None, (_owner(each.strip(), portal) for each in record.text("hs_attendee_owner_ids").split(";")))
    if people := _contacts(record, around):
        always["attendees"] = list(dict.fromkeys((*people, *hosts)))
    words = [
        _meeting_word(record.id, "booked", at, always, then) for at, then in _bookings(record, portal, made, starts)
    ]
    status, told_at = _outcome(record, portal)
    if not status and made >= starts:
        # nobody logs a meeting afterwards that was not held
        status = "held"
    if status in ("held", "no_show"):
        # what is over before it begins is so from when it was said
        at = min(starts, told_at) if told_at else starts
        words.append(_meeting_word(record.id, status, at, always, starts))
    elif status == "cancelled":
        words.append(_meeting_word(record.id, status, told_at or made, always, starts))
    return "meeting", status or "no outcome", words


def _meeting_word(id: str, status: str, at: datetime, always: dict[str, Any], starts: datetime) -> _Word:
    fields = {**always, "status": status, "starts_at": starts}
    return _Word(f"meeting-{id}-{status}-{milliseconds(at)}", "activity.meeting", at, fields)


def _bookings(record: Record, portal: Portal, made: datetime, starts: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When it was booked and moved, and for when; nothing if it was put down afterwards."""
    versions = record.versions("hs_meeting_start_time", portal.settings)
    told = [(max(each.at, made), moment(each.value, portal.settings)) for each in versions if isinstance(each, Version)]
    for at, then in dict(sorted(told) or [(made, starts)]).items():
        if at < then:
            yield at, then


def _outcome(record: Record, portal: Portal) -> tuple[str, datetime | None]:
    told = record.text("hs_meeting_outcome")
    told = portal.settings.values.get("hs_meeting_outcome", {}).get(told, told).lower()
    if not told:
        return "", None
    status = _OUTCOMES.get(told, told if told in set(_OUTCOMES.values()) else None)
    if status is None:
        raise Refused("unmapped", f"hs_meeting_outcome: {told[:80]!r} means nothing yet: say what under hubspot.values")
    versions = record.versions("hs_meeting_outcome", portal.settings)
    since = max((each.at for each in versions if isinstance(each, Version)), default=None)
    return status, since or record.changed(portal.settings)


def _email(record: Record, around: Around, portal: Portal) -> tuple[str, str, list[_Word]]:
    at = _at(record, portal)
    status, direction = record.text("hs_email_status").lower(), record.text("hs_email_direction").lower()
    if status in _UNSENT:
        return "mail that did not go out", status, []
    headers = _headers(record)
    sender = next(iter(_addresses(headers.get("from"))), None) or next(
        iter(_listed(record.text("hs_email_from_email"))), None
    )
    if sender is None and direction == "email":
        sender = _owner(record.text("hubspot_owner_id"), portal)
    if sender is None:
        raise Refused("unreadable", "nobody knows who sent it: hs_email_headers and hs_email_from_email are empty")
    fields: dict[str, Any] = {"message_id": _message_id(record), "from": sender}
    for name in ("to", "cc"):
        people = _addresses(headers.get(name)) or _listed(record.text(f"hs_email_{name}_email"))
        if people:
            fields[name] = people
    if subject := " ".join(record.text("hs_email_subject").split()):
        fields["subject"] = subject
    fields |= _thread(record, around)
    read = _read_as_mail(record, sender, subject, at)
    for mail in read.events:
        if isinstance(mail, Email):
            told = (
                ("snippet", mail.data.snippet),
                ("automatic", mail.data.automatic),
                ("returns_on", mail.data.returns_on),
            )
            fields |= {name: value for name, value in told if value}
    return read.kind, read.why, [_Word(f"email-{record.id}", "activity.email", at, fields)]


def _read_as_mail(record: Record, sender: str, subject: str, at: datetime) -> Item:
    """As much of a mail as HubSpot keeps of it, read by those who know mails."""
    text, html = (record.text(name)[:_MOST_WORDS] for name in ("hs_email_text", "hs_email_html"))
    mail = MIMEText((text or html).encode(errors="replace").decode(), "plain" if text else "html", "utf-8")
    mail["From"], mail["Date"] = sender, format_datetime(at)
    mail["Subject"] = Header(subject[:_MOST_OF_SUBJECT].encode(errors="replace").decode(), "utf-8").encode()
    return reading.read(mail.as_bytes(), record.place, "hubspot", _NOBODY)


def _thread(record: Record, around: Around) -> dict[str, Any]:
    sent = around.threads.get(record.text("hs_email_thread_id"), ())
    place = next((number for number, each in enumerate(sent) if each.message_id == _message_id(record)), 0)
    if place == 0:
        return {}
    first, before = sent[0].message_id, sent[place - 1].message_id
    return {"in_reply_to": before, "references": list(dict.fromkeys((first, before)))}


def _no_touch(record: Record, _around: Around, _portal: Portal) -> tuple[str, str, list[_Word]]:
    if record.kind == "tasks":
        return "task", "is in its deal's next activity date", []
    return "note", "no touch", []


_READ = {"calls": _call, "meetings": _meeting, "emails": _email, "notes": _no_touch, "tasks": _no_touch}


def _at(record: Record, portal: Portal) -> datetime:
    at = record.moment(portal.settings, "hs_timestamp")
    if at is None:
        raise Refused("unreadable", "hs_timestamp is missing")
    return at


def address_of(contact: Record, _portal: Portal) -> str | None:
    """A contact's address, if it is one."""
    return next(iter(_listed(contact.text("email"))), None)


def _contacts(record: Record, around: Around) -> list[str]:
    known = (around.addresses.get(link.id) for link in record.links.get("contacts", ()))
    return list(dict.fromkeys(filter(None, known)))


def _owner(value: str, portal: Portal) -> str | None:
    """An owner's address, if it is known: an activity is told without it as well."""
    try:
        return normalise(portal.owner(value)) if value else None
    except ValueError:
        return None


def _message_id(record: Record) -> str:
    return record.text("hs_email_message_id") or f"hubspot-email-{record.id}"


def _headers(record: Record) -> dict[str, Any]:
    try:
        told = orjson.loads(record.text("hs_email_headers") or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _addresses(told: Any) -> list[str]:
    """The addresses of one person or several, as HubSpot's headers have them."""
    people = told if isinstance(told, list) else [told]
    found = (each.get("email") for each in people if isinstance(each, dict))
    return [address for each in found if isinstance(each, str) for address in _listed(each)]


def _listed(text: str) -> list[str]:
    found = []
    for each in text.split(";"):
        try:
            found.append(normalise(each.strip()))
        except ValueError:
            continue
    return found
