"""`backtest --against` and `--html`, as a person gives them: from files of events to words, JSON and a page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.console import OURS, Told, event, quiet_deal, refusal, stallwatch, stallwatch_process, written


def lost(deal: str, at: str = "2026-04-20T09:00:00+02:00") -> bytes:
    return event("crm.deal.changed", f"{deal}-lost", at, deal, status="lost", lost_reason="no <i>answer</i>")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Two quiet deals that were lost on 20 April, and one that was lost within a week."""
    return written(
        tmp_path / "history.jsonl",
        [
            *quiet_deal("D-1")[:2], lost("D-1"), *quiet_deal("D-2", "bob@us.example")[:2], lost("D-2"),
            *quiet_deal("D-3")[:2], lost("D-3", "2026-03-06T09:00:00+01:00"),
        ],
    )  # fmt: skip


def rules(folder: Path, name: str, days: int) -> Path:
    path = folder / name
    path.write_text(json.dumps(OURS | {"detectors": {"gone_quiet": {"warn_business_days": days}}}))
    return path


def compared(history: Path, folder: Path, *more: str | Path) -> Told:
    """Six business days in place of ten."""
    new, old = rules(folder, "new.yaml", 6), rules(folder, "old.yaml", 10)
    return stallwatch("backtest", history, "--rules", new, "--against", old, *more)


def test_a_lower_threshold_tells_of_the_same_deals_days_earlier(history: Path, tmp_path: Path) -> None:
    told = compared(history, tmp_path)
    assert told.status == 0, told.err
    assert f"Against {tmp_path / 'old.yaml'}" in told.out.replace("\n", "")
    assert "gone_quiet.warn_business_days: 10" in told.out
    row = next(line for line in told.out.split("told of anew")[1].splitlines() if "gone_quiet" in line)
    # from 17 March to 11 March
    assert row.split() == ["gone_quiet", "-", "-", "2", "(6.0)", "-", "0"]


def test_json_has_the_comparison_beside_the_figures(history: Path, tmp_path: Path) -> None:
    told = json.loads(compared(history, tmp_path, "--json").out)
    assert told["detectors"]["gone_quiet"]["recall"] == told["against"]["detectors"]["gone_quiet"]["before"]["recall"]
    assert told["against"]["detectors"]["gone_quiet"]["earlier"] == 2
    assert told["against"]["owners"] == {
        "ann@us.example": {"deals": 2, "before": 2, "after": 2},
        "bob@us.example": {"deals": 1, "before": 1, "after": 1},
    }
    assert "against" not in json.loads(stallwatch("backtest", history, "--json").out)


def test_a_page_is_written_beside_the_words(history: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told = compared(history, tmp_path, "--html", page)
    assert f"{page}: written" in told.err
    html = page.read_text()
    assert "What changes against" in html
    assert "no &lt;i&gt;answer&lt;/i&gt;" in html
    assert "How often alerts were right" in told.out


def test_a_page_alone_needs_no_other_rules(history: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert stallwatch("backtest", history, "--html", page).status == 0
    assert "Backtest of the defaults" in page.read_text()


def test_what_is_read_once_cannot_be_compared(history: Path, tmp_path: Path) -> None:
    old = rules(tmp_path, "old.yaml", 10)
    told = stallwatch_process("backtest", "-", "--against", old, stdin=history.read_bytes())
    assert "can only be read once" in refusal(told)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "can only be read once" in refusal(stallwatch("backtest", pipe, "--against", old))


def test_other_rules_that_cannot_be_used_are_refused_before_anything_is_read(history: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("detectors: {gone_quite: {}}")
    assert "bad.yaml:1" in refusal(stallwatch("backtest", history, "--against", bad))
    assert "bad.yaml:1" in refusal(stallwatch("backtest", tmp_path / "absent.jsonl", "--against", bad))


def test_a_page_without_a_place_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    absent = tmp_path / "absent.jsonl"
    assert "is in no folder" in refusal(stallwatch("backtest", absent, "--html", tmp_path / "nowhere" / "page.html"))
    assert "is a folder" in refusal(stallwatch("backtest", absent, "--html", tmp_path))


def test_without_a_page_nothing_of_its_pictures_is_loaded(history: Path) -> None:
    program = (
        f"import sys; sys.argv = ['stallwatch', 'backtest', {str(history)!r}]\n"
        "from streams.cli import app\napp(standalone_mode=False)\nassert 'matplotlib' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0
