"""A worker: a Faust app whose agents take batches, call the pure functions, and let offsets go once all is written.

An exception in an agent would make Faust commit events that were not processed, and a failed send would be logged and
forgotten. So nothing leaves an agent: what cannot be written ends the process, and Kafka gives its partitions to
another.
"""

import asyncio
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from faust.types import TP

from detectors.core.rules import Rules
from detectors.core.words import count_of

from .. import books, rules_file, topics
from ..books import Books, Shelved
from ..forgetting import NOBODY
from ..ingest import ingest
from ..join import directory as join
from ..join.directory import Directory
from ..metrics.counts import Counts
from ..metrics.exporter import Exporter, State
from ..monitor import partition as monitor
from ..monitor.partition import Advanced, Partition
from ..settings import Settings
from ..sources.breaker import Breakers
from ..wire import Clock, Record, Send, Topic
from .app import make_app
from .batch_writer import write
from .consumer import BatchApp
from .gate import Gate
from .lease import Lease
from .shelves import Shelves, T

log = logging.getLogger("stallwatch.worker")

BATCH = 1000
BATCH_SECONDS = 0.2
# records of all partitions that are taken at once as whole lists: the more are of one deal, the less is written
BATCHES = 4 * BATCH
Row = dict[str, bytes | None]
Step = Callable[[int, list[Record]], Awaitable[None]]
TOPICS: tuple[Topic, ...] = ("inbox", "mail", "deal_events", "books")


def die(reason: str, error: BaseException | None = None) -> None:
    """End the process at once, committing nothing: what was being done is done again by whoever takes over."""
    log.critical("%s: the worker ends, so that nothing is lost", reason, exc_info=error)
    logging.shutdown()
    os._exit(1)


