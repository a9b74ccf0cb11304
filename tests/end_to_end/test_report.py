"""The report for managers: the same from a running system as from the files that went into it."""

import csv
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS, event, quiet_deal, refusal, stallwatch, written
from tests.end_to_end.system import System

TEAMS = {"teams": {"emea": {}}, "owners": {"ann@us.example": {"team": "emea"}}}


def closed(deal: str, status: str, at: str, amount: int) -> list[bytes]:
    """A deal of Ann's that began on 1 December 2025."""
    fields = {"name": f"Deal {deal}", "amount": amount, "currency": "EUR", "owner": "ann@us.example"}
    return [
        event("crm.deal.changed", f"{deal}-1", "2025-12-01T09:00:00Z", deal, stage="Demo", status="open", **fields),
        event("crm.deal.changed", f"{deal}-2", at, deal, status=status),
    ]


def pushed(deal: str) -> list[bytes]:
    """A deal of Bob's whose close date leaves its quarter on 1 May 2026."""
    fields = {"amount": 7000, "currency": "USD", "owner": "bob@us.example", "stage": "Demo", "status": "open"}
    return [
        event(
            "crm.deal.changed", f"{deal}-1", "2026-04-01T09:00:00Z", deal, name=deal, close_date="2026-06-30", **fields
        ),
        event("crm.deal.changed", f"{deal}-2", "2026-05-01T09:00:00Z", deal, close_date="2026-08-15"),
    ]


HISTORY = [
    *quiet_deal("D-quiet"),
    *closed("D-won", "won", "2026-01-10T09:00:00Z", 24_000),
    *closed("D-lost", "lost", "2026-05-02T09:00:00Z", 9_000),
    *pushed("D-pushed"),
]


@pytest.fixture(scope="module")
def system(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A worker that has taken the whole history."""
    with System(
        broker.bootstrap, f"t{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("report"), OURS | TEAMS
    ) as system:
        system.start().publish(HISTORY)
        system.wait_until_done()
        yield system


def by_path(out: str) -> dict[tuple[str, ...], Any]:
    told = [json.loads(line) for line in out.splitlines()]
    return {tuple(each[level] for level in ("team", "rep") if level in each): each for each in told}


def test_a_running_system_reports_what_is_honest_and_what_moved(system: System) -> None:
    told = stallwatch("report", "--json", env=system.environment())
    assert (told.status, told.err) == (0, "")
    rows = by_path(told.out)
    assert list(rows) == [("emea",), ("emea", "ann@us.example"), ("no team",), ("no team", "bob@us.example"), ()]
    ann, bob = rows["emea", "ann@us.example"], rows["no team", "bob@us.example"]
    assert (ann["open_deals"], ann["stalled_deals"], ann["honest_value"]) == (1, 1, {"EUR": 0})
    assert (ann["covered"], ann["coverage"]) == ({"EUR": 24_000}, {"EUR": 0})
    assert (ann["days_to_win"], ann["days_to_win_deals"]) == (40, 1)
    assert (ann["days_to_abandon"], ann["days_to_abandon_deals"]) == (152, 1)
    assert (ann["lost_deals"], ann["lost_value"], ann["won_deals"]) == (1, {"EUR": 9_000}, 0)
    assert (bob["slipped_deals"], bob["slipped_value"]) == (1, {"USD": 7_000})


def test_files_report_the_same_as_the_running_system(system: System, tmp_path: Path) -> None:
    file = written(tmp_path / "history.jsonl", HISTORY)
    for form in ("--json", "--csv"):
        running = stallwatch("report", form, env=system.environment())
        replayed = stallwatch("report", file, form, env=system.environment())
        assert (replayed.status, replayed.err) == (0, "")
        assert replayed.out == running.out


def test_a_report_is_read_in_a_terminal_and_by_a_spreadsheet(system: System) -> None:
    text = stallwatch("report", "--by", "rep", "--since", "2026-01-01", env=system.environment())
    assert (text.status, text.err) == (0, "")
    assert "what moved since 2026-01-01 00:00 UTC" in text.out
    assert "7,000 USD" in text.out
    rows = csv.DictReader(StringIO(stallwatch("report", "--csv", "--by", "rep", env=system.environment()).out))
    assert [each["rep"] for each in rows] == ["ann@us.example", "bob@us.example", ""]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--team", "mars"], "Invalid value for '--team': no deal is of team 'mars'; known: emea"),
        (["--since", "soon"], "Invalid value for '--since': 'soon': write it like "),
        (["--since", "2026-03-02T09:15:00"], "Invalid value for '--since': '2026-03-02T09:15:00' has no offset: "),
        (["--since", "2026-06-01"], "Invalid value for '--since': 2026-06-01 is not before 2026-05-04 "),
        (["--target", "5000"], "Invalid value for '--target': '5000': write it like EUR=500000"),
        (["--target", "EUR=-1"], "Invalid value for '--target': 'EUR=-1': "),
        (["--by", "colour"], "Invalid value for '--by': "),
        (["--csv", "--json"], "Invalid value: say either --csv or --json"),
        (["no_such.jsonl"], "no_such.jsonl: "),
    ],
)
def test_what_cannot_be_reported_is_said_in_one_line(system: System, arguments: list[str], said: str) -> None:
    assert refusal(stallwatch("report", *arguments, env=system.environment())).startswith(said)


def test_a_system_that_knows_no_deals_says_so(broker: RunningBroker, prefix: str, tmp_path: Path) -> None:
    fresh = System(broker.bootstrap, prefix, tmp_path)
    missing = stallwatch("report", env=fresh.environment())
    assert refusal(missing) == f"{fresh.topics['findings']} is missing: run `stallwatch topics`"
    stallwatch("topics", env=fresh.environment())
    told = stallwatch("report", env=fresh.environment())
    assert (told.status, told.err) == (0, "no deals are known\n")


def test_by_the_wall_clock_a_report_is_of_now(system: System) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    told = stallwatch("report", "--json", env=system.environment() | {"STALLWATCH_CLOCK": "wall"})
    whole = by_path(told.out)[()]
    as_of, since = (datetime.fromisoformat(whole[name]) for name in ("as_of", "since"))
    assert before <= as_of <= datetime.now(UTC)
    assert as_of - since == timedelta(days=7)
