"""Whole lists past Faust's streams: each topic in a lane of its own."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.worker.consumer import BatchConsumer, Take

MOST = 3


class Lanes(BatchConsumer):
    """A consumer of two topics without a Kafka behind it; what is fetched is put there by a test."""

    should_stop = False

    def __init__(self, **takes: Take) -> None:
        self._backlogs = {}
        self.app = SimpleNamespace(lanes={topic: (take, MOST) for topic, take in takes.items()}, should_stop=False)
        self.there: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)
        self.fetches: list[str] = []
        self.began = asyncio.Event()

    def put(self, topic: str, *offsets: int) -> None:
        self.there[topic].put_nowait({TP(topic, 0): list(offsets)})

    async def _fetch(self, topic: str) -> Mapping[TP, Sequence[Any]]:
        self.fetches.append(topic)
        self.began.set()
        fetched: Mapping[TP, Sequence[Any]] = await self.there[topic].get()
        return fetched


class Work:
    """What takes records, and is done with them when it may be."""

    def __init__(self, is_slow: bool = False) -> None:
        self.taken: list[list[int]] = []
        self.news = asyncio.Event()
        self.may_end = asyncio.Event()
        if not is_slow:
            self.may_end.set()

    async def __call__(self, records: Mapping[TP, Sequence[Any]]) -> None:
        self.taken += [list(each) for each in records.values()]
        self.news.set()
        await self.may_end.wait()

    async def has(self, *lists: list[int]) -> None:
        while self.taken != list(lists):
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 5)


@pytest.mark.timeout(30)
async def test_a_topic_that_takes_long_is_not_fetched_again_and_keeps_no_other_waiting() -> None:
    slow, quick = Work(is_slow=True), Work()
    consumer = Lanes(inbox=slow, books=quick)
    draining = asyncio.create_task(consumer._drain_messages(None))
    for topic in ("inbox", "books"):
        consumer.put(topic, 1)
        consumer.put(topic, 2)

    await quick.has([1], [2])

    await slow.has([1])
    assert consumer.fetches.count("inbox") == 1
    slow.may_end.set()
    await slow.has([1], [2])
    draining.cancel()


@pytest.mark.timeout(30)
async def test_a_long_list_is_handed_over_in_parts_and_nothing_is_fetched_before_the_last() -> None:
    work = Work()
    consumer = Lanes(inbox=work)
    draining = asyncio.create_task(consumer._drain_messages(None))
    consumer.put("inbox", 1, 2, 3, 4, 5, 6, 7)

    await work.has([1, 2, 3], [4, 5, 6], [7])

    consumer.put("inbox", 8)
    await work.has([1, 2, 3], [4, 5, 6], [7], [8])
    assert len(consumer.fetches) <= 3
    draining.cancel()


@pytest.mark.parametrize("ends", [True, False])
async def test_lanes_that_are_ended_are_a_crash_only_of_a_worker_that_does_not_end(ends: bool) -> None:
    consumer = Lanes(inbox=Work())
    consumer.app.should_stop = ends
    draining = asyncio.create_task(consumer._drain_messages(None))
    await consumer.began.wait()

    draining.cancel()
    with suppress(asyncio.CancelledError):
        await draining

    assert draining.cancelled() is not ends


async def test_an_error_of_the_fetching_ends_all_lanes_and_is_told() -> None:
    class Broken(Lanes):
        async def _fetch(self, topic: str) -> Mapping[TP, Sequence[Any]]:
            if topic == "books":
                raise ConnectionError("no broker")
            return await super()._fetch(topic)

    with pytest.raises(ExceptionGroup, match="TaskGroup") as raised:
        await Broken(inbox=Work(), books=Work())._drain_messages(None)
    assert [str(each) for each in raised.value.exceptions] == ["no broker"]
