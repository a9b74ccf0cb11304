"""What holds for every dashboard: Grafana takes it, people understand it, and Prometheus can parse what it asks."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.catalogue import boards
from streams.metrics.catalogue import CATALOGUE
from tests.dashboards.prometheus_api import filled_in, targets
from tests.needs import require

BOARDS = boards()
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
# What a histogram is called in queries.
SERIES = {
    name
    for metric in CATALOGUE
    for name in (metric.name, *(metric.name + end for end in ("_bucket", "_sum", "_count")))
}

FOLDER = Path("dashboards")
RECORDED = {
    rule["record"]
    for group in yaml.safe_load((FOLDER / "rules" / "recorded.rules.yaml").read_text())["groups"]
    for rule in group["rules"]
}
# What Grafana 11 and 12 have without a plug-in, of what is used here.
PANELS = {"stat", "timeseries", "bargauge", "barchart", "table", "state-timeline", "row"}
TRANSFORMATIONS = {"sortBy", "organize", "groupBy", "groupingToMatrix", "convertFieldType", "merge"}
UNITS = {
    "none",
    "short",
    "string",
    "locale",
    "percentunit",
    "s",
    "cpm",
    "dateTimeFromNow",
    "dateTimeAsIso",
}
CHOICES = {
    "stallwatch-pipeline-health": ["team", "currency"],
    "stallwatch-deal": ["deal"],
    "stallwatch-detectors": ["team"],
    "stallwatch-operations": [],
}

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


def shown(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something; rows are headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def test_a_dashboard_is_named_after_its_file() -> None:
    files = {path.stem for path in Path("dashboards").glob("*.py") if "def board()" in path.read_text()}
    assert set(BOARDS) == {"stallwatch-" + name.replace("_", "-") for name in files}
    for uid, board in BOARDS.items():
        assert board["uid"] == uid
        assert len(uid) <= 40


def test_no_two_dashboards_have_the_same_title() -> None:
    titles = [board["title"] for board in BOARDS.values()]
    assert len(titles) == len(set(titles))


@every_board
def test_it_is_json_that_grafana_takes(board: dict[str, Any]) -> None:
    assert json.loads(json.dumps(board)) == board
    assert board["schemaVersion"] >= 41
    assert board.get("id") is None  # Grafana gives it, and the version
    assert "version" not in board
    assert board["title"]
    assert board["description"]


@every_board
def test_it_is_what_the_schema_of_grafanas_own_sdk_reads(board: dict[str, Any]) -> None:
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    again["annotations"] = board["annotations"]  # the SDK's annotations are of no data source
    assert again == board


@every_board
def test_it_asks_nothing_of_grafana_that_needs_a_plug_in(board: dict[str, Any]) -> None:
    for panel in board["panels"]:
        assert panel["type"] in PANELS, panel["title"]
        assert {each["id"] for each in panel.get("transformations", [])} <= TRANSFORMATIONS, panel["title"]
        overrides = panel.get("fieldConfig", {}).get("overrides", [])
        units = [each["value"] for override in overrides for each in override["properties"] if each["id"] == "unit"]
        assert set(units) <= UNITS, panel["title"]


@every_board
def test_what_is_special_about_a_column_is_said_of_one_that_is_there(board: dict[str, Any]) -> None:
    for panel in shown(board):
        if panel["type"] == "table":
            columns = {
                heading
                for each in panel["transformations"]
                if each["id"] == "organize"
                for heading in each["options"]["renameByName"].values()
            }
            special = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]}
            assert special <= columns, panel["title"]


@every_board
def test_no_panel_has_the_id_of_another(board: dict[str, Any]) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers))


@every_board
def test_no_panel_lies_on_another_or_sticks_out(board: dict[str, Any]) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        covered = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert covered
        assert not covered & cells, panel["title"]
        cells |= covered


@every_board
def test_the_panels_leave_no_gaps(board: dict[str, Any]) -> None:
    area = sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in board["panels"])
    assert area == 24 * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])


@every_board
def test_every_panel_says_what_it_shows_and_in_which_unit(board: dict[str, Any]) -> None:
    for panel in shown(board):
        assert panel["title"]
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]


@every_board
def test_no_two_panels_have_the_same_title(board: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in board["panels"]]
    assert len(titles) == len(set(titles))


@every_board
def test_every_query_has_an_id_and_asks_the_chosen_source(board: dict[str, Any]) -> None:
    for panel, target in targets(board):
        assert panel["datasource"] == target["datasource"] == SOURCE
        assert target["refId"]
    for panel in shown(board):
        names = [target["refId"] for target in panel["targets"]]
        assert names
        assert len(names) == len(set(names))


@every_board
def test_who_looks_can_choose_the_source_and_what_the_queries_ask_for(board: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert list(variables) == ["datasource", *CHOICES[board["uid"]], "deal_page"]
    assert variables["datasource"]["current"]["value"] == "stallwatch-prometheus"
    asked = set(re.findall(r"\$(team|currency|deal)\b", json.dumps([panel["targets"] for panel in shown(board)])))
    assert asked == set(CHOICES[board["uid"]])
    if "team" in variables:
        assert variables["team"]["multi"]
        assert variables["team"]["includeAll"]
    # Money of two currencies does not add up, and a deal is one.
    for name in variables.keys() & {"currency", "deal"}:
        assert not variables[name]["multi"]
        assert not variables[name]["includeAll"]


@every_board
def test_no_sum_crosses_currencies(board: dict[str, Any]) -> None:
    for _, target in targets(board):
        for selector in re.findall(r"stallwatch_\w*amount(?::sum)?(\{[^}]*\})?", target["expr"]):
            of_one_deal = 'deal_id="$deal"' in selector and "sum" not in target["expr"]
            assert of_one_deal or 'currency="$currency"' in selector, target["expr"]


@every_board
def test_rates_are_over_windows_that_grafana_knows_to_be_wide_enough(board: dict[str, Any]) -> None:
    for _, target in targets(board):
        windows = re.findall(r"[\w}]\[([^\]]+)\]", target["expr"])
        assert set(windows) <= {"$__rate_interval", "$__range", "1d"}, target["expr"]


@every_board
def test_what_is_recorded_is_recorded(board: dict[str, Any]) -> None:
    asked = set(re.findall(r"\w+:stallwatch_\w+:\w+", json.dumps(board["panels"])))
    assert asked <= RECORDED


def test_nothing_is_recorded_that_nobody_asks_for() -> None:
    assert set(re.findall(r"\w+:stallwatch_\w+:\w+", json.dumps(BOARDS))) == RECORDED


@every_board
def test_changed_rules_are_marked_by_the_moment_at_which_they_were_loaded(board: dict[str, Any]) -> None:
    [mark] = board["annotations"]["list"]
    assert mark["datasource"] == SOURCE
    assert mark["useValueForTime"]
    assert mark["expr"] == "1000 * max by (rules) (stallwatch_rules_loaded_timestamp_seconds)"


@every_board
def test_there_is_a_way_to_every_other_dashboard(board: dict[str, Any]) -> None:
    [others] = [link for link in board["links"] if link["type"] == "dashboards"]
    assert others["tags"] == board["tags"] == ["stallwatch"]
    assert others["includeVars"]
    assert others["keepTime"]


@every_board
def test_every_metric_is_one_that_the_worker_exports(board: dict[str, Any]) -> None:
    asked = set(re.findall(r"stallwatch_\w+", json.dumps(board)))
    assert asked <= SERIES


@every_board
def test_prometheus_can_parse_every_query(board: dict[str, Any], tmp_path: Path) -> None:
    choice = {"team": "emea|amer", "currency": "EUR", "deal": "D-1"}
    rules = [
        {"record": f"query:{number}", "expr": filled_in(target["expr"], choice)}
        for number, (_, target) in enumerate(targets(board))
    ]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    found = subprocess.run([require("promtool"), "check", "rules", path], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    assert not re.search(r"\$[a-z_{]", path.read_text()), "a variable that nobody fills in"


def test_a_deals_page_is_linked_by_an_address_that_no_visitor_can_change() -> None:
    board = boards("https://deals.us.example/")["stallwatch-pipeline-health"]
    [page] = (variable for variable in board["templating"]["list"] if variable["name"] == "deal_page")
    assert page["type"] == "constant"
    assert page["skipUrlSync"]
    assert page["current"]["value"] == page["query"] == "https://deals.us.example"
    links = re.findall(r'"url": "([^"]*)"', json.dumps(board["panels"]))
    assert links == [
        "${deal_page}/deals/${__value.raw:percentencode}",
        "/d/stallwatch-deal?var-deal=${__value.raw:percentencode}&${datasource:queryparam}",
    ]
    [page] = [link for link in boards()["stallwatch-deal"]["links"] if link["type"] == "link"]
    assert page["url"] == "${deal_page}/deals/${deal:percentencode}"
