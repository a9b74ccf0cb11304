"""`python -m bench`: measures one thing after the other, and prints tables for the terminal and for the README."""

import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from . import (
    backtest_speed,
    catalogue_cost,
    deal_size,
    histories,
    mail_speed,
    passing_time,
    replay_speed,
    report,
    tune_speed,
    where_time_goes,
)
from .figures import Figure
from .hosts import measure as hosts
from .hosts import picture, table
from .hosts.course import ROOT, Run
from .hosts.workloads import Workload, judged, plumbed

FULL = 20_000
PARTITIONS = 4
EVENTS_OF_A_DEAL = 56
PICTURE = ROOT / "docs" / "speed.svg"
PAGES = ROOT / "docs" / "speed.md", ROOT / "README.md"
out, err = Console(), Console(stderr=True)


app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def main(
    deals: Annotated[int, typer.Option(min=1, help="Deals of the made-up year that is replayed.")] = 1_000,
    full: Annotated[bool, typer.Option("--full", help=f"A year of {FULL:,} deals: takes an hour.")] = False,
    events: Annotated[int, typer.Option(min=1, help="Events of a history that hosts work off, and tune.")] = 10_000,
    plumbing_events: Annotated[int, typer.Option(min=1, help="Events that hosts work off with no thought.")] = 100_000,
    sized_deals: Annotated[int, typer.Option(min=1, help="Deals whose memory is measured.")] = 5_000,
    silent_deals: Annotated[int, typer.Option(min=1, help="Deals over which time passes.")] = 100_000,
    mails: Annotated[int, typer.Option(min=10, help="Mails of the mbox that is published.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each contestant runs.")] = 3,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Measure only: hosts, backtest, tune, replay, catalogue, mail, size, time, profile."),
    ] = None,
    hosted: Annotated[
        list[str] | None, typer.Option(help="Have hosts work off only: plumbing, loans, year, partitions.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put the hosts' tables between their markers in the docs, and the picture.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file, too.")] = None,
) -> None:
    """Measure, and print what came of it."""
    deals = FULL if full else deals
    runs: list[Run] = []
    workloads = _workloads(deals, events, plumbing_events, hosted)

    def compare() -> Iterator[Figure]:
        runs.extend(hosts.runs(workloads(), rounds, say=lambda text: err.print(text, soft_wrap=True)))
        yield from ()

    measurements: dict[str, Callable[[], Iterator[Figure]]] = {
        "hosts": compare,
        "backtest": lambda: backtest_speed.measure(histories.year(deals), 1),
        "tune": lambda: _tunes(events, rounds),
        "replay": lambda: _replays(deals, 1 if full else rounds),
        "catalogue": lambda: catalogue_cost.measure(histories.year(deals, events), rounds),
        "mail": lambda: mail_speed.measure(mails, 1),
        "size": lambda: deal_size.measure(sized_deals),
        "time": lambda: passing_time.measure(silent_deals, rounds),
        "profile": lambda: where_time_goes.measure(histories.year(deals)),
    }
    unknown = set(only or ()) - measurements.keys()
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(measurements)}")
    if (not only or "hosts" in only) and not hosts.PYTHON.exists():
        raise typer.BadParameter(f"{hosts.PYTHON.parents[1].name} is missing, with the hosts: `make bench` makes it")
    figures: list[Figure] = []
    load = os.getloadavg()[0]
    for name, measure in measurements.items():
        if not only or name in only:
            err.print(f"measuring: {name}")
            figures += measure()
    machine = (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    if figures:
        out.print(report.table(figures))
        out.print(escape(report.markdown(figures, machine)), soft_wrap=True, highlight=False)
    if runs:
        parts = {"hosts-summary": table.summary(runs), "hosts": table.markdown(runs, machine)}
        out.print(escape("\n\n".join(parts.values())), soft_wrap=True, highlight=False)
        if write:
            picture.draw(runs, PICTURE)
            for page in PAGES:
                table.put(page, parts)
    if json:
        report.write(json, figures, machine, runs)


def _workloads(
    deals: int, events: int, plumbing_events: int, hosted: list[str] | None
) -> Callable[[], Iterator[Workload]]:
    """What hosts work off, each made when its turn comes."""

    def loans() -> Workload | None:
        real = histories.loans(events)
        if real is None:
            err.print(f"no loans: {histories.LOANS} is missing, so hosts do not work them off")
        return judged(real, 1) if real else None

    made: dict[str, Callable[[], Workload | None]] = {
        "plumbing": lambda: plumbed(plumbing_events, PARTITIONS),
        "loans": loans,
        "year": lambda: judged(histories.year(deals, events), 1),
        "partitions": lambda: judged(histories.year(deals, events), PARTITIONS),
    }
    if unknown := set(hosted or ()) - made.keys():
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(made)}")
    return lambda: (each for name, make in made.items() if (not hosted or name in hosted) and (each := make()))


def _replays(deals: int, rounds: int) -> Iterator[Figure]:
    real = histories.loans()
    if real is None:
        err.print(f"no loans: {histories.LOANS} is missing, so only the made-up year is replayed")
    else:
        yield from replay_speed.measure(real, rounds)
    yield from replay_speed.measure(histories.year(deals), rounds)


def _tunes(events: int, rounds: int) -> Iterator[Figure]:
    real = histories.loans(events)
    if real is not None:
        yield from tune_speed.measure(real, rounds)
    # a whole one, for deals must have ended
    yield from tune_speed.measure(histories.year(max(1, events // EVENTS_OF_A_DEAL)), rounds)


if __name__ == "__main__":
    app()
