"""Who said what to whom: the touches of a deal in order, and which of ours answer which of theirs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Conversation:
    """The touches of a deal, oldest first, and what is needed to tell of the next mail what it answers."""

    touches: tuple[Touch, ...] = ()
    # each mail's (event, inbound): by its own id, and the last of its thread by the thread's first id
    _mails: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    _last_of: Mapping[str, tuple[str, bool]] = field(default_factory=dict)

    def plus(self, entries: Iterable[Entry], is_ours: IsOurs) -> "Conversation":
        """With newer entries, in order. Automatic and internal mail is no touch, nor is a copy of a mail told."""
        told, mails, last_of = list(self.touches), dict(self._mails), dict(self._last_of)
        for entry in entries:
            match entry:
                case MailEntry(automatic=False):
                    touch = _mail(entry, is_ours, mails, last_of)
                case CallEntry():
                    touch = _call(entry, is_ours)
                case MeetingEntry(status="held"):
                    touch = _meeting(entry, is_ours)
                case _:
                    continue
            if touch is not None:
                told.append(touch)
        return self if len(told) == len(self.touches) else Conversation(tuple(told), mails, last_of)


def touches(log: Iterable[Entry], is_ours: IsOurs) -> tuple[Touch, ...]:
    """The touches among a deal's entries, oldest first."""
    return Conversation().plus(log, is_ours).touches


_Mails = dict[str, tuple[str, bool]]


def _mail(mail: MailEntry, is_ours: IsOurs, mails: _Mails, last_of: _Mails) -> Touch | None:
    inbound = not is_ours(mail.sender)
    people = (mail.sender,) if inbound else _theirs(mail.to, is_ours)
    if not people or mail.thread[0] in mails:
        return None
    answered = _answered(mail.thread, mails, last_of)
    mails[mail.thread[0]] = last_of[mail.thread[-1]] = (mail.event, inbound)
    return Touch(
        mail.at,
        mail.event,
        "mail",
        "inbound" if inbound else "outbound",
        people,
        two_way=inbound,
        subject=mail.subject,
        answers=answered[0] if answered and answered[1] is not inbound else None,
        opens=len(mail.thread) == 1,
    )


def _answered(thread: tuple[str, ...], mails: _Mails, last_of: _Mails) -> tuple[str, bool] | None:
    """The mail that a mail answers; the thread's last mail where that one is unknown."""
    if len(thread) == 1:
        return None
    own, parent, first = thread
    return (mails.get(parent) if parent != own else None) or last_of.get(first)


def _call(call: CallEntry, is_ours: IsOurs) -> Touch | None:
    people = _theirs(call.people, is_ours)
    if call.people and not people:
        return None
    return Touch(call.at, call.event, "call", call.direction, people, two_way=call.connected is True)


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
