"""The alerts about stallwatch itself: valid, tested at both sides of each `for`, and each with a word on what to do.

And what is recorded for dashboards: each named after what it keeps, and tested.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.metrics.catalogue import CATALOGUE
from tests.needs import require

FOLDER = Path("dashboards/rules")
FILES = sorted(FOLDER.glob("*.rules.yaml"))
RULES: list[dict[str, Any]] = [
    rule for path in FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDS = [rule for rule in RULES if "record" in rule]
TESTS = sorted(Path("tests/dashboards/rules").glob("*.test.yaml"))

every_alert = pytest.mark.parametrize("alert", ALERTS, ids=[alert["alert"] for alert in ALERTS])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_prometheus_accepts_the_rules(path: Path) -> None:
    found = subprocess.run([require("promtool"), "check", "rules", path], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_they_fire_when_they_should_and_only_then(path: Path) -> None:
    found = subprocess.run([require("promtool"), "test", "rules", path], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


@every_alert
def test_each_is_tested_in_the_minute_before_and_the_minute_of_firing(alert: dict[str, Any]) -> None:
    fires = yaml.safe_load(Path("tests/dashboards/rules/fires.test.yaml").read_text())["tests"]
    cases = [case for test in fires for case in test["alert_rule_test"] if case["alertname"] == alert["alert"]]
    firing = [int(case["eval_time"].removesuffix("m")) for case in cases if case.get("exp_alerts")]
    silent = [int(case["eval_time"].removesuffix("m")) for case in cases if not case.get("exp_alerts")]
    assert firing
    if "for" in alert:
        assert all(minute - 1 in silent for minute in firing)


@every_alert
def test_each_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"none", "warning", "critical"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"dashboards/rules/README.md#{alert['alert'].lower()}"
    assert f"\n## {alert['alert']}\n" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.get("alert") or rule["record"]))
def test_each_asks_for_metrics_that_the_worker_exports(rule: dict[str, Any]) -> None:
    parts = {metric.name + end for metric in CATALOGUE for end in ("", "_bucket")}
    assert set(re.findall(r"stallwatch_\w+", rule["expr"])) <= parts


@pytest.mark.parametrize("rule", RECORDS, ids=[rule["record"] for rule in RECORDS])
def test_what_is_recorded_is_named_after_its_labels_metric_and_operation_and_is_tested(rule: dict[str, Any]) -> None:
    labels, metric, operation = rule["record"].split(":")
    kept = re.findall(r"(?:by|group_left) \(([^)]*)\)", rule["expr"])
    assert set(labels.split("_")) == {label for each in kept for label in each.split(", ")}
    assert metric in rule["expr"]
    assert operation in ("sum", "increase5m", "newest")
    tests = yaml.safe_load(Path("tests/dashboards/rules/recorded.test.yaml").read_text())["tests"]
    assert rule["record"] in {case["expr"] for test in tests for case in test["promql_expr_test"]}
