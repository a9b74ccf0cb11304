"""Who said what to whom: the touches of a deal in order, and which of ours answer which of theirs.

A mail names the one that it answers in its headers. Where they were lost on the way, its subject and its people tell.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from . import subjects
from .log import CallEntry, Entry, MailEntry, MeetingEntry

ANSWERED_WITHIN = timedelta(days=30)
"""How old a mail may be that another one without reply headers continues."""

IsOurs = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Touch:
    """A mail, call or meeting between the two sides.

    `people` are those on the buyer's side; `two_way` means that they took part by themselves; `answers` is the event of
    the other side's mail that this mail replies to; `opens` means that it begins a thread.
    """

    at: datetime
    event: str
    kind: Literal["mail", "call", "meeting"]
    direction: Literal["inbound", "outbound", "both"]
    people: tuple[str, ...]
    two_way: bool
    subject: str | None = None
    answers: str | None = None
    opens: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether we made it."""
        return self.direction == "outbound"

    @property
    def is_reply(self) -> bool:
        """Whether we made it and it only answers the buyer."""
        return self.is_ours and self.answers is not None

    @property
    def words(self) -> str:
        """The touch in a few words, as evidence quotes it."""
        if self.kind == "meeting":
            return "meeting held"
        who = "our" if self.is_ours else "their"
        what = f"mail '{self.subject}'" if self.kind == "mail" and self.subject else self.kind
        return f"{who} {what}"


class _Mail(NamedTuple):
    """A mail of which the next one may be an answer, or a copy; `thread` is the name of its thread."""

    event: str
    at: datetime
    sender: str
    to: tuple[str, ...]
    inbound: bool
    thread: str

    @property
    def second(self) -> datetime:
        """When it was sent, as mails tell it."""
        return self.at.replace(microsecond=0)


class _Thread(NamedTuple):
    """The last mail of a thread, of theirs in it, and of ours."""

    last: _Mail
    theirs: _Mail | None = None
    ours: _Mail | None = None

    def plus(self, mail: _Mail) -> "_Thread":
        return self._replace(last=mail, **{"theirs" if mail.inbound else "ours": mail})


@dataclass(frozen=True, slots=True)
class _Mailbox:
    """The mails of a deal so far, by what the next one may name of them.

    That is the id of a mail or of its copy, a thread's name, the first id of a thread that goes by another name, and
    the words of a subject.
    """

    by_id: dict[str, _Mail] = field(default_factory=dict)
    threads: dict[str, _Thread] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    by_words: dict[str, tuple[_Mail, ...]] = field(default_factory=dict)
    copies: set[str] = field(default_factory=set)

    def copy(self) -> "_Mailbox":
        """The same, to be added to."""
        return _Mailbox(dict(self.by_id), dict(self.threads), dict(self.renamed), dict(self.by_words), set(self.copies))

    def thread_of(self, mail: MailEntry) -> str:
        """The name of the thread that its headers name; of a mail without them, its own."""
        return self.renamed.get(mail.thread[-1], mail.thread[-1])

    def original_of(self, mail: MailEntry, words: str) -> _Mail | None:
        """The mail of which this one is a copy under another id.

        Gateways that file a mail for each mailbox give each copy an id of its own. What they leave as it is are sender,
        second and subject; and each mailbox's owner is on it with the others.
        """
        second = mail.at.replace(microsecond=0)
        for other in reversed(self.by_words.get(words, ())):
            if other.second != second:
                break
            if other.sender == mail.sender and not set(other.to).isdisjoint(mail.to):
                return other
        return None

    def continued_by(self, mail: MailEntry, words: str) -> _Mail | None:
        """The newest mail of this subject between the same people: one on it wrote this one, and one gets it."""
        for other in reversed(self.by_words.get(words, ())):
            if mail.at - other.at > ANSWERED_WITHIN:
                break
            people = {other.sender, *other.to}
            if mail.sender in people and not people.isdisjoint(each for each in mail.to if each != mail.sender):
                return other
        return None

    def put(self, mail: MailEntry, kept: _Mail, words: str) -> None:
        """A mail that is told for the first time."""
        self.by_id[mail.thread[0]] = kept
        thread = self.threads.get(kept.thread)
        self.threads[kept.thread] = (thread or _Thread(kept)).plus(kept)
        if kept.thread != mail.thread[-1]:
            self.renamed[mail.thread[-1]] = kept.thread
        self.by_words[words] = (*self.by_words.get(words, ()), kept)

    def put_copy(self, mail: MailEntry, original: _Mail) -> None:
        """A mail that is told again: who answers its id answers that mail, and in that mail's thread."""
        self.copies.add(mail.event)
        if mail.thread[0] not in self.by_id:
            self.by_id[mail.thread[0]] = original
            if len(mail.thread) == 1:
                self.renamed[mail.thread[0]] = original.thread


