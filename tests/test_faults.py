"""The list of faults in faults.md names tests that exist, and none of those that matter most is without one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("faults.md")
ROOT = LIST.parents[1]
LINES = LIST.read_text().partition("|---|---|---|\n")[2].splitlines()
ROWS = [line.strip("| ").split(" | ") for line in LINES]
PROVEN = {
    *(f"E{number}" for number in (*range(1, 6), *range(16, 24))),
    *(f"S{number}" for number in (*range(4, 9), 13, 14)),
}


@cache
def functions_in(file: Path) -> frozenset[str]:
    """The names of a file's functions; classes of tests there are none."""
    found = ast.parse(file.read_text()).body
    return frozenset(each.name for each in found if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_fault_has_one_row_and_those_that_matter_most_have_theirs() -> None:
    faults = [row[0] for row in ROWS]
    assert len(faults) == len(set(faults))
    assert set(faults) >= PROVEN


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_says_a_fault_and_names_tests_that_exist(row: list[str]) -> None:
    fault, said, shown = row
    assert re.fullmatch(r"[RES]\d{1,2}", fault)
    assert said
    named = re.findall(r"`([^`]+)`", shown)
    assert named
    assert len(named) == len(set(named))
    for each in named:
        path, _, name = each.partition("::")
        assert name.startswith("test_")
        assert name in functions_in(ROOT / path), f"there is no {each}"
