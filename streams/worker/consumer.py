"""Faust's consumer, except that it commits only what is done, and reads again what was dropped on the way.

Faust hands over one record at a time, which costs ten times what a list costs, and rebuilds tables in the same way. So
there are two: `plain` is Faust's own way, `batches` hands over whole lists past its streams, and reads changelogs so.
Group, assignment, commits and the order of a takeover are Faust's in both. All that is known here of Faust's insides is
known in this file only, and `tests/streams/worker/test_faust_contract.py` fails where they are not as they were read.

While partitions move, Faust empties its queues, skips what it fetched for an older generation of the group, takes the
holes that come of it for compaction, and acknowledges and commits past them. Of ten takeovers under load two lost
events, and after four nothing was committed any more. So here Faust only carries records. Which one is due next in a
partition is known here: what is not in order is not taken, and a partition is read again from the record that is
missing.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from time import monotonic, time
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.structs import ConsumerRecord
from faust import tables
from faust.tables import recovery
from faust.transport.drivers import aiokafka
from faust.types import TP

from ..wire import Record
from .backlog import Backlog

log = logging.getLogger("stallwatch.consumer")

IDLE_SECONDS = 2.0
# Kafka answers a fetch within 1.5 s, also where there is nothing new
SILENT_SECONDS = 4.0
# rows of changelogs that are taken at once
CHUNK = 5000
FETCH_SECONDS = 1.0
PAUSE_SECONDS = 0.1
LINGER_SECONDS = 0.05
RETRY_SECONDS = 1.0
# an offset that no partition has reached
NOWHERE = 2**62


class Consumer(aiokafka.Consumer):
    """A consumer whose offsets are let go by who did the work, and by nobody else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _Read(self._is_changelog_tp)
        self._due: dict[TP, int] = {}
        self._missed: dict[TP, tuple[int, int]] = {}
        self._busy: set[TP] = set()
        self._heard: defaultdict[str, float] = defaultdict(monotonic)
        self._fetching = asyncio.Lock()

    # -- what the worker asks

    def due(self, place: TP) -> int | None:
        """The offset of the record that is to be done next; None if the partition is not this worker's (yet)."""
        return self._due.get(place)

    async def in_order(self, place: TP, records: Iterable[Record]) -> list[Record]:
        """Of what was delivered, what is due now, without a hole; `let_go` must follow when it is done."""
        self._heard[place.topic] = monotonic()
        due = self._due.get(place)
        taken: list[Record] = []
        for record in records:
            if due is None:
                break
            if record.offset < due:
                continue
            # what still does not come when it was read again is not there: the topic was compacted
            if record.offset > due and self._missed.get(place) != (due, record.offset):
                missed, came_instead = self._missed.get(place, (-1, -1))
                if missed != due or record.offset < came_instead:
                    self._missed[place] = due, record.offset
                    await self._read_again(place, due)
                break
            taken.append(record)
            due = record.offset + 1
        if taken:
            self._busy.add(place)
        return taken

    def let_go(self, place: TP, last: Record) -> None:
        """All up to this record is done, and may be committed."""
        self._heard[place.topic] = monotonic()
        self._busy.discard(place)
        if place in self._due:
            self._due[place] = last.offset + 1

    async def look_after(self) -> None:
        """To be called every second: reads again where records are due, but nothing is delivered."""
        busy = {place.topic for place in self._busy}
        for place, due in list(self._due.items()):
            idle = monotonic() - self._heard[place.topic] > IDLE_SECONDS and place.topic not in busy
            if idle and (self.highwater(place) or 0) > due:
                await self._read_again(place, due)

    def trouble(self) -> str | None:
        """By what one sees that Kafka is away; None if nothing shows it. Nothing is asked for this: the connections
        that there are, and the answers to the fetches that are always under way, tell it."""
        kafka = self._thread._consumer
        if kafka is None:
            return None
        # of another thread, so what may change there is copied first
        if not any(each.connected() for each in list(kafka._client._conns.values())):
            return "no connection to Kafka"
        assigned = kafka._subscription.subscription and kafka._subscription.subscription.assignment
        # where something waits to be taken, nothing may be asked for meanwhile
        if not assigned or kafka._fetcher._records:
            return None
        answered = max((assigned.state_value(place).timestamp or 0 for place in assigned.tps), default=0)
        silent = time() - answered / 1000
        return f"Kafka has not answered for {silent:.0f} s" if answered and silent > SILENT_SECONDS else None

    async def _read_again(self, place: TP, offset: int) -> None:
        log.info("%s %d is read again from %d", place.topic, place.partition, offset)
        self._heard[place.topic] = monotonic()
        try:
            await self.seek_now({place: offset})
        except (KafkaError, TimeoutError) as error:
            log.warning("%s %d: %r", place.topic, place.partition, error)

    # -- what Faust asks

    def ack(self, message: Any) -> bool:
        """A message has left a stream, done or not: nothing is let go for that."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        waiting = self._waiting_for_ack
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        return True

    async def perform_seek(self) -> None:
        """To where each partition was committed, else to its beginning."""
        await super().perform_seek()
        places = [place for place in self.assignment() if not self._is_changelog_tp(place)]
        for place in places:
            self._read_offset.pop(place, None)
        # where nothing was committed, Faust seeks nothing and goes on from wherever it has come to
        earliest = await self.earliest_offsets(*places)
        begin = {place: max(self._committed_offset[place] or 0, earliest[place]) for place in places}
        self._due |= begin
        await self.seek_now({place: offset for place, offset in begin.items() if offset == earliest[place]})

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """To these offsets, before anything is fetched anew.

        A fetch that began before a rebalance can end after it. What it brings is dropped then, although Kafka counts it
        as read; had it read a changelog behind this seek, the recovery would wait for those records for ever.
        """
        async with self._fetching:
            await self.seek_now(partitions)

    async def seek_now(self, partitions: Mapping[TP, int]) -> None:
        """To these offsets, also while something is being fetched: a batch that waited for a fetch, which may wait for
        a rebalance, which waits for the batch, would never end."""
        await super().seek_wait(partitions)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's
        # Faust goes on changing this set while the fetch is under way; emptied, it would mean all partitions
        wanted = None if active_partitions is None else set(active_partitions)
        async with self._fetching:
            return await super()._getmany(wanted, timeout)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Partitions go; what is done of them is committed while they do."""
        await super().on_partitions_revoked(revoked)
        for place in revoked:
            self._due.pop(place, None)
            self._missed.pop(place, None)
            self._busy.discard(place)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (place for place in list(self._due) if topics is None or place in topics or place.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._due.get(tp)


class _Read(defaultdict[TP, int | None]):
    """Faust's memory of what it has delivered, by which it would drop what is read again: of changelogs only."""

    def __init__(self, keeps: Callable[[TP], bool]) -> None:
        super().__init__(lambda: None)
        self._keeps = keeps

    def __setitem__(self, place: TP, offset: int | None) -> None:
        if self._keeps(place):
            super().__setitem__(place, offset)


Take = Callable[[Mapping[TP, Sequence[ConsumerRecord]]], Awaitable[None]]


class BatchConsumer(Consumer):
    """A consumer that hands over whole lists, as they were fetched, past Faust's streams.

    Each topic has a lane, which fetches again when it is done: so nothing is fetched without bound while the work takes
    long, and no topic waits for another's backlog.
    """

    app: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._backlogs: dict[str, Backlog[TP, ConsumerRecord]] = {}

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            async with asyncio.TaskGroup() as lanes:
                for topic, (take, most) in self.app.lanes.items():
                    lanes.create_task(self._lane(topic, take, most))
        # of a worker that ends in the middle of a rebalance Faust would take it for a crash
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise

    async def _lane(self, topic: str, take: Take, most: int) -> None:
        backlog = self._backlogs.setdefault(topic, Backlog())
        while not self.should_stop:
            try:
                fetched = await self._fetch(topic)
            except ConsumerStoppedError:
                if self.app.should_stop:
                    return
                raise
            backlog.add(fetched)
            while backlog:
                await take(backlog.take(most))
            # where little comes, a batch for each record would cost more than the record
            if fetched and sum(map(len, fetched.values())) < most:
                await asyncio.sleep(LINGER_SECONDS)

    async def _fetch(self, topic: str) -> Mapping[TP, Sequence[ConsumerRecord]]:
        if not self.flow_active:
            await self.can_resume_flow.wait()
        wanted = {place for place in self._get_active_partitions() if place.topic == topic}
        # to Kafka's client no partitions would mean all of them
        if not wanted:
            await asyncio.sleep(PAUSE_SECONDS)
            return {}
        # not through Faust's queue, which has room for two that wait
        fetch = self._thread._fetch_records(self._thread._ensure_consumer(), wanted, timeout=FETCH_SECONDS)
        fetched: Mapping[TP, Sequence[ConsumerRecord]] = await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(fetch, self._thread.thread_loop)
        )
        return fetched

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Partitions go; what was fetched before is fetched again from where it was committed."""
        await super().on_partitions_revoked(revoked)
        for backlog in self._backlogs.values():
            backlog.clear()

    async def wait_empty(self) -> None:
        """Let what is under way be done, then commit."""
        await self.app.settled()
        await super().wait_empty()

    async def leave_alone(self, places: Iterable[TP]) -> None:
        """Fetch nothing of these partitions, though they are assigned, and forget what was."""
        await self._thread.call_thread(self._leave_alone, aiokafka.ensure_aiokafka_TPset(places))

    async def _leave_alone(self, places: Any) -> None:
        kafka = self._thread._ensure_consumer()
        kafka.pause(*places)
        for place in places:
            # nor is taken what is on its way from where it was read before
            kafka.seek(place, NOWHERE)
            kafka._fetcher._records.pop(place, None)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust would see no stream that takes these records, and say so; here the watchdog sees to it."""


