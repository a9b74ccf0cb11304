"""Prometheus and Alertmanager run as children of ours, and mail goes the whole way to the mailroom."""

import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from streams.demo.mailroom import Mailroom
from streams.demo.processes import ChildEnded, DemoUnavailable
from streams.demo.servers import Alertmanager, Prometheus
from tests.needs import require

SCRAPES_NOTHING = "global: {scrape_interval: 1s}\n"
TO_NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
TO_THE_OWNER = """
global: {{smtp_smarthost: "{smarthost}", smtp_from: stallwatch@us.example, smtp_require_tls: false}}
route: {{receiver: rep, group_by: [owner], group_wait: 0s}}
receivers:
  - name: rep
    email_configs: [{{to: "{{{{ .GroupLabels.owner }}}}"}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def alerts(server: Alertmanager) -> list[str]:
    answer = requests.get(f"{server.url}/api/v2/alerts", timeout=10)
    return [alert["labels"]["alertname"] for alert in answer.json()]


def fire(server: Alertmanager, **labels: str) -> None:
    alert = {"labels": labels, "startsAt": datetime.now(UTC).isoformat()}
    requests.post(f"{server.url}/api/v2/alerts", json=[alert], timeout=10).raise_for_status()


def test_prometheus_answers_queries(config: Path, tmp_path: Path) -> None:
    require(*Prometheus.programs)
    config.write_text(SCRAPES_NOTHING)
    with Prometheus(config, tmp_path / "prometheus") as prometheus:
        answer = requests.get(f"{prometheus.url}/api/v1/query", params={"query": "1 + 1"}, timeout=10).json()
        assert answer["data"]["result"][1] == "2"
    assert not prometheus.running


def test_alertmanager_mails_the_owner_through_the_mailroom(config: Path, tmp_path: Path) -> None:
    require(*Alertmanager.programs)
    with Mailroom(tmp_path / "mails") as mailroom:
        config.write_text(TO_THE_OWNER.format(smarthost=mailroom.address))
        with Alertmanager(config, tmp_path / "alertmanager") as alertmanager:
            fire(alertmanager, alertname="DealReplyOnly", owner="rep@us.example")
            (mail,) = mailroom.wait_for(1, within=30, to="rep@us.example")
    assert mail["To"] == "rep@us.example"
    assert "DealReplyOnly" in mail["Subject"]


def test_alertmanager_comes_back_at_the_same_place_and_forgets_when_its_folder_goes(
    config: Path, tmp_path: Path
) -> None:
    require(*Alertmanager.programs)
    config.write_text(TO_NOBODY)
    with Alertmanager(config, tmp_path / "alertmanager") as alertmanager:
        fire(alertmanager, alertname="DealReplyOnly")
        assert alerts(alertmanager) == ["DealReplyOnly"]
        place = alertmanager.url
        alertmanager.kill()
        shutil.rmtree(alertmanager.folder)
        alertmanager.start()
        assert alertmanager.url == place
        assert alerts(alertmanager) == []


@pytest.mark.parametrize("server", [Prometheus, Alertmanager])
def test_a_bad_configuration_is_refused_at_the_start_and_at_a_reload(
    server: type[Prometheus | Alertmanager], config: Path, tmp_path: Path
) -> None:
    require(*server.programs)
    config.write_text("nonsense: [")
    with pytest.raises(ChildEnded, match="did not find expected node content"):
        server(config, tmp_path / "bad").start()
    config.write_text(SCRAPES_NOTHING if server is Prometheus else TO_NOBODY)
    with server(config, tmp_path / "good") as good:
        good.reload()
        config.write_text("nonsense: [")
        with pytest.raises(DemoUnavailable, match="refused"):
            good.reload()


@pytest.mark.parametrize("server", [Prometheus, Alertmanager])
def test_a_taken_port_is_said(server: type[Prometheus | Alertmanager], config: Path, tmp_path: Path) -> None:
    require(*server.programs)
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        with pytest.raises(DemoUnavailable, match=f"port {port} of 127.0.0.1, which {server.name} was to have, is"):
            server(config, tmp_path / "it", port).start()


@pytest.mark.parametrize("server", [Prometheus, Alertmanager])
def test_a_server_that_is_not_installed_says_how_to_get_it(
    server: type[Prometheus | Alertmanager], config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not server.installed()
    with pytest.raises(DemoUnavailable, match="not installed; on Debian: apt-get install prometheus"):
        server(config, tmp_path / "it").start()
