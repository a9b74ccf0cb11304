"""What the README says of the code is so."""

import re
from pathlib import Path

import pytest

from detectors.core.registry import catalogue
from streams import readme_parts

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")


def test_its_generated_parts_are_what_the_code_says() -> None:
    assert readme_parts.written(README) == README, "run: make generate"
    assert readme_parts.catalogue_document() == CATALOGUE, "run: make generate"


def test_a_part_without_markers_is_named() -> None:
    with pytest.raises(ValueError, match="<!-- catalogue -->"):
        readme_parts.written("# nothing")


def test_each_row_of_the_catalogue_leads_to_its_runbook() -> None:
    headings = set(re.findall(r"^### (\w+)$", CATALOGUE, re.MULTILINE))
    linked = set(re.findall(r"docs/catalogue\.md#(\w+)", README))
    assert headings == linked == set(catalogue())


def test_its_links_and_pictures_are_there() -> None:
    local = [target for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README) for target in target if target]
    for target in local:
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
