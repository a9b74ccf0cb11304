"""A rep's book: the deals of each owner, what is wrong with them taken together, and what the owner is told of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from detectors.core.assessment import OnError, assess_book
from detectors.core.book import Book
from detectors.core.breach import Finding
from detectors.core.rules import Rules

from .alerting import budget
from .alerting.budget import Told
from .alerting.quiet import Hours
from .alerting.telling import Telling, everything, telling
from .answer import Answer, of_json
from .answer import to_json as answer_json
from .monitor.watchlist import Watchlist
from .wire import MARK, Headers, Record, Send, partition_of

# neither an address nor a deal id can hold it
SEPARATOR = "\t"
# how long a deal that is over still tells how long deals of its owner live
REMEMBERED = timedelta(days=730)
CLEARED_EVERY = timedelta(days=1)
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class BookAnswer:
    """What is wrong with an owner's book: the whole answer each time, on the findings topic under the owner's name."""

    owner: str
    team: str | None
    as_of: datetime
    findings: tuple[Finding, ...]
    deal_id: None = None


_BOOK_ANSWER = TypeAdapter(BookAnswer)
BOOK_HEADERS: Headers = ((MARK, b"book"),)
"""What tells a book's answer from a deal's on the findings topic."""


@dataclass
class Shelved:
    """What a batch came to: rows to keep (None: delete), records to write, and of each deal that its owner was told of
    anew, the detectors that were the news.
    """

    rows: dict[str, bytes | None] = field(default_factory=dict)
    sends: list[Send] = field(default_factory=list)
    news: list[frozenset[str]] = field(default_factory=list)


class Books:
    """The books of one partition's owners; `time` is the event time up to which they were judged."""

    def __init__(self, partition: int, partitions: int, rules: Callable[[], Rules], on_error: OnError) -> None:
        self.partition = partition
        self._partitions = partitions
        self._rules = rules
        self._on_error = on_error
        self._answers: dict[str, dict[str, Answer]] = {}
        self._judged: dict[str, BookAnswer] = {}
        self._told: dict[str, dict[str, Told]] = {}
        self._tellings: dict[str, Telling] = {}
        self._watchlist = Watchlist()
        self._cleared_at: datetime | None = None
        self.time: datetime | None = None

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        owner, _, deal_id = row.partition(SEPARATOR)
        if deal_id.startswith(SEPARATOR):
            self._told.setdefault(owner, {})[deal_id.removeprefix(SEPARATOR)] = budget.of_json(value)
        else:
            self._put(row, value)

    def resume(self) -> None:
        """After the last `restore`: what was told goes on being told, and the next clock judges every book."""
        for owner in self._answers.keys() | self._told.keys():
            self._tell(owner, None, None, Shelved())

    def advance(self, records: Iterable[Record], time: datetime | None) -> Shelved:
        """Take a batch: an answer replaces the one before it, an empty one takes the deal out of the book."""
        out = Shelved()
        self.time = time or self.time
        touched: dict[str, None] = {}
        for record in records:
            if record.key is None:
                continue
            row = record.key.decode()
            touched[row.partition(SEPARATOR)[0]] = None
            if record.value:
                out.rows[row] = answer_json(self._put(row, record.value))
            else:
                self._withdraw(row)
                out.rows[row] = None
        for owner in touched:
            self._judge(owner, time, out)
        return out

    def pass_time(self, time: datetime) -> Shelved:
        """What is wrong with the books whose deadlines a later time has reached."""
        out = Shelved()
        self.time = time
        if self._cleared_at is None or time - self._cleared_at > CLEARED_EVERY:
            self._cleared_at = time
            self._clear(time, out)
        for owner in self._watchlist.due(time):
            self._judge(owner, time, out)
        return out

    def reload(self, time: datetime | None) -> Shelved:
        """What is wrong with each book by other rules."""
        out = Shelved()
        self.time = time or self.time
        for owner in list(self._answers):
            self._judge(owner, time, out)
        return out

    def _clear(self, time: datetime, out: Shelved) -> None:
        """Forget what is over for long."""
        for owner, answers in self._answers.items():
            for deal_id, told in list(answers.items()):
                if _is_long_over(told, time):
                    del answers[deal_id]
                    out.rows[f"{owner}{SEPARATOR}{deal_id}"] = None

    def owners(self) -> Iterator[tuple[str, list[Answer]]]:
        """Each owner ("" for the deals that nobody owns) with their open deals, the largest first."""
        for owner, answers in sorted(self._answers.items()):
            opened = [told for told in answers.values() if told.is_open]
            if opened:
                yield owner, sorted(opened, key=lambda told: (-(told.amount or 0), told.deal_id))

    def findings(self) -> Iterator[BookAnswer]:
        """What was last found wrong with each book."""
        yield from self._judged.values()

    def tellings(self) -> Iterator[Telling]:
        """What is told of each book."""
        for owner in sorted(self._tellings):
            yield self._tellings[owner]

    def _judge(self, owner: str, time: datetime | None, out: Shelved) -> None:
        if not owner or time is None:
            self._tell(owner, time, None, out)
            return
        answers = self._answers.get(owner, {}).values()
        found, deadline = judge(owner, answers, self._rules(), time, self._on_error)
        before = self._judged.get(owner)
        self._judged[owner] = found
        self._tell(owner, time, deadline, out)
        if before is not None and before.findings == found.findings:
            return
        key = owner.encode()
        value = _BOOK_ANSWER.dump_json(found)
        out.sends.append(Send("findings", partition_of(key, self._partitions), key, value, BOOK_HEADERS))

    def _tell(self, owner: str, time: datetime | None, deadline: datetime | None, out: Shelved) -> None:
        """What the owner is told from now on, and when to look at the book again."""
        book, told = self._answers.get(owner, {}), self._told.get(owner, {})
        if not owner:
            self._tellings[owner] = everything(owner, book)
            return
        rules = self._rules()
        judged = self._judged.get(owner)
        team = judged.team if judged else team_of(owner, book.values(), rules)
        if time is not None:
            hours = Hours.of(rules, owner, team)
            now_told = budget.told_at(time, book, told, hours, rules.file.alerts.per_owner_per_day)
            for deal_id in told.keys() | now_told.keys():
                if told.get(deal_id) != now_told.get(deal_id):
                    kept = now_told.get(deal_id)
                    out.rows[f"{owner}{SEPARATOR * 2}{deal_id}"] = budget.to_json(kept) if kept else None
                    if kept and (anew := _told_anew(told.get(deal_id), kept)):
                        out.news.append(anew)
            self._told[owner] = told = now_told
        of_book = judged.findings if judged else ()
        self._tellings[owner], changes = telling(owner, team, book, told, of_book, rules, time)
        # without a time nothing is due; the first clock judges all of them
        ahead = [at for at in (deadline, changes) if at is not None] if time is not None else [LONG_AGO]
        self._watchlist.put(owner, min(ahead, default=None))

    def _put(self, row: str, value: bytes) -> Answer:
        owner, _, deal_id = row.partition(SEPARATOR)
        told = self._answers.setdefault(owner, {})[deal_id] = _just_now(of_json(value))
        return told

    def _withdraw(self, row: str) -> None:
        owner, _, deal_id = row.partition(SEPARATOR)
        self._answers.get(owner, {}).pop(deal_id, None)


