"""Who said what to whom: the touches of a deal in order, and which of ours answer which of theirs."""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from .log import CallEntry, Entry, MailEntry, MeetingEntry

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
    """A mail of which the next one may be an answer."""

    event: str
    sender: str
    inbound: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """The touches of a deal, oldest first, and what is needed to tell what the next entry answers or tells anew."""

    touches: tuple[Touch, ...] = ()
    # mails by their own id, and the last of each thread by the thread's first id; the first word on each call
    _mails: Mapping[str, _Mail] = field(default_factory=dict)
    _last_of: Mapping[str, _Mail] = field(default_factory=dict)
    _calls: Mapping[str, CallEntry] = field(default_factory=dict)

    def plus(self, entries: Iterable[Entry], is_ours: IsOurs) -> "Conversation":
        """With newer entries, in order. Automatic and internal mail is no touch, nor is a copy of a mail told.

        Of a call that is told again the newest word counts, at the place of the first.
        """
        told, mails, last_of, calls = list(self.touches), dict(self._mails), dict(self._last_of), dict(self._calls)
        for entry in entries:
            match entry:
                case MailEntry(automatic=False):
                    touch = _mail(entry, is_ours, mails, last_of)
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
        return Conversation(tuple(told), mails, last_of, calls)


def touches(log: Iterable[Entry], is_ours: IsOurs) -> tuple[Touch, ...]:
    """The touches among a deal's entries, oldest first."""
    return Conversation().plus(log, is_ours).touches


_Mails = dict[str, _Mail]


def _mail(mail: MailEntry, is_ours: IsOurs, mails: _Mails, last_of: _Mails) -> Touch | None:
    inbound = not is_ours(mail.sender)
    people = (mail.sender,) if inbound else _theirs(mail.to, is_ours)
    if not people or mail.thread[0] in mails:
        return None
    answered = _answered(mail, inbound, mails, last_of)
    mails[mail.thread[0]] = last_of[mail.thread[-1]] = _Mail(mail.event, mail.sender, inbound)
    return Touch(
        mail.at,
        mail.event,
        "mail",
        "inbound" if inbound else "outbound",
        people,
        two_way=inbound,
        subject=mail.subject,
        answers=answered.event if answered else None,
        opens=len(mail.thread) == 1,
    )


def _answered(mail: MailEntry, inbound: bool, mails: _Mails, last_of: _Mails) -> _Mail | None:
    """The other side's mail that a mail answers; the thread's last mail where the one that it names is unknown."""
    if len(mail.thread) == 1:
        return None
    own, parent, first = mail.thread
    found = (mails.get(parent) if parent != own else None) or last_of.get(first)
    if found is None or found.inbound is inbound:
        return None
    # what we pass on to somebody else is no answer to who wrote it
    return found if inbound or found.sender in mail.to else None


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
