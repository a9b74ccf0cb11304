"""The strands of a deal's history: what an entry belongs to, and so which answers it can change.

An entry's kind is one, and so is every field that was told; absences and phrases are told by some mails only. That a
field took another value (`field stage`) is more than that it was told (`told stage`): a snapshot repeats what is known.
The whole `log` is a strand, too, to which every entry belongs. A set of strands is a number, with a bit for each.
"""

from collections.abc import Iterable
from functools import cache, reduce
from itertools import count
from operator import or_

from .log import (
    CallEntry,
    DealEntry,
    DocumentEntry,
    Entry,
    FeedbackEntry,
    MailEntry,
    MeetingEntry,
    MilestoneEntry,
    PersonEntry,
)

Strands = int
NONE: Strands = 0

_numbers = count()


@cache
def strand(name: str) -> Strands:
    """A strand by its name, as a set of one."""
    return 1 << next(_numbers)


@cache
def strands(*names: str) -> Strands:
    """Strands by their names."""
    return together(map(strand, names))


def together(sets: Iterable[Strands]) -> Strands:
    """All strands of some sets."""
    return reduce(or_, sets, NONE)


_KINDS: dict[type[Entry], Strands] = {
    PersonEntry: strand("person"),
    MilestoneEntry: strand("milestone"),
    MeetingEntry: strand("meeting"),
    CallEntry: strand("call"),
    DocumentEntry: strand("document"),
    FeedbackEntry: strand("feedback"),
}
_LOG = strand("log")


def strands_of(entry: Entry) -> Strands:
    """Those that can be asked for."""
    kind = _KINDS.get(type(entry))
    if kind is not None:
        return kind
    if isinstance(entry, MailEntry):
        return _mail(entry.returns_on is not None, bool(entry.phrases))
    assert isinstance(entry, DealEntry)
    return _deal(tuple(entry.fields))


def touched_by(entry: Entry) -> Strands:
    """All that an entry touches, wherever in the log it stands."""
    news = fields(*entry.fields) if isinstance(entry, DealEntry) else NONE
    return strands_of(entry) | news | _LOG


@cache
def told(name: str) -> Strands:
    """That a field was told."""
    return strand(f"told {name}")


@cache
def fields(*names: str) -> Strands:
    """That fields took other values."""
    return together(strand(f"field {name}") for name in names)


@cache
def _mail(is_absence: bool, has_phrases: bool) -> Strands:
    return strand("mail") | (is_absence and strand("absence")) | (has_phrases and strand("phrase"))


@cache
def _deal(names: tuple[str, ...]) -> Strands:
    return strand("deal") | together(map(told, names))