class Recovery(recovery.Recovery):
    """Faust's recovery of tables, which tells how far it is."""

    app: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began: dict[TP, int] = {}

    @property
    def progress(self) -> tuple[int, int]:
        """Rows read, and rows to read in all, by their offsets; (0, 0) if there are none."""
        began = self._began.items()
        read = sum((self.active_offsets[place] or 0) - offset for place, offset in began)
        return read, sum(self.active_highwaters[place] - offset for place, offset in began)

    async def _build_offsets(self, consumer: Any, tps: set[TP], destination: Counter[TP], title: str) -> None:
        await super()._build_offsets(consumer, tps, destination, title)
        if title == "active":
            ends = self.active_highwaters
            self._began = {place: destination[place] for place in tps if destination[place] < ends[place]}


class BatchRecovery(Recovery):
    """Reads changelogs as whole lists, by a consumer that belongs to no group, so no rebalance can come between.

    Where Faust seeks to where it is to begin, all is read: then Faust finds nothing left to recover.
    """

    async def _seek_offsets(self, consumer: Any, tps: set[TP], offsets: Counter[TP], title: str) -> None:
        if title == "active":
            await consumer.leave_alone(tps)
            while behind := [place for place in self._began if offsets[place] < self.active_highwaters[place]]:
                try:
                    await self._read(aiokafka.ensure_aiokafka_TPset(behind), offsets)
                except KafkaError as error:
                    log.warning("changelogs cannot be read: %r; trying again", error)
                    await asyncio.sleep(RETRY_SECONDS)

    async def _read(self, behind: set[Any], offsets: Counter[TP]) -> None:
        reader = self._reader()
        try:
            await reader.start()
            reader.assign(behind)
            for place in behind:
                reader.seek(place, offsets[place] + 1)
            while behind:
                chunks = await reader.getmany(timeout_ms=round(FETCH_SECONDS * 1000), max_records=CHUNK)
                for place, records in chunks.items():
                    self._apply(place, records)
                    offsets[place] = records[-1].offset
                for place in list(behind):
                    end = self.active_highwaters[place]
                    # by where it stands: the last rows may be gone
                    if await reader.position(place) > end:
                        offsets[place] = max(offsets[place], end)
                        behind.discard(place)
                        reader.pause(place)
        finally:
            await reader.stop()

    def _apply(self, place: TP, records: Sequence[ConsumerRecord]) -> None:
        table: Any = self.tp_to_table[place]
        rows = table.data.data
        for record in records:
            if record.value is None:
                rows.pop(record.key, None)
            else:
                rows[record.key] = record.value

    def _reader(self) -> AIOKafkaConsumer:
        conf = self.app.conf
        return AIOKafkaConsumer(
            bootstrap_servers=aiokafka.server_list(self.app.transport.url, self.app.transport.default_port),
            group_id=None,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            **aiokafka.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ASYNC109 - Faust's
        # a long changelog takes as long as it takes; one that hangs is the watchdog's
        await super()._wait(coro)

    async def _verify_remaining(self, now: float, stats: Any) -> None:
        log.info("%s of %s rows are read", *(f"{count:,}" for count in self.progress))


class TableManager(tables.TableManager):
    """Faust's tables, with that recovery."""

    _recovers = Recovery

    @property
    def recovery(self) -> recovery.Recovery:
        """What rebuilds the tables."""
        if self._recovery is None:
            self._recovery = self._recovers(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class BatchTableManager(TableManager):
    """Faust's tables, which are recovered in whole lists."""

    _recovers = BatchRecovery


class Transport(aiokafka.Transport):
    """Kafka, with that consumer."""

    Consumer = Consumer


class BatchTransport(aiokafka.Transport):
    """Kafka, with a consumer that hands over whole lists."""

    Consumer = BatchConsumer


class App(faust.App):
    """Faust's app, with that transport."""

    def _new_transport(self) -> aiokafka.Transport:
        return Transport(self.conf.broker_consumer, self)


class BatchApp(App):
    """An app whose topics are taken in whole lists, as they were fetched, and not as streams.

    `settled` returns when nothing is under way any more, and nothing will be before state is recovered again.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lanes: dict[str, tuple[Take, int]] = {}
        self.settled: Callable[[], Awaitable[None]]

    def take(self, topic: Any, take: Take, most: int) -> None:
        """Hand what comes on a topic to `take`, which returns when it is done; at most so many records at once."""
        self.lanes[topic.get_topic_name()] = take, most
        self.topics.add(topic)

    @property
    def kafka_producer(self) -> AIOKafkaProducer:
        """What Faust's producer sends with."""
        producer: Any = self.producer
        ready: AIOKafkaProducer = producer._ensure_producer()
        return ready

    def _new_transport(self) -> aiokafka.Transport:
        return BatchTransport(self.conf.broker_consumer, self)

    async def _stop_fetcher(self) -> None:
        # it would be cancelled amid its work
        await self.settled()
        await super()._stop_fetcher()
