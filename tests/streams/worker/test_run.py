"""What a running worker tells of itself, and where it sends whoever asks for a deal of another; without a Kafka."""

import socket

import pytest
from faust.types import TP

from detectors.core.rules import Rules
from streams.settings import Http, Settings, SettingsError, Topics
from streams.web.server import OPEN
from streams.wire import Topic
from streams.worker.consumer import App
from streams.worker.run import Views, with_port
from streams.worker.watchdog import Watchdog
from streams.worker.worker import Worker, die
from tests.streams.scraping import series_of

HERE, THERE = "http://127.0.0.1:8787", "http://127.0.0.1:8788"


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


# -- where a deal is

ELSEWHERE, OURS = "D-2", "D-1"  # whose partitions are 0 and 1


def views(worker: Worker, held: dict[str, list[int]]) -> Views:
    """A worker's views after a rebalance at which it was agreed who holds which partitions."""
    worker.app.assignor.changelog_distribution = {
        url: {"stallwatch-deals-changelog": partitions} for url, partitions in held.items()
    }
    return Views(worker, Watchdog(60, die), OPEN)


def test_a_deal_is_where_its_partition_is_held(worker: Worker) -> None:
    shown = views(worker, {HERE: [1], THERE: [0]})
    assert shown.elsewhere(ELSEWHERE) == THERE
    assert shown.elsewhere(OURS) is None


def test_the_others_are_those_that_have_deals(worker: Worker) -> None:
    assert views(worker, {HERE: [1], THERE: [0]}).others() == [THERE]
    assert views(worker, {HERE: [1, 0], THERE: []}).others() == []
    assert views(worker, {}).others() == []


def test_nobody_is_sent_on_who_would_only_come_back_or_arrive_nowhere(worker: Worker) -> None:
    assert views(worker, {HERE: [1, 0]}).elsewhere(ELSEWHERE) is None
    assert views(worker, {}).elsewhere(ELSEWHERE) is None


# -- whether it gets on


def test_who_is_not_ready_has_something_to_do_and_so_has_who_lags(worker: Taking) -> None:
    assert worker.task == "12 records to take"
    worker.records = 0
    assert worker.task is None
    worker.ready = False
    assert worker.task == "taking over partitions"


def test_readiness_says_for_how_long_nothing_has_moved(worker: Taking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.worker.watchdog.monotonic", lambda: now)
    now = 0.0
    watchdog = Watchdog(60, die)
    shown = Views(worker, watchdog, OPEN)
    assert (shown.health(), shown.readiness()) == (None, None)
    worker.ready = False
    watchdog.turn(worker.task, 1)
    assert (shown.health(), shown.readiness()) == (None, "taking over partitions")
    now = 21.0
    watchdog.turn(worker.task, 1)
    assert shown.health() == shown.readiness() == "taking over partitions: no progress for 21 s"


def test_readiness_says_how_far_the_rows_are(worker: Taking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(App, "started", True)
    recovery, place = worker.app.tables.recovery, TP("stallwatch-deals-changelog", 1)
    worker._recovering = {"deals"}
    recovery._began, recovery.active_offsets[place], recovery.active_highwaters[place] = {place: -1}, 119_999, 199_999
    assert Worker.unready(worker) == "taking over partitions (120,000 of 200,000 rows read)"
    recovery.active_offsets[place] = 199_999
    worker.deals.done, worker.deals.steps = 6_000, 60_000
    assert Worker.unready(worker) == "taking over partitions (10% of the state built)"
    worker.deals.done = 60_000
    assert Worker.unready(worker) == "taking over partitions"


def test_lag_is_told_as_it_was_while_partitions_move(worker: Taking) -> None:
    told = series_of(worker.exporter.text())["stallwatch_lag_records"]
    assert set(told.values()) == {3.0}
    worker.ready, worker.records = False, 0
    assert series_of(worker.exporter.text())["stallwatch_lag_records"] == told


def test_a_worker_without_partitions_has_no_clock_that_could_stand_still(worker: Taking) -> None:
    assert worker.state().clock_kind is None
    worker.ready = False
    assert worker.state().clock_kind == "wall"


def test_what_failed_on_a_book_is_counted_with_what_failed_on_deals(worker: Taking) -> None:
    worker._on_book_error("hoarding", "ann@us.example", ValueError("no such thing"))
    assert series_of(worker.exporter.text())["stallwatch_detector_errors_total"]["hoarding",] == 1


# -- its port


def test_a_port_that_is_left_to_the_system_is_known_before_it_is_served() -> None:
    settings = with_port(Settings(http=Http(port=0)))
    assert settings.http.port > 0
    assert settings.pages_url == f"http://127.0.0.1:{settings.http.port}"
    with socket.create_server(("127.0.0.1", settings.http.port)):
        pass


def test_a_port_that_is_set_is_kept() -> None:
    settings = Settings(http=Http(port=8799))
    assert with_port(settings) == settings


def test_a_host_that_is_none_of_this_machine_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^STALLWATCH_HTTP__HOST: 192\.0\.2\.1 cannot be served: "):
        with_port(Settings(http=Http(host="192.0.2.1", port=0)))
