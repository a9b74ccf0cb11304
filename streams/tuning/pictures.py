"""The pictures of a backtest and of a comparison, each drawn once for desktops and once for phones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from statistics import quantiles
from textwrap import shorten
from typing import TYPE_CHECKING

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from . import svg
from .backtest import Backtest, Week
from .comparison import Comparison
from .endings import Ending
from .figures import CRITICAL, WARNING, Figures
from .labels import Box, Point, placed
from .sentences import ends, label, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE, NARROW = 860, 340
MOST_LETTERS = 42  # that a line of the narrow one holds
MOST_RAYS = 5
MOST_NAMES = 20
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_PERCENT = FuncFormatter(lambda value, _: f"{100 * value:.3g} %")
_EVEN = {CRITICAL: svg.CRITICAL, WARNING: svg.INK}
_DASHED = (0, (4, 4))


@dataclass(frozen=True)
class Picture:
    """An image for wide screens and one for narrow ones.

    `key` are the names that the narrow one has as numbers; with more than `MOST_NAMES`, the wide one has them so, too.
    """

    wide: Markup
    narrow: Markup
    key: tuple[str, ...] = ()

    @property
    def is_crowded(self) -> bool:
        """Whether the wide one has numbers for names, too."""
        return len(self.key) > MOST_NAMES


Draw = Callable[[Figure, bool], None]


def right_and_found(backtest: Backtest) -> Picture | None:
    """Of each detector how often it was right (up) and how much it found (to the right), with their intervals.

    Each ray from the corner is a number of deals told of. None where no deal ended badly, or none was told of.
    """
    bad, ended = ends(backtest)
    shown = _by_size(each for each in backtest.figures if each.kind != "family" and each.alerted)
    if not bad or not shown:
        return None
    names = [label(each.name) for each in shown]
    told = (
        f"{name} {percent(each.precision)} and {percent(each.recall)}" for name, each in zip(names, shown, strict=True)
    )

    def draw(figure: Figure, is_narrow: bool) -> None:
        axes = _plane(figure, shown, bad, ended, is_narrow)
        for each in shown:
            colour = _EVEN.get(each.name, svg.ACCENT)
            _interval(axes, each, colour)
            _mark(axes, each, colour)
        points = [(_x(each), _y(each)) for each in shown]
        _name(figure, axes, points, _written(names, is_narrow))

    words = f"How often each alert was right, and how much it found: {'; '.join(told)}."
    return _both("right-and-found", words, draw, (500, 340), tuple(names))


def lead_times(backtest: Backtest) -> Picture | None:
    """How many days before a bad end its deal was first told of: the middle half as a box. None where none was."""
    shown = [each for each in backtest.figures if each.kind != "family" and backtest.leads.get(each.name)]
    if not shown:
        return None
    shown.sort(key=lambda each: (each.kind != "severity", -each.lead_days.median if each.lead_days else 0.0))
    leads = [sorted(backtest.leads[each.name]) for each in shown]
    names = [label(each.name) for each in shown]

    def draw(figure: Figure, is_narrow: bool) -> None:
        axes = _rows(figure, names, is_narrow, [f" ({len(days):,})" for days in leads])
        for row, (each, days) in enumerate(zip(shown, leads, strict=True)):
            _box(axes, row, days, _EVEN.get(each.name, svg.ACCENT))
        axes.set_xlim(left=0)
        axes.set_xlabel("days from the first alert to the bad end")
        axes.grid(axis="x")

    told = (
        f"{label(each.name)} {each.lead_days.median:.0f}, half of them {each.lead_days.first:.0f} to "
        f"{each.lead_days.third:.0f}"
        for each in shown
        if each.lead_days
    )
    words = f"Days from the first alert to the bad end, the median by alert: {'; '.join(told)}."
    return _both("lead-times", words, draw, _row_heights(len(shown)))


def alerts_by_week(backtest: Backtest, other: Backtest | None = None) -> Picture | None:
    """How many deals a rep is told of anew, week by week, the critical ones apart; None without a rep in any week.

    `other` are the old rules, drawn as a line.
    """
    weeks = backtest.weeks
    if not any(week.reps for week in weeks):
        return None
    most = max(weeks, key=lambda week: _per_rep(week, WARNING))

    def draw(figure: Figure, is_narrow: bool) -> None:
        axes = figure.subplots()
        critical = [_per_rep(week, CRITICAL) for week in weeks]
        rest = [_per_rep(week, WARNING) - each for week, each in zip(weeks, critical, strict=True)]
        axes.bar(range(len(weeks)), critical, color=svg.CRITICAL)
        axes.bar(range(len(weeks)), rest, bottom=critical, color=svg.WARNING)
        old = {week.monday: _per_rep(week, WARNING) for week in other.weeks} if other else {}
        for number, week in enumerate(weeks):
            if week.monday in old:
                axes.plot([number - 0.4, number + 0.4], [old[week.monday]] * 2, color=svg.INK, linewidth=2.5)
        shown = range(0, len(weeks), math.ceil(len(weeks) / (4 if is_narrow else 10)))
        axes.set_xticks(shown, list(_days([weeks[number].monday for number in shown])))
        axes.set_ylabel("deals told of anew, per rep")
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.grid(axis="y")
        axes.set_axisbelow(True)

    words = (
        f"Deals told of anew per rep and week, over {len(weeks)} weeks; "
        f"the most in the week of {most.monday:%Y-%m-%d}: {_per_rep(most, 'warning'):.1f}."
    )
    return _both("alerts-by-week", words, draw, (280, 240))


def opened_and_closed(comparison: Comparison) -> Picture | None:
    """Of each detector how many deals it tells of anew (to the right), and no longer (to the left), by their ends."""
    shown = [each for each in comparison.changes if each.after.kind != "family" and (each.opens or each.closes)]
    if not shown:
        return None
    names = [label(each.name) for each in shown]

    def draw(figure: Figure, is_narrow: bool) -> None:
        axes = _rows(figure, names, is_narrow)
        for row, each in enumerate(shown):
            _bar(axes, row, 1, each.opens, (svg.FINE, svg.WARNING))
            _bar(axes, row, -1, each.closes, (svg.CRITICAL, svg.QUIET))
        axes.axvline(0, color=svg.INK, linewidth=1)
        axes.set_xlabel("deals: fewer to the left, more to the right")
        axes.xaxis.set_major_locator(MaxNLocator(4 if is_narrow else 8, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.0f}"))
        axes.grid(axis="x")

    told = (f"{label(each.name)} {sum(each.opens.values())} and {sum(each.closes.values())}" for each in shown)
    words = f"Deals told of anew, and no longer, by alert: {'; '.join(told)}."
    return _both("opened-and-closed", words, draw, _row_heights(len(shown)))


def shifted(comparison: Comparison) -> Picture | None:
    """Where each alert that changes stood before (a ring) and stands now, as in `right_and_found`."""
    bad, ended = ends(comparison.after)
    changes = [
        each
        for each in comparison.changes
        if each.after.kind != "family"
        and each.before.alerted
        and each.after.alerted
        and (each.before.precision, each.before.recall) != (each.after.precision, each.after.recall)
    ]
    changes.sort(key=lambda each: -each.after.recall.part)
    if not bad or not changes:
        return None
    names = [label(each.name) for each in changes]

    def draw(figure: Figure, is_narrow: bool) -> None:
        sides = [side for each in changes for side in (each.before, each.after)]
        axes = _plane(figure, sides, bad, ended, is_narrow)
        for each in changes:
            colour = _EVEN.get(each.name, svg.ACCENT)
            before, after = (_x(each.before), _y(each.before)), (_x(each.after), _y(each.after))
            arrow = {"arrowstyle": "-|>", "color": colour, "shrinkA": 4, "shrinkB": 4, "linewidth": 1.5}
            axes.annotate("", after, before, arrowprops=arrow)
            axes.plot(*before, "o", markersize=7, color=colour, markerfacecolor=svg.SHEET, clip_on=False)
            axes.plot(*after, "o", markersize=7, color=colour, clip_on=False)
        points = [(_x(each.after), _y(each.after)) for each in changes]
        starts = [(_x(each.before), _y(each.before)) for each in changes]
        _name(figure, axes, points, _written(names, is_narrow), starts)

    told = (
        f"{name} from {percent(each.before.precision)} and {percent(each.before.recall)} to "
        f"{percent(each.after.precision)} and {percent(each.after.recall)}"
        for name, each in zip(names, changes, strict=True)
    )
    words = f"How often each alert is right, and how much it finds, before and after: {'; '.join(told)}."
    return _both("shifted", words, draw, (460, 340), tuple(names))


def _both(name: str, words: str, draw: Draw, heights: tuple[int, int], key: tuple[str, ...] = ()) -> Picture:
    def image(width: int, height: int) -> Markup:
        with matplotlib.rc_context(svg.STYLE):
            figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
            draw(figure, width == NARROW)
            return svg.inline(figure, f"{name}-{width}", words)

    return Picture(image(WIDE, heights[0]), image(NARROW, heights[1]), key)


def _by_size(figures: Iterable[Figures]) -> list[Figures]:
    return sorted(figures, key=lambda each: -each.recall.part)


def _written(names: Sequence[str], is_narrow: bool) -> Sequence[str]:
    """The names, or their numbers where there is no room for them."""
    if is_narrow or len(names) > MOST_NAMES:
        return [str(number) for number, _ in enumerate(names, start=1)]
    return names


def _per_rep(week: Week, name: str) -> float:
    return week.alerts.get(name, 0) / week.reps if week.reps else 0.0


def _days(days: Iterable[date]) -> Iterator[str]:
    """3 Oct, 10 Oct, …; the first of each year with it."""
    year = 0
    for day in days:
        told = f"{day.day} {_MONTHS[day.month - 1]}"
        yield told if day.year == year else f"{told}\n{day.year}"
        year = day.year


# -- how often right (up), how much found (to the right)


def _x(figures: Figures) -> float:
    return figures.recall.value or 0.0


def _y(figures: Figures) -> float:
    return figures.precision.value or 0.0


def _plane(figure: Figure, shown: Sequence[Figures], bad: int, ended: int, is_narrow: bool) -> Axes:
    axes = figure.subplots()
    right = _up_to_ten(max(each.recall.high for each in shown))
    top = _up_to_ten(max(bad / ended, *(each.precision.high for each in shown)))
    axes.set_xlim(0, right)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(_PERCENT)
    axes.yaxis.set_major_formatter(_PERCENT)
    axes.set_xlabel("found" if is_narrow else "found: how many of the bad ends were told of")
    axes.set_ylabel("right" if is_narrow else "right: how many of those told of ended badly")
    for number, x, y in _rays(bad, ended, right, top):
        axes.plot([0, x], [0, y], color=svg.LINE, linewidth=1, zorder=0)
        is_above = y >= top
        axes.annotate(
            f"{number:,}" if is_narrow else f"{number:,} deals",
            (x, y),
            (0, 3) if is_above else (4, 0),
            textcoords="offset points",
            ha="center" if is_above else "left",
            va="bottom" if is_above else "center",
            color=svg.QUIET,
            fontsize=10,
            annotation_clip=False,
        )
    axes.axhline(bad / ended, color=svg.QUIET, linewidth=1, linestyle=_DASHED, zorder=1)
    return axes


def _rays(bad: int, ended: int, right: float, top: float) -> list[tuple[int, float, float]]:
    """Round numbers of deals told of, with where on the border their rays end: steep ones are few deals."""
    found = []
    for power, digit in product(range(8), (1, 2, 5)):
        number = digit * 10**power
        slope = bad / number
        x, y = min(right, top / slope), min(top, slope * right)
        if number <= ended and x > right / 8 and y > top / 12:
            found.append((number, x, y))
    step = math.ceil(len(found) / MOST_RAYS) or 1
    return found[::-1][::step]


def _up_to_ten(share: float) -> float:
    """The next full ten percent, with some room."""
    return min(1.0, math.ceil(10 * share + 0.3) / 10)


def _interval(axes: Axes, each: Figures, colour: str) -> None:
    x, y = _x(each), _y(each)
    for xs, ys in (((each.recall.low, each.recall.high), (y, y)), ((x, x), (each.precision.low, each.precision.high))):
        axes.plot(xs, ys, color=colour, linewidth=1.5, alpha=0.4, zorder=2, clip_on=False)


def _mark(axes: Axes, each: Figures, colour: str) -> None:
    """A ring for what rests on few deals, a square for any alert and the critical ones."""
    axes.plot(
        _x(each),
        _y(each),
        marker="s" if each.kind == "severity" else "o",
        markersize=8,
        color=colour,
        markerfacecolor=svg.SHEET if each.precision.is_small else colour,
        zorder=3,
        clip_on=False,
    )


def _name(
    figure: Figure, axes: Axes, points: Sequence[Point], names: Sequence[str], starts: Sequence[Point] = ()
) -> None:
    """Write each name beside its point, with a line to it where it is not near.

    An arrow leads to a point from the one among `starts` that has its place.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")

    def spot(point: Point) -> Point:
        x, y = axes.transData.transform(point)
        return float(x), float(y)

    spots = list(map(spot, points))
    taken = [Box.around(each, 10, 10) for each in spots]
    for (x, y), (from_x, from_y) in zip(spots, map(spot, starts), strict=False):
        steps = [(x + (from_x - x) * n / 8, y + (from_y - y) * n / 8) for n in range(1, 9)]
        taken += [Box.around(step, 8, 8) for step in steps]
    taken += [Box(*text.get_window_extent().extents) for text in axes.texts if text.get_text()]
    texts = [
        axes.annotate(name, point, (0, 0), textcoords="offset points", ha="center", va="center", zorder=4)
        for name, point in zip(names, points, strict=True)
    ]
    extents = [text.get_window_extent() for text in texts]
    room = Box(axes.bbox.x0, axes.bbox.y0, figure.bbox.x1, figure.bbox.y1)
    boxes = placed(spots, [(each.width + 2, each.height) for each in extents], taken, room)
    for text, box, point, (x, y) in zip(texts, boxes, points, spots, strict=True):
        text.set_position((box.middle[0] - x, box.middle[1] - y))
        edge = box.nearest((x, y))
        if math.dist((x, y), edge) > 12:
            end = axes.transData.inverted().transform(edge)
            axes.plot([point[0], end[0]], [point[1], end[1]], color=svg.QUIET, linewidth=0.7, zorder=1, clip_on=False)


