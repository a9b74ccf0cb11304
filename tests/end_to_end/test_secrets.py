"""One run of everything that has a secret, in which much goes wrong: none of the secrets is told to anybody."""

import json
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import requests

from streams import topics
from streams.demo.processes import free_port
from streams.settings import load
from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import alertmanager
from tests.end_to_end.console import OURS, event, quiet_deal, stallwatch, untouched
from tests.end_to_end.system import RunningWorker, System, until

SECRET = "canary-of-the-{}-0123456789".format
NAMES = [
    "people", "ops", "metrics", "events", "hubspot", "pipedrive", "mailbox", "alertmanager", "absent-alertmanager",
    "grafana", "kafka",
]  # fmt: skip
CONNECTIONS = """
mailboxes:
  ann: {{mailbox: ann@us.example, source: gmail, host: 127.0.0.1, port: {port}, user: ann@us.example,
        password_file: {folder}/mailbox}}
hubspot: {{public_url: "https://us.example/hooks/hubspot", secret_file: {folder}/hubspot}}
pipedrive: {{user: stallwatch, password_file: {folder}/pipedrive}}
"""
PEOPLE = f"""
ann@us.example: {{role: rep, token: {SECRET("people")}}}
ops@us.example: {{role: ops, token: {SECRET("ops")}}}
"""
HTML = {"Accept": "text/html"}


