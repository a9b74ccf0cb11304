"""Events pushed to a running worker: in Kafka when the answer says so, also when Kafka is away for a while."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests

from streams.demo.broker import Broker
from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS, event, refusal, stallwatch, untouched
from tests.end_to_end.system import System, until

TOKEN = "canary-of-the-events-token"
AT = "2026-03-02T09:15:00+01:00"
# as whoever takes pushes has it; an event is known from the first clock on
LIVE = {"pushes": "events", "events_token": TOKEN, "clock": "wall", "clock_seconds": "0.5"}


def pushed(system: System, deal: str, at: str = AT, **headers: str) -> requests.Response:
    """The answer to a push of a deal's event."""
    return requests.post(
        f"http://127.0.0.1:{system.worker.port}/events",
        data=event("crm.deal.changed", deal, at, deal, stage="Demo"),
        headers={"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {TOKEN}"} | headers,
        timeout=30,
    )


def is_taken(system: System, deal: str) -> bool:
    """Pushes a deal's event; whether it was taken."""
    return pushed(system, deal).status_code == 202


def is_known(system: System, deal: str) -> bool:
    """Whether the worker knows a deal."""
    return system.worker.ask(f"/deals/{deal}")[0] == 200


@contextmanager
def frozen(broker: Broker) -> Iterator[None]:
    """A broker that keeps its connections and says nothing."""
    assert broker._server is not None
    assert broker._server.pid is not None
    os.killpg(broker._server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(broker._server.pid, signal.SIGCONT)


def in_the_inbox(system: System) -> list[str]:
    """The deals of the events in the inbox, in order."""
    return sorted(json.loads(each.value or b"")["subject"] for each in system.read(system.topics["inbox"]) if each.key)


@pytest.mark.timeout(180)
def test_what_is_pushed_is_soon_known_and_its_token_stands_nowhere(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    with System(broker.bootstrap, prefix, tmp_path, OURS, **LIVE) as system:
        system.start()
        assert pushed(system, "D-1").status_code == 202
        assert in_the_inbox(system) == ["D-1"]
        until(partial(is_known, system, "D-1"), "the deal is known")
        assert pushed(system, "D-2", Authorization="Bearer wrong").status_code == 401
        assert pushed(system, "D-3", at="soon").status_code == 400
        told = system.worker.metrics("stallwatch_pushes_total")
        assert {outcome: number for (outcome, _), number in told.items() if number} == {
            "taken": 1,
            "unauthorized": 1,
            "refused": 1,
        }
        everything = system.worker.log_text() + system.worker.ask("/metrics")[1] + str(system.dead_letters())
        assert TOKEN not in everything


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_broker_that_dies_costs_the_sender_an_answer_in_seconds_and_nobody_an_event(
    own_broker: Broker, prefix: str, tmp_path: Path
) -> None:
    with System(own_broker.bootstrap, prefix, tmp_path, OURS, **LIVE) as system:
        system.start()
        pid = system.worker.pid
        assert pushed(system, "D-0").status_code == 202

        own_broker.kill()
        for deal in ("D-1", "D-2"):
            asked = time.monotonic()
            answer = pushed(system, deal)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert time.monotonic() - asked < 5

        own_broker.start()
        for deal in ("D-1", "D-2", "D-3"):
            until(partial(is_taken, system, deal), f"{deal} is taken")

        with frozen(own_broker):
            asked = time.monotonic()
            assert pushed(system, "D-4").status_code == 503
            assert time.monotonic() - asked < 5
        until(partial(is_taken, system, "D-4"), "it is taken after all")

        deals = {f"D-{number}" for number in range(5)}
        assert set(in_the_inbox(system)) == deals
        for deal in deals:
            until(partial(is_known, system, deal), f"{deal} is known")
        assert system.worker.pid == pid


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_who_asks_whether_it_takes_events_hears_that_kafka_is_away_and_when_it_is_back(
    own_broker: Broker, prefix: str, tmp_path: Path
) -> None:
    with System(own_broker.bootstrap, prefix, tmp_path, OURS) as system:
        system.start()
        worker = system.worker
        pid = worker.pid

        own_broker.kill()
        until(lambda: worker.ask("/readyz") == (503, "no connection to Kafka\n"), "it is not ready", within=3)
        assert worker.ask("/healthz")[0] == 200
        own_broker.start()
        worker.wait_ready()

        with frozen(own_broker):
            until(lambda: "Kafka has not answered for " in worker.ask("/readyz")[1], "it is not ready", within=30)
            assert worker.ask("/healthz")[0] == 200
        worker.wait_ready()
        assert worker.pid == pid
        said = worker.log_text()
        assert 0 < said.count("Unable connect") < 10
        assert "GroupCoordinatorNotAvailableError" not in said


def test_a_worker_that_would_take_pushes_from_anybody_does_not_start() -> None:
    told = stallwatch("worker", env=untouched() | {"STALLWATCH_PUSHES": "events"})
    assert refusal(told).startswith("STALLWATCH_EVENTS_TOKEN: ")
    told = stallwatch("worker", env=untouched() | {"STALLWATCH_PUSHES": "hubspot"})
    assert refusal(told).startswith("STALLWATCH_PUSHES: hubspot needs hubspot.public_url ")
