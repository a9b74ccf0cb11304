"""Writes the parts of the README that follow from the code: the catalogue of detectors, and the metrics.

`python -m streams.readme_parts README.md` rewrites them between their markers; a test holds them to the code.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from detectors.core.registry import catalogue

from .metrics import CATALOGUE


def catalogue_part() -> str:
    """Each detector with its runbook and thresholds, under a heading that alerts link to."""
    parts = ["| detector | family | the deal stalls because |", "|---|---|---|"]
    for name, kind in catalogue().items():
        parts.append(f"| [`{name}`](#{name}) | {kind.family} | {kind.title()} |")
    for name, kind in catalogue().items():
        parts += ["", f"### {name}", "", kind.runbook(), "", "| threshold | default | |", "|---|---|---|"]
        defaults = kind().thresholds
        for field, told in kind.model_fields.items():
            parts.append(f"| `{field}` | {defaults[field]} | {told.description} |")
    return "\n".join(parts)


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
