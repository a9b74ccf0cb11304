"""A worker that hangs is ended."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from streams.worker import watchdog as module
from streams.worker.watchdog import Watchdog

LIMIT = 0.4
PATIENCE = 20.0
RECORDS = "5 records to take"


class Death:
    """Notes why, and goes on, so that a test can look."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.came = threading.Event()

    def __call__(self, reason: str) -> None:
        self.reasons.append(reason)
        self.came.set()


@contextmanager
def watching(limit: float = LIMIT) -> Iterator[tuple[Watchdog, Death]]:
    death = Death()
    watchdog = Watchdog(limit, death)
    watchdog.start()
    try:
        yield watchdog, death
    finally:
        watchdog.stop()


@contextmanager
def turning(turn: Callable[[], None]) -> Iterator[None]:
    """A loop that turns."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(LIMIT / 40):
            turn()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_loop_that_no_longer_turns_is_the_end() -> None:
    with watching() as (_, death):
        assert death.came.wait(PATIENCE)
        assert death.reasons[0].startswith("the event loop has not turned for")


def test_a_lag_without_progress_is_the_end_though_the_loop_turns() -> None:
    with watching() as (watchdog, death), turning(lambda: watchdog.turn(RECORDS, progress=17)):
        assert death.came.wait(PATIENCE)
    assert death.reasons[0].startswith("5 records to take: no progress for")


def test_a_worker_that_does_not_become_ready_is_the_end_too() -> None:
    with watching() as (watchdog, death), turning(lambda: watchdog.turn("taking over partitions", progress=0)):
        assert death.came.wait(PATIENCE)
    assert death.reasons[0].startswith("taking over partitions: no progress for")


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    told = Time()
    monkeypatch.setattr(module, "monotonic", told)
    return told


def test_it_complains_after_a_third_of_the_limit_and_is_content_again_after_progress(clock: Time) -> None:
    watchdog = Watchdog(30, Death())
    watchdog.turn(RECORDS, progress=1)
    for clock.now in (1005.0, 1010.0):
        watchdog.turn(RECORDS, progress=1)
    assert watchdog.complaint is None
    clock.now = 1010.5
    watchdog.turn(RECORDS, progress=1)
    assert watchdog.complaint == "5 records to take: no progress for 10 s"
    watchdog.turn(RECORDS, progress=2)
    assert watchdog.complaint is None


def test_who_has_nothing_to_do_need_not_progress(clock: Time) -> None:
    watchdog = Watchdog(30, Death())
    for clock.now in (1000.0, 2000.0, 3000.0):
        watchdog.turn(None, progress=1)
        assert watchdog.complaint is None


def test_progress_may_go_back_as_after_a_rebalance(clock: Time) -> None:
    watchdog = Watchdog(30, Death())
    watchdog.turn(RECORDS, progress=100)
    clock.now += 20
    watchdog.turn(RECORDS, progress=3)
    assert watchdog.complaint is None


def test_who_turns_and_progresses_lives_until_it_stops_doing_so(clock: Time) -> None:
    with watching() as (watchdog, death):
        for progress in range(100):
            clock.now += LIMIT / 2
            watchdog.turn(RECORDS, progress=progress)
        assert death.reasons == []
        clock.now += 2 * LIMIT
        assert death.came.wait(PATIENCE)


def test_nobody_dies_after_the_end(clock: Time) -> None:
    with watching() as (watchdog, death):
        (thread,) = (each for each in threading.enumerate() if each.name == "watchdog")
        watchdog.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        clock.now += 100 * LIMIT
    assert death.reasons == []
