"""The same findings without Kafka: the very functions that the worker's agents call, in one process.

A history has no clock records: time moves from event to event, and looks at last from `until` (else the newest event).
"""

import gc
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from detectors.core import events
from detectors.core.assessment import Watched
from detectors.core.breach import Finding
from detectors.core.rules import Rules

from .answer import Answer, answer
from .books import BookAnswer, judge
from .dead_letters import refusal_of
from .history import Input
from .ingest import ingest
from .join.directory import Directory
from .monitor.coverage import Asked
from .monitor.partition import Advanced, Partition
from .wire import CLOCK_EVERY, Clock, Record, Send

# a publisher tells the time as often
BATCH = CLOCK_EVERY
# a history goes through all of its deals in one partition, and one that is packed costs thrice
AT_HAND = 5_000


@dataclass
class Refusal:
    """A line that was not accepted, and why."""

    place: str
    reason: str
    message: str


class Unwritten(Partition):
    """A partition of which nothing is kept or sent: a deal is answered when somebody asks for its answer.

    What was told of a deal between two events of it is past at the second, and told by the deal itself.
    """

    def __init__(self, partition: int, partitions: int, rules: Rules) -> None:
        super().__init__(partition, partitions, rules, at_hand=AT_HAND)
        self.deals: MutableMapping[str, Watched] = {}
        self.answers: _Answers = _Answers(self)
        self._looked_at: dict[str, datetime] = {}

    def answer(self, deal_id: str) -> Answer:
        """A deal as it stands now."""
        watched = self.deals[deal_id]
        return answer(watched, self._as_of(watched), Asked(self._heartbeats))

    def _tell(self, deal_id: str, as_of: datetime, out: Advanced | None, *, only_news: bool = False) -> None:
        self._looked_at[deal_id] = as_of
        self.answers.forget(deal_id)

    def _told_since(self, moment: datetime) -> Iterator[str]:
        return (deal_id for deal_id, at in self._looked_at.items() if at >= moment)

    def _measured_anew(self) -> Iterator[str]:
        yield from ()

    def _row_of(self, deal_id: str) -> bytes:
        return b""


class _Answers(MutableMapping[str, Answer]):
    """The answers of a partition's deals, each of them found when it is asked for, and again when time has passed."""

    def __init__(self, partition: Unwritten) -> None:
        self._partition = partition
        self._found: dict[str, Answer] = {}

    def __getitem__(self, deal_id: str) -> Answer:
        found, time = self._found.get(deal_id), self._partition.time
        # of a closed one nothing lies ahead
        if found is None or (found.is_open and time is not None and found.as_of < time):
            found = self._found[deal_id] = self._partition.answer(deal_id)
        return found

    def forget(self, deal_id: str) -> None:
        """It is another one now."""
        self._found.pop(deal_id, None)

    def __setitem__(self, deal_id: str, told: Answer) -> None:
        self._found[deal_id] = told

    def __delitem__(self, deal_id: str) -> None:
        del self._found[deal_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._partition.deals)

    def __len__(self) -> int:
        return len(self._partition.deals)


@dataclass
class Replay:
    """A pipeline of one partition, fed line by line."""

    rules: Rules
    until: datetime | None = None
    refusals: list[Refusal] = field(default_factory=list)
    accepted: int = 0

    def __post_init__(self) -> None:
        self.directory = Directory(0, 1)
        self.partition: Partition = Unwritten(0, 1, self.rules)
        self._newest: datetime | None = None

    def run(self, lines: Iterable[Input]) -> Iterator[int]:
        """Take a history; yields how many events were accepted, batch by batch."""
        with _no_look_for_cycles():
            for batch in _batches(lines, BATCH):
                self._take(batch)
                yield self.accepted
        at = self.until or self._newest
        if at is not None:
            self._pass_on(Clock(at, 0, 1).send("mail", [0]))

    def findings(self) -> list[Finding]:
        """Each finding once, in its last state, by start; those of the reps' books too."""
        told = [finding for each in self.partition.answers.values() for finding in each.findings]
        told += [finding for book in self._books() for finding in book.findings]
        return sorted(told, key=lambda each: (each.since.timestamp(), each.deal_id or "", each.detector))

    @property
    def errors(self) -> Counter[str]:
        """Assessments that failed, by detector."""
        return self.partition.errors

    def _books(self) -> Iterator[BookAnswer]:
        owners: defaultdict[str, list[Answer]] = defaultdict(list)
        for told in self.partition.answers.values():
            if told.owner:
                owners[told.owner].append(told)
        time = self.partition.time
        if time is not None:
            for owner, answers in owners.items():
                yield judge(owner, answers, self.rules, time, self._on_error)[0]

    def _on_error(self, detector: str, _owner: str, _error: Exception) -> None:
        self.partition.errors[detector] += 1

    def _take(self, batch: list[Input]) -> None:
        for line in batch:
            if line.refusal is not None:
                self.refusals.append(Refusal(line.place, line.refusal.reason, str(line.refusal)))
        taken = [line for line in batch if line.refusal is None and not self._is_later(line.raw)]
        told = ingest((Record(0, None, line.raw, offset=n) for n, line in enumerate(taken)), self.rules, 1, _now())
        for refused in (send for send in told.sends if send.topic == "dead_letters"):
            offset, reason, message = refusal_of(refused.headers)
            self.refusals.append(Refusal(taken[offset].place, reason, message))
        self.accepted += sum(told.accepted.values())
        if told.newest is not None:
            self._newest = max(self._newest or told.newest, told.newest)
        clock = Clock(self._newest, 0, 1).send("mail", [0]) if self._newest else []
        self._pass_on([*told.sends, *told.marks, *clock])

    def _is_later(self, line: bytes) -> bool:
        if self.until is None:
            return False
        try:
            return events.parse(line).time > self.until
        except events.Refused:
            return False

    def _pass_on(self, sends: list[Send]) -> None:
        joined = self.directory.advance(_records(sends, "mail"))
        # replies that are looked for at other companies too; it leads no further
        further = self.directory.advance(_records(joined.sends, "mail"))
        self.partition.advance(_records([*sends, *joined.sends, *further.sends, *joined.marks], "deal_events"))


@contextmanager
def _no_look_for_cycles() -> Iterator[None]:
    """A deal is made of many small objects that live long and form no cycles: to look for some again and again takes an
    eighth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _records(sends: Iterable[Send], topic: str) -> list[Record]:
    return [Record(0, send.key, send.value, send.headers, event=send.event) for send in sends if send.topic == topic]


def _batches(lines: Iterable[Input], size: int) -> Iterator[list[Input]]:
    rest = iter(lines)
    while batch := list(islice(rest, size)):
        yield batch


def _now() -> datetime:
    return datetime.now(UTC)
