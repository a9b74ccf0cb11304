"""Whole deal lives, beside the findings expected of them, through the whole pipeline: from a line to a finding.

A `.jsonl` file is a life that anyone in sales can read; its mails do not name their deal, as mails do not. The
`.findings.json` beside it was worked out by hand with the catalogue and a calendar: what is told at the moment
`looked_at`, of what is over, open and ahead, by the detectors that the life is `about`.
"""

import json
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from detectors.core.breach import Finding
from detectors.core.registry import catalogue
from streams.history import Line, lines
from streams.replay import Replay
from streams.rules_file import read

HERE = Path(__file__).parent
LIVES = sorted(HERE.glob("*.jsonl"))
EVERY = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.stem)


def expected_of(life: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads(life.with_suffix(".findings.json").read_text())
    return expected


def replayed(life: Path, told: list[Line]) -> list[Finding]:
    replay = Replay(read(HERE / "rules.yaml"), datetime.fromisoformat(expected_of(life)["looked_at"]))
    for _ in replay.run(told):
        pass
    assert not replay.refusals
    assert not replay.errors
    assert replay.directory.waiting == 0, "every mail found its deal"
    return replay.findings()


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


@EVERY
def test_a_life_tells_what_is_expected_of_it(life):
    expected = expected_of(life)
    told = [each for each in replayed(life, list(lines([life]))) if each.detector in expected["about"]]
    assert [as_expected(each) for each in told] == expected["findings"]


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_it_tells_the_same_in_any_order_and_twice(life, seed):
    told = list(lines([life])) * 2
    random.Random(seed).shuffle(told)
    assert replayed(life, told) == replayed(life, list(lines([life])))


@EVERY
def test_it_is_one_deals_life_and_its_mails_name_no_deal(life):
    events = [json.loads(line.raw) for line in lines([life])]
    assert 6 <= len(events) <= 25
    assert len({each["subject"] for each in events if "subject" in each}) == 1
    assert all("subject" not in each for each in events if each["type"] == "activity.email")
    ids = {f"{each['source']}/{each['id']}" for each in events}
    assert all(set(finding["evidence"]) <= ids for finding in expected_of(life)["findings"])


@pytest.mark.parametrize("detector", catalogue())
def test_every_detector_has_a_life_on_which_it_fires_and_one_on_which_it_nearly_does(detector):
    about = [expected_of(life) for life in LIVES if detector in expected_of(life)["about"]]
    fires = ["open" in {each["state"] for each in told["findings"] if each["detector"] == detector} for told in about]
    assert any(fires)
    assert not all(fires)


def test_nothing_is_expected_of_a_life_that_is_not_told():
    assert [life.name.removesuffix(".jsonl") for life in LIVES] == sorted(
        file.name.removesuffix(".findings.json") for file in HERE.glob("*.findings.json")
    )
