"""Everything that a worker does with events, as plain calls: ingest, the join, the deals, the books, for any host.

What a batch comes to is a list of waves. A wave may be written in any order; it must be safe before the next is begun,
which speaks of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from detectors.core.rules import Rules
from streams.books import Books
from streams.ingest import ingest
from streams.join.directory import Directory
from streams.monitor.partition import Partition
from streams.wire import Record, Send, Topic

TOPICS: tuple[Topic, ...] = ("inbox", "mail", "deal_events", "books")


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of a table; None deletes it."""

    table: str
    partition: int
    row: str
    value: bytes | None


Wave = list[Kept | Send]


class Pipeline:
    """The state of all partitions."""

    def __init__(self, partitions: int, rules: Rules) -> None:
        self._count = partitions
        self._rules = rules
        numbers = range(partitions)
        self.partitions = [Partition(number, partitions, rules) for number in numbers]
        self._directories = [Directory(number, partitions) for number in numbers]
        self._books = [Books(number, partitions, lambda: rules, _raised) for number in numbers]

    def step(self, topic: Topic, number: int, records: list[Record]) -> list[Wave]:
        """What a batch of a partition of one of the `TOPICS` comes to."""
        match topic:
            case "inbox":
                ingested = ingest(records, self._rules, self._count, datetime.now(UTC))
                return [[*ingested.sends], [*ingested.marks]]
            case "mail":
                joined = self._directories[number].advance(records)
                return [[*joined.sends], [*joined.marks], _kept("joins", number, joined.rows)]
            case "deal_events":
                before = self._time
                out = self.partitions[number].advance(records)
                first: Wave = [*_kept("deals", number, out.rows), *out.sends]
                if (now := self._time) is not None and now != before:
                    for books in self._books:
                        shelved = books.pass_time(now)
                        first += [*_kept("books", books.partition, shelved.rows), *shelved.sends]
                return [first, _kept("deals", number, out.ledger)]
            case _:
                shelved = self._books[number].advance(records, self._time)
                return [[*_kept("books", number, shelved.rows), *shelved.sends]]

    @property
    def _time(self) -> datetime | None:
        times = [each.time for each in self.partitions]
        return min((at for at in times if at), default=None) if all(times) else None


@dataclass
class Taken:
    """What a batch of the inbox came to in the end: rows to keep (None: delete), and records for others."""

    rows: dict[str, bytes | None] = field(default_factory=dict)
    sends: list[Send] = field(default_factory=list)


class AtOnce:
    """The pipeline of a company with one partition, from the inbox to the findings in one call.

    For hosts that have no topics between the steps, or could not address a record to a partition of one.
    """

    def __init__(self, rules: Rules) -> None:
        self._pipeline = Pipeline(1, rules)
        self._offsets: Counter[Topic] = Counter()

    def take(self, records: Iterable[Record]) -> Taken:
        """Take a batch of the inbox."""
        out = Taken()
        waiting: dict[Topic, list[Record]] = {topic: [] for topic in TOPICS}
        waiting["inbox"] = list(records)
        # a reply that is looked for elsewhere leads back to the mails, a win to the deals
        while topic := next((each for each in TOPICS if waiting[each]), None):
            batch, waiting[topic] = waiting[topic], []
            for wave in self._pipeline.step(topic, 0, batch):
                for each in wave:
                    if isinstance(each, Kept):
                        out.rows[f"{each.table}\t{each.row}"] = each.value
                    elif each.topic in waiting:
                        self._offsets[each.topic] += 1
                        offset = self._offsets[each.topic]
                        waiting[each.topic].append(Record(0, each.key, each.value, each.headers, offset))
                    else:
                        out.sends.append(each)
        return out


def _kept(table: str, number: int, rows: Mapping[str, bytes | None]) -> Wave:
    return [Kept(table, number, row, value) for row, value in rows.items()]


def _raised(_detector: str, _owner: str, error: Exception) -> None:
    raise error
