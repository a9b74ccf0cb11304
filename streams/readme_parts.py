"""Writes what the README says that follows from the code: the catalogue of detectors, and the metrics.

`python -m streams.readme_parts README.md` rewrites these parts between their markers, and docs/catalogue.md beside it;
a test holds them to the code.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

from detectors.core.detector import Detector, Family
from detectors.core.registry import catalogue

from .metrics.catalogue import CATALOGUE


def catalogue_part() -> str:
    """Each detector in a row, family by family, with a link to its runbook."""
    parts = ["| detector | the deal stalls because |", "|---|---|"]
    for family, kinds in _by_family():
        parts.append(f"| **{family}** | |")
        parts += [f"| [`{kind.name()}`](docs/catalogue.md#{kind.name()}) | {kind.title()} |" for kind in kinds]
    return "\n".join(parts)


def catalogue_document() -> str:
    """Each detector's runbook and thresholds, as a page of its own."""
    parts = [
        "# The catalogue",
        "",
        f"All {len(catalogue())} detectors, with what to do and what can be tuned. Generated from `detectors/`.",
    ]
    for family, kinds in _by_family():
        parts += ["", f"## {family.capitalize()}"]
        for kind in kinds:
            parts += ["", f"### {kind.name()}", "", kind.runbook(), "", "| threshold | default | |", "|---|---|---|"]
            defaults = kind().thresholds
            for field, told in kind.model_fields.items():
                parts.append(f"| `{field}` | {defaults[field]} | {told.description} |")
    return "\n".join(parts) + "\n"


def _by_family() -> Iterator[tuple[str, list[type[Detector]]]]:
    for family in get_args(Family):
        kinds = [kind for kind in catalogue().values() if kind.family == family]
        if kinds:
            yield family, kinds


def metrics_part() -> str:
    """Every metric with its labels and meaning."""
    rows = ["| metric | kind | says |", "|---|---|---|"]
    for metric in CATALOGUE:
        labels = "{" + ",".join(metric.labels) + "}" if metric.labels else ""
        rows.append(f"| `{metric.name}{labels}` | {metric.kind} | {metric.help} |")
    return "\n".join(rows)


PARTS: dict[str, Callable[[], str]] = {"catalogue": catalogue_part, "metrics": metrics_part}


def written(readme: str) -> str:
    """The README with its parts as the code has them; `ValueError` names a part whose markers are missing."""
    for name, part in PARTS.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found_begin, rest = readme.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found_begin and found_end):
            raise ValueError(f"the README lacks {begin} or {end}")
        readme = f"{before}{begin}\n{part()}\n{end}{after}"
    return readme


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
    (path.parent / "docs" / "catalogue.md").write_text(catalogue_document(), encoding="utf-8")
