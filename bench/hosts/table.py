"""The runs of hosts as Markdown, and in place of what stands between the markers of a page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from ..report import number
from .course import Run
from .measure import LOOP, QUIX, WORKER
from .ratios import Rounds, by_workload, of_host

COLUMNS = ("events/s", "CPU s for 100,000 events", "memory, peak")
RATIOS = ("speed, to Quix", "CPU, to Quix", "speed, to the loop", "CPU, to the loop")
ROWS = "changelog rows an event"


def markdown(runs: Iterable[Run], machine: str) -> str:
    """A table for each workload."""
    return "\n".join(_lines(runs, machine))


def _lines(runs: Iterable[Run], machine: str) -> Iterator[str]:
    told = list(runs)
    rounds = max(sum(1 for run in told if (run.workload, run.host) == (each.workload, each.host)) for each in told)
    yield f"On {machine}; the median of {rounds} rounds, in brackets the lowest and the highest:"
    for workload, hosts in by_workload(told).items():
        yield from ("", *_head((workload, *COLUMNS, *RATIOS, ROWS)))
        yield from (_row(each, of_host(hosts, QUIX.name), of_host(hosts, LOOP.name)) for each in hosts)


def _row(host: Rounds, quix: Rounds | None, loop: Rounds | None) -> str:
    cells = [
        _spread(host.speeds),
        _spread(host.cpus),
        f"{host.peak:.0f} MB",
        *_ratios(host, quix, loop),
        f"{host.rows:.2f}" if host.rows else "",
    ]
    return f"| {host.host} | {' | '.join(cells)} |"


def summary(runs: Iterable[Run]) -> str:
    """One table: how fast each host is, and how the worker compares to two of them."""
    told = by_workload(runs)
    names = list(dict.fromkeys(each.host for hosts in told.values() for each in hosts))
    rows = [*_head(("events/s", *names, *(f"worker's {ratio}" for ratio in RATIOS)))]
    for workload, hosts in told.items():
        speeds = [number(median(each.speeds)) if (each := of_host(hosts, name)) else "" for name in names]
        ours, quix, loop = (of_host(hosts, each.name) for each in (WORKER, QUIX, LOOP))
        rows.append(f"| {workload} | {' | '.join((*speeds, *(_ratios(ours, quix, loop) if ours else ())))} |")
    return "\n".join(rows)


def _head(columns: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---" + "|---:" * (len(columns) - 1) + "|"


def _ratios(host: Rounds, quix: Rounds | None, loop: Rounds | None) -> tuple[str, ...]:
    return tuple(_ratio(compare, other) for other in (quix, loop) for compare in (host.speed_to, host.cpu_to))


def _spread(values: Sequence[float]) -> str:
    return number(median(values)) + (f" ({number(min(values))}–{number(max(values))})" if len(values) > 1 else "")


def _ratio(compare: Callable[[Rounds], Sequence[float]], other: Rounds | None) -> str:
    return f"{median(compare(other)):.2f} ×" if other else ""


def put(page: Path, parts: Mapping[str, str]) -> None:
    """Write parts between the markers of their names in a page, where it has them."""
    text = page.read_text()
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if opened and closed:
            text = f"{before}{begin}\n{part}\n{end}{after}"
    page.write_text(text)
