"""What the README says of the code is so."""

import re
from pathlib import Path

import pytest

from detectors.core.registry import catalogue
from streams import readme_parts

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_generated_parts_are_what_the_code_says() -> None:
    assert readme_parts.written(README) == README, "run: python -m streams.readme_parts README.md"


def test_a_part_without_markers_is_named() -> None:
    with pytest.raises(ValueError, match="<!-- catalogue -->"):
        readme_parts.written("# nothing")


def test_each_alert_finds_its_runbook() -> None:
    headings = re.findall(r"^### (\w+)$", README, re.MULTILINE)
    assert set(catalogue()) <= set(headings)


def test_its_links_and_pictures_are_there() -> None:
    local = [target for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README) for target in target if target]
    for target in local:
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
