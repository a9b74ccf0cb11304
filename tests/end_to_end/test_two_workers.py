"""Two workers that share the deals: one that hangs makes way."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.demo.broker import Broker
from streams.demo.company import Company
from tests.end_to_end.system import System, until

COMPANY = Company(seed=3, deals=12, weeks=4)
SESSION_SECONDS = 6  # the least that Kafka grants
HANGS = "taking over partitions: no progress for"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_worker_whose_takeover_hangs_says_so_and_ends_itself(own_broker: Broker, prefix: str, tmp_path: Path) -> None:
    with System(
        own_broker.bootstrap,
        prefix,
        tmp_path,
        COMPANY.rules(),
        kafka__session_timeout_seconds=str(SESSION_SECONDS),
        watchdog_seconds="1",  # as soon as may be: after three session timeouts
    ) as system:
        first = system.start(workers=1).worker
        second = system.add_worker()
        until(lambda: "taking over" in first.ask("/readyz")[1], "the second gets its share")
        with frozen(own_broker):
            for path in ("/healthz", "/readyz"):
                until(lambda path=path: HANGS in first.ask(path)[1], f"{path} says it")
            for worker in (first, second):
                assert worker.wait(within=30) == 1
                assert HANGS in worker.last_lines()[-1]
        for worker in (first, second):
            worker.start()
        for worker in (first, second):
            worker.wait_ready()


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
