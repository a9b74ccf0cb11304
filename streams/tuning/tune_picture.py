"""The trade-off of a threshold as a picture: how often each setting was right, and how much it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import svg
from .endings import Ending
from .pictures import Picture, _both, _interval, _name, _plane, _x, _y
from .sentences import percent
from .tradeoff import Point, Tradeoff
from .tune_text import setting
from .values import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMES = 12, 6
"""So many settings are named, in the wide picture and in the narrow one."""


def right_and_found(told: Tradeoff, proposed: Point | None) -> Picture | None:
    """Each setting by how often it was right (up) and how much it found (to the right), on the deals that choose.

    None where no deal ended badly, or none was told of.
    """
    deals = told.chosen_by.deals
    bad, ended = deals.get(Ending.BAD, 0), sum(deals.values()) - deals.get(Ending.OPEN, 0)
    shown = [each for each in told.points if each.chosen.alerted]
    if not bad or not shown:
        return None
    words = "; ".join(
        f"{setting(each.values)} {percent(each.chosen.precision)} and {percent(each.chosen.recall)}" for each in shown
    )

    def draw(figure: Figure, is_narrow: bool) -> None:
        axes = _plane(figure, [each.chosen for each in shown], bad, ended, is_narrow)
        efficient = sorted((_x(each.chosen), _y(each.chosen)) for each in shown if each.is_efficient)
        axes.plot(*zip(*efficient, strict=True), color=svg.ACCENT, linewidth=1, zorder=1)
        for each in shown:
            is_marked = each is proposed or each.is_present
            colour = svg.FINE if each is proposed else svg.INK if each.is_present else svg.ACCENT
            if is_marked:
                _interval(axes, each.chosen, colour)
            axes.plot(
                _x(each.chosen),
                _y(each.chosen),
                marker="s" if each.is_present else "o",
                markersize=9 if is_marked else 6,
                color=colour,
                markerfacecolor=colour if each.is_efficient else svg.SHEET,
                zorder=4 if is_marked else 3,
                clip_on=False,
            )
        named = _named(shown, proposed, MOST_NAMES[is_narrow])
        _name(figure, axes, [(_x(each.chosen), _y(each.chosen)) for each in named], list(map(_label, named)))

    return _both("settings", f"How often each setting was right, and how much it found: {words}.", draw, (500, 340))


def _named(shown: list[Point], proposed: Point | None, most: int) -> list[Point]:
    """Those that matter, and some of the others."""
    efficient = [each for each in shown if each.is_efficient]
    every = -(-len(efficient) // most)
    return [each for each in shown if each is proposed or each.is_present or each in efficient[::every]]


def _label(point: Point) -> str:
    return ", ".join(map(say, point.values.values()))
