"""Up to when each source has reported. Unknown is not silent.

A source has reported up to its newest heartbeat or event. On what, its heartbeats say; one that sends none reports on
the types of its events, if the rules say how long it may be silent (`sources.<name>.max_silence`), and is trusted for
so long after its newest event. Any other source counts as complete. Where a source reports mailbox by mailbox, only
heartbeats count for a mailbox: no event says which one it was read from.

The inbox makes reports of heartbeats, and of the newest events of each source. They wait at the join for the clock
behind them, so that a busy source floods nothing, and go from there to all deals. There they come into force when time
has reached that clock: by then all that the source sent before is there, whichever way it took.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from detectors.core import events
from detectors.core.coverage import Coverage, Watermark
from detectors.core.events import EARLIEST, Moment
from detectors.core.rules import Rules

# beyond so many, what nobody has heard of is not taken up, unless the rules name it
MOST_SOURCES = 200
MOST_MAILBOXES = 10_000
# of one source or mailbox, while time lags behind
MOST_COMING = 8
REPORT_KEY = "\x00report\x00"
Question = tuple[tuple[str, ...], str | None]


class Key(NamedTuple):
    """Whose report it is, and how it was made: of one key, the newest counts."""

    source: str
    mailbox: str | None
    seen: bool


@dataclass(frozen=True, slots=True)
class Report:
    """A source has sent everything of these types up to `through`, by its event `event`; in force from `due` on.

    Of the whole source or of one mailbox; `seen` where no heartbeat says so, but an event that has come.
    """

    source: str
    mailbox: str | None
    seen: bool
    types: tuple[str, ...]
    through: Moment
    event: str
    due: Moment = EARLIEST

    @classmethod
    def by(cls, event: events.Event, now: datetime) -> "Report":
        """What an event reports to a receiver whose clock shows `now`: nobody has sent what has not happened yet."""
        if not isinstance(event, events.Heartbeat):
            return cls(event.source, None, True, (event.type,), min(event.time, now), event.ref)
        covers = tuple(sorted({*event.data.covers}.intersection(events.TYPES)))
        return cls(event.source, event.data.mailbox, False, covers, min(event.data.through, now), event.ref)

    @classmethod
    def of(cls, value: bytes) -> "Report":
        """The report in a record's value; `ValueError` if there is none."""
        return _REPORT.validate_json(value)

    def to_json(self) -> bytes:
        """The record's value."""
        return _REPORT.dump_json(self)

    @property
    def key(self) -> Key:
        """Whose report it is."""
        return Key(self.source, self.mailbox, self.seen)

    def plus(self, other: "Report") -> "Report":
        """What two of one key say together, which is in force when both are."""
        newest = max(self, other, key=lambda each: (each.through, each.event, each.types))
        types = tuple(sorted({*self.types, *other.types})) if self.seen else newest.types
        return replace(newest, types=types, due=max(self.due, other.due))

    def implies(self, other: "Report") -> bool:
        """Whether another of its key says nothing that this one does not say, or says it later."""
        return self.due <= other.due and replace(self.plus(other), due=self.due) == self


_REPORT = TypeAdapter(Report)
_REPORTS = TypeAdapter(list[Report])


