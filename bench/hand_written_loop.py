"""A consumer loop written by hand around the very functions that the worker's agents call: what Faust is held against.

It gives the worker's guarantees while it runs: rows go to changelogs, marks behind what they speak of, outputs are
awaited, and only then are offsets committed. It does not rebuild state, serve pages, count, or notice anything.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from detectors.core.rules import Rules
from streams import topics
from streams.books import Books
from streams.ingest import ingest
from streams.join.directory import Directory
from streams.monitor.partition import Partition
from streams.settings import Settings
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import Record, Send
from streams.worker.worker import BATCH, BATCH_SECONDS, TOPICS


class Loop:
    """One consumer of all four topics, with its state."""

    def __init__(self, settings: Settings, rules: Rules, begun: Callable[[], None]) -> None:
        self._settings = settings
        self._rules = rules
        self._begun = begun
        self._count = settings.topics.partitions
        self._names = topics.names(settings)
        self._topic_of = {self._names[topic]: topic for topic in TOPICS}
        numbers = range(self._count)
        self.partitions = [Partition(number, self._count, rules) for number in numbers]
        self._directories = [Directory(number, self._count) for number in numbers]
        self._books = [Books(number, self._count, lambda: rules, _raised) for number in numbers]
        self._positions: dict[Any, int] = {}

    @property
    def progress(self) -> int:
        """A number that grows with every record that is done."""
        return sum(self._positions.values())

    async def run(self) -> None:
        """Consume until cancelled."""
        server = self._settings.kafka.bootstrap_servers
        self._producer = AIOKafkaProducer(
            bootstrap_servers=server,
            acks="all",
            linger_ms=20,
            max_batch_size=262_144,
            max_request_size=MAX_MESSAGE_BYTES,
        )
        consumer = AIOKafkaConsumer(
            *self._topic_of,
            bootstrap_servers=server,
            group_id=self._settings.app_id,
            session_timeout_ms=int(self._settings.kafka.session_timeout_seconds * 1000),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=2 * MAX_MESSAGE_BYTES,
        )
        async with self._producer, consumer:
            while True:
                batches = await consumer.getmany(
                    timeout_ms=int(BATCH_SECONDS * 1000), max_records=BATCH * len(self._topic_of)
                )
                if not batches:
                    continue
                self._begun()
                await asyncio.gather(*(self._step(place, records) for place, records in batches.items()))
                await consumer.commit()
                self._positions |= {place: records[-1].offset + 1 for place, records in batches.items()}

    async def _step(self, place: Any, consumed: list[Any]) -> None:
        number = place.partition
        records = [Record(number, each.key, each.value, each.headers, each.offset) for each in consumed]
        match self._topic_of[place.topic]:
            case "inbox":
                ingested = ingest(records, self._rules, self._count, datetime.now(UTC))
                await self._write(self._named(ingested.sends))
                await self._write(self._named(ingested.marks))
            case "mail":
                joined = self._directories[number].advance(records)
                await self._write(self._named(joined.sends))
                await self._write(self._named(joined.marks))
                await self._write(self._kept("joins", number, joined.rows))
            case "deal_events":
                before = self._time
                out = self.partitions[number].advance(records)
                await self._write([*self._kept("deals", number, out.rows), *self._named(out.sends)])
                await self._write(self._kept("deals", number, out.ledger))
                if (now := self._time) is not None and now != before:
                    for books in self._books:
                        shelved = books.pass_time(now)
                        rows = self._kept("books", books.partition, shelved.rows)
                        await self._write([*rows, *self._named(shelved.sends)])
            case _:
                shelved = self._books[number].advance(records, self._time)
                await self._write([*self._kept("books", number, shelved.rows), *self._named(shelved.sends)])

    @property
    def _time(self) -> datetime | None:
        times = [each.time for each in self.partitions]
        return min((at for at in times if at), default=None) if all(times) else None

    def _kept(self, table: str, number: int, rows: dict[str, bytes | None]) -> list[tuple[str, Send]]:
        name = topics.changelog(self._settings, table)
        return [(name, Send("deal_events", number, row.encode(), value)) for row, value in rows.items()]

    def _named(self, sends: Iterable[Send]) -> list[tuple[str, Send]]:
        return [(self._names[send.topic], send) for send in sends]

    async def _write(self, records: list[tuple[str, Send]]) -> None:
        under_way = [
            await self._producer.send(name, send.value, send.key, send.partition, headers=list(send.headers) or None)
            for name, send in records
        ]
        await asyncio.gather(*under_way)


def _raised(_detector: str, _owner: str, error: Exception) -> None:
    raise error
