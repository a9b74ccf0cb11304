"""Reads one mail, as a careful person would: who wrote to whom, when, in which thread, and whether anybody wrote it.

Only headers and a short snippet leave here. Nothing that a mail can hold makes this fail: what cannot be used is
refused with its header block, and each mail's kind says what it was taken for and why.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from detectors.core.addresses import domain_of
from detectors.core.events import Event, Refused

from ..item import Item, event
from . import headers, kinds, reports
from . import letter as letters
from .bodies import opened, reported, snippet, split
from .domains import Domains
from .kind import Kind
from .letter import Letter

MAX_NOTES = 10
# the last resort: what fails in a way that is not known
BEYOND_US = "nothing could be made of it"
# an address within somebody's name
_ADDRESS = re.compile(r"[^\s<>@\"'(),;:]{1,64}@[^\s<>@\"'(),;:]{1,255}")


def read(raw: bytes, place: str, source: str, ours: Domains, now: datetime | None = None) -> Item:
    """The events of one mail, given whole or as its header block and the beginning of its text.

    A mail's event has its Message-ID for an id, so that the copies in several mailboxes of one `source` are one event;
    the first that comes counts. Without one the id is made from sender, date, subject and recipients, without a date
    from all that is read. What is automatic is told as such, and is no touch; a bounce that nobody sent is no event.
    `now` is the receiver's clock: a Date more than a day ahead of it is not believed.
    """
    head, body = split(raw)
    try:
        return _read(head, body, place, source, ours, now)
    except Exception as error:
        # none is known; but Python's mail parser raises anything over what strangers write, and one such mail
        # must not keep all others from being read, round after round
        why = f"{BEYOND_US} ({type(error).__name__})"
        return Item(place, head, "unreadable", why, refusal=Refused("unreadable", why))


def _read(head: bytes, body: bytes, place: str, source: str, ours: Domains, now: datetime | None) -> Item:
    letter = letters.read(opened(head, body), ours, now)
    kind = kinds.of(letter, ours)
    if letter.sender is None and kind.name == "bounce":
        return Item(place, head, kind.name, f"{kind.why}; it names nobody who sent it")
    if letter.sender is None:
        nobody = f"From: {_nobody(letter)}"
        return Item(place, head, "unreadable", nobody, refusal=Refused("unreadable", nobody))
    why = "; ".join((kind.why, *_notes(letter, ours)))
    if letter.when.at is None:
        return Item(place, head, kind.name, why, refusal=Refused("time", letter.when.why))
    told: list[Event] = []
    try:
        for id, type, fields in _events(letter, kind):
            said = {name: value for name, value in fields.items() if value}
            told.append(event(source, id, type, letter.when.at, said))
    except Refused as refusal:
        return Item(place, head, kind.name, why, tuple(told), refusal)
    return Item(place, head, kind.name, why, tuple(told))


def _events(letter: Letter, kind: Kind) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Id, type and fields of each event."""
    message_id = letter.own_id or _made_up(letter)
    answered = letter.answers or (reported(letter.mail) if kind.name in reports.NAMES else ())
    fields = {
        "message_id": message_id,
        "in_reply_to": next(iter(answered), None),
        "references": headers.references(letter.mail, message_id),
        "from": letter.writer,
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


def _made_up(letter: Letter) -> str:
    """An id for a mail without one, the same in any mailbox; of what has no date either, only if its headers are."""
    first_hop = list(headers.texts(letter.mail, "Received"))[-1:]
    date = headers.text(letter.mail, "Date") or next(iter(first_hop), "")
    everybody = sorted(headers.people(letter.mail, "To", "Cc").addresses)
    facts = "\n".join((letter.writer, date, letter.subject, *everybody))
    if not date:
        facts += "\n".join((*(f"{name}: {value}" for name, value in letter.mail.items()), letter.text))
    return f"<{sha256(facts.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@no-message-id.invalid>"


def _id(message_id: str) -> str:
    bare = message_id.strip("<>")
    return bare if bare and len(bare) <= headers.MAX_ID else f"sha256:{sha256(bare.encode()).hexdigest()}"


def _notes(letter: Letter, ours: Domains) -> list[str]:
    """What else a careful person would remark on, ten things at most."""
    notes = ["from us"] if ours.ours(letter.writer) else []
    notes += [letter.when.why] if letter.when.why else []
    domains = dict.fromkeys(map(domain_of, (letter.writer, *letter.everybody)))
    likes = ((domain, ours.look_alike(domain)) for domain in domains)
    notes += [f"{domain} looks like {like}, and is not ours" for domain, like in likes if like]
    named = next(iter(_ADDRESS.findall(letter.sender.name if letter.sender else "")), "")
    if named and named.casefold() != letter.writer:
        notes.append(f"the sender's name says {named!r}, the address is another's")
    resent = headers.people(letter.mail, "Resent-From").addresses[:1]
    notes += [f"passed on by {each}" for each in (*resent, letter.passed_on_by) if each]
    if letter.invitation is not None and not letter.invitation.method:
        notes.append("its calendar part cannot be read")
    notes += [f"{each!r} is no address" for each in (*letter.to.bad, *letter.cc.bad)]
    return notes[:MAX_NOTES]


def _nobody(letter: Letter) -> str:
    bad = headers.people(letter.mail, "From", "Sender").bad
    return f"{bad[0]!r} is no address" if bad else "nobody is named"