class Heartbeats:
    """What one partition of deals knows of the sources; each report has a row in its table."""

    def __init__(self, partition: int, rules: Rules) -> None:
        self._partition = partition
        self._rules = rules
        self._sources: dict[str, dict[Key, Report]] = {}
        self._coming: dict[Key, list[Report]] = {}
        self._changed: dict[Key, None] = {}
        self._answers: dict[Question, Watermark | None] = {}

    def under(self, rules: Rules) -> None:
        """From now on, other rules say how long sources may be silent."""
        self._rules = rules
        self._answers.clear()

    def take(self, report: Report) -> None:
        """Take a report. It counts once it is settled."""
        key, known = report.key, self._sources.get(report.source)
        if known is None and len(self._sources) >= MOST_SOURCES and not self._is_named(report.source):
            return
        known = self._sources.setdefault(report.source, {})
        if key not in known and len(known) > MOST_MAILBOXES:
            return
        reports = self._reports(key)
        if not any(each.implies(report) for each in reports):
            coming = sorted([*self._coming.get(key, ()), report], key=lambda each: each.due)
            if len(coming) > MOST_COMING:
                coming[-2:] = [coming[-2].plus(coming[-1])]
            self._coming[key] = coming
            self._changed[key] = None

    def settle(self, time: datetime | None) -> tuple[bool, bool]:
        """Let what is due come into force: whether anything did, and whether it limits what had no limit before."""
        moved = limits = False
        for key, coming in list(self._coming.items()):
            due = [each for each in coming if each.due <= (time or EARLIEST)]
            if not due:
                continue
            known = self._sources[key.source]
            before = known.get(key)
            now = reduce(Report.plus, due if before is None else [before, *due])
            known[key] = replace(now, due=EARLIEST)
            moved = True
            is_new = before is None or not {*now.types}.issubset(before.types)
            limits |= is_new and (not key.seen or self._is_named(key.source))
            if rest := coming[len(due) :]:
                self._coming[key] = rest
            else:
                del self._coming[key]
            self._changed[key] = None
        if moved:
            self._answers.clear()
        return moved, limits

    def through(self, types: Iterable[str], owner: str | None) -> Watermark | None:
        """The earliest watermark of the sources that watch these types for this owner; None if none does.

        Where a type is reported for others' mailboxes only, nobody watches this owner: as if from before any deal.
        """
        question = tuple(types), owner
        if question not in self._answers:
            marks = [mark for kind in question[0] for mark in self._watching(kind, owner)]
            self._answers[question] = min(marks, key=lambda mark: (mark.through, mark.source), default=None)
        return self._answers[question]

    def rows(self) -> dict[str, bytes | None]:
        """What has changed and must outlive a restart."""
        changed, self._changed = self._changed, {}
        return {self._row(key): _REPORTS.dump_json(self._reports(key)) for key in changed}

    def rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Put what `change` makes of reports in their place."""
        for key in [key for known in self._sources.values() for key in known] + list(self._coming):
            value = _REPORTS.dump_json(self._reports(key))
            if (now := change(value)) != value:
                self.restore(now)
                self._changed[key] = None

    def restore(self, value: bytes) -> None:
        """Take back a row's value."""
        first, *rest = _REPORTS.validate_json(value)
        known = self._sources.setdefault(first.source, {})
        if first.due == EARLIEST:
            known[first.key] = first
        else:
            rest = [first, *rest]
        if rest:
            self._coming[first.key] = rest

    def _watching(self, kind: str, owner: str | None) -> list[Watermark]:
        marks = [mark for source in self._sources for mark in self._watermarks(source, kind, owner)]
        if marks:
            return marks
        others = [
            source
            for source, told in self._sources.items()
            if any(report.mailbox and kind in report.types for report in told.values())
        ]
        return [Watermark(EARLIEST, min(others), None)] if others else []

    def _watermarks(self, source: str, kind: str, owner: str | None) -> Iterator[Watermark]:
        told = self._sources[source]
        whole, seen = told.get(Key(source, None, False)), told.get(Key(source, None, True))
        if whole and kind in whole.types:
            newest = max(whole, seen or whole, key=lambda each: each.through)
            yield Watermark(newest.through, source, newest.event)
        if owner and (own := told.get(Key(source, owner, False))) and kind in own.types:
            yield Watermark(own.through, source, own.event)
        if seen and len(told) == 1 and kind in seen.types and self._is_named(source):
            yield Watermark(seen.through + self._rules.file.sources[source].max_silence, source, seen.event)

    def _is_named(self, source: str) -> bool:
        return source in self._rules.file.sources

    def _reports(self, key: Key) -> list[Report]:
        known = self._sources[key.source].get(key)
        return [*([known] if known else []), *self._coming.get(key, ())]

    def _row(self, key: Key) -> str:
        return "\x00".join((f"{REPORT_KEY}{self._partition}", key.source, key.mailbox or "", str(int(key.seen))))


class Asked:
    """A coverage that remembers what it was asked, so that one can see later whether it would answer the same."""

    __slots__ = ("_coverage", "_kept", "_told")

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._told: dict[Question, Watermark | None] | None = {}
        # types, owner and watermark of one question after the other
        self._kept: tuple[Any, ...] = ()

    def through(self, types: Iterable[str], owner: str | None) -> Watermark | None:
        """What the coverage says."""
        question = tuple(types), owner
        told = self._coverage.through(*question)
        if self._told is not None:
            self._told[question] = told
        return told

    def let_go(self) -> None:
        """Nothing more is asked: remember it in as little room as it takes."""
        if self._told is not None:
            self._kept = tuple(part for question, told in self._told.items() for part in (*question, told))
            self._told = None

    @property
    def is_outdated(self) -> bool:
        """Whether any answer would be another one now."""
        self.let_go()
        parts = iter(self._kept)
        return any(
            self._coverage.through(types, owner) != told for types, owner, told in zip(parts, parts, parts, strict=True)
        )


def partition_of_row(row: str) -> int:
    """The partition that a row belongs to."""
    return int(row.removeprefix(REPORT_KEY).partition("\x00")[0])
