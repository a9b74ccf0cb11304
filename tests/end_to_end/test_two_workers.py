"""Workers that share the deals: whichever is asked, each deal is found; partitions move and nothing is lost."""

import json
import os
import re
import signal
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streams.demo.broker import Broker
from streams.demo.company import Company
from tests.conftest import RunningBroker
from tests.end_to_end.system import (
    BOTH_WAYS,
    SHORT_SESSION_SECONDS,
    RunningWorker,
    System,
    difference,
    replayed,
    until,
)

COMPANY = Company(seed=3, deals=12, weeks=4)
BUSY = Company(seed=7, deals=60, weeks=20, disorder=0.1)
HANGS = re.compile(r"taking over partitions( \(.*\))?: no progress for")

# not through a proxy that the environment names
browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def page(worker: RunningWorker, deal: str) -> tuple[str, Any]:
    """Where one ends up who asks a worker for a deal, and what is told there; fails if that is no page."""
    address = f"http://127.0.0.1:{worker.port}/deals/{quote(deal, safe='')}"
    asked = urllib.request.Request(address, headers={"Accept": "application/json"})
    with browser.open(asked, timeout=10) as answer:
        return answer.url.partition("/deals/")[0], json.loads(answer.read())


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_deals_page_is_reached_from_either_worker(broker: RunningBroker, prefix: str, tmp_path: Path) -> None:
    with System(broker.bootstrap, prefix, tmp_path, COMPANY.rules()) as system:
        system.start(workers=2)
        system.publish(COMPANY.lines())
        system.wait_until_done()
        answers = system.answers()
        assert answers

        found = {deal: [page(worker, deal) for worker in system.workers] for deal in answers}

        for deal, (one, other) in found.items():
            assert one == other
            assert one[1]["findings"] == answers[deal]["findings"]
        assert {at for (at, _), _ in found.values()} == {f"http://127.0.0.1:{each.port}" for each in system.workers}


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_worker_whose_takeover_hangs_says_so_and_ends_itself(own_broker: Broker, prefix: str, tmp_path: Path) -> None:
    with System(
        own_broker.bootstrap,
        prefix,
        tmp_path,
        COMPANY.rules(),
        kafka__session_timeout_seconds=SHORT_SESSION_SECONDS,
        watchdog_seconds="1",  # as soon as may be: after three session timeouts
    ) as system:
        first = system.start(workers=1).worker
        second = system.add_worker()
        until(lambda: "taking over" in first.ask("/readyz")[1], "the second gets its share")
        with frozen(own_broker):
            for path in ("/healthz", "/readyz"):
                until(lambda path=path: HANGS.search(first.ask(path)[1]), f"{path} says it")
            for worker in (first, second):
                assert worker.wait(within=30) == 1
                assert HANGS.search(worker.last_lines()[-1])
        for worker in (first, second):
            worker.start()
        for worker in (first, second):
            worker.wait_ready()


@pytest.mark.slow
@BOTH_WAYS
@pytest.mark.timeout(240)
def test_workers_that_join_leave_and_die_while_events_pour_in_lose_none_of_them(
    broker: RunningBroker, prefix: str, tmp_path: Path, consumer: str
) -> None:
    lines = list(BUSY.lines())
    with System(
        broker.bootstrap,
        prefix,
        tmp_path,
        BUSY.rules(),
        kafka__session_timeout_seconds=SHORT_SESSION_SECONDS,
        kafka__consumer=consumer,
    ) as system:
        first = system.start(workers=1).worker
        with published_in_parts(system, lines, parts=40) as published:
            second = system.add_worker().wait_ready()
            third = system.add_worker().wait_ready()
            assert second.pid
            os.kill(second.pid, signal.SIGTERM)
            assert second.wait(within=30) == 0
            third.kill()
            third.start()
            first.kill()
            third.wait_ready()
            published.wait()
        system.wait_until_done(within=120)

        assert system.dead_letters() == []
        assert difference(system.findings(), replayed(system.rules_file, lines)) == {}
        behind = lambda: sum(third.metrics("stallwatch_lag_records").values())  # noqa: E731
        until(lambda: third.ready and behind() == 0, "nothing is told to wait any more")


@contextmanager
def published_in_parts(system: System, lines: list[bytes], parts: int) -> Iterator[threading.Event]:
    """Publish one part after the other, beside whatever else happens; the event says that all is there."""
    done, size = threading.Event(), -(-len(lines) // parts)

    def publish() -> None:
        for start in range(0, len(lines), size):
            system.publish(lines[start : start + size])
        done.set()

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        yield done
    finally:
        publishing.join()


@contextmanager
def frozen(broker: Broker) -> Iterator[None]:
    """A broker that is there and does not answer."""
    assert broker._server
    assert broker._server.pid
    os.killpg(broker._server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(broker._server.pid, signal.SIGCONT)
