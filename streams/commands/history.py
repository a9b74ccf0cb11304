"""`publish` and `replay`: files of events, mail and CRM exports, into Kafka or through the same code without it."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from detectors.core import events
from detectors.core.events import Refused
from detectors.core.words import count_of

from .. import rules_file
from ..answer import finding_line
from ..history import HistoryError, Input
from ..settings import Settings
from ..sources import connections
from ..sources.item import Item
from .console import Json, RulesOption, out, progress, say, settings_with

if TYPE_CHECKING:
    from ..replay import Replay

Files = Annotated[
    list[Path],
    typer.Argument(
        help="CloudEvents JSON, one a line, plain or .gz (- reads standard input); mbox, Maildir or .eml; exports of "
        "Salesforce, HubSpot or Pipedrive; any CSV with --mapping."
    ),
]
Mapping = Annotated[Path | None, typer.Option("--mapping", help="What the columns of a CSV mean, as YAML.")]
MailSource = Annotated[str, typer.Option("--mail-source", help="The `source` of events that are made of mail.")]
MOMENT_FORMS = "write it like 2026-03-02T09:15:00+01:00 or 2026-03-02"


def publish(
    files: Files,
    rules: RulesOption = None,
    mapping: Mapping = None,
    mail_source: MailSource = "mail",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the events as JSON lines, send nothing.")] = False,
    first: Annotated[int | None, typer.Option(min=1, help="With --dry-run: only so many events.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write what each mail or row was taken for, and why: JSON lines; - to stdout."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if anything was refused.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on although most of what comes is refused.")
    ] = False,
) -> None:
    """Send events, mail or a CRM's export to the inbox, and say what was refused and why."""
    from ..publish import Publisher
    from ..sources.breaker import Breaker

    if first is not None and not dry_run:
        raise typer.BadParameter("only goes with --dry-run: else everything is sent", param_hint="'--first'")
    settings = settings_with(rules)
    with ExitStack() as stack:
        on_item = _reporter(report, stack)
        if dry_run:
            refused = _dry_run(read_files(files, settings, mapping, mail_source, on_item), first)
        else:
            publisher = Publisher(settings)
            told = read_files(files, settings, mapping, mail_source, on_item)
            bar = stack.enter_context(progress("publishing"))
            task = bar.add_task("events", total=None)
            try:
                for _ in publisher.send(told, None if keep_going else Breaker()):
                    bar.advance(task)
                result = publisher.finish()
            except KeyboardInterrupt:
                stack.close()
                taken = count_of(publisher.taken, "event")
                publisher.abandon()
                say(f"interrupted: {taken} sent; publishing all again does no harm")
                raise typer.Exit(130) from None
            stack.close()
            for place, reason, text in result.refused:
                say(f"{place}: refused, {reason}: {text}")
            refused = len(result.refused)
            fate = ", kept as dead letters" if refused else ""
            if result.unsent:
                kept = count_of(refused - result.unsent, "dead letter")
                fate = f": {kept}, {result.unsent:,} too large for Kafka and not sent"
            say(f"{result.sent:,} events sent, {refused:,} refused{fate}")
    if strict and refused:
        raise typer.Exit(1)


def replay(
    files: Files,
    rules: RulesOption = None,
    mapping: Mapping = None,
    mail_source: MailSource = "mail",
    until: Annotated[str | None, typer.Option(help="Look from this time (RFC 3339 with an offset, or a date).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is over, and what lies ahead.")] = False,
    as_json: Json = False,
) -> None:
    """The findings of a history, without Kafka, from the same code as the worker's. With --json, all of them."""
    from ..findings_text import STATE_WORDS, findings_by_deal
    from ..replay import Replay

    settings = settings_with(rules)
    run = Replay(rules_file.read(settings.rules), _moment(until))
    with progress("replaying") as bar:
        task = bar.add_task("events", total=None)
        for _ in run.run(read_files(files, settings, mapping, mail_source)):
            bar.update(task, completed=run.accepted)
    for refusal in run.refusals:
        say(f"{refusal.place}: refused, {refusal.reason}: {refusal.message}")
    say_failures(run)
    findings = run.findings()
    if as_json:
        for finding in findings:
            print(finding_line(finding))
    else:
        out.print(findings_by_deal(findings, run.partition.answers.values(), everything))
        states = Counter(each.state for each in findings)
        at = f", as of {run.partition.time:%Y-%m-%d %H:%M %Z}" if run.partition.time else ""
        told = ", ".join(f"{states[state]:,} {word}" for state, word in STATE_WORDS.items())
        say(f"{count_of(run.accepted, 'event')}, {count_of(len(run.partition.deals), 'deal')}{at}; findings: {told}")
        if run.refusals:
            say(f"{len(run.refusals):,} refused")


def say_what_went_wrong(run: "Replay") -> None:
    """How much of a history was refused, and which detectors failed."""
    if run.refusals:
        say(f"{len(run.refusals):,} refused: `stallwatch replay` says which")
    say_failures(run)


def say_failures(run: "Replay") -> None:
    """Which detectors failed, and how often."""
    for detector, number in run.errors.items():
        say(f"{detector}: failed on {number} assessments")


def read_files(
    files: list[Path],
    settings: Settings,
    mapping: Path | None,
    mail_source: str,
    on_item: Callable[[Item], None] = lambda _item: None,
) -> Iterator[Input]:
    """What files hold, as events; `on_item` hears of each mail or row."""
    # the readers of mail and of CRMs bring libraries along that no other command needs
    from ..sources.files import Reading, read
    from ..sources.mapped_csv import load as load_mapping

    reading = Reading(
        rules_file.read(settings.rules),
        connections.read(settings.connections),
        None if mapping is None else load_mapping(mapping),
        mail_source,
        on_item,
    )
    return read(files, reading)


def _reporter(report: Path | None, stack: ExitStack) -> Callable[[Item], None]:
    if report is None:
        return lambda _item: None
    try:
        file = sys.stdout.buffer if str(report) == "-" else stack.enter_context(report.open("wb"))
    except OSError as error:
        raise HistoryError(f"{report}: {error.strerror}") from None

    def write(item: Item) -> None:
        refused = {"refused": f"{item.refusal.reason}: {item.refusal}"} if item.refusal else {}
        told = {"place": item.place, "taken_for": item.kind, "why": item.why, "events": len(item.events), **refused}
        file.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))

    return write


def _dry_run(told: Iterable[Input], first: int | None) -> int:
    """Print the events; how many were refused. Lines that repeat are printed again: nobody has taken the first."""
    refused = printed = 0
    for each in told:
        try:
            if each.refusal is not None:
                raise each.refusal
            event, _ = events.clamp(events.parse(each.raw), datetime.now(UTC))
        except Refused as refusal:
            refused += 1
            say(f"{each.place}: refused, {refusal.reason}: {refusal}")
            continue
        print(events.to_json(event).decode())
        printed += 1
        if printed == first:
            break
    say(f"{count_of(printed, 'event')}, {refused:,} refused; nothing was sent")
    return refused


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise HistoryError(f"--until {text!r}: {MOMENT_FORMS}") from None
    if len(text) == len("2026-03-02"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999, tzinfo=UTC)
    if moment.tzinfo is None:
        raise HistoryError(f"--until {text!r} has no offset: {MOMENT_FORMS}")
    return moment
