"""A comparison of two rules as a terminal of 80 columns shows it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from detectors.core.words import count_of

from ..findings_text import plain_text
from ..rules_view import difference_line
from .backtest_text import NAMES, figures_as_json
from .comparison import Audience, Change, Comparison, Move, Way
from .endings import Ending
from .figures import Quartiles, Share
from .sentences import deal_name, example

DEALS = ("opens (bad)", "closes (bad)", "earlier", "later", "stays")
FIGURES = ("precision", "recall", "won alerted", "lead, days", "a week")
WHOM = ("deals", "before", "now")


def tables(comparison: Comparison) -> Group:
    """In what the rules differ; what opens, closes and moves; for whom; and some deals."""
    shown = comparison.changed
    told = [plain_text(f"Against {comparison.against}", "bold")]
    told += [plain_text(difference_line(each)) for each in comparison.settings]
    if not comparison.settings:
        told.append(Text("The rules say the same."))
    if comparison.only_in_one:
        left_out = count_of(comparison.only_in_one, "deal")
        told.append(Text(f"{left_out} measured under one of them only, and left out here.", style="dim"))
    if not shown:
        return Group(
            *told, Text("Nothing changes: the same deals are told of by the same detectors at the same moments.")
        )
    return Group(
        *told,
        Text(),
        Text("Deals that are told of anew, no longer, earlier and later", style="bold"),
        _changes(DEALS, map(_deals, shown), shown),
        Text(),
        Text("Figures, before → now", style="bold"),
        _changes(FIGURES, map(_figures, shown), shown),
        Text(),
        *_whom("team", comparison.teams),
        *_whom("owner", comparison.owners),
        *_examples(comparison),
        Text("Opens, closes: told of by one of the rules only (how many of them ended badly).", style="dim"),
        Text("Earlier, later: their first alert moves (by the median of days).", style="dim"),
    )


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as one object: of each name the deals that change, and the old figures as a backtest has them."""
    by_kind: dict[str, dict[str, Any]] = {"detector": {}, "family": {}, "severity": {}}
    for each in comparison.changes:
        by_kind[each.after.kind][each.name] = _object(each)
    return {
        "name": comparison.against,
        "rules": comparison.before.rules,
        "settings": [asdict(each) for each in comparison.settings],
        "only_in_one": comparison.only_in_one,
        "detectors": by_kind["detector"],
        "families": by_kind["family"],
        **{NAMES[name]: told for name, told in by_kind["severity"].items()},
        "teams": _by_name(comparison.teams),
        "owners": _by_name(comparison.owners),
        "examples": list(map(_example, comparison.examples)),
    }


def _object(each: Change) -> dict[str, Any]:
    return {
        "opens": _ends(each.opens),
        "closes": _ends(each.closes),
        "earlier": each.earlier,
        "earlier_days": each.earlier_days,
        "later": each.later,
        "later_days": each.later_days,
        "stays": each.stays,
        "before": figures_as_json(each.before),
    }


def _ends(counts: Mapping[Ending, int]) -> dict[str, int]:
    return {ending.value: counts.get(ending, 0) for ending in Ending}


def _by_name(told: Iterable[Audience]) -> dict[str, dict[str, int]]:
    return {each.name: {"deals": each.deals, "before": each.before, "after": each.after} for each in told}


def _example(move: Move) -> dict[str, Any]:
    life = move.life
    return {
        "way": move.way.value,
        "detector": NAMES.get(move.name, move.name),
        "deal_id": life.deal_id,
        "name": deal_name(life),
        "before": move.before.isoformat() if move.before else None,
        "after": move.after.isoformat() if move.after else None,
        "status": life.status,
        "ended": life.ended.isoformat() if life.ended else None,
        "ending": move.ending.value,
    }


def _changes(columns: Iterable[str], rows: Iterable[tuple[str, ...]], shown: Sequence[Change]) -> Table:
    table = _table(columns)
    for each, cells in zip(shown, rows, strict=True):
        is_detector = each.after.kind == "detector"
        name = f"  {each.name}" if is_detector else NAMES.get(each.name, each.name)
        table.add_row(name, *cells, style="" if is_detector else "bold")
    return table


def _whom(what: str, told: Sequence[Audience]) -> Iterator[Table | Text]:
    """Whoever is told of another number of deals, by name."""
    changed = [each for each in told if each.before != each.after]
    if not changed:
        return
    yield Text(f"Deals told of, by {what}" + (", where it changes" if len(changed) < len(told) else ""), style="bold")
    table = _table(WHOM)
    for each in changed:
        name = plain_text(each.name) if each.name else Text(f"no {what}")
        table.add_row(name, f"{each.deals:,}", f"{each.before:,}", f"{each.after:,}")
    yield table
    yield Text()


def _examples(comparison: Comparison) -> Iterator[Text]:
    for way in Way:
        if told := comparison.examples_of(way):
            yield Text(f"For example, {way.value}", style="bold")
            for move in told:
                name = deal_name(move.life)
                called = name if name == move.life.deal_id else f"{name} ({move.life.deal_id})"
                yield plain_text(f"  {called}: {example(move)}")
            yield Text()


def _table(columns: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _deals(each: Change) -> tuple[str, ...]:
    return (
        _counted(each.opens),
        _counted(each.closes),
        _moved(each.earlier, each.earlier_days),
        _moved(each.later, each.later_days),
        f"{each.stays:,}",
    )


def _counted(counts: Mapping[Ending, int]) -> str:
    return f"{sum(counts.values()):,} ({counts.get(Ending.BAD, 0):,})" if counts else "-"


def _moved(number: int, days: float | None) -> str:
    return "-" if days is None else f"{number:,} ({days:,.1f})"


def _figures(each: Change) -> tuple[str, ...]:
    before, after = each.before, each.after
    return (
        _both(_percent(before.precision), _percent(after.precision)),
        _both(_percent(before.recall), _percent(after.recall)),
        _both(_percent(before.false_alarms), _percent(after.false_alarms)),
        _both(_days(before.lead_days), _days(after.lead_days)),
        _both(_number(before.alerts_per_rep_week), _number(after.alerts_per_rep_week)),
    )


def _both(before: str, after: str) -> str:
    return after if before == after else f"{before}→{after}"


def _percent(share: Share) -> str:
    return "-" if share.value is None else f"{100 * share.value:.0f} %"


def _days(days: Quartiles | None) -> str:
    return _number(None if days is None else days.median)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
