"""Histories that anyone in sales can read, the findings expected of them, and what the whole pipeline finds in them.

A `.jsonl` file is a history: one deal's life here, a rep's book of several deals in `books/`. The `.findings.json`
beside it was worked out by hand with the catalogue and a calendar: what is told at the moment `looked_at`, of what is
over, open and ahead, by the detectors that the history is `about`.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from detectors.core.breach import Finding
from streams.history import Line, lines
from streams.replay import Replay
from streams.rules_file import read

HERE = Path(__file__).parent
LIVES = sorted(HERE.glob("*.jsonl"))
BOOKS = sorted(HERE.glob("books/*.jsonl"))


def events_of(history: Path) -> list[dict[str, Any]]:
    return [json.loads(line.raw) for line in lines([history])]


def expected_of(history: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads(history.with_suffix(".findings.json").read_text())
    return expected


def replayed(history: Path, told: list[Line]) -> list[Finding]:
    replay = Replay(read(HERE / "rules.yaml"), datetime.fromisoformat(expected_of(history)["looked_at"]))
    for _ in replay.run(told):
        pass
    assert not replay.refusals
    assert not replay.errors
    assert replay.directory.waiting == 0, "every mail found its deal"
    return replay.findings()


def found_in(history: Path) -> list[Finding]:
    """What the detectors that it is about find in it."""
    return [
        each for each in replayed(history, list(lines([history]))) if each.detector in expected_of(history)["about"]
    ]


def as_expected(finding: Finding) -> dict[str, Any]:
    return {
        "detector": finding.detector,
        "state": finding.state,
        "severity": finding.severity,
        "since": finding.since.isoformat(),
        "critical_from": finding.critical_from and finding.critical_from.isoformat(),
        "until": finding.until and finding.until.isoformat(),
        "evidence": [each.event for each in finding.evidence],
    }
