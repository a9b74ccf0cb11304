"""Who may import whom: detectors are pure, streams build on them, dashboards know the metrics' names only."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("detectors", "streams", "dashboards")
PURE = {"detectors", "pydantic", "email_validator", "holidays"}


def imported(file: Path) -> Iterator[str]:
    """The full names of what a file imports, wherever in it."""
    package = ".".join(file.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{each.name}" for each in node.names)


def imports_of(package: str) -> set[tuple[str, str]]:
    """(file, imported name) for all files of a package."""
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    return {(str(file.relative_to(ROOT)), name) for file in files for name in imported(file)}


def top(name: str) -> str:
    return name.partition(".")[0]


def test_detectors_import_only_the_standard_library_and_what_keeps_them_pure():
    others = {
        (file, name)
        for file, name in imports_of("detectors")
        if top(name) not in PURE and top(name) not in sys.stdlib_module_names
    }
    assert others == set()


def test_streams_import_detectors_and_only_the_command_line_opens_dashboards():
    theirs = imports_of("streams")
    assert "detectors" in {top(name) for _, name in theirs}
    assert {file for file, name in theirs if top(name) == "dashboards"} <= {
        "streams/cli.py",
        "streams/commands/dashboards.py",
    }
    assert {(file, name) for file, name in theirs if top(name) == "tests"} == set()


def test_dashboards_import_of_streams_the_metrics_only():
    ours = {(file, name) for file, name in imports_of("dashboards") if top(name) in (*OURS, "tests")}
    wrong = {
        (file, name)
        for file, name in ours
        if top(name) != "dashboards" and name != "streams.metrics" and not name.startswith("streams.metrics.")
    }
    assert wrong == set()


def test_deploy_holds_no_code():
    assert list((ROOT / "deploy").rglob("*.py")) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a.b, c", {"a.b", "c"}),
        ("from a.b import c", {"a.b.c"}),
        ("def f():\n    from ..x import y", {"detectors.x.y"}),
        ("from . import y", {"detectors.core.y"}),
        ("from .z import y", {"detectors.core.z.y"}),
    ],
)
def test_imports_are_read_rightly(text, names, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / "detectors" / "core" / "some.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert set(imported(file)) == names
