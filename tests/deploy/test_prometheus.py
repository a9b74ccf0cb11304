"""Prometheus' configuration as it is deployed, with its rules beside it."""

import shutil
import subprocess
from pathlib import Path

import yaml

from tests.needs import require

SHIPPED = Path("deploy/prometheus/prometheus.yml")


def test_prometheus_accepts_it_and_finds_the_rules(tmp_path: Path) -> None:
    shutil.copy(SHIPPED, tmp_path)
    shutil.copytree("dashboards/rules", tmp_path / "rules")
    found = subprocess.run(
        [require("promtool"), "check", "config", tmp_path / SHIPPED.name], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "2 rule files found" in found.stdout


def test_no_worker_can_flood_it() -> None:
    [job] = (job for job in yaml.safe_load(SHIPPED.read_text())["scrape_configs"] if job["job_name"] == "stallwatch")
    assert job["sample_limit"] > 0
    assert job["label_value_length_limit"] > 0
