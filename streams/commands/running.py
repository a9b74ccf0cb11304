"""`topics`, `worker`, `demo`: what makes stallwatch run."""

from pathlib import Path
from typing import Annotated

import typer

from ..settings import load
from .console import Json, RulesOption, print_json, settings_with


def topics(
    check: Annotated[bool, typer.Option("--check", help="Create nothing, only check.")] = False, as_json: Json = False
) -> None:
    """Create the topics that are missing, and check the others."""
    from ..topics import TopicsError, ensure

    states = ensure(load(), create=not check)
    for state in states:
        if as_json:
            print_json({"topic": state.name, "state": state.state, "problem": state.problem})
        else:
            print(f"{state.name}: {state.state} {state.problem}".rstrip())
    bad = [state for state in states if state.state in ("missing", "wrong")]
    if bad:
        raise TopicsError(f"{bad[0].name} is {bad[0].state}: {bad[0].problem}")


def worker(
    rules: RulesOption = None,
    port: Annotated[int | None, typer.Option(help="Port of pages and metrics; else STALLWATCH_HTTP__PORT.")] = None,
) -> None:
    """Run a worker until SIGTERM or Ctrl-C."""
    from ..worker.run import run

    settings = settings_with(rules)
    if port is not None:
        settings = settings.model_copy(update={"http": settings.http.model_copy(update={"port": port})})
    run(settings)


def demo(
    speed: Annotated[float, typer.Option(min=0.1, max=100.0, help="Simulated days a second.")] = 3.0,
    port: Annotated[int, typer.Option(help="Port of the worker's pages; 0 takes a free one.")] = 8787,
    folder: Annotated[Path | None, typer.Option(help="Where mails and logs are kept; else a temporary folder.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another company.")] = 7,
) -> None:
    """Watch half a year of a made-up company's pipeline stall, on a real Kafka."""
    from ..demo.run import run

    run(speed=speed, port=port, folder=folder, seed=seed)