def _told_anew(before: Told | None, now: Told) -> frozenset[str]:
    """The detectors whose findings an owner was told of with a deal that was told last."""
    known = before.words if before else {}
    return frozenset(name for name, word in now.words.items() if word.at == now.at and known.get(name) != word)


def judge(
    owner: str, answers: Iterable[Answer], rules: Rules, time: datetime, on_error: OnError | None = None
) -> tuple[BookAnswer, datetime | None]:
    """What is wrong with a book at a time of events, and when that changes by itself next."""
    book_of = list(answers)
    team = team_of(owner, book_of, rules)
    calendar = rules.calendar_of(owner, team)
    pages = (told.page for told in book_of if told.page is not None and not _is_long_over(told, time))
    book = Book(owner, calendar, tuple(sorted(pages, key=lambda page: page.deal_id)))
    judged = assess_book(book, rules, team, on_error)
    findings = [found for each in judged if (found := each.finding(book, rules, time)) is not None]
    findings.sort(key=lambda each: (each.since.timestamp(), each.detector, each.deal_id or ""))
    deadline = min((at for each in judged for at in each.breach.deadlines_after(time)), default=None)
    return BookAnswer(owner, team, calendar.local(time), tuple(findings)), deadline


def _just_now(told: Answer) -> Answer:
    """What a book keeps of an answer: what is over and what lies ahead, most of it, is the deal's."""
    return replace(told, findings=tuple(each for each in told.findings if each.state in ("open", "unknown")))


def team_of(owner: str, answers: Iterable[Answer], rules: Rules) -> str | None:
    """The team that an owner's deals say, else the one that the rules say."""
    return next((told.team for told in answers if told.team), None) or rules.team_of(owner)


def _is_long_over(told: Answer, time: datetime) -> bool:
    return told.page is not None and told.page.ended is not None and told.page.ended + REMEMBERED < time


def partition_of_row(row: str, partitions: int) -> int:
    """The partition that a row of the table belongs to: its owner's."""
    return partition_of(row.partition(SEPARATOR)[0].encode(), partitions)


def book_record(told: Answer, partitions: int) -> Send:
    """A deal's answer in its owner's book; of a deal that is over only how it was.

    All of an owner's records share a partition; the key tells the deals apart, so that compaction keeps one of each.
    """
    value = answer_json(told if told.is_open else replace(told, findings=()))
    return _send(told.owner, told.deal_id, value, partitions)


def withdrawal(owner: str | None, deal_id: str, partitions: int) -> Send:
    """The word that a deal is no longer in an owner's book."""
    return _send(owner, deal_id, None, partitions)


def _send(owner: str | None, deal_id: str, value: bytes | None, partitions: int) -> Send:
    name = owner or ""
    key = f"{name}{SEPARATOR}{deal_id}".encode()
    return Send("books", partition_of(name.encode(), partitions), key, value)
