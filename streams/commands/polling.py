"""`poll`: asks mailboxes and CRMs for what is new, round after round."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detectors.core.words import count_of

from ..rules_file import read as read_rules
from ..sources import connections
from ..sources.connection import Batch, Connection
from .console import Json, RulesOption, print_json, progress, say, settings_with

if TYPE_CHECKING:
    from ..sources.poll import Round

Every = Annotated[float, typer.Option(min=1.0, help="Seconds from the start of a round to the start of the next.")]


def poll(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which connections (mailboxes.rep, salesforce …); else all of them.")
    ] = None,
    rules: RulesOption = None,
    every: Every = 60.0,
    once: Annotated[bool, typer.Option("--once", help="One round, then end; exit 2 if a source failed.")] = False,
    bookmarks: Annotated[
        Path | None, typer.Option(help="Where to keep how far it has come; else STALLWATCH_BOOKMARKS.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask mailboxes and CRMs for what is new, send it to the inbox, and tell that they are complete up to now."""
    from ..publish import Publisher
    from ..sources.bookmarks import BookmarkError, Bookmarks
    from ..sources.live import connected
    from ..sources.mail.domains import Domains
    from ..sources.poll import Poll

    settings = settings_with(rules)
    folder = bookmarks or settings.bookmarks
    if folder is None:
        raise BookmarkError("name a folder for bookmarks: --bookmarks, or STALLWATCH_BOOKMARKS")
    kept = Bookmarks(folder)
    ours = Domains(read_rules(settings.rules).organization.domains)
    chosen = connected(connections.read(settings.connections), settings.kafka, ours, names or [])
    bar = progress("polling")
    tasks = {each.name: bar.add_task(each.name, total=None) for each in chosen}

    def moved(connection: Connection, batch: Batch) -> None:
        bar.update(tasks[connection.name], advance=len(batch.items), total=batch.total)

    run = Poll(chosen, Publisher(settings), kept, moved)
    while True:
        began = time.monotonic()
        with bar:
            rounds = run.round(datetime.now(UTC))
        for each in rounds:
            problem = None if each.problem is None else str(each.problem)
            if as_json:
                print_json({"connection": each.name, "sent": each.sent, "refused": each.refused, "problem": problem})
            else:
                say(f"{each.name}: {_fate(each)}")
        failed = any(each.problem is not None for each in rounds)
        if once:
            break
        time.sleep(max(0.0, every - (time.monotonic() - began)))
    if failed:
        raise typer.Exit(2)


def _fate(told: "Round") -> str:
    """What a round came to, in a line."""
    came = f"{count_of(told.sent, 'event')} sent, {told.refused:,} refused" if told.sent or told.refused else ""
    problem = "" if told.problem is None else str(told.problem).removeprefix(f"{told.name}: ")
    return "; ".join(filter(None, (came, problem))) or "nothing new"
