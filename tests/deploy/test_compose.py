"""The compose file: valid, pinned, closed to other machines, and at one with the files and settings that it names."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from streams.settings import Settings

COMPOSE = Path("deploy/compose.yaml")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
LASTING = sorted(SERVICES.keys() - {"topics"})


def test_it_is_valid_compose() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    found = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_no_port_is_open_to_other_machines(name: str) -> None:
    assert SERVICES[name].get("network_mode") is None
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_no_two_services_want_the_same_port() -> None:
    taken = [port.rsplit(":", 1)[0] for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_says_whether_it_is_well_and_comes_back(name: str) -> None:
    health = SERVICES[name]["healthcheck"]
    assert health["test"]
    assert {"interval", "timeout", "retries"} <= health.keys()
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_each_waits_until_what_it_needs_is_ready(name: str) -> None:
    for needed, wait in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if needed == "topics" else "service_healthy"
        assert wait["condition"] == expected
        assert needed in SERVICES


def test_the_workers_start_after_the_topics_are_there() -> None:
    for name in ("worker-1", "worker-2"):
        assert SERVICES[name]["depends_on"].keys() == {"kafka", "topics"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_file_that_is_mounted_exists(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (COMPOSE.parent / source).exists(), source
            assert volume.endswith(":ro")
        else:
            assert source in yaml.safe_load(COMPOSE.read_text())["volumes"]


def test_every_setting_is_one_that_the_program_knows() -> None:
    for variable in SERVICES["worker-1"]["environment"]:
        model: type[BaseModel] = Settings
        for part in variable.removeprefix("STALLWATCH_").lower().split("__"):
            assert part in model.model_fields, variable
            kind = model.model_fields[part].annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind


@pytest.mark.parametrize("name", ["worker-1", "worker-2"])
def test_a_worker_says_where_this_machine_finds_it(name: str) -> None:
    [port] = SERVICES[name]["ports"]
    assert SERVICES[name]["environment"]["STALLWATCH_HTTP__URL"] == f"http://{port.rpartition(':')[0]}"


def test_kafka_makes_no_topic_by_itself() -> None:
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_prometheus_and_grafana_look_for_services_that_there_are() -> None:
    prometheus = yaml.safe_load(Path("deploy/prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in prometheus["scrape_configs"]}
    workers = [name for name in SERVICES if name.startswith("worker")]
    assert jobs["stallwatch"] == [f"{name}:8787" for name in workers]
    assert prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] == ["alertmanager:9093"]
    assert SERVICES["worker-1"]["environment"]["STALLWATCH_ALERTMANAGER__URLS"] == "http://alertmanager:9093"
    source = yaml.safe_load(Path("deploy/grafana/provisioning/datasources/stallwatch.yaml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    alertmanager = yaml.safe_load(Path("deploy/alertmanager/alertmanager.yml").read_text())
    assert alertmanager["global"]["smtp_smarthost"] == "mailpit:1025"
