"""Ten thousand findings, and an Alertmanager that takes one post when it likes: what is kept is by what is open."""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web

from streams.alerting import notifier
from streams.alerting.alerts import Alert
from streams.alerting.notifier import MOST_IN_A_POST
from streams.alerting.telling import Telling
from streams.answer import Answer
from tests.streams.alerting.test_notifier import eventually, notifying, standing_in
from tests.streams.told import MONDAY, answer, finding, told_of

MANY = 10_000
A_BOOK = 50
ROUNDS = 4


@dataclass
class Shelves:
    """Books with many stalls, each of them in these words; how often they were read."""

    words: str = "at first"
    reads: int = 0
    partition: int = 0
    time: datetime | None = MONDAY

    def __iter__(self) -> Iterator["Shelves"]:
        yield self

    def tellings(self) -> Iterable[Telling]:
        for book in range(MANY // A_BOOK):
            numbers = range(book * A_BOOK, (book + 1) * A_BOOK)
            yield told_of(*(answer(f"D-{number}", finding(summary=self.words)) for number in numbers))
        self.reads += 1

    def owners(self) -> Iterable[tuple[str, Sequence[Answer]]]:
        return ()


def alerts_in_memory() -> int:
    gc.collect()
    return sum(isinstance(each, Alert) for each in gc.get_objects())


async def test_a_peer_that_takes_one_post_now_and_then_costs_no_more_than_there_are_alerts_and_hears_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notifier, "IDLE_SHARE", 0)  # here are no events that want the loop
    turns = asyncio.Semaphore(0)
    heard: dict[str, str] = {}
    counts: Counter[tuple[str, str]] = Counter()

    async def in_turn(alerts: list[dict[str, Any]]) -> web.Response:
        await turns.acquire()
        heard.update((alert["labels"]["deal_id"], alert["annotations"]["summary"]) for alert in alerts)
        return web.Response()

    shelves = Shelves()
    async with (
        standing_in(in_turn) as peer,
        notifying(shelves, counts, peer.url, timeout_seconds=100.0) as telling,
    ):
        for round_ in range(ROUNDS):
            await eventually(lambda: len(telling) == MANY)
            shelves.words = f"in other words, {round_}"
            reads = shelves.reads
            telling.changed()
            # it reads on, though nobody takes what it has read before
            await eventually(lambda reads=reads: shelves.reads > reads)  # type: ignore[misc]
            turns.release()
            assert len(telling) == MANY
        # what it has, what it had when it began to tell, and what it is reading now
        assert alerts_in_memory() <= 3 * MANY
        assert len(peer.posts) <= ROUNDS + 1

        for _ in range(3 * MANY // MOST_IN_A_POST):
            turns.release()
        await eventually(lambda: list(heard.values()) == [shelves.words] * MANY)
    # what was overtaken before its turn came was not told: hardly more than one way through
    assert len(peer.posts) <= 2 * MANY // MOST_IN_A_POST + ROUNDS
