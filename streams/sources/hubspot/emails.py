"""Mails that HubSpot logged.

It knows which mails are of one thread, but not which of them answers which: so the first one opens it, and each answers
the one before. Of what people wrote to each other only a snippet of what is new in a mail leaves here.
"""

from collections.abc import Iterable
from datetime import datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Any, NamedTuple

import orjson

from detectors.core.events import Email, Refused

from ..item import Item
from ..mail import reading
from ..mail.domains import Domains
from .around import Around, Taken, Word, happened, listed, owner
from .portal import Portal
from .records import Record

PROPERTIES = (
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
)

_UNSENT = frozenset({"bounced", "failed", "scheduled", "sending"})
_NOBODY = Domains(())
_MOST_WORDS = 100_000
_MOST_OF_SUBJECT = 1000


def read(record: Record, around: Around, portal: Portal) -> Taken:
    """What is told of a mail."""
    at = happened(record, portal)
    status, direction = record.text("hs_email_status").lower(), record.text("hs_email_direction").lower()
    if status in _UNSENT:
        return Taken("mail that did not go out", status, [])
    headers = _headers(record)
    sender = next(iter(_addresses(headers.get("from"))), None) or next(
        iter(listed(record.text("hs_email_from_email"))), None
    )
    if sender is None and direction == "email":
        sender = owner(record.text("hubspot_owner_id"), portal)
    if sender is None:
        raise Refused("unreadable", "nobody knows who sent it: hs_email_headers and hs_email_from_email are empty")
    fields: dict[str, Any] = {"message_id": _message_id(record), "from": sender}
    for name in ("to", "cc"):
        people = _addresses(headers.get(name)) or listed(record.text(f"hs_email_{name}_email"))
        if people:
            fields[name] = people
    if subject := " ".join(record.text("hs_email_subject").split()):
        fields["subject"] = subject
    fields |= _thread(record, around)
    as_mail = _read_as_mail(record, sender, subject, at)
    for mail in as_mail.events:
        if isinstance(mail, Email):
            told = (
                ("snippet", mail.data.snippet),
                ("automatic", mail.data.automatic),
                ("returns_on", mail.data.returns_on),
            )
            fields |= {name: value for name, value in told if value}
    return Taken(as_mail.kind, as_mail.why, [Word(f"email-{record.id}", "activity.email", at, fields)])


def _read_as_mail(record: Record, sender: str, subject: str, at: datetime) -> Item:
    """As much of a mail as HubSpot keeps of it, read by those who know mails."""
    text, html = (record.text(name)[:_MOST_WORDS] for name in ("hs_email_text", "hs_email_html"))
    mail = MIMEText((text or html).encode(errors="replace").decode(), "plain" if text else "html", "utf-8")
    mail["From"], mail["Date"] = sender, format_datetime(at)
    mail["Subject"] = Header(subject[:_MOST_OF_SUBJECT].encode(errors="replace").decode(), "utf-8").encode()
    return reading.read(mail.as_bytes(), record.place, "hubspot", _NOBODY)


def _thread(record: Record, around: Around) -> dict[str, Any]:
    told = around.answered.get((record.text("hs_email_thread_id"), _message_id(record)))
    if told is None:
        return {}
    first, before = told
    return {"in_reply_to": before, "references": list(dict.fromkeys((first, before)))}


class Sent(NamedTuple):
    """A mail's place in its thread."""

    at: datetime
    record: str
    message_id: str


def sent(record: Record, portal: Portal) -> tuple[str, Sent] | None:
    """The thread that a mail is in, and its place there; None if it is in none, or was not sent."""
    try:
        thread, at = record.text("hs_email_thread_id"), record.moment(portal.settings, "hs_timestamp")
        if record.kind != "emails" or not thread or at is None or record.text("hs_email_status").lower() in _UNSENT:
            return None
        return thread, Sent(at, record.id, _message_id(record))
    except Refused:
        return None


def answered(mails: Iterable[tuple[str, Sent]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Of each mail that does not open its thread, the thread's first and the one before it.

    A mail counts once, even if several people logged it.
    """
    threads: dict[str, dict[str, Sent]] = {}
    for thread, each in mails:
        known = threads.setdefault(thread, {})
        known[each.message_id] = min(each, known.get(each.message_id, each))
    found = {}
    for thread, members in threads.items():
        first, *others = in_order = sorted(members.values())
        for before, each in zip(in_order, others, strict=False):
            found[thread, each.message_id] = (first.message_id, before.message_id)
    return found


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
    return [address for each in found if isinstance(each, str) for address in listed(each)]
