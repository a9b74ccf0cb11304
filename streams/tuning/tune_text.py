"""The trade-off of a threshold as a terminal of 80 columns shows it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from detectors.core.words import count_of

from ..findings_text import plain_text
from .backtest_text import figures_as_json, percent
from .endings import Ending
from .figures import CRITICAL, FEW, Figures, Share
from .proposal import Proposal
from .tradeoff import Part, Point, Tradeoff
from .values import say

PRESENT, EFFICIENT, PROPOSED = "●", "◆", "▶"
_WIDTH = 10


def tables(told: Tradeoff, proposal: Proposal | None) -> Group:
    """Each setting on the deals that choose; what matters of them on the deals that judge; what to take."""
    proposed = proposal.point if proposal and proposal.fits else None
    telling = [each for each in told.points if each.is_present or each.is_efficient or each is proposed]
    return Group(
        plain_text(title(told)),
        Text(),
        Text(f"Choosing: {part(told.chosen_by)}", style="bold"),
        _table(told, told.points, proposed, judged=False),
        Text(),
        Text(f"Judging: {part(told.judged_by)}", style="bold"),
        _table(told, telling, proposed, judged=True),
        Text(),
        *(Text(each, style="dim") for each in _words()),
        *(plain_text(each) for each in sentences(told, proposal)),
        *(Text(each, style="yellow") for each in warnings(told, proposal)),
    )


def title(told: Tradeoff) -> str:
    """What was swept, and what counts as right."""
    which = "critical alerts of " if told.name == CRITICAL else ""
    whose = ", ".join(f"{name}={value}" for name, value in _when(told).items())
    bad = " and ".join(map(str, told.endings.bad))
    among = "".join(f", among {each}" for each in told.endings.among)
    return (
        f"{which}{told.detector} by {', '.join(told.thresholds)}{f' where {whose}' if whose else ''}; "
        f"right is an alert on a deal that ended badly ({bad}){among}"
    )


def part(which: Part) -> str:
    """The deals of one part of the history, by how they ended."""
    deals = which.deals
    other = f"{deals[Ending.OTHER]:,} ended otherwise, " if deals.get(Ending.OTHER) else ""
    return (
        f"{count_of(sum(deals.values()), 'deal')} that began between {which.began:%Y-%m-%d} and "
        f"{which.until:%Y-%m-%d}: {deals.get(Ending.GOOD, 0):,} won, {deals.get(Ending.BAD, 0):,} ended badly, "
        f"{other}{deals.get(Ending.OPEN, 0):,} open and in no rate"
    )


def setting(values: Mapping[str, Any]) -> str:
    """`warn_business_days=12`, as it is written on the command line."""
    return ", ".join(f"{name}={say(value)}" for name, value in values.items())


def worth(figures: Figures) -> str:
    """What a setting was worth, in a few words."""
    per_week = figures.alerts_per_rep_week
    alerts = "" if per_week is None else f", {per_week:.2f} alerts a rep and week"
    return f"precision {percent(figures.precision)}, recall {percent(figures.recall)}{alerts}"


def sentences(told: Tradeoff, proposal: Proposal | None) -> Iterator[str]:
    """What people said, and what to take."""
    if told.said.whole:
        yield (
            f"What people said of its findings: {told.said.part:,} of {told.said.whole:,} deals useful, "
            f"so right {percent(told.said)}."
        )
    if proposal is None:
        return
    if proposal.point is None:
        yield f"Nothing to propose for {proposal.wanted}: no setting told of a deal that ended."
        return
    point = proposal.point
    if not proposal.fits:
        yield f"No setting has {proposal.wanted}. Nearest is {setting(point.values)}: {worth(point.chosen)}."
        return
    same = ", which is in force" if point.is_present else ""
    yield f"Of those with {proposal.wanted}, {setting(point.values)} finds the most{same}: {worth(point.chosen)}."
    yield f"On the later deals, which it never saw: {worth(point.judged)}."


def warnings(told: Tradeoff, proposal: Proposal | None) -> Iterator[str]:
    """What stands on so few deals that it is a hint at most."""
    for what, which in (("choose", told.chosen_by), ("judge", told.judged_by)):
        bad = which.deals.get(Ending.BAD, 0)
        if bad < FEW:
            yield f"{count_of(bad, 'bad end')} among the deals that {what}, fewer than {FEW}: recall is a hint at most."
    few = [setting(each.values) for each in told.points if each.chosen.alerted < FEW]
    if few and len(few) == len(told.points):
        yield f"No setting told of {FEW} deals that ended: precision is a hint at most."
    elif few:
        yield f"Told of fewer than {FEW} deals that ended, so precision is a hint at most: {'; '.join(few)}."
    point = proposal.point if proposal and proposal.fits else None
    if point is not None and 0 <= point.judged.alerted < FEW:
        judged = count_of(point.judged.alerted, "later deal")
        yield f"What is proposed is judged by {judged} that it told of, fewer than {FEW}: a hint at most."


def as_json(told: Tradeoff, proposal: Proposal | None) -> dict[str, Any]:
    """The same as one object: figures as in a backtest's, `earlier` of the deals that choose, `later` of the others."""
    point = proposal.point if proposal else None
    return {
        "detector": told.detector,
        "alerts": "critical" if told.name == CRITICAL else "all",
        "when": _when(told) or None,
        "bad": [str(each) for each in told.endings.bad],
        "among": [str(each) for each in told.endings.among],
        "earlier": _part_as_json(told.chosen_by),
        "later": _part_as_json(told.judged_by),
        "settings": [
            {
                "values": _values(each.values),
                "present": each.is_present,
                "efficient": each.is_efficient,
                "earlier": figures_as_json(each.chosen),
                "later": figures_as_json(each.judged),
            }
            for each in told.points
        ],
        "feedback": {"useful": told.said.part, "noise": told.said.whole - told.said.part, "precision": told.said.value},
        "proposal": None
        if proposal is None
        else {
            "alerts_per_rep_week": proposal.wanted.alerts_per_rep_week,
            "least_precision": proposal.wanted.least_precision,
            "fits": proposal.fits,
            "values": None if point is None else _values(point.values),
        },
        "warnings": list(warnings(told, proposal)),
    }


