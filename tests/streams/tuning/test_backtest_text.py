"""A backtest as people read it in a terminal, and as other tools read it."""

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import orjson
import pytest
from rich.console import Console

from detectors.core.rules import Rules
from streams.tuning.backtest import Backtest, measure
from streams.tuning.backtest_text import as_json, percent, summary, tables, warnings
from streams.tuning.endings import Endings
from streams.tuning.figures import Share
from streams.tuning.lives import Life
from tests.streams.tuning.made_lives import day, episode, life

RULES = Rules()
QUIET = episode("gone_quiet", 2, critical=6)
FEW = [
    life("A", QUIET, ended=12, amount=1_250_000.0, currency="EUR"),
    life("B", QUIET, ended=15.5, amount=48_400.0, currency="USD", facts={"lost_reason": "No budget"}),
    life("C", episode("single_threaded", 3), ended=22, status="won"),
    life("D", ended=22, facts={"lost_reason": "declined"}),
    life("E"),
]


def measured(*lives: Life, endings: Endings | None = None) -> Backtest:
    return measure(lives, endings or Endings(), RULES, day(30))


def shown(told: Backtest, width: int = 80) -> list[str]:
    out = StringIO()
    Console(file=out, width=width).print(tables(told))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def row(lines: list[str], name: str, table: int = 0) -> str:
    """What a table says of a name."""
    found = [words for line in lines if (words := line.split()) and words[0] == name]
    return " ".join(found[table][1:])


def test_what_was_measured_is_said_in_a_sentence() -> None:
    told = " ".join(summary(measured(*FEW)).split())
    assert told == (
        "5 deals of 1 rep, 2026-03-02 to 2026-04-01: 1 won, 3 ended badly (status=lost), 1 still open and in no rate; "
        f"rules {RULES.hash[:12]}"
    )


def test_the_sentence_tells_what_counts_as_bad_and_which_deals_are_measured() -> None:
    endings = Endings.of(["lost_reason~budget", "status=lost"], ["amount>=5"])
    told = summary(measured(*FEW, endings=replace(endings, registered_from=day(-1), registered_until=day(9))))
    assert told.startswith(
        "2 deals (amount>=5, registered from 2026-03-01 09:00 UTC, registered before 2026-03-11 09:00 UTC) of 1 rep, "
        "2026-03-02 to 2026-04-01: 0 won, 1 ended badly (lost_reason~budget and status=lost), 1 ended otherwise, "
    )


def test_each_rate_is_shown_with_its_interval() -> None:
    lines = shown(measured(*FEW))
    assert row(lines, "any") == "3 67 % (21–94) 67 % (21–94) 100 % (21–100)"
    assert row(lines, "gone_quiet") == "2 100 % (34–100) 67 % (21–94) 0 % (0–79)"


def test_families_stand_before_their_detectors_and_what_told_of_nothing_is_named_below() -> None:
    lines = shown(measured(*FEW))
    names = ["any", "critical", "silence", "  gone_quiet", "people", "  single_threaded"]
    rows = [name for line in lines for name in names if line.startswith(f"{name} ")]
    assert rows == [*names, *names]
    silent = " ".join(lines).partition("Told of no deal: ")[2].partition(".")[0]
    assert "ghosted" in silent
    assert "gone_quiet" not in silent


def test_times_costs_and_value_follow() -> None:
    assert row(shown(measured(*FEW)), "gone_quiet", 1) == "12 (11–13) 12 (11–13) 0.8 1.2M EUR, 48k USD"


def test_it_fits_a_terminal_of_80_columns() -> None:
    assert max(map(len, shown(measured(*FEW)))) <= 80


def test_nothing_to_tell_is_a_dash() -> None:
    assert percent(Share.of(0, 0)) == "-"
    assert row(shown(measured(life("A", ended=3))), "any") == "0 - 0 % (0–79) -"


def test_what_stands_on_few_deals_is_a_hint_and_said_so() -> None:
    assert list(warnings(measured(*FEW))) == [
        "3 bad ends, fewer than 30: recall and lead are hints at most.",
        "1 won deal, fewer than 30: how many of them were alerted is a hint at most.",
        "Fewer than 30 alerted deals have ended, so precision is a hint at most: any, critical, silence, "
        "gone_quiet, people, single_threaded.",
    ]
    many = [life(f"L{number}", QUIET, ended=12) for number in range(30)]
    many += [life(f"W{number}", QUIET, ended=12, status="won") for number in range(30)]
    assert list(warnings(measured(*many))) == []


def test_a_currency_that_somebody_wrote_moves_no_cursor() -> None:
    lines = shown(measured(life("A", QUIET, ended=12, amount=5.0, currency="\x1b[2J")))
    assert not any("\x1b" in line for line in lines)


def test_json_is_one_object_of_the_shape_that_is_agreed() -> None:
    told: dict[str, Any] = json.loads(orjson.dumps(as_json(measured(*FEW))))
    assert told["bad"] == ["status=lost"]
    assert told["deals"] == {"measured": 5, "won": 1, "lost": 3, "bad": 3, "other": 0, "open": 1}
    quiet = told["detectors"]["gone_quiet"]
    assert (quiet["alerted"], quiet["alerted_open"], quiet["precision"], quiet["recall"]) == (2, 0, 1.0, 2 / 3)
    assert (quiet["won_false_alarm_rate"], quiet["per_rep_week"]) == (0.0, 0.8)
    assert quiet["lead_days"] == {"p25": 10.875, "median": 11.75, "p75": 12.625}
    assert quiet["precision_interval"] == [pytest.approx(0.342, abs=1e-3), 1.0]
    assert quiet["value_found"] == {"EUR": 1_250_000.0, "USD": 48_400.0}
    assert set(told["any"]) == set(told["critical"]) == set(told["families"]["silence"]) == set(quiet)
    assert told["detectors"]["ghosted"]["lead_days"] is None
    assert told["weeks"][0] == {"monday": "2026-03-02", "reps": 1, "alerts": 5}
    assert (told["rules"], told["began"][:10], told["ended"][:10]) == (RULES.hash, "2026-03-02", "2026-04-01")
    assert len(told["warnings"]) == 3