@dataclass(frozen=True, slots=True)
class Conversation:
    """The touches of a deal, oldest first, and what is needed to tell what the next entry answers or tells anew."""

    touches: tuple[Touch, ...] = ()
    _mails: _Mailbox = field(default_factory=_Mailbox)
    # the first word on each call
    _calls: Mapping[str, CallEntry] = field(default_factory=dict)

    def plus(self, entries: Iterable[Entry], is_ours: IsOurs) -> "Conversation":
        """With newer entries, in order. Automatic and internal mail is no touch, nor is a copy of a mail told.

        Of a call that is told again the newest word counts, at the place of the first.
        """
        told, mails, calls = list(self.touches), self._mails, dict(self._calls)
        for entry in entries:
            match entry:
                case MailEntry(automatic=False):
                    mails = mails.copy() if mails is self._mails else mails
                    touch = _mail(entry, is_ours, mails)
                case CallEntry(call=call):
                    first = calls.setdefault(call, entry) if call else entry
                    told = [each for each in told if each.event != first.event]
                    touch = _call(entry, first, is_ours)
                case MeetingEntry(status="held"):
                    touch = _meeting(entry, is_ours)
                case _:
                    continue
            if touch is not None:
                insort(told, touch, key=lambda each: (each.at, each.event))
        return Conversation(tuple(told), mails, calls)

    @property
    def copies(self) -> Set[str]:
        """The events that told of a mail again."""
        return self._mails.copies


def touches(log: Iterable[Entry], is_ours: IsOurs) -> tuple[Touch, ...]:
    """The touches among a deal's entries, oldest first."""
    return Conversation().plus(log, is_ours).touches


def _mail(mail: MailEntry, is_ours: IsOurs, mails: _Mailbox) -> Touch | None:
    inbound = not is_ours(mail.sender)
    people = (mail.sender,) if inbound else _theirs(mail.to, is_ours)
    if not people:
        return None
    subject = subjects.read(mail.subject or "")
    original = mails.by_id.get(mail.thread[0]) or mails.original_of(mail, subject.words)
    if original is not None:
        mails.put_copy(mail, original)
        return None
    opens, thread = len(mail.thread) == 1, mails.thread_of(mail)
    answered = None if opens else _answered(mail, inbound, mails)
    if opens and subject.answers and subject.words:
        before = mails.continued_by(mail, subject.words)
        if before is not None:
            opens, thread = False, before.thread
            answered = mails.threads[thread].ours if inbound else mails.threads[thread].theirs
    if answered is not None and not inbound and answered.sender not in mail.to:
        # what we pass on to somebody else is no answer to who wrote it
        answered = None
    kept = _Mail(mail.event, mail.at, mail.sender, mail.to, inbound, thread)
    mails.put(mail, kept, subject.words)
    return Touch(
        mail.at,
        mail.event,
        "mail",
        "inbound" if inbound else "outbound",
        people,
        two_way=inbound,
        subject=mail.subject,
        answers=answered.event if answered else None,
        opens=opens,
    )


def _answered(mail: MailEntry, inbound: bool, mails: _Mailbox) -> _Mail | None:
    """The other side's mail that a mail's headers name; the thread's last one where that is unknown."""
    own, parent, _ = mail.thread
    thread = mails.threads.get(mails.thread_of(mail))
    found = (mails.by_id.get(parent) if parent != own else None) or (thread and thread.last)
    return found if found is not None and found.inbound is not inbound else None


def _call(call: CallEntry, first: CallEntry, is_ours: IsOurs) -> Touch | None:
    people = _theirs(call.people, is_ours)
    if call.people and not people:
        return None
    return Touch(first.at, first.event, "call", call.direction, people, two_way=call.connected is True)


def _meeting(meeting: MeetingEntry, is_ours: IsOurs) -> Touch | None:
    if is_internal(meeting, is_ours):
        return None
    return Touch(meeting.at, meeting.event, "meeting", "both", _buyers_in(meeting, is_ours), two_way=True)


def is_internal(meeting: MeetingEntry, is_ours: IsOurs) -> bool:
    """Whether only we were in it. Without an attendee list it was put on the deal by somebody: with the buyer."""
    return bool(meeting.attendees) and not _buyers_in(meeting, is_ours)


def _buyers_in(meeting: MeetingEntry, is_ours: IsOurs) -> tuple[str, ...]:
    return _theirs((meeting.organizer, *meeting.attendees) if meeting.organizer else meeting.attendees, is_ours)


@lru_cache(maxsize=65_536)
def _theirs(people: tuple[str, ...], is_ours: IsOurs) -> tuple[str, ...]:
    """Those on the buyer's side, each once. The same few people are asked about again and again."""
    return tuple(each for each in dict.fromkeys(people) if not is_ours(each))
