"""What is due next in a partition, whatever Faust delivers: nothing is passed over, nothing is taken twice."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from faust.types import TP

from streams.wire import Record
from streams.worker.consumer import IDLE_SECONDS, Consumer

PLACE = TP("inbox", 0)


class SlowKafka:
    """What fetches, and takes its time."""

    def __init__(self) -> None:
        self.began, self.may_end = asyncio.Event(), asyncio.Event()
        self.asked: set[TP] = set()

    async def getmany(self, wanted: set[TP], _seconds: float) -> dict[TP, list[Record]]:
        self.began.set()
        await self.may_end.wait()
        self.asked = wanted
        return {}


class Reading(Consumer):
    """A consumer without a Kafka behind it, which remembers from where it was to read again."""

    def __init__(self, due: int, highwater: int = 0) -> None:
        self._due = {PLACE: due}
        self._missed: dict[TP, tuple[int, int]] = {}
        self._busy: set[TP] = set()
        self._heard = defaultdict(monotonic)
        self._highwater = highwater
        self._fetching = asyncio.Lock()
        self._thread: Any = SlowKafka()
        self.again: list[int] = []

    async def seek_now(self, partitions: Mapping[TP, int]) -> None:
        self.again += partitions.values()

    def highwater(self, tp: TP) -> int:
        return self._highwater

    async def offsets(self, *delivered: int) -> list[int]:
        """Those that are due of what is delivered; they are let go at once."""
        taken = await self.in_order(PLACE, records(delivered))
        if taken:
            self.let_go(PLACE, taken[-1])
        return [record.offset for record in taken]

    def silent_for(self, seconds: float) -> None:
        self._heard[PLACE.topic] = monotonic() - seconds


def records(offsets: Iterable[int]) -> list[Record]:
    return [Record(0, None, b"", offset=offset) for offset in offsets]


async def test_what_is_in_order_is_taken() -> None:
    reading = Reading(due=5)

    assert await reading.offsets(5, 6, 7) == [5, 6, 7]
    assert await reading.offsets(8) == [8]
    assert (reading.due(PLACE), reading.again) == (9, [])


async def test_what_comes_again_is_passed_over() -> None:
    reading = Reading(due=5)

    assert await reading.offsets(3, 4, 5, 5, 6, 4, 7) == [5, 6, 7]
    assert await reading.offsets(5, 6) == []


async def test_a_hole_is_read_again_once_and_nothing_behind_it_is_taken_before() -> None:
    reading = Reading(due=5)

    assert await reading.offsets(5, 8, 9) == [5]
    # what was on its way comes still
    assert await reading.offsets(10, 11) == []
    assert reading.again == [6]

    assert await reading.offsets(6, 7, 8, 9, 10, 11) == [6, 7, 8, 9, 10, 11]


async def test_a_hole_that_stays_when_it_is_read_again_is_compaction() -> None:
    reading = Reading(due=5)

    assert await reading.offsets(8, 9) == []
    assert await reading.offsets(8, 9) == [8, 9]
    assert reading.again == [5]


async def test_behind_a_record_that_is_gone_others_may_have_been_dropped_on_the_way() -> None:
    reading = Reading(due=6)

    # 6 was compacted, 7 dropped in a rebalance
    assert await reading.offsets(8, 9) == []
    assert await reading.offsets(7, 8, 9) == []
    assert await reading.offsets(7, 8, 9) == [7, 8, 9]
    assert reading.again == [6, 6]


async def test_what_nobody_delivers_is_read_again_after_a_while() -> None:
    reading = Reading(due=5, highwater=6)

    reading.silent_for(IDLE_SECONDS - 0.5)
    await reading.look_after()
    assert reading.again == []

    reading.silent_for(IDLE_SECONDS + 0.5)
    await reading.look_after()
    assert reading.again == [5]


async def test_a_partition_that_is_done_or_being_worked_on_is_left_alone() -> None:
    done = Reading(due=6, highwater=6)
    done.silent_for(IDLE_SECONDS + 1)
    await done.look_after()

    busy = Reading(due=5, highwater=6)
    await busy.in_order(PLACE, records([5]))
    busy.silent_for(IDLE_SECONDS + 1)
    await busy.look_after()

    assert (done.again, busy.again) == ([], [])


async def test_of_a_partition_that_is_not_ours_nothing_is_taken() -> None:
    reading = Reading(due=5)
    elsewhere = TP("inbox", 1)

    assert await reading.in_order(elsewhere, records([5])) == []
    assert reading.due(elsewhere) is None
    reading.let_go(elsewhere, records([5])[0])
    assert reading.due(elsewhere) is None


async def test_only_what_is_let_go_is_committed() -> None:
    reading = Reading(due=5)
    await reading.in_order(PLACE, records([5, 6]))
    assert committed(reading) == {PLACE: 5}

    reading.let_go(PLACE, records([6])[0])
    assert committed(reading) == {PLACE: 7}


def committed(reading: Reading) -> dict[TP, Any]:
    """What Faust would commit now."""
    return {place: reading._new_offset(place) for place in reading._filter_tps_with_pending_acks()}


async def test_a_fetch_goes_on_for_what_was_wanted_when_it_began() -> None:
    """To Kafka's client no partitions means all of them: changelogs too, whose records nobody would wait for."""
    reading, active = Reading(due=5), {PLACE}
    fetch = asyncio.create_task(reading._getmany(active, 1.0))
    await reading._thread.began.wait()

    active.clear()
    reading._thread.may_end.set()
    await fetch

    assert reading._thread.asked == {PLACE}


async def test_a_recovery_goes_to_its_offsets_only_when_no_old_fetch_can_read_past_them() -> None:
    reading = Reading(due=5)
    fetch = asyncio.create_task(reading._getmany({PLACE}, 1.0))
    await reading._thread.began.wait()

    seek = asyncio.create_task(reading.seek_wait({PLACE: 0}))
    await asyncio.sleep(0)
    assert reading.again == []

    reading._thread.may_end.set()
    await asyncio.gather(fetch, seek)
    assert reading.again == [0]


async def test_a_batch_that_reads_again_does_not_wait_for_a_fetch() -> None:
    """The fetch may be waiting for a rebalance, and the rebalance for the batch."""
    reading = Reading(due=5)
    fetch = asyncio.create_task(reading._getmany({PLACE}, 1.0))
    await reading._thread.began.wait()

    assert await reading.offsets(7) == []

    assert reading.again == [5]
    reading._thread.may_end.set()
    await fetch
