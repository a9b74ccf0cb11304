"""Reads one mail, as a careful person would: who wrote to whom, when, in which thread, and whether anybody wrote it.

Only headers and a short snippet leave here. Nothing that a mail can hold makes this fail: what cannot be used is
refused with its header block, and each mail's kind says what it was taken for and why.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from email.message import Message
from hashlib import sha256
from typing import Any, NamedTuple

from detectors.core.addresses import domain_of
from detectors.core.events import Event, Refused

from ..item import Item, event
from . import headers, invitations, kinds
from .bodies import new_text, opened, reported, snippet, split
from .domains import Domains
from .headers import Dated, People, Person
from .invitations import Invitation
from .kinds import Kind

MAX_NOTES = 10
# an address within somebody's name
_ADDRESS = re.compile(r"[^\s<>@\"'(),;:]{1,64}@[^\s<>@\"'(),;:]{1,255}")


class _Letter(NamedTuple):
    """What a mail says of itself."""

    mail: Message
    sender: Person | None
    to: People
    cc: People
    subject: str
    text: str
    when: Dated
    invitation: Invitation | None


def read(raw: bytes, place: str, source: str, ours: Domains, now: datetime | None = None) -> Item:
    """The events of one mail, given whole or as its header block and the beginning of its text.

    A mail's event has its Message-ID for an id, so that the copies in several mailboxes of one `source` are one event;
    the first that comes counts. Without one the id is made from sender, date, subject and recipients. What is automatic
    is told as such, and is no touch; a bounce that nobody sent is no event. `now` is the receiver's clock: a Date more
    than a day ahead of it is not believed.
    """
    head, body = split(raw)
    letter = _letter(opened(head, body), ours, now)
    kind = _kind(letter, ours)
    if letter.sender is None and kind.name == "bounce":
        return Item(place, head, kind.name, f"{kind.why}; it names nobody who sent it")
    if letter.sender is None:
        return Item(place, head, "unreadable", refusal=Refused("unreadable", f"From: {_nobody(letter.mail)}"))
    if letter.when.at is None:
        return Item(place, head, kind.name, kind.why, refusal=Refused("time", letter.when.why))
    why = "; ".join((kind.why, *_notes(letter, letter.sender, ours)))
    told: list[Event] = []
    try:
        for id, type, fields in _events(letter, letter.sender, kind, letter.when.at):
            said = {name: value for name, value in fields.items() if value}
            told.append(event(source, id, type, letter.when.at, said))
    except Refused as refusal:
        return Item(place, head, kind.name, why, tuple(told), refusal)
    return Item(place, head, kind.name, why, tuple(told))


def _letter(mail: Message, ours: Domains, now: datetime | None) -> _Letter:
    senders = headers.people(mail, "From").persons or headers.people(mail, "Sender").persons
    sender = senders[0] if senders else None
    to, cc = _recipients(mail, sender is not None and ours.ours(sender.address))
    when = headers.dated(mail, now)
    invitation = invitations.read(mail, when.at, headers.offset(mail)) if when.at else None
    return _Letter(mail, sender, to, cc, headers.words(mail, "Subject"), new_text(mail), when, invitation)


def _recipients(mail: Message, is_ours: bool) -> tuple[People, People]:
    """To and Cc; of our own copies also Bcc. Where they name nobody, the mailbox that it was put into."""
    to = headers.people(mail, "To")
    cc = headers.people(mail, "Cc", "Bcc") if is_ours else headers.people(mail, "Cc")
    if not to.persons and not cc.persons:
        to = headers.people(mail, "Delivered-To", "X-Original-To", "Envelope-To")._replace(bad=to.bad)
    known = set(to.addresses)
    return to, cc._replace(persons=tuple(each for each in cc.persons if each.address not in known))


def _kind(letter: _Letter, ours: Domains) -> Kind:
    sender = letter.sender.address if letter.sender else ""
    everybody = (*letter.to.addresses, *letter.cc.addresses)
    return kinds.of(
        letter.mail, sender, everybody, letter.subject, letter.text, letter.when.at, letter.invitation, ours
    )


def _events(letter: _Letter, sender: Person, kind: Kind, at: datetime) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Id, type and fields of each event."""
    mail = letter.mail
    message_id = headers.message_id(mail) or _made_up(letter, sender)
    answered = [each for each in headers.ids(mail, "In-Reply-To") if each != message_id]
    if not answered and kind.name in kinds.REPORTS:
        answered = [each for each in reported(mail) if each != message_id]
    fields = {
        "message_id": message_id,
        "in_reply_to": next(iter(answered), None),
        "references": headers.references(mail, message_id),
        "from": sender.address,
        "to": letter.to.addresses,
        "cc": letter.cc.addresses,
        "subject": letter.subject,
        "snippet": snippet(letter.text),
        "automatic": kind.automatic,
        "returns_on": kind.returns_on,
    }
    yield _id(message_id), "activity.email", fields
    if letter.invitation is not None and letter.invitation.meeting and kind.name in kinds.MEETINGS:
        yield letter.invitation.id, "activity.meeting", letter.invitation.meeting


def _made_up(letter: _Letter, sender: Person) -> str:
    """An id for a mail without one, the same in any mailbox."""
    first_hop = list(headers.texts(letter.mail, "Received"))[-1:]
    date = headers.text(letter.mail, "Date") or next(iter(first_hop), "")
    everybody = sorted(headers.people(letter.mail, "To", "Cc").addresses)
    facts = "\n".join((sender.address, date, letter.subject, *everybody))
    return f"<{sha256(facts.encode()).hexdigest()[:32]}@no-message-id.invalid>"


def _id(message_id: str) -> str:
    bare = message_id.strip("<>")
    return bare if bare and len(bare) <= headers.MAX_ID else f"sha256:{sha256(bare.encode()).hexdigest()}"


def _notes(letter: _Letter, sender: Person, ours: Domains) -> list[str]:
    """What else a careful person would remark on, ten things at most."""
    notes = [letter.when.why] if letter.when.why else []
    domains = dict.fromkeys(domain_of(each.address) for each in (sender, *letter.to.persons, *letter.cc.persons))
    likes = ((domain, ours.look_alike(domain)) for domain in domains)
    notes += [f"{domain} looks like {like}, and is not ours" for domain, like in likes if like]
    named = next(iter(_ADDRESS.findall(sender.name)), "")
    if named and named.casefold() != sender.address:
        notes.append(f"the sender's name says {named!r}, the address is another's")
    if resent := headers.people(letter.mail, "Resent-From").persons:
        notes.append(f"passed on by {resent[0].address}")
    if letter.invitation is not None and not letter.invitation.method:
        notes.append("its calendar part cannot be read")
    notes += [f"{each!r} is no address" for each in (*letter.to.bad, *letter.cc.bad)]
    return notes[:MAX_NOTES]


def _nobody(mail: Message) -> str:
    bad = headers.people(mail, "From", "Sender").bad
    return f"{bad[0]!r} is no address" if bad else "nobody is named"
