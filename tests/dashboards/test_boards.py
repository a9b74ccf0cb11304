"""What holds for every dashboard: Grafana takes it, people understand it, and Prometheus can parse what it asks."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.catalogue import boards
from streams.metrics import CATALOGUE
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

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


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
    assert not {"id", "version"} & board.keys()  # Grafana gives them
    assert board["title"]
    assert board["description"]


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
    for panel in board["panels"]:
        assert panel["title"]
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@every_board
def test_every_query_has_an_id_and_asks_the_chosen_source(board: dict[str, Any]) -> None:
    for panel, target in targets(board):
        assert panel["datasource"] == target["datasource"] == SOURCE
        assert target["refId"]
    for panel in board["panels"]:
        names = [target["refId"] for target in panel["targets"]]
        assert names
        assert len(names) == len(set(names))


@every_board
def test_who_looks_can_choose_source_team_and_currency(board: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert list(variables) == ["datasource", "team", "currency", "deal_page"]
    assert variables["datasource"]["current"]["value"] == "stallwatch-prometheus"
    assert variables["team"]["multi"]
    assert variables["team"]["includeAll"]
    # Money of two currencies does not add up.
    assert not variables["currency"]["multi"]
    assert not variables["currency"]["includeAll"]


@every_board
def test_no_sum_crosses_currencies(board: dict[str, Any]) -> None:
    for _, target in targets(board):
        for selector in re.findall(r"stallwatch_\w*amount(\{[^}]*\})?", target["expr"]):
            if "stallwatch_stalled_deal_amount" in target["expr"] and "and on (owner)" in target["expr"]:
                continue  # only asks whose deals they are
            assert 'currency="$currency"' in selector, target["expr"]


@every_board
def test_every_metric_is_one_that_the_worker_exports(board: dict[str, Any]) -> None:
    asked = set(re.findall(r"stallwatch_\w+", json.dumps(board)))
    assert asked <= SERIES


@every_board
def test_prometheus_can_parse_every_query(board: dict[str, Any], tmp_path: Path) -> None:
    choice = {"team": "emea|amer", "currency": "EUR"}
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
    assert links == ["${deal_page}/deals/${__value.raw:percentencode}"]
