"""A new detector is one file in the folder and no other edit: replay, metrics, catalogue, README and rules have it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOY = '''"""The stars stand badly: the deal was created on a Monday.

Why it matters: nobody knows, and everybody has a story about it.

What to do next: wait for Tuesday, and then create it again.

When it is wrong: whenever the stars are read by daylight.
"""

from datetime import timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class Zodiac(Detector):
    family = "papers and forecast"

    hours: int = Field(1, ge=0, le=100, description="Hours until it shows. Higher: later alerts.")

    def assess(self, deal: Deal) -> Breach | None:
        if deal.created.at.weekday() != 0:
            return None
        return Breach(
            since=deal.created.at + timedelta(hours=self.hours),
            evidence=(Evidence(deal.created.event, deal.created.at, "created under a bad star"),),
            clears_when="the stars move on",
        )
'''
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "crm",
    "type": "crm.deal.changed",
    "subject": "D-1",
    "time": "2026-03-02T09:00:00+00:00",
    "data": {"owner": "rep@us.example", "stage": "Demo"},
}
ASK = """
import asyncio, json, sys
from collections import Counter
from pathlib import Path
from streams import rules_file
from streams.answer import finding_line
from streams.metrics.counts import Counts
from streams.metrics.exporter import Exporter, State
from streams.history import lines
from streams.web.pages.render import catalogue_page
from streams.web.pages.runbook import runbooks
from streams.readme_parts import catalogue_document, catalogue_part
from streams.replay import Replay
from datetime import UTC, datetime

rules = rules_file.read(Path("rules.yaml"))
replay = Replay(rules, datetime(2026, 3, 2, 20, tzinfo=UTC))
for _ in replay.run(lines([Path("history.jsonl")])):
    pass
answers = list(replay.partition.answers.values())
look = lambda: State(answers=answers, books=[], judged=[], errors=Counter(), clock=None, lag={}, waiting=0, rules=rules)
try:
    rules_file.read(Path("wrong.yaml"))
    refused = ""
except rules_file.RulesFileError as error:
    refused = str(error)
print(json.dumps({
    "findings": [json.loads(finding_line(each)) for each in replay.findings() if each.detector == "zodiac"],
    "metrics": Exporter(look, Counts(), 100).text().decode(),
    "page": catalogue_page(runbooks()),
    "readme": catalogue_part(),
    "document": catalogue_document(),
    "refused": refused,
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a copy of stallwatch says into whose folder the toy was put."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("detectors", "streams", "dashboards"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "detectors" / "zodiac.py").write_text(TOY)
    (folder / "history.jsonl").write_text(json.dumps(EVENT))
    (folder / "rules.yaml").write_text("detectors: {zodiac: {hours: 5}}\n")
    (folder / "wrong.yaml").write_text("detectors: {zodiac: {hour: 5}}\n")
    ran = subprocess.run(
        [sys.executable, "-c", ASK], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    return dict(json.loads(ran.stdout))


def test_replay_finds_by_it_with_the_threshold_of_the_rules(told):
    (found,) = told["findings"]
    assert (found["state"], found["since"]) == ("open", "2026-03-02T14:00:00Z")
    assert found["summary"] == "The stars stand badly (created under a bad star)"


def test_metrics_name_it(told):
    assert 'stallwatch_detector_info{detector="zodiac",family="papers and forecast",title="The stars' in told["metrics"]
    assert 'stallwatch_finding_open{deal_id="D-1",detector="zodiac",' in told["metrics"]
    assert 'stallwatch_detector_errors_total{detector="zodiac"} 0.0' in told["metrics"]


def test_the_catalogue_explains_it_on_the_page_and_in_the_readme(told):
    assert "[`zodiac`](docs/catalogue.md#zodiac) | The stars stand badly" in told["readme"]
    for text in (told["page"], told["document"]):
        assert "zodiac" in text
        assert "Hours until it shows. Higher: later alerts." in text


def test_rules_know_its_thresholds_and_refuse_others(told):
    assert told["refused"] == "wrong.yaml:1: detectors.zodiac.hour: unknown name 'hour', did you mean 'hours'?"
