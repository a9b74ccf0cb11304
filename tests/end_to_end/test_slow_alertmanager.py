"""An Alertmanager that takes a post and does not answer: the deals do not wait for it, and then it hears of all."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.metrics import catalogue as metrics
from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import PLENTY
from tests.end_to_end.console import OURS, event
from tests.end_to_end.system import System, until
from tests.end_to_end.test_people import at, only

DEALS, OWNERS = 2_000, 100


class Slow(ThreadingHTTPServer):
    """Answers no post before it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.may_answer = threading.Event()
        self.posts = 0
        self.heard: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Taker(BaseHTTPRequestHandler):
    server: Slow

    def do_POST(self) -> None:
        alerts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posts += 1
        self.server.may_answer.wait()
        self.server.heard |= {alert["labels"]["deal_id"] for alert in alerts}
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(b"[]")  # nobody is silenced

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        # whoever asked may not have waited
        with suppress(OSError):
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def slow() -> Iterator[Slow]:
    with Slow() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.may_answer.set()
            server.shutdown()


def deal(number: int) -> bytes:
    owner = f"rep{number % OWNERS}@us.example"
    return event("crm.deal.changed", number, at(2).isoformat(), f"D-{number}", stage="Demo", owner=owner, amount=1000.0)


def gone_quiet(system: System, deal_id: str) -> bool:
    """Whether the deal's page has it so."""
    status, text = system.worker.ask(f"/deals/{deal_id}", Accept="application/json")
    assert status == 200, text
    return any(each["detector"] == "gone_quiet" and each["state"] == "open" for each in json.loads(text)["findings"])


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_while_an_alertmanager_answers_nothing_the_events_go_on_and_then_it_hears_of_all_that_is_open(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    rules = OURS | PLENTY | only("gone_quiet")
    with (
        slow() as server,
        System(
            broker.bootstrap,
            prefix,
            tmp_path,
            rules,
            alertmanager__urls=server.url,
            alertmanager__resend_seconds="2",
        ) as system,
    ):
        system.start()
        system.publish([deal(number) for number in range(DEALS)], at=at(23))
        until(lambda: server.posts > 0, "it was told something")

        system.wait_until_done()
        assert gone_quiet(system, "D-7")
        people = {"from": "bo@them.example", "to": ["rep7@us.example"]}
        mail = event("activity.email", "m", at(24).isoformat(), "D-7", message_id="<m@them.example>", **people)
        system.publish([mail], at=at(24, 10))
        system.wait_until_done()
        assert not gone_quiet(system, "D-7")
        assert server.heard == set()
        assert set(system.worker.metrics(metrics.LAG.name).values()) == {0}

        server.may_answer.set()
        still_open = {f"D-{number}" for number in range(DEALS)} - {"D-7"}
        until(lambda: server.heard >= still_open, "it has heard of all")
