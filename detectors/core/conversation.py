"""Who said what to whom: the touches of a deal in order, and which of ours answer which of theirs."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, reduce
from typing import Literal, NamedTuple

from .log import CallEntry, Entry, MailEntry, MeetingEntry
from .threads import Threads
from .values import value

IsOurs = Callable[[str], bool]


@value(frozen=True, slots=True)
class Touch:
    """A mail, call or meeting between the two sides.

    `people` are those on the buyer's side; `two_way` means that they took part by themselves; `answers` is the event of
    the other side's mail that this mail replies to, which had `waited` so long; `opens` means that it begins a thread.
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
    waited: timedelta | None = None

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


class Rows(NamedTuple):
    """What is asked of the touches so far, each row oldest first.

    `two_way` are those in which the buyer took part by themselves, `asks` the mails with which they opened a thread,
    and `pushes` our mails and calls that answer nothing and that nobody took. `first_contacts` are those of ours that
    answer nothing and went to somebody new, with who that is. `unanswered` are ours since the buyer's last sign of
    life, and `replies` our newest ones as far as they are replies; what follows on the same mail is none.
    """

    two_way: tuple[Touch, ...] = ()
    asks: tuple[Touch, ...] = ()
    pushes: tuple[Touch, ...] = ()
    first_contacts: tuple[tuple[Touch, tuple[str, ...]], ...] = ()
    unanswered: tuple[Touch, ...] = ()
    replies: tuple[Touch, ...] = ()
    people: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()

    def plus(self, touch: Touch) -> "Rows":
        """With the next touch."""
        two_way, asks, pushes, first_contacts, unanswered, replies, people, answered = self
        new = tuple([person for person in touch.people if person not in people])
        if new:
            people = people.union(new)
        if touch.two_way:
            two_way = (*two_way, touch)
        unanswered = (*unanswered, touch) if touch.is_ours and not touch.two_way else ()
        if not touch.is_ours:
            asks = (*asks, touch) if touch.opens else asks
        elif touch.answers is None:
            pushes = pushes if touch.two_way else (*pushes, touch)
            first_contacts = (*first_contacts, (touch, new)) if new else first_contacts
            replies = ()
        elif touch.answers not in answered:
            replies, answered = (*replies, touch), answered | {touch.answers}
        return Rows(two_way, asks, pushes, first_contacts, unanswered, replies, people, answered)


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    """The touches of a deal, oldest first, and what is needed to tell what the next entry answers or tells anew."""

    touches: tuple[Touch, ...] = ()
    rows: Rows = field(default_factory=Rows)
    _threads: Threads = field(default_factory=Threads)
    # the first word on each call
    _calls: Mapping[str, CallEntry] = field(default_factory=dict)

    def plus(self, entries: Iterable[Entry], is_ours: IsOurs) -> "Conversation":
        """With newer entries, in order. Automatic and internal mail is no touch, nor is a copy of a mail told.

        Of a call that is told again the newest word counts, at the place of the first.
        """
        told, rows, threads, calls = list(self.touches), self.rows, self._threads, dict(self._calls)
        is_other = is_retold = False
        for entry in entries:
            match entry:
                case MailEntry(automatic=False):
                    threads = threads.copy() if threads is self._threads else threads
                    touch = _mail(entry, is_ours, threads)
                case CallEntry(call=call):
                    first = calls.setdefault(call, entry) if call else entry
                    if first is not entry:
                        told, is_retold = [each for each in told if each.event != first.event], True
                    touch = _call(entry, first, is_ours)
                case MeetingEntry(status="held"):
                    touch = _meeting(entry, is_ours)
                case _:
                    continue
            is_other |= touch is not None or threads is not self._threads or isinstance(entry, CallEntry)
            if touch is not None:
                told.append(touch)
                rows = rows.plus(touch)
        if is_retold:
            told.sort(key=lambda each: (each.at, each.event))
            rows = reduce(Rows.plus, told, Rows())
        return Conversation(tuple(told), rows, threads, calls) if is_other else self

    @property
    def copies(self) -> Set[str]:
        """The events that told of a mail again."""
        return self._threads.copies


def touches(log: Iterable[Entry], is_ours: IsOurs) -> tuple[Touch, ...]:
    """The touches among a deal's entries, oldest first."""
    return Conversation().plus(log, is_ours).touches


def _mail(mail: MailEntry, is_ours: IsOurs, threads: Threads) -> Touch | None:
    inbound = not is_ours(mail.sender)
    people = (mail.sender,) if inbound else _theirs(mail.to, is_ours)
    place = threads.put(mail, inbound, people) if people else None
    if place is None:
        return None
    return Touch(
        mail.at,
        mail.event,
        "mail",
        "inbound" if inbound else "outbound",
        people,
        two_way=inbound,
        subject=mail.subject,
        answers=place.answers.event if place.answers else None,
        opens=place.opens,
        waited=mail.at - place.answers.at if place.answers else None,
    )


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
