"""The runs of hosts as a picture: for each workload how fast they are, and what CPU they take."""

from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..report import number
from .course import Run
from .measure import WORKER
from .ratios import Rounds, by_workload

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "stallwatch",
    "font.size": 11,
    "font.sans-serif": ["DejaVu Sans", "sans-serif"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
    "ytick.major.size": 0,
}
OURS, OTHERS, INK = "#0b6e5f", "#9aa5b1", "#1f2933"
ROW_INCHES, TITLE_INCHES = 0.34, 0.85


def draw(runs: Iterable[Run], path: Path) -> None:
    """Write it as SVG."""
    told = by_workload(runs)
    heights = [len(hosts) * ROW_INCHES for hosts in told.values()]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11, sum(heights) + TITLE_INCHES * len(heights)), layout="constrained")
        grid = figure.subplots(len(told), 2, squeeze=False, height_ratios=heights)
        for number_, (workload, hosts) in zip(count(), told.items(), strict=False):
            speed, cpu = grid[number_]
            _bars(speed, hosts, [each.speeds for each in hosts], f"{workload}\nevents per second (more is better)")
            _bars(cpu, hosts, [each.cpus for each in hosts], "\nCPU seconds for 100,000 events (less is better)")
            cpu.set_yticklabels([])
        drawn = StringIO()
        figure.savefig(drawn, format="svg", facecolor="white", metadata={"Date": None})
    # whoever looks at changes would see white space at the end of lines
    path.write_text("\n".join(line.rstrip() for line in drawn.getvalue().splitlines()) + "\n")


def _bars(axes: Axes, hosts: Sequence[Rounds], values: Sequence[Sequence[float]], title: str) -> None:
    middles = [median(each) for each in values]
    places = range(len(hosts))
    colours = [OURS if each.host == WORKER.name else OTHERS for each in hosts]
    axes.barh(places, middles, color=colours, height=0.68)
    for place, middle, each in zip(places, middles, values, strict=True):
        axes.plot([min(each), max(each)], [place, place], color=INK, linewidth=1.2)
        axes.annotate(
            number(middle), (max(each), place), (6, 0), textcoords="offset points", va="center", color=INK, fontsize=10
        )
    axes.set_yticks(list(places), [each.host for each in hosts])
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_xlim(0, max(map(max, values)) * 1.18)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
