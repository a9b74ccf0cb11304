"""`dead-letters list|show|retry`: what was refused, why, and another try."""

import base64
import json
import re
from datetime import UTC, datetime, time
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from detectors.core.words import count_of

from ..dead_letters import Letter
from ..settings import load
from .console import Json, out, print_json, progress, say

app = typer.Typer(help="What was refused, why, and another try.", no_args_is_help=True)

FORMS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S"]
Reason = Annotated[str | None, typer.Option(help="Only those refused for this reason.")]
Source = Annotated[str | None, typer.Option(help="Only those of this source.")]
Topic = Annotated[
    str | None, typer.Option(help="Only those refused there: inbox, deal-events, mail, publish, hooks/hubspot …")
]
Since = Annotated[
    datetime | None, typer.Option(formats=FORMS, metavar="TIME", help="Only those refused then or later; UTC.")
]
Until = Annotated[
    datetime | None, typer.Option(formats=FORMS, metavar="TIME", help="Only those refused then or before; UTC.")
]
All = Annotated[bool, typer.Option("--all", help="Also those that were sent again already.")]
NAME_FORM = re.compile(r"\d{1,6}/\d{1,18}")


def _is_name(text: str) -> str:
    if not NAME_FORM.fullmatch(text):
        raise typer.BadParameter(f"{text!r} names no dead letter: `dead-letters list` shows their names, like 3/17")
    return text


Names = Annotated[list[str] | None, typer.Argument(help="Their names, like 3/17; else all that the filters leave.")]


@app.command("list")
def list_letters(
    reason: Reason = None,
    source: Source = None,
    topic: Topic = None,
    since: Since = None,
    until: Until = None,
    sent_too: All = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """What was refused, when and why, the newest last."""
    from ..dead_letter_box import Wanted, find

    wanted = Wanted((), reason, source, topic, _moment(since), _moment(until, is_end=True), sent_too)
    with progress("reading") as bar:
        task = bar.add_task("dead letters", total=None)
        found = find(load(), wanted, lambda number: bar.update(task, completed=number))
    shown = found[-limit:]
    if as_json:
        for each in shown:
            print_json(_summary(each.letter) | {"was_sent": each.was_sent})
    elif shown:
        table = Table("name", "when", "reason", "source", "bytes", "why", box=None, pad_edge=False)
        for each in shown:
            letter = each.letter
            when = f"{letter.at:%Y-%m-%d %H:%M:%S}"
            size = f"{letter.size:,}"
            table.add_row(letter.name, when, letter.reason, _plain(letter.source), size, _plain(letter.message))
        out.print(table)
    older = len(found) - len(shown)
    more = f"; {count_of(older, 'older one')} not shown (--limit)" if older else ""
    say(f"{count_of(len(shown), 'dead letter')}{more}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Its name, like 3/17.", callback=_is_name)], as_json: Json = False
) -> None:
    """One dead letter: why, where it was, its headers, and its bytes as they came."""
    from ..dead_letter_box import letter as read

    letter = read(load(), name)
    if letter is None:
        raise typer.BadParameter(f"there is no dead letter {name} (any more)")
    if as_json:
        headers = [[header, _text_or_base64(value)] for header, value in letter.headers]
        bytes_ = {"key": _text_or_base64(letter.key), "headers": headers, "value": _text_or_base64(letter.value)}
        print_json(_summary(letter) | bytes_)
        return
    told = {
        "reason": letter.reason,
        "message": letter.message,
        "refused": f"{letter.at:%Y-%m-%d %H:%M:%S} UTC, at {letter.place}",
        "source": letter.source,
        "size": f"{letter.size:,} bytes" + (f", cut: {letter.cut}" if letter.cut else ""),
        "sent again": f"{count_of(letter.attempts, 'time')}" if letter.attempts else "never",
        "key": _shown(letter.key),
    } | {f"header {header}": _shown(value) for header, value in letter.headers}
    for title, words in told.items():
        out.print(Text.assemble((f"{title}: ", "bold"), _plain(words)))
    out.print()
    for line in _pretty(letter.value).splitlines():
        out.print(_plain(line), soft_wrap=True)


@app.command()
def retry(
    names: Names = None,
    reason: Reason = None,
    source: Source = None,
    topic: Topic = None,
    since: Since = None,
    until: Until = None,
    sent_too: All = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the oldest.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also what would be refused again, or was tried five times.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing, only say what would be sent.")] = False,
    as_json: Json = False,
) -> None:
    """Send dead letters to the inbox again; exit 1 if one was not sent. What is refused once more comes back."""
    from ..dead_letter_box import Wanted, find
    from ..dead_letter_box import retry as send_again

    settings = load()
    asked = frozenset(_is_name(name) for name in names or ())
    wanted = Wanted(asked, reason, source, topic, _moment(since), _moment(until, is_end=True), sent_too or bool(asked))
    with progress("reading") as bar:
        task = bar.add_task("dead letters", total=None)
        found = find(settings, wanted, lambda number: bar.update(task, completed=number))
    for name in sorted(asked - {each.letter.name for each in found}):
        say(f"{name}: there is no such dead letter (any more)")
    for each in found:
        if each.was_sent and not sent_too:
            say(f"{each.letter.name}: was sent again already (--all sends it once more)")
    chosen = [each.letter for each in found if sent_too or not each.was_sent]
    sent, unsent = 0, len(asked - {each.name for each in chosen})
    with progress("sending") as bar:
        task = bar.add_task("dead letters", total=len(chosen[:limit]))
        for fate in send_again(settings, chosen[:limit], datetime.now(UTC), force=force, dry_run=dry_run):
            bar.advance(task)
            sent += fate.problem is None
            unsent += fate.problem is not None
            if as_json:
                print_json(
                    _summary(fate.letter) | {"sent": fate.problem is None and not dry_run, "problem": fate.problem}
                )
            elif fate.problem is not None:
                say(f"{fate.letter.name}: not sent: {fate.problem}")
    would = "would be sent again" if dry_run else "sent again"
    say(f"{count_of(sent, 'dead letter')} {would}, {unsent:,} not")
    if unsent:
        raise typer.Exit(1)


def _summary(letter: Letter) -> dict[str, Any]:
    return {
        "name": letter.name,
        "at": letter.at.isoformat(),
        "reason": letter.reason,
        "message": letter.message,
        "source": letter.source,
        "topic": letter.topic,
        "place": letter.place,
        "size": letter.size,
        "cut": letter.cut,
        "attempts": letter.attempts,
    }


def _moment(told: datetime | None, *, is_end: bool = False) -> datetime | None:
    if told is None:
        return None
    if is_end and told.tzinfo is None and told.time() == time.min:
        told = datetime.combine(told, time.max)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _text_or_base64(raw: bytes | None) -> Any:
    """Bytes in JSON: a text, or base64 of what is none."""
    if raw is None:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}


def _shown(raw: bytes | None) -> str:
    return "none" if raw is None else raw.decode(errors="backslashreplace")


def _pretty(raw: bytes) -> str:
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _shown(raw)


def _plain(words: str) -> Text:
    from ..findings_text import plain_text

    return plain_text(words)
