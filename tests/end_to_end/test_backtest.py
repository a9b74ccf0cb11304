"""`backtest` as a person gives it, on a small history and on real loan applications."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from streams.history import lines
from streams.tuning.endings import Ending, Endings
from streams.tuning.lives import lives
from tests.end_to_end.console import OURS, event, refusal, stallwatch, written

LOANS = Path(__file__).parents[3] / "shared" / "data" / "loans" / "events.jsonl.gz"
BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def deal(name: str, ended: float | None = None, status: str = "lost", began: float = 0, **fields: str) -> list[bytes]:
    """A deal of Ann's of which nothing more is heard until it ends so many days after the 5th of January."""
    owned = {"owner": "ann@us.example", "amount": 1000, "currency": "EUR", "stage": "Demo"}
    told = [event("crm.deal.changed", f"{name}-1", at(began), name, status="open", **owned)]
    if ended is not None:
        told.append(event("crm.deal.changed", f"{name}-2", at(ended), name, status=status, **fields))
    return told


def at(day: float) -> str:
    return (BEGAN + timedelta(days=day)).isoformat()


# ten business days of silence are two weeks
HISTORY = [
    *deal("D-silent", 30, lost_reason="No response at all"),
    *deal("D-won", 20, "won"),
    *deal("D-won-soon", 8, "won"),
    *deal("D-declined", 10, lost_reason="declined by us"),
    *deal("D-later", 72, began=42, lost_reason="no response"),
    *deal("D-open", began=60),
]
NO_RESPONSE = ("--bad", "status=lost", "--bad", "lost_reason~no response")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return written(tmp_path / "history.jsonl", HISTORY)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Only what has gone quiet is told."""
    path = tmp_path / "rules.yaml"
    others = [{"when": {}, "disable": sorted(set(catalogue()) - {"gone_quiet"})}]
    path.write_text(yaml.safe_dump({**OURS, "overrides": others}))
    return path


def test_alerts_are_judged_by_how_the_deals_ended(history: Path, rules: Path) -> None:
    told = json.loads(stallwatch("backtest", history, "--rules", rules, *NO_RESPONSE, "--json").out)
    assert told["bad"] == ["status=lost", "lost_reason~no response"]
    assert told["deals"] == {"measured": 6, "won": 2, "lost": 3, "bad": 2, "other": 1, "open": 1}
    quiet = told["detectors"]["gone_quiet"]
    assert quiet == told["any"]
    assert (quiet["alerted"], quiet["alerted_open"]) == (3, 0)
    assert (quiet["precision"], quiet["recall"], quiet["won_false_alarm_rate"]) == (2 / 3, 1.0, 0.5)
    assert quiet["lead_days"] == {"p25": 16.0, "median": 16.0, "p75": 16.0}
    assert quiet["value_found"] == {"EUR": 2000.0}


def test_deals_are_measured_by_what_they_are_and_when_they_began(history: Path, rules: Path) -> None:
    span = ("--registered-from", "2026-01-05", "--registered-until", "2026-02-16")
    asked = ("backtest", history, "--rules", rules, *NO_RESPONSE, "--json")
    assert json.loads(stallwatch(*asked, *span).out)["deals"]["measured"] == 6 - 1
    assert json.loads(stallwatch(*asked, *span[2:], "--among", "status=won").out)["deals"]["won"] == 2
    assert json.loads(stallwatch(*asked, "--registered-until", "2026-02-15").out)["deals"]["bad"] == 1
    by_then = json.loads(stallwatch(*asked, "--until", "2026-01-20").out)
    assert by_then["deals"] == {"measured": 4, "won": 1, "lost": 1, "bad": 0, "other": 1, "open": 2}
    assert by_then["detectors"]["gone_quiet"]["alerted_open"] == 2


def test_a_terminal_shows_what_was_measured_and_what_it_can_carry(history: Path, rules: Path) -> None:
    told = stallwatch("backtest", history, "--rules", rules, *NO_RESPONSE)
    assert (told.status, told.err) == (0, "")
    said = " ".join(told.out.split())
    assert said.startswith("6 deals of 1 rep, 2026-01-05 to 2026-03-18: 2 won, 2 ended badly (status=lost and ")
    assert "gone_quiet 3 67 % (21–94) 100 % (34–100) 50 % (9–91)" in said
    assert "2 bad ends, fewer than 30: recall and lead are hints at most." in said


def test_lines_that_are_refused_are_counted(tmp_path: Path, rules: Path) -> None:
    told = stallwatch("backtest", written(tmp_path / "h.jsonl", [b"{", *HISTORY]), "--rules", rules, "--json")
    assert told.err.splitlines() == ["1 refused: `stallwatch replay` says which"]
    assert json.loads(told.out)["deals"]["measured"] == 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bad", "lost"], "Invalid value for '--bad': 'lost': write field=value, "),
        (["--bad", "lost_reason~("], "Invalid value for '--bad': 'lost_reason~(': "),
        (["--among", "amount>=much"], "Invalid value for '--among': 'amount>=much': "),
        (["--bad", "stauts=lost"], "Invalid value: no deal has a field 'stauts'; did you mean 'status'?"),
        (["--registered-from", "soon"], "Invalid value for '--registered-from': 'soon': write it like "),
        (["--registered-until", "2026-03-02T09:00"], "Invalid value for '--registered-until': '2026-03-02T09:00' has "),
        (["--until", "2026-13-01"], "Invalid value for '--until': '2026-13-01': write it like "),
        (["--until", "2026-01-06"], "Invalid value: no deal that is measured (4 of 4 deals) has ended"),
        (["--among", "status=tied"], "Invalid value: no deal that is measured (0 of 6 deals) has ended"),
        (["no_such.jsonl"], "no_such.jsonl: "),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    history: Path, rules: Path, arguments: list[str], said: str
) -> None:
    assert refusal(stallwatch("backtest", history, "--rules", rules, *arguments)).startswith(said)


def test_a_history_of_nothing_is_refused(tmp_path: Path) -> None:
    empty = written(tmp_path / "empty.jsonl", [])
    assert refusal(stallwatch("backtest", empty)) == "Invalid value for 'FILES...': the history tells of no deal"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not LOANS.exists(), reason="the real data, which may not be passed on, is not here")
def test_the_ends_of_a_banks_real_loans_are_those_of_its_own_list() -> None:
    # how they ended hangs on no detector
    silent = {"overrides": [{"when": {}, "disable": sorted(catalogue())}]}
    told = list(lives(lines([LOANS]), Rules.of(silent)))
    bad = ["lost_reason=cancelled or no response"]
    every, with_an_offer = Endings.of(bad), Endings.of(bad, ["document=quote"])
    assert Counter(map(every.of_life, told)) == {Ending.GOOD: 960, Ending.BAD: 1178, Ending.OTHER: 3195}
    offered = Counter(map(every.of_life, filter(with_an_offer.concerns, told)))
    assert (offered[Ending.GOOD], offered[Ending.BAD]) == (960, 711)
