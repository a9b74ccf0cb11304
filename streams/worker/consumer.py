"""Faust's consumer, except that it commits only what is done, and reads again what was dropped on the way.

While partitions move, Faust empties its queues, skips what it fetched for an older generation of the group, takes the
holes that come of it for compaction, and acknowledges and commits past them. Of ten takeovers under load two lost
events, and after four nothing was committed any more. So here Faust only carries records. Which one is due next in a
partition is known here: what is not in order is not taken, and a partition is read again from the record that is
missing.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import monotonic, time
from typing import Any

import faust
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka
from faust.types import TP

from ..wire import Record

log = logging.getLogger("stallwatch.consumer")

IDLE_SECONDS = 2.0
# Kafka answers a fetch within 1.5 s, also where there is nothing new
SILENT_SECONDS = 4.0


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


class Transport(aiokafka.Transport):
    """Kafka, with that consumer."""

    Consumer = Consumer


class App(faust.App):
    """Faust's app, with that transport."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)
