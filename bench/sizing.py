"""What a company needs, by how many reps it has: `python -m bench.sizing` computes the tables of docs/sizing.md anew.

The numbers that they are computed from stand in a table at the top of that page, and are read from there.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "sizing.md"
BEGIN, END = "<!-- computed -->", "<!-- /computed -->"
_CONSTANT = re.compile(r"^\| `(\w+)` \| ([\d.,]+) \|", re.MULTILINE)
KB, MB, GB = 1e3, 1e6, 1e9
HOUR, MS = 3600, 1e-3


@dataclass(frozen=True)
class Step:
    """How many reps there are, and what is chosen for them."""

    reps: int
    partitions: int
    workers: int
    brokers: int


STEPS = (Step(100, 8, 2, 1), Step(1_000, 8, 2, 3), Step(10_000, 32, 4, 3))


class Sizes:
    """What follows for a step from the numbers of the page, which are in the units that stand there."""

    def __init__(self, step: Step, numbers: Mapping[str, float]) -> None:
        self._step = step
        self._of = numbers
        self.open = step.reps * numbers["open_per_rep"]
        self.closed = step.reps * numbers["closed_per_rep"] * numbers["years_kept"]
        self.at_hand = min(self.open, numbers["at_hand"] * step.partitions)
        self.quiet_share = 1 - self.at_hand / self.open
        self.events = step.reps * numbers["events_per_rep"]
        self.busy_events = self.events * numbers["busiest_day"]
        self.busy_per_second = self.busy_events * numbers["busiest_hour"] / HOUR

    @property
    def event_seconds(self) -> float:
        """CPU of an event."""
        return (self._of["cpu_event"] + self.quiet_share * self._of["cpu_quiet"]) * MS

    @property
    def cores(self) -> float:
        """Cores that the workers need together in the busiest hour."""
        return self.busy_per_second * self.event_seconds

    @property
    def day_seconds(self) -> float:
        """Seconds in which each worker does its part of the busiest day, if it finds all of it waiting."""
        return self.busy_events * self.event_seconds / self._step.workers

    @property
    def anew_seconds(self) -> float:
        """Seconds of each worker in which open deals are told anew by what was won the day before."""
        quiet = self.open - self.at_hand
        spent = quiet * self._of["cpu_anew_quiet"] + self.at_hand * self._of["cpu_anew"]
        return spent * MS / self._step.workers

    @property
    def tables(self) -> float:
        """Bytes of all rows, which are in memory, and in the changelogs once those are compacted."""
        of = self._of
        deals = self.open * (of["deal_row"] + of["book_row"]) + self.closed * (of["closed_row"] + of["closed_book_row"])
        return (deals + self.records_of_joins * of["join_row"]) * KB

    @property
    def records_of_joins(self) -> float:
        """Rows by which mails find their deals."""
        return (self.open + self.closed) * self._of["join_rows"]

    @property
    def records(self) -> float:
        """Records of all changelogs once they are compacted."""
        return 2 * (self.open + self.closed) + self.records_of_joins

    @property
    def memory(self) -> float:
        """Bytes of each worker."""
        return self._memory_of(self._step.workers)

    @property
    def memory_without_one(self) -> float:
        """Bytes of each worker while one is missing."""
        return self._memory_of(max(1, self._step.workers - 1))

    def _memory_of(self, workers: int) -> float:
        of = self._of
        beside = self.open * (of["quiet_memory"] + of["book_memory"])
        beside += self.closed * (of["closed_memory"] + of["closed_book_memory"])
        beside += self.records_of_joins * of["join_memory"] + self.at_hand * of["at_hand_memory"]
        return of["base_memory"] * MB + (self.tables + beside * KB) / workers

    @property
    def start_seconds(self) -> float:
        """Until all take events, if all workers start at once."""
        return self._recovery(1 / self._step.workers)

    @property
    def takeover_seconds(self) -> float:
        """Until the others take the events of one that died, from when it is missed."""
        workers = self._step.workers
        return self._recovery(1 / workers / max(1, workers - 1))

    def _recovery(self, share: float) -> float:
        deals = self.open + self.closed
        return share * (self.records / self._of["changelog_rate"] + deals * self._of["cpu_takeover"] * MS)

    @property
    def written(self) -> float:
        """Bytes that Kafka is given on the busiest day, each copy counted once."""
        of = self._of
        of_each = 2 * of["event_bytes"] + of["answer_bytes"] + of["answer_bytes"] + of["deal_row"] + of["book_row"]
        return self.busy_events * of_each * KB


ROWS: tuple[tuple[str, str, Callable[[Sizes], str]], ...] = (
    ("events on a working day", "reps × events_per_rep", lambda it: _count(it.events)),
    ("events on the busiest day", "that × busiest_day", lambda it: _count(it.busy_events)),
    ("events a second in its busiest hour", "that × busiest_hour ÷ 3,600", lambda it: f"{it.busy_per_second:.2g}"),
    ("open deals", "reps × open_per_rep", lambda it: _count(it.open)),
    ("closed deals that are kept", "reps × closed_per_rep × years_kept", lambda it: _count(it.closed)),
    ("open deals that are at hand", "at_hand × partitions, at the most", lambda it: _count(it.at_hand)),
    (
        "CPU of an event",
        "cpu_event + cpu_quiet × the share of open deals that are not at hand",
        lambda it: f"{it.event_seconds / MS:.2g} ms",
    ),
    (
        "of a core, all workers in the busiest hour",
        "events a second × CPU of an event",
        lambda it: f"{it.cores * 100:.2g} %",
    ),
    (
        "the busiest day, if all of it waits",
        "its events × CPU of an event ÷ workers",
        lambda it: _time(it.day_seconds),
    ),
    (
        "each day: open deals are told anew by what was won",
        "open deals × cpu_anew, cpu_anew_quiet where not at hand, ÷ workers",
        lambda it: _time(it.anew_seconds),
    ),
    (
        "rows of the tables",
        "open × (deal_row + book_row) + closed × (closed_row + closed_book_row) + deals × join_rows × join_row",
        lambda it: _bytes(it.tables),
    ),
    (
        "memory of each worker",
        "base_memory + (rows + open × (quiet_memory + book_memory) + closed × (closed_memory + closed_book_memory)"
        " + deals × join_rows × join_memory + at hand × at_hand_memory) ÷ workers",
        lambda it: _bytes(it.memory),
    ),
    ("memory of each while one is missing", "the same with a worker less", lambda it: _bytes(it.memory_without_one)),
    ("records of the changelogs, compacted", "deals × (2 + join_rows)", lambda it: _count(it.records)),
    (
        "all workers start anew",
        "(records ÷ changelog_rate + deals × cpu_takeover) ÷ workers",
        lambda it: _time(it.start_seconds),
    ),
    (
        "the others take over from one that died",
        "its part of that ÷ the workers that are left",
        lambda it: _time(it.takeover_seconds),
    ),
    (
        "written to Kafka on the busiest day",
        "events × (2 × event_bytes + 2 × answer_bytes + deal_row + book_row), each copy once",
        lambda it: _bytes(it.written),
    ),
)


def numbers_of(page: str) -> dict[str, float]:
    """The numbers that stand in the page's table, by name."""
    return {name: float(number.replace(",", "")) for name, number in _CONSTANT.findall(page)}


