"""The strands of a deal's history: what an entry belongs to, and so which answers it can change.

An entry's kind is one, and so is every field that was told; absences and phrases are told by some mails only. That a
field took another value (`field stage`) is more than that it was told (`told stage`): a snapshot repeats what is known.
The whole `log` is a strand, too, to which every entry belongs.
"""

from functools import cache

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

_KINDS: dict[type[Entry], frozenset[str]] = {
    PersonEntry: frozenset({"person"}),
    MilestoneEntry: frozenset({"milestone"}),
    MeetingEntry: frozenset({"meeting"}),
    CallEntry: frozenset({"call"}),
    DocumentEntry: frozenset({"document"}),
    FeedbackEntry: frozenset({"feedback"}),
}


def strands_of(entry: Entry) -> frozenset[str]:
    """Those that can be asked for."""
    if isinstance(entry, MailEntry):
        return _mail(entry.returns_on is not None, bool(entry.phrases))
    if isinstance(entry, DealEntry):
        return _deal(tuple(entry.fields))
    return _KINDS[type(entry)]


def touched_by(entry: Entry) -> frozenset[str]:
    """All that an entry touches, wherever in the log it stands."""
    if isinstance(entry, DealEntry):
        return _news(tuple(entry.fields), strands_of(entry))
    return strands_of(entry) | {"log"}


@cache
def _mail(is_absence: bool, has_phrases: bool) -> frozenset[str]:
    return frozenset({"mail"} | ({"absence"} if is_absence else set()) | ({"phrase"} if has_phrases else set()))


@cache
def _deal(fields: tuple[str, ...]) -> frozenset[str]:
    return frozenset({"deal", *(f"told {name}" for name in fields)})


@cache
def _news(fields: tuple[str, ...], strands: frozenset[str]) -> frozenset[str]:
    return strands | {"log", *(f"field {name}" for name in fields)}
