"""`forget CONTACT`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from detectors.core.words import count_of

from ..settings import load
from .console import Json, out, print_json, progress, say

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..forget import Erasure, Standing


def forget(
    contact: Annotated[str | None, typer.Argument(help="The person's mail address.")] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", help="What the person is called in texts, besides what the CRM calls them."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say where the person stands.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    now: Annotated[
        bool,
        typer.Option("--now", help="Delete at once what Kafka's topics still hold, with the older events of others."),
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="Print who is forgotten, as events that name nobody.")] = False,
    as_json: Json = False,
) -> None:
    """Forget a person of the buyer's: what is kept names them no more, whatever still comes. It cannot be undone."""
    from ..forget import Erasure, ForgetError, forgotten

    settings = load()
    if listed:
        for line in forgotten(settings):
            print(line.decode())
        return
    if contact is None:
        raise typer.BadParameter("say who is to be forgotten: their mail address")
    if not (dry_run or yes or sys.stdin.isatty()):
        raise typer.BadParameter("nobody is there to be asked: say --yes")
    with progress("looking") as bar:
        erasure = Erasure.of(settings, contact, names or (), _told(bar, "records"))
    with erasure:
        if as_json and dry_run:
            print_json(_summary(erasure))
        elif not as_json:
            _say_where(erasure)
        if dry_run:
            return
        if not (yes or _is_sure(erasure.person.address)):
            say("nothing was done")
            raise typer.Exit(1)
        with progress("forgetting") as bar:
            told = _told(bar, "records")
            is_done = erasure.forget(datetime.now(UTC), told)
        if not is_done:
            raise ForgetError(
                "the word is given, but the workers have not taken it yet; it is done when they have: say it once more "
                "then, to see that it is"
            )
        if now:
            with progress("deleting") as bar:
                task = bar.add_task("", total=None)
                erasure.delete(lambda words: bar.update(task, description=words))
            with progress("looking") as bar:
                erasure.look(_told(bar, "records"))
        _say_done(erasure, as_json=as_json)
        if now and any(each.records > each.in_force for each in erasure.standing()):
            raise ForgetError("Kafka has not deleted all of it yet: say it once more later, to see that it has")


def _is_sure(address: str) -> bool:
    try:
        return typer.confirm(f"Forget {address}? This cannot be undone.", err=True)
    except typer.Abort:
        return False


def _told(bar: Progress, what: str) -> Any:
    task = bar.add_task(what, total=None)
    return lambda number: bar.update(task, completed=number)


def _say_where(erasure: Erasure) -> None:
    standing = erasure.standing()
    called = f", called {' or '.join(erasure.person.names)}" if erasure.person.names else ""
    number = sum(bool(each.records) for each in standing)
    where = f"on {count_of(number, 'topic')}" if number else "nowhere"
    say(f"{erasure.person.address}{called} stands {where}")
    _table(standing)


def _say_done(erasure: Erasure, *, as_json: bool) -> None:
    if as_json:
        print_json(_summary(erasure))
        return
    say(f"nothing that is kept has {erasure.person.address} any more; it says {erasure.pseudonym}")
    left = [each for each in erasure.standing() if each.records]
    if any(each.in_force for each in left):
        say("the name stands in what is in force: others are called the same, or a deal is by its id")
    if left:
        say("what Kafka still holds; --now deletes what is not in force:")
        _table(left)
    else:
        say("nor does any record that Kafka still gives to anybody")


def _table(standing: list[Standing]) -> None:
    table = Table("topic", "records", "in force", "gone", box=None, pad_edge=False)
    for each in standing:
        if each.records:
            in_force = f"{each.in_force:,}" if each.is_compacted else ""
            table.add_row(each.topic, f"{each.records:,}", in_force, _gone(each))
    if table.row_count:
        out.print(table)


def _gone(each: Standing) -> str:
    if each.in_force:
        return "stays"
    if each.gone_by is None:
        return "nobody knows when"
    return f"by {each.gone_by:%Y-%m-%d}" + (", if the topic is written to" if each.is_compacted else "")


def _summary(erasure: Erasure) -> dict[str, Any]:
    return {
        "contact": erasure.person.address,
        "names": list(erasure.person.names),
        "pseudonym": erasure.pseudonym,
        "topics": [
            {
                "topic": each.topic,
                "records": each.records,
                "in_force": each.in_force if each.is_compacted else None,
                "gone_by": each.gone_by.isoformat() if each.gone_by else None,
            }
            for each in erasure.standing()
        ],
    }
