"""Which mail answers which, and which one only tells of a mail again.

A mail names the one that it answers in its headers. Where they were lost on the way, its subject and its people tell.
And the same mail comes from each mailbox that it is in: under its own id, or under one that a gateway gave the copy.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from . import subjects
from .addresses import domain_of
from .log import MailEntry

ANSWERED_WITHIN = timedelta(days=30)
"""How old a mail may be that another one without reply headers continues."""


class Mail(NamedTuple):
    """A mail of which the next one may be an answer, or a copy; `thread` is the name of its thread.

    `people` are those on the buyer's side: who wrote it, or else who got it.
    """

    event: str
    at: datetime
    sender: str
    to: tuple[str, ...]
    people: tuple[str, ...]
    inbound: bool
    thread: str

    @property
    def second(self) -> datetime:
        """When it was sent, as mails tell it."""
        return self.at.replace(microsecond=0)


class Place(NamedTuple):
    """Where a mail stands: which mail of the other side it answers, and whether it opens its thread."""

    answers: Mail | None
    opens: bool


class _Thread(NamedTuple):
    """The last mail of a thread, of theirs in it, and of ours."""

    last: Mail
    theirs: Mail | None = None
    ours: Mail | None = None

    @classmethod
    def after(cls, thread: Self | None, mail: Mail) -> Self:
        """The thread, or a new one, with its next mail."""
        theirs, ours = (thread.theirs, thread.ours) if thread else (None, None)
        return cls(mail, mail, ours) if mail.inbound else cls(mail, theirs, mail)


@dataclass(frozen=True, slots=True)
class Threads:
    """The mails between the two sides so far, by what the next one may name of them; `copies` are events."""

    copies: set[str] = field(default_factory=set)
    # by the id of a mail or of a copy of it
    _mails: dict[str, Mail] = field(default_factory=dict)
    # by a thread's name, which is the id of its first mail; and that name by the first ids that stand for it
    _threads: dict[str, _Thread] = field(default_factory=dict)
    _renamed: dict[str, str] = field(default_factory=dict)
    # by the words of a subject, oldest first
    _of_words: dict[str, tuple[Mail, ...]] = field(default_factory=dict)

    def copy(self) -> "Threads":
        """The same, to be added to."""
        return Threads(
            set(self.copies), dict(self._mails), dict(self._threads), dict(self._renamed), dict(self._of_words)
        )

    def put(self, mail: MailEntry, inbound: bool, people: tuple[str, ...]) -> Place | None:
        """Take the next mail, in order of time, and say where it stands; None for a copy.

        `people` are those on the buyer's side.
        """
        subject = subjects.read(mail.subject or "")
        original = self._mails.get(mail.thread[0]) or self._original_of(mail, people, subject.words)
        if original is not None:
            self._put_copy(mail, original)
            return None
        answered, thread, opens = None, self._renamed.get(mail.thread[-1], mail.thread[-1]), False
        if len(mail.thread) > 1:
            answered = self._named_by(mail, thread)
        elif (before := self._continued_by(mail, subject)) is not None:
            thread = before.thread
            answered = self._threads[thread].ours if inbound else self._threads[thread].theirs
        else:
            opens = True
        # nor does one answer who is on their own side
        if answered is not None and (answered.inbound is inbound or not (inbound or _reaches(mail, answered, subject))):
            answered = None
        kept = Mail(mail.event, mail.at, mail.sender, mail.to, people, inbound, thread)
        self._put_new(mail, kept, subject.words)
        return Place(answered, opens)

    def _original_of(self, mail: MailEntry, people: tuple[str, ...], words: str) -> Mail | None:
        """The mail of which this one is a copy under another id.

        Gateways that file a mail for each mailbox give each copy an id of its own. What they leave as it is are sender,
        second and subject; and each mailbox's owner is on it with the others. A copy may lack those of the buyers who
        were on Bcc; but what goes to one buyer and to another in one second is two mails of one letter.
        """
        for other in reversed(self._of_words.get(words, ())):
            if other.second != mail.at.replace(microsecond=0):
                break
            shared, known, mine = set(other.to) & set(mail.to), set(other.people), set(people)
            if other.sender == mail.sender and shared and (known <= mine or mine <= known):
                return other
        return None

    def _named_by(self, mail: MailEntry, thread: str) -> Mail | None:
        """The mail that a mail's headers name; the last of its thread where that one is unknown."""
        own, parent, _ = mail.thread
        known = self._threads.get(thread)
        return (self._mails.get(parent) if parent != own else None) or (known.last if known else None)

    def _continued_by(self, mail: MailEntry, subject: subjects.Subject) -> Mail | None:
        """The newest mail that one without headers goes on with, if its subject begins as an answer's does.

        That one has the same subject, is not too old, and is between the same people: somebody who was on it wrote this
        mail, and somebody who was on it gets it.
        """
        if not subject.answers or not subject.words:
            return None
        for other in reversed(self._of_words.get(subject.words, ())):
            if mail.at - other.at > ANSWERED_WITHIN:
                break
            people = {other.sender, *other.to}
            if mail.sender in people and not people.isdisjoint(each for each in mail.to if each != mail.sender):
                return other
        return None

    def _put_new(self, mail: MailEntry, kept: Mail, words: str) -> None:
        self._mails[mail.thread[0]] = kept
        self._threads[kept.thread] = _Thread.after(self._threads.get(kept.thread), kept)
        if kept.thread != mail.thread[-1]:
            self._renamed[mail.thread[-1]] = kept.thread
        self._of_words[words] = (*self._of_words.get(words, ()), kept)

    def _put_copy(self, mail: MailEntry, original: Mail) -> None:
        """Who answers the copy's id answers that mail, and in that mail's thread."""
        self.copies.add(mail.event)
        if mail.thread[0] not in self._mails:
            self._mails[mail.thread[0]] = original
            if len(mail.thread) == 1:
                self._renamed[mail.thread[0]] = original.thread


def _reaches(mail: MailEntry, answered: Mail, subject: subjects.Subject) -> bool:
    """Whether our mail goes to who is answered, else it is passed on.

    People write from one address and are answered at another: what goes back to their company is for them, unless its
    subject says that it is passed on.
    """
    if answered.sender in mail.to:
        return True
    company = domain_of(answered.sender)
    return not subject.passed_on and any(domain_of(each) == company for each in mail.to)
