"""A rep's book: the open deals of each owner."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .answer import Answer, of_json
from .wire import Record, Send, partition_of

# neither an address nor a deal id can hold it
SEPARATOR = "\t"


@dataclass
class Shelved:
    """What a batch came to: rows to keep (None: delete), and whether anything changed."""

    rows: dict[str, bytes | None] = field(default_factory=dict)


class Books:
    """The books of one partition's owners."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self._answers: dict[str, dict[str, Answer]] = {}

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        owner, _, deal_id = row.partition(SEPARATOR)
        self._answers.setdefault(owner, {})[deal_id] = of_json(value)

    def resume(self) -> None:
        """After the last `restore`; rows stand for themselves, nothing is left to do."""

    def advance(self, records: Iterable[Record]) -> Shelved:
        """Take a batch: an answer replaces the one before it, an empty one takes the deal out of the book."""
        out = Shelved()
        for record in records:
            if record.key is None:
                continue
            row = record.key.decode()
            if record.value:
                self.restore(row, record.value)
                out.rows[row] = record.value
            else:
                self._withdraw(row)
                out.rows[row] = None
        return out

    def owners(self) -> Iterator[tuple[str, list[Answer]]]:
        """Each owner ("" for the deals that nobody owns) with their open deals, the largest first."""
        for owner, answers in sorted(self._answers.items()):
            if answers:
                yield owner, sorted(answers.values(), key=lambda told: (-(told.amount or 0), told.deal_id))

    def _withdraw(self, row: str) -> None:
        owner, _, deal_id = row.partition(SEPARATOR)
        answers = self._answers.get(owner, {})
        answers.pop(deal_id, None)
        if not answers:
            self._answers.pop(owner, None)


def partition_of_row(row: str, partitions: int) -> int:
    """The partition that a row of the table belongs to: its owner's."""
    return partition_of(row.partition(SEPARATOR)[0].encode(), partitions)


def book_record(owner: str | None, deal_id: str, value: bytes | None, partitions: int) -> Send:
    """A deal's answer in its owner's book; None takes the deal out of it.

    All of an owner's records share a partition; the key tells the deals apart, so that compaction keeps one of each.
    """
    name = owner or ""
    key = f"{name}{SEPARATOR}{deal_id}".encode()
    return Send("books", partition_of(name.encode(), partitions), key, value)