def _table(told: Tradeoff, points: Iterable[Point], proposed: Point | None, *, judged: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("value" if len(told.thresholds) == 1 else "values", justify="right", no_wrap=True)
    for name in ("alerted", "precision", "", "recall", "", "won", "lead", "a week"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for each in points:
        figures = each.judged if judged else each.chosen
        marks = (
            f"{PROPOSED if each is proposed else ' '}{PRESENT if each.is_present else ' '}"
            f"{EFFICIENT if each.is_efficient else ' '}"
        )
        table.add_row(
            marks,
            ", ".join(map(say, each.values.values())),
            *_cells(figures),
            style="bold" if each is proposed else "" if each.is_present or each.is_efficient else "dim",
        )
    return table


def _cells(figures: Figures) -> Iterator[RenderableType]:
    per_week = figures.alerts_per_rep_week
    yield f"{figures.alerted:,}"
    yield percent(figures.precision)
    yield _bar(figures.precision, figures.precision.low, figures.precision.high)
    yield _short(figures.recall)
    yield _bar(figures.recall, 0.0, figures.recall.value or 0.0)
    yield _short(figures.false_alarms)
    yield "-" if figures.lead_days is None else f"{figures.lead_days.median:.0f} d"
    yield "-" if per_week is None else f"{per_week:.2f}"


def _bar(share: Share, begin: float, end: float) -> RenderableType:
    """From nothing to all of it."""
    return Text() if share.value is None else Bar(1.0, begin, max(end, begin + 0.01), width=_WIDTH)


def _short(share: Share) -> str:
    return "-" if share.value is None else f"{100 * share.value:.0f} %"


def _words() -> Iterator[str]:
    yield f"{PROPOSED} proposed, {PRESENT} in force, {EFFICIENT} efficient: no other is right as often and finds more."
    yield (
        "Precision: bad ends among the alerted deals that ended. Recall: alerted among the bad ends. Won: alerted "
        "among the won deals, false alarms. In brackets and as a bar, where the true share lies in 19 of 20 cases. "
        "Lead: median, from the first alert to the bad end. A week: deals that a rep is told of by this detector "
        "alone, in a week with an open deal, after budget and quiet hours."
    )


def _when(told: Tradeoff) -> dict[str, Any]:
    return told.when.model_dump(exclude_unset=True) if told.when else {}


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int | float) else say(value) for name, value in values.items()}


def _part_as_json(which: Part) -> dict[str, Any]:
    return {
        "began": which.began.isoformat(),
        "until": which.until.isoformat(),
        "reps": which.reps,
        "deals": {ending.value: which.deals.get(ending, 0) for ending in Ending},
    }
