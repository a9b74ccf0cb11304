"""What a mail says of itself, read once: who, to whom, when, in what words, with what invitation."""

from datetime import datetime
from email.message import Message
from typing import NamedTuple

from . import headers, invitations
from .bodies import new_text
from .domains import Domains
from .headers import Dated, People, Person
from .invitations import Invitation


class Letter(NamedTuple):
    """A mail's own account of itself.

    `text` is what its writer wrote anew; `passed_on_by` a group of ours that put its own name in the writer's place.
    """

    mail: Message
    sender: Person | None
    to: People
    cc: People
    subject: str
    text: str
    when: Dated
    invitation: Invitation | None
    passed_on_by: str | None = None

    @property
    def writer(self) -> str:
        """The sender's address; empty if it has none."""
        return self.sender.address if self.sender else ""

    @property
    def mailbox(self) -> str:
        """The part of the sender's address before the @."""
        return self.writer.rpartition("@")[0]

    @property
    def own_id(self) -> str | None:
        """The mail's Message-ID."""
        return headers.message_id(self.mail)

    @property
    def answers(self) -> tuple[str, ...]:
        """The ids of the mails that it says it answers; never its own."""
        return tuple(each for each in headers.ids(self.mail, "In-Reply-To") if each != self.own_id)

    @property
    def everybody(self) -> tuple[str, ...]:
        """Whom it went to."""
        return (*self.to.addresses, *self.cc.addresses)

    def said(self, name: str) -> str:
        """A header in lower case, without comments and parameters, as its keywords are compared."""
        return headers.text(self.mail, name).partition(";")[0].partition("(")[0].strip().lower()

    @property
    def has_no_return(self) -> bool:
        """Whether it wants no answer, not even that it could not be delivered: programs write so."""
        return self.said("Return-Path").replace(" ", "") == "<>"


def read(mail: Message, ours: Domains, now: datetime | None) -> Letter:
    """The letter in a mail. Who writes to a group of ours is the sender, though the group puts its own name there."""
    senders = headers.people(mail, "From").persons or headers.people(mail, "Sender").persons
    sender, group = (senders[0] if senders else None), None
    if sender is not None and ours.ours(sender.address) and is_our_group(mail, ours):
        for original in headers.people(mail, "X-Original-From").persons[:1]:
            sender, group = original, sender.address
    is_ours = sender is not None and ours.ours(sender.address)
    to, cc = _recipients(mail, is_ours)
    when = headers.dated(mail, now, is_ours)
    invitation = invitations.read(mail, when.at, headers.offset(mail)) if when.at else None
    return Letter(mail, sender, to, cc, headers.words(mail, "Subject"), new_text(mail), when, invitation, group)


def list_name(mail: Message) -> str:
    """The name of the mailing list that it came by."""
    return headers.text(mail, "List-Id").rpartition("<")[2].partition(">")[0].strip().lower()


def is_our_group(mail: Message, ours: Domains) -> bool:
    """Whether it came by a list of our own: a group of ours, or a mailbox that several of us read."""
    return ours.has(list_name(mail))


def _recipients(mail: Message, is_ours: bool) -> tuple[People, People]:
    """To and Cc; of our own copies also Bcc. Where they name nobody, the mailbox that it was put into."""
    to = headers.people(mail, "To")
    cc = headers.people(mail, "Cc", "Bcc") if is_ours else headers.people(mail, "Cc")
    if not to.persons and not cc.persons:
        to = headers.people(mail, "Delivered-To", "X-Original-To", "Envelope-To")._replace(bad=to.bad)
    known = set(to.addresses)
    return to, cc._replace(persons=tuple(each for each in cc.persons if each.address not in known))
