"""What the commands share: options, and how they speak. Results go to stdout, words about them to stderr."""

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..settings import Settings, load

RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Rules file; else STALLWATCH_RULES, else the defaults.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
out = Console()


def settings_with(rules: Path | None) -> Settings:
    """The settings, with this rules file if one is given."""
    settings = load()
    return settings if rules is None else settings.model_copy(update={"rules": rules})


def progress(title: str) -> Progress:
    """A progress bar, where somebody looks."""
    return Progress(
        TextColumn(title),
        BarColumn(),
        TextColumn("{task.completed:,} {task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def print_json(told: dict[str, Any]) -> None:
    """One object, one line."""
    print(orjson.dumps(told).decode())


def say(text: str) -> None:
    """A word to whoever looks."""
    print(text, file=sys.stderr)
