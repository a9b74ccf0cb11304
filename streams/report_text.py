"""A report as a terminal of 80 columns shows it, as CSV and as JSON."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from detectors.core.words import count_of

from .findings_text import plain_text
from .report import By, Question, Slice, Values, currencies

COUNTS = (
    "open_deals", "without_amount", "stalled_deals", "days_to_win", "days_to_win_deals", "days_to_abandon",
    "days_to_abandon_deals", "findings_opened", "findings_cleared", "won_deals", "lost_deals", "slipped_deals",
)  # fmt: skip
VALUES = (
    "open_value", "stalled_value", "honest_value", "covered", "coverage", "won_value", "lost_value", "slipped_value",
)  # fmt: skip
STANDING = ("open", "value", "stalled", "value", "honest", "cover")
MOVING = ("to win", "to loss", "opened", "cleared", "won", "lost", "slipped")
# a spreadsheet takes what begins so for a formula
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def tables(slices: Sequence[Slice], question: Question) -> Group:
    """What is open, then how long deals take and what moved, and what the words mean."""
    year, number = question.last_quarter
    measure = "the target" if question.targets else f"what was won in FY{year} Q{number}"
    whole, names = slices[-1], _names(slices)
    words = [
        "Stalled: with an open warning or worse. Honest: open without stalled.",
        f"Cover: honest value by {measure}, each currency for itself.",
        "To win, to loss: median days from creation to the end (of so many deals).",
        "Slipped: open deals pushed out of a fiscal quarter, at their value now.",
    ]
    if whole.without_amount:
        words.append(f"{count_of(whole.without_amount, 'open deal')} without an amount: in no value.")
    return Group(
        Text(f"Open at {question.clock:%Y-%m-%d %H:%M %Z}", style="bold"),
        _table(STANDING, map(_standing, slices), names),
        Text(),
        Text(f"How long deals take, and what moved since {question.since:%Y-%m-%d %H:%M %Z}", style="bold"),
        _table(MOVING, map(_moving, slices), names),
        Text(),
        *(Text(each, style="dim") for each in words),
    )


def as_csv(slices: Sequence[Slice], question: Question) -> str:
    """A row a slice, under a row of names; a column for each value and currency. Days and values are plain numbers.

    Rows of a level hold those of the levels within: sum only rows with the same `by`.
    """
    spoken = currencies(slices)
    out = StringIO()
    rows = csv.writer(out, lineterminator="\n")
    values = [(kind, currency) for kind in VALUES for currency in spoken]
    head = [f"{kind}_{currency or 'no_currency'}" for kind, currency in values]
    rows.writerow(["as_of", "since", "by", *question.by, *COUNTS, *head])
    for each in slices:
        path = [*each.path, *[""] * (len(question.by) - len(each.path))]
        told = [getattr(each, kind).get(currency, _nothing(kind)) for kind, currency in values]
        moments = [question.clock.isoformat(), question.since.isoformat()]
        rows.writerow([*moments, each.by, *map(_cell, path), *(getattr(each, name) for name in COUNTS), *told])
    return out.getvalue()


def as_json(each: Slice, question: Question) -> dict[str, Any]:
    """A slice as an object, its values by currency."""
    return {
        "as_of": question.clock.isoformat(),
        "since": question.since.isoformat(),
        "by": each.by,
        **dict(zip(map(str, question.by), each.path, strict=False)),
        **{name: getattr(each, name) for name in (*COUNTS, *VALUES)},
    }


def _nothing(kind: str) -> float | str:
    # what nothing is measured against has no coverage, which is not a coverage of nothing
    return "" if kind in ("covered", "coverage") else 0.0


def _cell(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA) else name


def _names(slices: Sequence[Slice]) -> list[str]:
    """The slices' names, those within others indented; people go without the mail domain that all of them share."""
    domains = {domain for each in slices if each.by == By.REP and (domain := each.path[-1].partition("@")[2])}
    shared = f"@{domains.pop()}" if len(domains) == 1 else ""
    return [
        "  " * (len(each.path) - 1) + (each.path[-1].removesuffix(shared) if each.by == By.REP else each.path[-1])
        if each.path
        else "all"
        for each in slices
    ]


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]], names: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", overflow="fold", min_width=12)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, cells in zip(names, rows, strict=True):
        table.add_row(plain_text(name), *map(_lines, cells))
    return table


def _lines(cell: str) -> Text:
    """Lines in which currencies are written as somebody sent them."""
    return Text("\n").join(plain_text(line) for line in cell.split("\n"))


def _standing(each: Slice) -> tuple[str, ...]:
    cover = "\n".join(f"{_ratio(value)} {currency}".strip() for currency, value in sorted(each.coverage.items()))
    return (
        f"{each.open_deals:,}",
        _money(each.open_value),
        f"{each.stalled_deals:,}",
        _money(each.stalled_value),
        _money(each.honest_value),
        cover or "-",
    )


def _moving(each: Slice) -> tuple[str, ...]:
    return (
        _days(each.days_to_win, each.days_to_win_deals),
        _days(each.days_to_abandon, each.days_to_abandon_deals),
        f"{each.findings_opened:,}",
        f"{each.findings_cleared:,}",
        f"{each.won_deals:,}",
        f"{each.lost_deals:,}",
        _money(each.slipped_value) if each.slipped_value else f"{each.slipped_deals or '-'}",
    )


def _days(days: float | None, deals: int) -> str:
    return "-" if days is None else f"{days:,.0f} ({deals:,})"


def _ratio(value: float) -> str:
    return f"{value:,.2f}x"


def _money(values: Values) -> str:
    """A line a currency: 950, 48k, 1.2M."""
    told = ((currency[:8], value) for currency, value in sorted(values.items()))
    return "\n".join(f"{_short(value)} {currency}".strip() for currency, value in told) or "-"


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:,.1f}{letter}"
    return f"{value / 1e3:,.0f}k" if abs(value) >= 10_000 else f"{value:,.0f}"