# -- a row an alert


def _rows(figure: Figure, names: Sequence[str], is_narrow: bool, counts: Sequence[str] = ()) -> Axes:
    """A row a name, from the top: beside its mark on wide screens, above it on narrow ones."""
    axes = figure.subplots()
    axes.set_ylim(len(names) - 0.5, -0.75 if is_narrow else -0.5)
    axes.set_axisbelow(True)
    behind = counts or [""] * len(names)
    if is_narrow:
        axes.set_yticks([])
        for row, (name, count) in enumerate(zip(names, behind, strict=True)):
            told = shorten(name, MOST_LETTERS - len(count), placeholder="…") + count
            text = axes.text(0, row - 0.3, told, transform=axes.get_yaxis_transform(), va="bottom")
            text.set_in_layout(False)
    else:
        axes.set_yticks(range(len(names)), [name + count for name, count in zip(names, behind, strict=True)])
        axes.tick_params(axis="y", length=0, labelcolor=svg.INK)
    return axes


def _bar(axes: Axes, row: int, way: int, deals: Mapping[Ending, int], colours: tuple[str, str]) -> None:
    """To one side of zero, the bad ends and then the others."""
    bad, total = deals.get(Ending.BAD, 0), sum(deals.values())
    axes.barh(row, way * bad, 0.5, color=colours[0])
    axes.barh(row, way * (total - bad), 0.5, left=way * bad, color=colours[1])


def _row_heights(rows: int) -> tuple[int, int]:
    return 60 + 28 * rows, 60 + 44 * rows


def _box(axes: Axes, row: int, days: Sequence[float], colour: str) -> None:
    if len(days) < 5:
        axes.plot(days, [row] * len(days), "o", color=colour, markersize=5, alpha=0.7)
        return
    parts = quantiles(days, n=20, method="inclusive")
    axes.plot([parts[0], parts[-1]], [row, row], color=colour, linewidth=1.5, alpha=0.6)
    axes.barh(row, parts[14] - parts[4], 0.42, left=parts[4], color=colour, alpha=0.4)
    axes.plot([parts[9], parts[9]], [row - 0.26, row + 0.26], color=colour, linewidth=3, solid_capstyle="butt")