class Heard:
    """All that anybody was told."""

    def __init__(self, port: int) -> None:
        self.text = ""
        self._port = port

    def asks(self, path: str, token: str = "", **request: object) -> requests.Response:
        """What the worker answers, once it is noted."""
        headers = {"Authorization": f"Bearer {SECRET(token)}"} if token else {}
        given = dict(request)
        headers |= given.pop("headers", {})  # type: ignore[call-overload]
        method = "POST" if {"json", "data"} & given.keys() else "GET"
        answer = requests.request(method, f"http://127.0.0.1:{self._port}{path}", headers=headers, timeout=30, **given)  # type: ignore[arg-type]
        self.text += f"{answer.status_code} {dict(answer.headers)} {answer.text}\n"
        return answer

    def says(self, line: bytes) -> None:
        """The worker hears something that is no HTTP, and says to whoever said it, and to nobody else, what it was."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
            connection.sendall(line)
            assert b"400" in connection.recv(10_000)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_secret_is_told_to_anybody_whatever_goes_wrong(broker: RunningBroker, prefix: str, tmp_path: Path) -> None:
    people, connections = tmp_path / "people.yaml", tmp_path / "connections.yaml"
    people.write_text(PEOPLE)
    connections.write_text(CONNECTIONS.format(folder=tmp_path, port=free_port()))
    for name in ("mailbox", "hubspot", "pipedrive"):
        (tmp_path / name).write_text(SECRET(name))
    with alertmanager(tmp_path / "am") as server:
        there = server.url.removeprefix("http://")
        absent = f"http://am:{SECRET('absent-alertmanager')}@127.0.0.1:{free_port()}"
        with System(
            broker.bootstrap,
            prefix,
            tmp_path,
            OURS,
            http__people=str(people),
            http__metrics_token=SECRET("metrics"),
            pushes="events,hubspot,pipedrive",
            events_token=SECRET("events"),
            connections=str(connections),
            alertmanager__urls=f"{absent},http://am:{SECRET('alertmanager')}@{there}",
            alertmanager__resend_seconds="1",
            grafana__url=f"http://127.0.0.1:{free_port()}",
            grafana__token=SECRET("grafana"),
        ) as system:
            system.start()
            system.publish(quiet_deal("D-1"))
            heard = Heard(system.worker.port)
            until(lambda: heard.asks("/deals/D-1", "ops").status_code == 200, "the deal is there")

            look_around(heard)
            push(heard)
            until(lambda: "unreachable" in system.worker.log_text(), "one Alertmanager is away")
            people.write_text(PEOPLE.replace("role: rep", "role: chief"))
            assert heard.asks("/-/reload", "ops", data={}).status_code == 500
            people.write_text(PEOPLE)
            system.write_rules({"detectors": {"gone_quite": {}}})
            assert heard.asks("/-/reload", "ops", data={}).status_code == 500
            system.wait_until_done()

            # what people read on a console
            env = system.environment()
            for command in (
                ("explain", "D-1"), ("snooze", "D-1", "--end"), ("dead-letters", "list"), ("dashboards", "push"),
                ("report",), ("poll", "--once", "--bookmarks", tmp_path / "bookmarks"), ("explain", "D-9"),
            ):  # fmt: skip
                told = stallwatch(*command, env=env)
                heard.text += f"{command}: {told}\n"
            with pytest.MonkeyPatch.context() as patch:
                for name, value in env.items():
                    patch.setenv(name, value)
                heard.text += repr(load()) + str(load())

            # what others are told, and what stays in Kafka
            for what in ("alerts", "silences"):
                heard.text += requests.get(f"{server.url}/api/v2/{what}", timeout=10).text
            kept = [*topics.names(system.settings).values()]
            kept += [topics.changelog(system.settings, table) for table in ("deals", "joins", "books")]
            for topic in kept:
                heard.text += str(system.read(topic))

            strangers(system, heard, tmp_path)
            pid = system.worker.pid
            assert pid
            os.kill(pid, signal.SIGTERM)
            assert system.worker.wait(within=30) == 0
            heard.text += system.worker.log_text()
    assert [name for name in NAMES if SECRET(name) in heard.text] == []
    # it was looked at where it would stand
    for word in ("gone_quiet", "dead_letter", "ann@us.example.role", "cannot be", "stallwatch_deals", "D-1"):
        assert word in heard.text, word


def look_around(heard: Heard) -> None:
    """Pages, logging in and what a browser or a scanner does wrong."""
    for path in ("/deals", "/deals/D-1", "/deals/D-9", "/catalogue", "/log-in", "/healthz", "/readyz", "/metrics"):
        for token in ("people", "ops", "metrics", ""):
            for headers in ({}, HTML):
                heard.asks(path, token, headers=headers)
    assert heard.asks("/log-in", data={"token": SECRET("people"), "to": "/deals"}).status_code == 200
    assert heard.asks("/log-in", data={"token": SECRET("people") + "x", "to": "/deals"}).status_code == 401
    said = {"detector": "gone_quiet", "verdict": "noise", "reason": "they are on strike"}
    assert heard.asks("/deals/D-1/feedback", "ops", json=said).status_code == 202
    assert heard.asks("/deals/D-1/feedback", "ops", json=said | {"verdict": "x"}).status_code == 400
    heard.asks("/deals/D-1/feedback", "ops", json=said | {"verdict": "snooze", "days": "5"})
    heard.says(f"Authorization: Bearer {SECRET('ops')}\r\n\r\n".encode())
    heard.says(f"GET /deals HTTP/9.9\r\nAuthorization: Bearer {SECRET('ops')}\r\n\r\n".encode())


def push(heard: Heard) -> None:
    """What is taken, what is refused, and what is a stranger's."""
    events = {"Content-Type": "application/cloudevents+json"}
    good = event("crm.deal.changed", "pushed", "2026-03-02T09:15:00+01:00", "D-2", stage="Demo")
    assert heard.asks("/events", "events", data=good, headers=events).status_code == 202
    assert heard.asks("/events", "events", data=b"{", headers=events).status_code == 400
    assert heard.asks("/events", "ops", data=good, headers=events).status_code == 401
    form = {"Content-Type": "application/json"}
    signed = {"X-HubSpot-Signature-v3": "x", "X-HubSpot-Request-Timestamp": "1"}
    assert heard.asks("/hooks/hubspot", data=b"[]", headers=form | signed).status_code == 401
    url = "/hooks/pipedrive"
    bad = json.dumps({"meta": {"entity": "deal", "action": "change"}})
    with_password: Callable[..., requests.Response] = partial(heard.asks, url, data=bad, headers=form)
    assert with_password(auth=("stallwatch", SECRET("pipedrive") + "x")).status_code == 401
    assert with_password(auth=("stallwatch", SECRET("pipedrive"))).status_code < 500


def strangers(system: System, heard: Heard, folder: Path) -> None:
    """Those that cannot start: with a password that Kafka does not take, and with settings that are none."""
    kafka = {"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_USERNAME": "ann", "SASL_PASSWORD": SECRET("kafka")}
    env = system.environment() | {f"STALLWATCH_KAFKA__{name}": value for name, value in kafka.items()}
    with RunningWorker("stranger", folder, env) as stranger:
        until(lambda: "Kafka" in stranger.log_text() or not stranger.running, "it says that it cannot get in")
        heard.text += stranger.log_text()
    for name, value in {
        "STALLWATCH_EVENTS_TOKEN": SECRET("events")[:8],
        "STALLWATCH_ALERTMANAGER__URLS": f"ftp://am:{SECRET('alertmanager')}@am.us.example",
        "STALLWATCH_HTTP__METRICS_TOKEN": SECRET("metrics")[:8],
        "STALLWATCH_KAFKA__SECURITY_PROTOCOL": SECRET("kafka"),
    }.items():
        heard.text += str(stallwatch("worker", env=untouched() | system.env | {name: value}))
