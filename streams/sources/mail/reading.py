"""Reads one mail, as a careful person would: who wrote to whom, when, in which thread, and whether anybody wrote it.

Only headers and a short snippet leave here. Nothing that a mail can hold makes this fail: what cannot be used is
refused with its header block, and each mail's kind says what it was taken for and why.
"""

import re
from datetime import datetime
from email.message import Message
from hashlib import sha256
from typing import Any

from detectors.core.addresses import domain_of
from detectors.core.events import Event, Refused

from ..item import Item, event
from . import absence, headers, invitations, kinds
from .bodies import new_text, opened, reported, snippet, split
from .domains import Domains
from .headers import Dated, People, Person

MAX_NOTES = 10
# an address within somebody's name
_ADDRESS = re.compile(r"[^\s<>@\"'(),;:]{1,64}@[^\s<>@\"'(),;:]{1,255}")
REPORTS = frozenset({"bounce", "read receipt", "complaint"})


def read(raw: bytes, place: str, source: str, ours: Domains, now: datetime | None = None) -> Item:
    """The events of one mail, given whole or as its header block and the beginning of its text.

    Its event's id is its Message-ID, so that the copies in several mailboxes of one `source` are one event. Without one
    it is made from sender, date, subject and recipients. `now` is the receiver's clock: a Date more than a day ahead of
    it is not believed.
    """
    head, body = split(raw)
    mail = opened(head, body)
    people = headers.people(mail, "From")
    if not people.persons:
        people = headers.people(mail, "Sender")
    sender = people.persons[0] if people.persons else None
    to, cc = _recipients(mail, sender, ours)
    subject, told = headers.words(mail, "Subject"), new_text(mail)
    when = headers.dated(mail, now)
    invitation = invitations.read(mail, when.at, headers.offset(mail)) if when.at else None
    everybody = (*to.addresses, *cc.addresses)
    kind = kinds.of(mail, sender.address if sender else "", everybody, subject, told, invitation, ours)
    if sender is None:
        if kind.name == "bounce":
            return Item(place, head, kind.name, f"{kind.why}; it names nobody who sent it")
        return Item(place, head, "unreadable", refusal=Refused("unreadable", f"From: {_nobody(people)}"))
    if when.at is None:
        return Item(place, head, kind.name, kind.why, refusal=Refused("time", when.why))
    back = None
    if kind.name in ("out of office", "automatic reply"):
        back = absence.returns_on(subject, told, when.at.date())
    if back is not None:
        kind = kind._replace(name="out of office", why=f"{kind.why}; back on {back}")
    notes = _notes(mail, sender, to, cc, when, ours)
    if invitation is not None and not invitation.method:
        notes.append("its calendar part cannot be read")
    why = "; ".join(filter(None, (kind.why, *notes[:MAX_NOTES])))
    own = headers.message_id(mail)
    message_id = own or _made_up(mail, sender, to, cc, subject)
    references = headers.references(mail, message_id)
    answered = [each for each in headers.ids(mail, "In-Reply-To") if each != message_id]
    if kind.name in REPORTS:
        answered.append(reported(mail) or "")
    data = {
        "message_id": message_id,
        "in_reply_to": answered[0] if answered else None,
        "references": references,
        "from": sender.address,
        "to": to.addresses,
        "cc": cc.addresses,
        "subject": subject,
        "snippet": snippet(told),
        "automatic": kind.automatic or None,
        "returns_on": back,
    }
    told_of: list[Event] = []
    try:
        told_of.append(event(source, _id(message_id), "activity.email", when.at, _said(data)))
        if (
            invitation is not None
            and invitation.meeting is not None
            and kind.name in ("meeting request", "meeting cancelled")
        ):
            told_of.append(event(source, invitation.id, "activity.meeting", when.at, invitation.meeting))
    except Refused as refusal:
        return Item(place, head, kind.name, why, tuple(told_of), refusal)
    return Item(place, head, kind.name, why, tuple(told_of))


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _recipients(mail: Message, sender: Person | None, ours: Domains) -> tuple[People, People]:
    """To and Cc; of our own copies also Bcc. Where they name nobody, the mailbox that it was put into."""
    to = headers.people(mail, "To")
    cc = headers.people(mail, "Cc", "Bcc") if sender and ours.ours(sender.address) else headers.people(mail, "Cc")
    if not to.persons and not cc.persons:
        to = headers.people(mail, "Delivered-To", "X-Original-To", "Envelope-To")
    known = set(to.addresses)
    return to, cc._replace(persons=tuple(each for each in cc.persons if each.address not in known))


def _made_up(mail: Message, sender: Person, to: People, cc: People, subject: str) -> str:
    """An id for a mail without one, the same in any mailbox."""
    received = list(headers.texts(mail, "Received"))
    date = headers.text(mail, "Date") or (received[-1] if received else "")
    everybody = sorted({*headers.people(mail, "To", "Cc").addresses})
    facts = "\n".join((sender.address, date, subject, *everybody))
    return f"<{sha256(facts.encode()).hexdigest()[:32]}@no-message-id.invalid>"


def _id(message_id: str) -> str:
    bare = message_id.strip("<>")
    return bare if len(bare) <= headers.MAX_ID else f"sha256:{sha256(bare.encode()).hexdigest()}"


def _notes(mail: Message, sender: Person, to: People, cc: People, when: Dated, ours: Domains) -> list[str]:
    """What else a careful person would remark on."""
    notes = [when.why]
    for each in (sender, *to.persons, *cc.persons):
        domain = domain_of(each.address)
        if like := ours.look_alike(domain):
            notes.append(f"{domain} looks like {like}, and is not ours")
    named = next(iter(_ADDRESS.findall(sender.name)), "")
    if named and named.casefold() != sender.address:
        notes.append(f"the sender's name says {named!r}, the address is another's")
    if resent := headers.people(mail, "Resent-From").persons:
        notes.append(f"passed on by {resent[0].address}")
    notes += [f"{each!r} is no address" for each in (*to.bad, *cc.bad)]
    return notes


def _nobody(people: People) -> str:
    return f"{people.bad[0]!r} is no address" if people.bad else "nobody is named"
