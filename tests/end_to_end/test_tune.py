"""`tune` as a person gives it, and the rules file that it writes."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from streams import rules_file
from tests.end_to_end.console import OURS, Told, event, refusal, stallwatch, written

BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
LINES = 40


def at(day: float) -> str:
    return (BEGAN + timedelta(days=day)).isoformat()


def deal(number: int, ended: float, status: str, segment: str) -> Iterator[bytes]:
    """A deal of Ann's of which nothing more is heard until it ends so many days after it began, on its day."""
    name = f"D-{number}"
    owned = {"owner": "ann@us.example", "amount": 1000, "currency": "EUR", "stage": "Demo", "segment": segment}
    yield event("crm.deal.changed", f"{name}-1", at(number), name, status="open", **owned)
    yield event("crm.deal.changed", f"{name}-2", at(number + ended), name, status=status)


# what is lost was silent for two months, what is won for less than three weeks
HISTORY = [
    line
    for number in range(LINES)
    for line in deal(
        number, 19 if number % 2 else 60, "won" if number % 2 else "lost", ("smb", "large")[number // 2 % 2]
    )
]
HEARD = [
    event("finding.feedback", "f-1", at(18), "D-0", detector="gone_quiet", verdict="useful"),
    event("finding.feedback", "f-2", at(18.5), "D-1", detector="gone_quiet", verdict="noise"),
]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return written(tmp_path / "history.jsonl", [*HISTORY, *HEARD])


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(f"# ours\n{yaml.safe_dump(OURS)}")
    return path


def test_the_trade_off_is_shown_with_the_present_and_the_efficient_values(history: Path, rules: Path) -> None:
    told = run("gone_quiet", history, rules, "--threshold", "warn_business_days=5,20").out
    assert "by warn_business_days" in told
    present = next(line for line in told.splitlines() if line.split()[:2] == ["●", "10"])
    assert "52 %" in present
    assert any(line.split()[:2] == ["◆", "20"] and "100 %" in line for line in told.splitlines())
    assert "27 deals that began" in " ".join(told.split())
    assert "1 of 2 deals useful" in " ".join(told.split())


def test_json_has_every_setting_on_both_parts_and_what_is_proposed(history: Path, rules: Path) -> None:
    asked = ("--json", "--least-precision", "0.9", "--threshold", "warn_business_days=5..25..5", "--split", "1/2")
    told = json.loads(run("gone_quiet", history, rules, *asked).out)
    assert [each["values"]["warn_business_days"] for each in told["settings"]] == [5, 10, 15, 20, 25]
    assert [each["present"] for each in told["settings"]] == [False, True, False, False, False]
    assert told["earlier"]["deals"] == {"good": 10, "bad": 10, "other": 0, "open": 0}
    assert told["proposal"]["values"] == {"warn_business_days": 15}
    fifteen = told["settings"][2]
    assert (fifteen["earlier"]["precision"], fifteen["later"]["precision"]) == (1.0, 1.0)
    assert told["feedback"] == {"useful": 1, "noise": 1, "precision": 0.5}
    assert any("fewer than 30" in each for each in told["warnings"])


def test_without_a_threshold_the_main_one_is_swept_around_its_value(history: Path, rules: Path) -> None:
    told = json.loads(run("gone_quiet", history, rules, "--json").out)
    values = [each["values"]["warn_business_days"] for each in told["settings"]]
    assert (values[0], values[-1]) == (3, 30)


def test_what_is_proposed_is_written_after_its_difference_is_shown(history: Path, rules: Path) -> None:
    done = run("gone_quiet", history, rules, "--least-precision", "0.9", "--write", rules, "--yes")
    assert done.status == 0
    assert "+  gone_quiet: {warn_business_days: 15}" in done.err.splitlines()
    in_force = rules_file.read(rules)
    assert rules.read_text().startswith("# ours\n")
    assert in_force.file.detectors["gone_quiet"] == {"warn_business_days": 15}
    promised = in_force.file.promised["gone_quiet"]
    assert (promised.precision, promised.recall) == (1.0, 1.0)
    assert promised.measured == datetime.now(UTC).date()


def test_for_some_deals_an_override_is_written(history: Path, rules: Path) -> None:
    done = run(
        "gone_quiet", history, rules, "--when", "segment=smb", "--least-precision", "0.9", "--write", rules,
        "--yes",
    )  # fmt: skip
    assert done.status == 0
    (override,) = rules_file.read(rules).file.overrides
    assert override.when.segment == "smb"
    assert override.detectors == {"gone_quiet": {"warn_business_days": 15}}


def test_where_overrides_set_the_threshold_for_some_deals_it_says_that_these_keep_theirs(
    history: Path, rules: Path
) -> None:
    few = {"when": {"segment": "smb"}, "detectors": {"gone_quiet": {"warn_business_days": 5}}}
    rules.write_text(yaml.safe_dump({**OURS, "overrides": [few]}))
    assert "overrides set warn_business_days for some deals" in run("gone_quiet", history, rules).err
    assert run("gone_quiet", history, rules, "--when", "segment=smb").err == ""


def test_nothing_is_written_unasked(history: Path, rules: Path) -> None:
    before = rules.read_text()
    done = run("gone_quiet", history, rules, "--least-precision", "0.9", "--write", rules)
    assert done.status == 2
    assert "say --yes" in done.err
    assert rules.read_text() == before


@pytest.mark.parametrize(("said", "is_written"), [("y\n", True), ("n\n", False)])
def test_on_a_terminal_it_asks(history: Path, rules: Path, said: str, is_written: bool) -> None:
    ours, theirs = pty.openpty()
    asked = ["tune", "gone_quiet", history, "--rules", rules, "--least-precision", "0.9", "--write", rules]
    os.write(ours, said.encode())
    done = subprocess.run([sys.executable, "-m", "streams", *asked], stdin=theirs, capture_output=True, text=True)
    os.close(ours)
    os.close(theirs)
    assert f"Write {rules}?" in done.stderr
    assert done.returncode == (0 if is_written else 1)
    assert ("warn_business_days: 15" in rules.read_text()) == is_written


def test_where_no_value_fits_the_nearest_is_told_and_the_exit_is_one(history: Path, rules: Path) -> None:
    before = rules.read_text()
    done = run("gone_quiet", history, rules, "--budget", "0", "--write", rules, "--yes")
    assert done.status == 1
    assert "No setting has at most 0 alerts" in " ".join(done.out.split())
    assert "Nearest is warn_business_days=" in " ".join(done.out.split())
    assert rules.read_text() == before


def test_the_page_needs_nothing_else(history: Path, rules: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run("gone_quiet", history, rules, "--least-precision", "0.9", "--html", page)
    told = page.read_text(encoding="utf-8")
    assert "<svg" in told
    assert "The buyer has gone quiet" in told
    assert "src=" not in told
    assert "<script" not in told


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (("gone_quite",), "did you mean 'gone_quiet'"),
        (("gone_quiet", "--threshold", "warn_days=5"), "did you mean 'warn_business_days'"),
        (("gone_quiet", "--threshold", "warn_business_days=0..5"), "must be greater than or equal to 1"),
        (("gone_quiet", "--split", "2"), "write a part of the deals"),
        (("gone_quiet", "--when", "segmnt=smb"), "did you mean 'segment'"),
        (("gone_quiet", "--when", "min_amount=much"), "min_amount: write a number"),
        (("gone_quiet", "--when", "segment=none"), "none of the 40 deals"),
        (("gone_quiet", "--bad", "nonsense"), "--bad"),
        (("gone_quiet", "--write", "new.yaml"), "say which value"),
        (("hoarding",), "whole book"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    history: Path, rules: Path, asked: tuple[str, ...], complaint: str
) -> None:
    assert complaint in refusal(run(asked[0], history, rules, *asked[1:]))


def test_a_history_in_which_nothing_ended_is_refused(tmp_path: Path, rules: Path) -> None:
    opened = written(tmp_path / "open.jsonl", HISTORY[::2])
    assert "has ended" in refusal(run("gone_quiet", opened, rules))


def run(detector: str, history: Path, rules: Path, *more: str | Path) -> Told:
    return stallwatch("tune", detector, history, "--rules", rules, *more)
