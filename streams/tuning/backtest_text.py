"""A backtest as a terminal of 80 columns shows it, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from detectors.core.words import count_of

from ..findings_text import plain_text
from .backtest import Backtest
from .endings import Condition, Ending
from .figures import CRITICAL, FEW, WARNING, Figures, Quartiles, Share

RIGHT = ("alerted", "precision", "recall", "won alerted")
VALUE = "value found"
TIMES = ("lead, days", "told, days", "a week", VALUE)
NAMES = {WARNING: "any", CRITICAL: "critical"}
"""How JSON and people call what is of no detector and no family."""


def tables(backtest: Backtest) -> Group:
    """How often alerts were right, how early and at what cost; what was measured, and what it can carry."""
    shown = [each for each in backtest.figures if each.alerted or each.alerted_open or each.kind == "severity"]
    return Group(
        plain_text(summary(backtest)),
        Text(),
        Text("How often alerts were right", style="bold"),
        _table(RIGHT, map(_right, shown), shown),
        Text(),
        Text("How early, for how long, how many, and for how much", style="bold"),
        _table(TIMES, map(_times, shown), shown),
        Text(),
        *(Text(each, style="dim") for each in _words(backtest)),
        *(Text(each, style="yellow") for each in warnings(backtest)),
    )


def summary(backtest: Backtest) -> str:
    """What was measured, in a sentence."""
    deals, endings = backtest.deals, backtest.endings
    measured = count_of(sum(deals.values()), "deal")
    limits = [
        *(str(each) for each in endings.among),
        *([f"registered from {endings.registered_from:%Y-%m-%d %H:%M %Z}"] if endings.registered_from else []),
        *([f"registered before {endings.registered_until:%Y-%m-%d %H:%M %Z}"] if endings.registered_until else []),
    ]
    ends = [
        f"{deals.get(Ending.GOOD, 0):,} won",
        f"{deals.get(Ending.BAD, 0):,} ended badly ({_all_of(endings.bad)})",
        *([f"{deals[Ending.OTHER]:,} ended otherwise"] if deals.get(Ending.OTHER) else []),
        f"{deals.get(Ending.OPEN, 0):,} still open and in no rate",
    ]
    which = f" ({', '.join(limits)})" if limits else ""
    return (
        f"{measured}{which} of {count_of(backtest.reps, 'rep')}, "
        f"{backtest.began:%Y-%m-%d} to {backtest.ended:%Y-%m-%d}: {', '.join(ends)}; rules {backtest.rules[:12]}"
    )


def warnings(backtest: Backtest, name: Callable[[Figures], str] | None = None) -> Iterator[str]:
    """What stands on so few deals that it is a hint at most; figures are called as JSON does, or by `name`."""
    call = name or _name
    bad, won = backtest.deals.get(Ending.BAD, 0), backtest.deals.get(Ending.GOOD, 0)
    if bad < FEW:
        yield f"{count_of(bad, 'bad end')}, fewer than {FEW}: recall and lead are hints at most."
    if won < FEW:
        yield f"{count_of(won, 'won deal')}, fewer than {FEW}: how many of them were alerted is a hint at most."
    few = [call(each) for each in backtest.figures if 0 < each.alerted < FEW]
    if few:
        yield f"Fewer than {FEW} alerted deals have ended, so precision is a hint at most: {', '.join(few)}."


def as_json(backtest: Backtest) -> dict[str, Any]:
    """The backtest as one object: shares as fractions with their 95 % intervals, days as numbers, null for no value."""
    endings, deals = backtest.endings, backtest.deals
    by_kind: dict[str, dict[str, Any]] = {"detector": {}, "family": {}, "severity": {}}
    for each in backtest.figures:
        by_kind[each.kind][each.name] = figures_as_json(each)
    return {
        "rules": backtest.rules,
        "began": backtest.began.isoformat(),
        "ended": backtest.ended.isoformat(),
        "bad": [str(each) for each in endings.bad],
        "among": [str(each) for each in endings.among],
        "registered_from": endings.registered_from.isoformat() if endings.registered_from else None,
        "registered_until": endings.registered_until.isoformat() if endings.registered_until else None,
        "deals": {
            "measured": sum(deals.values()),
            "won": backtest.statuses.get("won", 0),
            "lost": backtest.statuses.get("lost", 0),
            "bad": deals.get(Ending.BAD, 0),
            "other": deals.get(Ending.OTHER, 0),
            "open": deals.get(Ending.OPEN, 0),
        },
        "reps": backtest.reps,
        "detectors": by_kind["detector"],
        "families": by_kind["family"],
        **{NAMES[name]: told for name, told in by_kind["severity"].items()},
        "weeks": [
            {"monday": each.monday.isoformat(), "reps": each.reps, "alerts": each.alerts.get(WARNING, 0)}
            for each in backtest.weeks
        ],
        "warnings": list(warnings(backtest)),
    }


def percent(share: Share) -> str:
    """59 % (55–62), a dash where there is nothing to take a part of."""
    if share.value is None:
        return "-"
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f}–{100 * share.high:.0f})"


def figures_as_json(each: Figures) -> dict[str, Any]:
    """One of its figures."""
    return {
        "alerted": each.alerted,
        "alerted_open": each.alerted_open,
        "precision": each.precision.value,
        "precision_interval": _interval(each.precision),
        "recall": each.recall.value,
        "recall_interval": _interval(each.recall),
        "won_false_alarm_rate": each.false_alarms.value,
        "won_false_alarm_interval": _interval(each.false_alarms),
        "lead_days": _quartiles(each.lead_days),
        "alerted_days": _quartiles(each.alerted_days),
        "per_rep_week": each.alerts_per_rep_week,
        "value_found": each.value_found,
    }


def _interval(share: Share) -> list[float] | None:
    return None if share.value is None else [share.low, share.high]


def _quartiles(days: Quartiles | None) -> dict[str, float] | None:
    return None if days is None else {"p25": days.first, "median": days.median, "p75": days.third}


def _words(backtest: Backtest) -> Iterator[str]:
    yield "Precision: bad ends among the alerted deals that ended. Recall: alerted among the bad ends."
    yield "Won alerted: false alarms. In brackets, where the true share lies in 19 of 20 cases."
    yield "Lead: from the first alert to the bad end. Told: how long an alerted deal was. Median (quartiles)."
    yield "A week: deals that a rep was told anew in a week with an open deal, after budget and quiet hours."
    silent = [
        each.name for each in backtest.figures if each.kind == "detector" and not each.alerted + each.alerted_open
    ]
    if silent:
        yield f"Told of no deal: {', '.join(silent)}."


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]], shown: Sequence[Figures]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=column != VALUE)
    for each, cells in zip(shown, rows, strict=True):
        name = f"  {each.name}" if each.kind == "detector" else _name(each)
        table.add_row(name, *map(plain_text, cells), style="" if each.kind == "detector" else "bold")
    return table


def _name(each: Figures) -> str:
    return NAMES.get(each.name, each.name)


def _right(each: Figures) -> tuple[str, ...]:
    return f"{each.alerted:,}", percent(each.precision), percent(each.recall), percent(each.false_alarms)


def _times(each: Figures) -> tuple[str, ...]:
    per_week = "-" if each.alerts_per_rep_week is None else f"{each.alerts_per_rep_week:.1f}"
    value = ", ".join(f"{_short(value)} {currency}".strip() for currency, value in each.value_found.items())
    return _days(each.lead_days), _days(each.alerted_days), per_week, value or "-"


def _days(days: Quartiles | None) -> str:
    return "-" if days is None else f"{_number(days.median)} ({_number(days.first)}–{_number(days.third)})"


def _number(days: float) -> str:
    return f"{days:.1f}" if days < 9.95 else f"{days:,.0f}"


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if value >= size:
            return f"{value / size:,.1f}{letter}"
    return f"{value / 1e3:,.0f}k" if value >= 10_000 else f"{value:,.0f}"


def _all_of(conditions: Iterable[Condition]) -> str:
    return " and ".join(map(str, conditions))
