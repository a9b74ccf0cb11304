"""What a running worker tells of itself; without a Kafka."""

import pytest

from detectors.core.rules import Rules
from streams.run import Views
from streams.settings import Settings, Topics
from streams.watchdog import Watchdog
from streams.wire import Topic
from streams.worker import Worker, die
from tests.streams.scraping import series_of


class Taking(Worker):
    """A worker with a partition of two, which takes events or is about to."""

    ready = True
    records = 3

    def unready(self) -> str | None:
        return None if self.ready else "taking over partitions"

    def assigned(self, topic: Topic) -> set[int]:
        return {1}

    def _lag_of(self, topic: Topic) -> int:
        return self.records


@pytest.fixture
def worker() -> Taking:
    return Taking(Settings(topics=Topics(partitions=2)), Rules())


def test_who_is_not_ready_has_something_to_do_and_so_has_who_lags(worker: Taking) -> None:
    assert worker.task == "12 records to take"
    worker.records = 0
    assert worker.task is None
    worker.ready = False
    assert worker.task == "taking over partitions"


def test_readiness_says_for_how_long_nothing_has_moved(worker: Taking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.watchdog.monotonic", lambda: now)
    now = 0.0
    watchdog = Watchdog(60, die)
    shown = Views(worker, watchdog)
    assert (shown.health(), shown.readiness()) == (None, None)
    worker.ready = False
    watchdog.turn(worker.task, 1)
    assert (shown.health(), shown.readiness()) == (None, "taking over partitions")
    now = 21.0
    watchdog.turn(worker.task, 1)
    assert shown.health() == shown.readiness() == "taking over partitions: no progress for 21 s"


def test_lag_is_told_as_it_was_while_partitions_move(worker: Taking) -> None:
    told = series_of(worker.exporter.text())["stallwatch_lag_records"]
    assert set(told.values()) == {3.0}
    worker.ready, worker.records = False, 0
    assert series_of(worker.exporter.text())["stallwatch_lag_records"] == told
