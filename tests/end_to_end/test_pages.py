"""The pages of running workers: who gets in, and what a verdict comes to, up to Kafka, the metrics and Alertmanager."""

import json
import os
import signal
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import alertmanager, told
from tests.end_to_end.console import OURS, event, quiet_deal, refusal, stallwatch, untouched
from tests.end_to_end.system import System, replayed, until

TOKENS = {"ann": "canary-of-anns-token", "ops": "canary-of-the-ops-token"}
PEOPLE = f"""
ann@us.example: {{role: rep, token: {TOKENS["ann"]}}}
ops@us.example: {{role: ops, token: {TOKENS["ops"]}}}
"""


def asked(system: System, path: str, token: str | None, json_body: Any = None, worker: int = 0) -> requests.Response:
    """What a worker answers to somebody with a token."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return requests.request(
        "GET" if json_body is None else "POST",
        f"http://127.0.0.1:{system.workers[worker].port}{path}",
        headers=headers,
        json=json_body,
        timeout=30,
    )


def gone_quiet(system: System, deal: str, token: str) -> dict[str, Any]:
    """The finding as the page's JSON tells it; empty before there is one."""
    answer = asked(system, f"/deals/{deal}", token)
    findings = answer.json()["findings"] if answer.status_code == 200 else []
    return next((each for each in findings if each["detector"] == "gone_quiet"), {})


