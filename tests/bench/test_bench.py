"""Each measurement at a tiny scale: it ends, and what it says makes sense."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import (
    backtest_speed,
    catalogue_cost,
    deal_size,
    histories,
    mail_speed,
    passing_time,
    replay_speed,
    where_time_goes,
)
from bench.__main__ import app
from bench.figures import Figure


def medians(figures: Iterable[Figure]) -> dict[str, float]:
    return {figure.what: figure.median for figure in figures}


def test_replay_takes_longer_than_parsing_alone() -> None:
    told = medians(replay_speed.measure(histories.year(5, 300), rounds=2))

    assert told["speed"] > 0
    assert told["CPU, to that of json.loads"] > told["CPU, to that of parsing and checking"] > 1


def test_the_whole_catalogue_costs_more_than_six_of_it() -> None:
    told = medians(catalogue_cost.measure(histories.year(5, 300), rounds=1))

    assert told["all, to six"] > 1


def test_only_the_deals_that_are_due_are_looked_at() -> None:
    told = medians(passing_time.measure(600, rounds=2))

    assert told["deals looked at when 100 are due"] == 100
    assert told["that look, to a clock record with none due"] > 1


@pytest.mark.skipif(not deal_size.STATM.exists(), reason="this system does not tell how much memory a process has")
def test_a_deal_has_a_size_in_memory() -> None:
    told = medians(deal_size.measure(300))

    assert told["memory at hand, 10 touches, 300 deals"] > told["memory quiet, 10 touches, 300 deals"] > 1


def test_a_row_stops_growing() -> None:
    assert len(deal_size.row_after(1000)) < 2 * len(deal_size.row_after(50))


def test_the_profile_names_functions_of_the_project() -> None:
    told = medians(where_time_goes.measure(histories.year(5, 300)))

    assert "streams.monitor.partition: advance" in told
    assert all(0 < share <= 100 for share in told.values())


def test_a_backtest_says_what_memory_it_takes() -> None:
    told = medians(backtest_speed.measure(histories.year(12, 900), rounds=1))

    assert told["speed"] > 0
    assert told["memory at its peak"] > 10


def test_the_command_prints_tables_and_writes_json(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    ran = CliRunner().invoke(app, ["--only", "time", "--silent-deals", "300", "--rounds", "1", "--json", str(path)])

    assert ran.exit_code == 0, ran.output
    assert "| deals looked at when 100 are due | 100 deals |  |" in ran.output
    written = json.loads(path.read_text())["figures"]
    assert {each["topic"] for each in written} == {"time passing over 300 silent deals"}


@pytest.mark.parametrize("option", ["--only", "--hosted"])
def test_a_measurement_that_does_not_exist_is_refused(option: str) -> None:
    ran = CliRunner().invoke(app, [option, "luck"])

    assert ran.exit_code == 2
    assert "luck" in ran.output


@pytest.mark.slow
def test_a_mailbox_goes_into_kafka() -> None:
    told = medians(mail_speed.measure(200, rounds=1))

    assert told["speed"] > 0
    assert told["CPU, to the standard library's parser alone"] > 1
