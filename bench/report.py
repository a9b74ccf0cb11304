"""Figures as a table for the terminal, as Markdown for the README, and as JSON."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import orjson
from rich.table import Table

from .figures import Figure
from .hosts.course import Run


def table(figures: Iterable[Figure]) -> Table:
    """A section for each topic."""
    shown = Table("measured", "median", "lowest to highest", "", title="stallwatch, measured", title_justify="left")
    for column in shown.columns[1:3]:
        column.justify = "right"
    for topic, group in groupby(figures, key=lambda figure: figure.topic):
        shown.add_section()
        shown.add_row(f"[bold]{topic}[/bold]")
        for figure in group:
            shown.add_row(f"  {figure.what}", number(figure.median), span(figure), figure.unit)
    return shown


def markdown(figures: Iterable[Figure], machine: str) -> str:
    """The same for the README, and on which machine it was."""
    return "\n".join(_lines(figures, machine))


def _lines(figures: Iterable[Figure], machine: str) -> Iterator[str]:
    yield f"`make bench` on {machine}; the median of the rounds, and the lowest to the highest:"
    for topic, group in groupby(figures, key=lambda figure: figure.topic):
        yield from ("", f"| {topic} | median | lowest to highest |", "|---|---:|---:|")
        for figure in group:
            yield f"| {figure.what} | {number(figure.median)} {figure.unit} | {span(figure)} |"


def write(path: Path, figures: Iterable[Figure], machine: str, runs: Iterable[Run] = ()) -> None:
    """Everything, with the value of each round, and each run of a host, as JSON."""
    told = [
        {"topic": each.topic, "what": each.what, "unit": each.unit, "median": each.median, "rounds": each.values}
        for each in figures
    ]
    content = {"machine": machine, "figures": told, "hosts": list(runs)}
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def number(value: float) -> str:
    """Three digits that count, or a whole number."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def span(figure: Figure) -> str:
    """Between which values the rounds lay; nothing where there was one."""
    return f"{number(figure.lowest)} to {number(figure.highest)}" if len(figure.values) > 1 else ""