@pytest.mark.timeout(240)
def test_a_verdict_goes_the_whole_way_and_a_replay_says_the_same(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    people = tmp_path / "people.yaml"
    people.write_text(PEOPLE)
    history = [*quiet_deal("D-1"), *quiet_deal("D-2", "bob@us.example")]
    with (
        alertmanager(tmp_path / "am") as server,
        System(
            broker.bootstrap,
            prefix,
            tmp_path,
            OURS,
            http__people=str(people),
            alertmanager__urls=server.url,
            alertmanager__resend_seconds="1",
        ) as system,
    ):
        system.start()
        system.publish(history)
        until(lambda: gone_quiet(system, "D-1", TOKENS["ann"]).get("state") == "open", "the stall is there")

        # who gets in
        assert asked(system, "/deals", None).status_code == 401
        assert asked(system, "/deals/D-2", TOKENS["ann"]).status_code == 404
        assert [each["deal_id"] for each in asked(system, "/deals", TOKENS["ann"]).json()] == ["D-1"]
        assert system.worker.ask("/metrics")[0] == 200
        until(lambda: ("D-1", "gone_quiet") in {each[:2] for each in told(server)}, "an alert is there")

        # noise
        said = {"detector": "gone_quiet", "verdict": "noise", "reason": "they are on strike"}
        assert asked(system, "/deals/D-1/feedback", TOKENS["ann"], said).status_code == 202
        until(lambda: gone_quiet(system, "D-1", TOKENS["ann"]).get("muted"), "it is muted")
        assert gone_quiet(system, "D-1", TOKENS["ann"])["severity"] == "info"
        assert "muted" not in gone_quiet(system, "D-2", TOKENS["ops"])
        until(lambda: ("D-1", "gone_quiet") not in {each[:2] for each in told(server)}, "the alert is over")
        system.wait_until_done()
        # an event that is counted stands in the deal: counted where it is applied, once
        counted = system.worker.metrics("stallwatch_feedback_total")
        assert {labels: number for labels, number in counted.items() if number} == {("gone_quiet", "noise"): 1}
        verdicts = [
            each.value for each in system.read(system.topics["inbox"]) if b"finding.feedback" in (each.value or b"")
        ]
        [verdict] = [each for each in verdicts if each]
        assert json.loads(verdict)["data"] == said | {"by": "ann@us.example"}
        assert system.findings() == replayed(system.rules_file, [*history, verdict])

        # snooze
        snooze = {"detector": "no_next_step", "verdict": "snooze", "days": "3", "reason": "trade fair"}
        stalled = asked(system, "/deals/D-2", TOKENS["ops"]).json()["findings"]
        snooze["detector"] = next(each["detector"] for each in stalled if each["state"] == "open")
        assert asked(system, "/deals/D-2/feedback", TOKENS["ops"], snooze).status_code == 202
        with urllib.request.urlopen(f"{server.url}/api/v2/silences", timeout=10) as answer:
            [silence] = json.load(answer)
        assert silence["matchers"][0]["value"] == "D-2"
        assert silence["comment"].startswith("ops@us.example: trade fair")
        assert 2 < (datetime.fromisoformat(silence["endsAt"]) - datetime.now(UTC)).total_seconds() / 86_400 <= 3

        everything = system.worker.log_text() + system.worker.ask("/metrics")[1]
        assert not [token for token in TOKENS.values() if token in everything]


@pytest.mark.timeout(180)
def test_two_workers_ask_the_same_people_send_them_on_and_show_one_board(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    people = tmp_path / "people.yaml"
    people.write_text(PEOPLE)
    deals = [f"D-{number}" for number in range(8)]
    with System(
        broker.bootstrap, prefix, tmp_path, OURS, http__people=str(people), kafka__session_timeout_seconds="6"
    ) as system:
        system.start(workers=2)
        lines = [
            event("crm.deal.changed", deal, "2026-03-02T09:15:00+01:00", deal, owner="ann@us.example") for deal in deals
        ]
        system.publish(lines)
        system.wait_until_done()
        for worker in (0, 1):
            base = f"http://127.0.0.1:{system.workers[worker].port}"
            with requests.Session() as browser:
                # a cookie holds for all ports of a host: so the session goes along, as in a browser
                entered = browser.post(f"{base}/log-in", data={"token": TOKENS["ann"], "to": "/deals"}, timeout=30)
                assert entered.status_code == 200
                seen = {deal: browser.get(f"{base}/deals/{deal}", timeout=30) for deal in deals}
            assert {answer.status_code for answer in seen.values()} == {200}
            assert {bool(answer.history) for answer in seen.values()} == {True, False}
            assert all("Log out" in answer.text for answer in seen.values())

        # the board of each is the board of both
        boards = [asked(system, "/deals", TOKENS["ann"], worker=worker) for worker in (0, 1)]
        assert [sorted(each["deal_id"] for each in board.json()) for board in boards] == [deals, deals]
        assert [board.headers["X-Workers-Answered"] for board in boards] == ["2/2", "2/2"]
        here = sum(system.worker.metrics("stallwatch_deals").values())
        assert 0 < here < len(deals)

        system.workers[1].kill()
        board = asked(system, "/deals", TOKENS["ann"])
        assert (len(board.json()), board.headers["X-Workers-Answered"]) == (here, "1/2")

        def whole_again() -> bool:
            board = asked(system, "/deals", TOKENS["ann"])
            return (len(board.json()), board.headers["X-Workers-Answered"]) == (len(deals), "1/1")

        until(whole_again, "the other worker has all deals")


@pytest.mark.timeout(180)
def test_the_people_file_is_read_again_with_the_rules_and_a_bad_one_changes_neither(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    people = tmp_path / "people.yaml"
    people.write_text(PEOPLE)
    with System(broker.bootstrap, prefix, tmp_path, OURS, http__people=str(people)) as system:
        system.start()

        def rules() -> dict[tuple[str, ...], float]:
            return system.worker.metrics("stallwatch_rules_loaded_timestamp_seconds")

        def succeeded() -> float:
            return system.worker.metrics("stallwatch_config_last_reload_successful")[()]

        loaded = rules()
        people.write_text(PEOPLE.replace("role: rep", "role: chief"))
        refused = asked(system, "/-/reload", TOKENS["ops"], {})
        assert refused.status_code == 500
        assert f"{people}:2: ann@us.example.role: " in refused.text
        assert (rules(), succeeded()) == (loaded, 0)
        assert asked(system, "/deals", TOKENS["ann"]).status_code == 200

        people.write_text(PEOPLE.replace(TOKENS["ann"], "another-canary-of-anns"))
        assert system.worker.pid
        os.kill(system.worker.pid, signal.SIGHUP)
        until(lambda: asked(system, "/deals", TOKENS["ann"]).status_code == 401, "the good file is taken")
        assert succeeded() == 1
        assert asked(system, "/deals", "another-canary-of-anns").status_code == 200

        # bad rules leave the people as they were, too
        people.write_text(PEOPLE)
        system.write_rules({"detectors": {"gone_quite": {}}})
        assert asked(system, "/-/reload", TOKENS["ops"], {}).status_code == 500
        assert succeeded() == 0
        assert asked(system, "/deals", "another-canary-of-anns").status_code == 200
        assert "canary" not in refused.text + system.worker.log_text() + system.worker.ask("/metrics")[1]


def test_a_worker_does_not_open_its_pages_to_strangers() -> None:
    told = stallwatch("worker", env=untouched() | {"STALLWATCH_HTTP__HOST": "0.0.0.0"})

    assert "STALLWATCH_HTTP__HOST: 0.0.0.0 is open to other machines" in refusal(told)


def test_a_bad_people_file_is_told_in_one_line(tmp_path: Path) -> None:
    people = tmp_path / "people.yaml"
    people.write_text("ann@us.example: {role: rep, token: canary}\n")

    said = refusal(stallwatch("worker", env=untouched() | {"STALLWATCH_HTTP__PEOPLE": str(people)}))

    assert said.startswith(f"{people}:1: ann@us.example.token: ")
    assert "canary" not in said
