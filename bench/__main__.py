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
    catalogue_cost,
    deal_size,
    histories,
    mail_speed,
    passing_time,
    replay_speed,
    report,
    tune_speed,
    where_time_goes,
    worker_speed,
)
from .figures import Figure

FULL = 20_000
out, err = Console(), Console(stderr=True)


app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def main(
    deals: Annotated[int, typer.Option(min=1, help="Deals of the made-up year that is replayed.")] = 1_000,
    full: Annotated[bool, typer.Option("--full", help=f"A year of {FULL:,} deals: takes an hour.")] = False,
    events: Annotated[int, typer.Option(min=1, help="Events that are sent through Kafka.")] = 10_000,
    sized_deals: Annotated[int, typer.Option(min=1, help="Deals whose memory is measured.")] = 5_000,
    silent_deals: Annotated[int, typer.Option(min=1, help="Deals over which time passes.")] = 100_000,
    mails: Annotated[int, typer.Option(min=10, help="Mails of the mbox that is published.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each contestant runs.")] = 3,
    only: Annotated[
        list[str] | None, typer.Option(help="Measure only: replay, catalogue, tune, worker, mail, size, time, profile.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file, too.")] = None,
) -> None:
    """Measure, and print what came of it."""
    deals = FULL if full else deals
    measurements: dict[str, Callable[[], Iterator[Figure]]] = {
        "replay": lambda: _replays(deals, rounds),
        "catalogue": lambda: catalogue_cost.measure(histories.year(deals, events), rounds),
        "tune": lambda: _tunes(deals, rounds),
        "worker": lambda: worker_speed.measure(histories.year(deals, events), rounds),
        "mail": lambda: mail_speed.measure(mails, 1),
        "size": lambda: deal_size.measure(sized_deals),
        "time": lambda: passing_time.measure(silent_deals, rounds),
        "profile": lambda: where_time_goes.measure(histories.year(deals)),
    }
    unknown = set(only or ()) - measurements.keys()
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(measurements)}")
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
    out.print(report.table(figures))
    out.print(escape(report.markdown(figures, machine)), soft_wrap=True, highlight=False)
    if json:
        report.write(json, figures, machine)


def _replays(deals: int, rounds: int) -> Iterator[Figure]:
    real = histories.loans()
    if real is None:
        err.print(f"no loans: {histories.LOANS} is missing, so only the made-up year is replayed")
    else:
        yield from replay_speed.measure(real, rounds)
    yield from replay_speed.measure(histories.year(deals), rounds)


def _tunes(deals: int, rounds: int) -> Iterator[Figure]:
    real = histories.loans()
    if real is not None:
        yield from tune_speed.measure(real, rounds)
    yield from tune_speed.measure(histories.year(deals), rounds)


if __name__ == "__main__":
    app()