class Worker:
    """The app with its agents and tables, and the state that they keep."""

    def __init__(self, settings: Settings, rules: Rules) -> None:
        self.settings = settings
        self.rules = rules
        self.partitions = settings.topics.partitions
        self.names = topics.names(settings)
        self.counts = Counts()
        self.breakers = Breakers(settings.most_refused)
        self.exporter = Exporter(self.state, self.counts, settings.most_deal_series)
        self.books_changed: Callable[[], None] = lambda: None
        self.app = make_app(settings)
        self.lease = Lease(settings.kafka.session_timeout_seconds, die)
        self._gate = Gate()
        self._one_by_one: defaultdict[tuple[Topic, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._recovering: set[str] = set()
        # how often partitions moved: what was begun before does not count after
        self._moves = 0
        self._lag: dict[Topic, int] = {}
        count, kept = self.partitions, settings.retention.closed_deals
        self.deals = self._shelves(
            "deals",
            "deal_events",
            lambda number: Partition(number, count, self.rules, kept),
            lambda row: monitor.partition_of_row(row, count),
        )
        self.directories = self._shelves(
            "joins",
            "mail",
            lambda number: Directory(number, count, kept),
            lambda row: join.partition_of_row(row, count),
        )
        self.book_errors: Counter[str] = Counter()
        self.books = self._shelves(
            "books",
            "books",
            lambda number: Books(number, count, lambda: self.rules, self._on_book_error),
            lambda row: books.partition_of_row(row, count),
        )
        self._agent("inbox", self._take_inbox)
        self._agent("mail", self._take_mail)
        self._agent("deal_events", self._take_deal_events)
        self._agent("books", self._take_books)
        if isinstance(self.app, BatchApp):
            self.app.settled = self._gate.close
        self.app.on_partitions_revoked.connect(self._revoked, weak=False)
        self.app.on_partitions_assigned.connect(self._assigned, weak=False)

    # -- what others ask

    def assigned(self, topic: Topic) -> set[int]:
        """The partitions of a topic that this worker has now."""
        name = self.names[topic]
        return {tp.partition for tp in self._assignment() if tp.topic == name}

    def lag(self) -> dict[Topic, int]:
        """Records behind the end of each topic, over the partitions of this worker; while they move, as before."""
        if self.unready() is None:
            self._lag = {topic: self._lag_of(topic) for topic in TOPICS}
        return self._lag

    def _lag_of(self, topic: Topic) -> int:
        places = [TP(self.names[topic], number) for number in self.assigned(topic)]
        consumer = self.app.consumer
        return sum(max(0, (consumer.highwater(place) or 0) - (consumer.due(place) or 0)) for place in places)

    @property
    def task(self) -> str | None:
        """What there is to do before this worker may rest: to become ready, or to take what waits."""
        behind = sum(self.lag().values())
        return self.unready() or (f"{count_of(behind, 'record')} to take" if behind else None)

    @property
    def progress(self) -> int:
        """A number that grows with every record that is done."""
        return sum(self.counts.positions.values())

    @property
    def recovered(self) -> int:
        """A number that grows with every row that is read, and then built of, to take over partitions."""
        read, _ = self.app.tables.recovery.progress
        return sum((read, *(shelves.done for shelves in self._all_shelves)))

    def unready(self) -> str | None:
        """Why this worker does not take events now; None if it does."""
        if not self.app.started:
            return "starting"
        if self.app.rebalancing or not self._gate.is_open:
            return "taking over partitions" + self._taken_over()
        return None

    def _taken_over(self) -> str:
        read, rows = self.app.tables.recovery.progress
        if read < rows:
            return f" ({read:,} of {count_of(rows, 'row')} read)"
        done, steps = sum(each.done for each in self._all_shelves), sum(each.steps for each in self._all_shelves)
        return f" ({done / steps:.0%} of the state built)" if self._recovering and done < steps else ""

    @property
    def _all_shelves(self) -> tuple[Shelves[Any], ...]:
        return self.deals, self.directories, self.books

    def away(self) -> str | None:
        """By what this worker sees that Kafka is away; None if it is there, or not needed yet.

        No task of the worker: it waits for Kafka as long as it takes, and is as well as before.
        """
        trouble: str | None = self.app.consumer.trouble() if self.app.started else None
        return trouble

    def state(self) -> State:
        """What a scrape sees."""
        times = [partition.time for partition in self.deals]
        errors = Counter(self.book_errors)
        for partition in self.deals:
            errors += partition.errors
        return State(
            answers=(told for partition in self.deals for told in partition.glances()),
            books=(book for shelf in self.books for book in shelf.owners()),
            tellings=(told for shelf in self.books for told in shelf.tellings()),
            judged=(told for shelf in self.books for told in shelf.findings()),
            errors=errors,
            clock=min((at for at in times if at), default=None),
            lag=self.lag(),
            waiting=sum(directory.waiting for directory in self.directories),
            rules=self.rules,
            # a worker that is one too many has no partitions: nothing stands still there
            clock_kind=self.settings.clock if times or self.unready() else None,
            paused=self.breakers.paused(monotonic()),
        )

    @property
    def time(self) -> datetime | None:
        """The event time that all deals of this worker have reached; None while one of its partitions knows none."""
        times = [partition.time for partition in self.deals]
        return min((at for at in times if at), default=None) if all(times) else None

    async def reload(self) -> str | None:
        """Read the rules file again and judge every open deal by it.

        A bad file changes nothing: its errors are returned and counted.
        """
        try:
            rules = rules_file.read(self.settings.rules)
        except rules_file.RulesFileError as error:
            self.counts.reload_succeeded = False
            log.error("the rules stay as they were: %s", error)
            return str(error)
        self.rules = rules
        self.counts.reload_succeeded = True
        self.counts.rules_loaded_at = datetime.now(UTC)
        async with self._gate.batch():
            try:
                for partition in self.deals:
                    await self._monitored(partition.partition, lambda deals: deals.reload(rules))
                for shelf in self.books:
                    await self._shelved(shelf.partition, lambda books: books.reload(self.time))
            except Exception as error:
                die("other rules could not be told", error)
        log.info("rules %s are in force", rules.hash[:12])
        return None

    async def look_after(self) -> None:
        """To be called every second: fetches again what was lost between Kafka and an agent, and has more deals told
        anew where some wait for it and no clock may come."""
        await self.app.consumer.look_after()
        for number in [each.partition for each in self.deals if each.has_more_to_tell]:
            if self.unready() is None:
                async with self._gate.batch():
                    try:
                        await self._monitored(number, lambda deals: deals.tell_more())
                    except Exception as error:
                        die("deals could not be told anew", error)

    async def tell_time(self, now: datetime) -> None:
        """Write the clock behind what stands in this worker's partitions of the inbox."""
        if self.unready() is None:
            clock = Clock(now, 0, 1)
            await self._write(self._named(clock.send("inbox", sorted(self.assigned("inbox")))))

    # -- rebalancing

    def _assignment(self) -> set[TP]:
        # before the first connection there is no consumer thread to ask
        return set(self.app.consumer.assignment()) if self.app.started else set()

    async def _revoked(self, *_: Any, **__: Any) -> None:
        self._moves += 1
        await self._gate.close()

    async def _assigned(self, *_: Any, **__: Any) -> None:
        # batches that were buffered before may still come: they wait for the recovery that follows
        self._moves += 1
        self._recovering = {"deals", "joins", "books"}
        self.counts.positions.clear()

    def _shelves(
        self, table: str, topic: Topic, make: Callable[[int], T], partition_of_row: Callable[[str], int]
    ) -> Shelves[T]:
        faust_table = self.app.Table(table, key_type=bytes, value_type=bytes, partitions=self.partitions)
        shelves = Shelves(faust_table, make, partition_of_row, lambda: self.assigned(topic))

        async def recovered() -> None:
            moves = self._moves
            # Faust would lose an exception of this callback and go on with half a state
            try:
                if not await shelves.recovered(lambda: self._moves == moves):
                    return
            except Exception as error:
                die(f"table {table} could not be rebuilt", error)
            self._recovering.discard(table)
            if not self._recovering:
                self._gate.open()
                self.books_changed()

        faust_table.on_recover(recovered)
        return shelves

    # -- agents

    def _agent(self, topic: Topic, step: Step) -> None:
        source = self.app.topic(
            self.names[topic], key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )

        async def take_batch(records: Mapping[TP, Iterable[Any]]) -> None:
            await self._take(topic, step, {place.partition: each for place, each in records.items()})

        async def take_stream(stream: Any) -> None:
            async for batch in stream.take_events(BATCH, within=BATCH_SECONDS):
                records: defaultdict[int, list[Any]] = defaultdict(list)
                for event in batch:
                    records[event.message.partition].append(event.message)
                await self._take(topic, step, records)

        if isinstance(self.app, BatchApp):
            self.app.take(source, take_batch, BATCHES)
        else:
            self.app.agent(source, name=topic, concurrency=1)(take_stream)

    async def _take(self, topic: Topic, step: Step, records: Mapping[int, Iterable[Any]]) -> None:
        async with self._gate.batch():
            try:
                await self._do(topic, step, records)
            except Exception as error:
                die(f"a batch of {topic} could not be finished", error)

    async def _do(self, topic: Topic, step: Step, records: Mapping[int, Iterable[Any]]) -> None:
        consumer, name, ours = self.app.consumer, self.names[topic], self.assigned(topic)
        due: dict[int, list[Record]] = {}
        for number, messages in records.items():
            # what was buffered from a partition that has moved away is its new owner's
            if number in ours:
                each = [Record(number, got.key, got.value, _headers(got), got.offset) for got in messages]
                if taken := await consumer.in_order(TP(name, number), each):
                    due[number] = taken
        await asyncio.gather(*(step(number, taken) for number, taken in due.items()))
        for number, taken in due.items():
            consumer.let_go(TP(name, number), taken[-1])
            self.counts.positions[topic, number] = taken[-1].offset + 1

    async def _take_inbox(self, number: int, records: list[Record]) -> None:
        # topics of as many partitions move together, so who is forgotten is known here as it is there
        forgotten = next((each.forgotten for each in self.directories if each.partition == number), NOBODY)
        told = ingest(records, self.rules, self.partitions, datetime.now(UTC), forgotten)
        self.counts.ingested(told)
        await self._write(self._named(told.sends))
        # a mark says that all before it is there: so it must be
        await self._write(self._named(told.marks))

    async def _take_mail(self, number: int, records: list[Record]) -> None:
        joined = self.directories.of(number).advance(records)
        self.counts.gave_up(joined.given_up)
        self.counts.refused(joined.refused)
        await self._write(self._named(joined.sends))
        await self._write(self._named(joined.marks))
        # the rows say that all of this is done: not before it is
        await self._write(self._kept(self.directories, "joins", number, joined.rows))

    async def _take_deal_events(self, number: int, records: list[Record]) -> None:
        before = self.time
        await self._monitored(number, lambda deals: deals.advance(records))
        if (now := self.time) is not None and now != before:
            for shelf in self.books:
                await self._shelved(shelf.partition, lambda books: books.pass_time(now))

    async def _monitored(self, number: int, step: Callable[[Partition], Advanced]) -> None:
        # a batch that came while other rules are being told would be overtaken by what was said before it
        async with self._one_by_one["deal_events", number]:
            out = step(self.deals.of(number))
            self.counts.monitored(out, datetime.now(UTC))
            rows = self._kept(self.deals, "deals", number, out.rows)
            await self._write([*rows, *self._named(out.sends)])
            # the ledger says how far all of this is done: not before it is
            await self._write(self._kept(self.deals, "deals", number, out.ledger))

    async def _take_books(self, number: int, records: list[Record]) -> None:
        await self._shelved(number, lambda shelf: shelf.advance(records, self.time))

    async def _shelved(self, number: int, step: Callable[[Books], Shelved]) -> None:
        # time passes beside the batches: what is said of a book stays in the order in which it was found
        async with self._one_by_one["books", number]:
            shelved = step(self.books.of(number))
            await self._write([*self._kept(self.books, "books", number, shelved.rows), *self._named(shelved.sends)])
        self.counts.told(shelved.news)
        if shelved.rows or shelved.sends:
            self.books_changed()

    def _on_book_error(self, detector: str, owner: str, error: Exception) -> None:
        log.error("%s failed on the book of %s", detector, owner, exc_info=error)
        self.book_errors[detector] += 1

    # -- writing

    def _kept(self, shelves: Shelves[Any], table: str, number: int, rows: Row) -> list[tuple[str, Send]]:
        """Rows in the table, and as records for its changelog."""
        shelves.put(number, rows)
        changelog = topics.changelog(self.settings, table)
        return [(changelog, Send("deal_events", number, row.encode(), value)) for row, value in rows.items()]

    def _named(self, sends: Iterable[Send]) -> list[tuple[str, Send]]:
        return [(self.names[send.topic], send) for send in sends]

    async def _write(self, records: list[tuple[str, Send]]) -> None:
        """Write records in order, and wait until Kafka has them all; an exception of Kafka's if it has not."""
        if isinstance(self.app, BatchApp):
            await write(self.app.kafka_producer, records, self.lease.check)
            return
        producer = self.app.producer
        under_way = []
        for name, send in records:
            self.lease.check()
            headers = list(send.headers) if send.headers else None
            under_way.append(await producer.send(name, send.key, send.value, send.partition, None, headers))
        await asyncio.gather(*under_way)


def _headers(message: Any) -> tuple[tuple[str, bytes], ...]:
    headers = message.headers
    if not headers:
        return ()
    return tuple(headers.items() if isinstance(headers, dict) else headers)