def computed(page: str) -> str:
    """The page with its tables computed from its numbers; `ValueError` if it has no place for them."""
    before, found_begin, rest = page.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not (found_begin and found_end):
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}")
    table = "\n".join(_table(numbers_of(page)))
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _table(numbers: Mapping[str, float]) -> Iterator[str]:
    yield f"| | {' | '.join(f'{step.reps:,} reps' for step in STEPS)} | how it is computed |"
    yield f"|---|{'---:|' * len(STEPS)}---|"
    chosen: tuple[tuple[str, Callable[[Step], int]], ...] = (
        ("**partitions**", lambda step: step.partitions),
        ("**workers**", lambda step: step.workers),
        ("**brokers**", lambda step: step.brokers),
    )
    for what, of in chosen:
        yield f"| {what} | {' | '.join(f'**{of(step)}**' for step in STEPS)} | chosen, see below |"
    sizes = [Sizes(step, numbers) for step in STEPS]
    for what, how, shown in ROWS:
        yield f"| {what} | {' | '.join(map(shown, sizes))} | {how} |"


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _bytes(size: float) -> str:
    return f"{size / GB:.1f} GB" if size >= GB else f"{ceil(size / MB):,} MB"


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.2g} s"


if __name__ == "__main__":
    PAGE.write_text(computed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
