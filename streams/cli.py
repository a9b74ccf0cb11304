"""The command line: thin; each command calls the module that does the work. Errors are one line on stderr, exit 2."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from detectors.core import events
from detectors.core.events import Refused
from detectors.core.words import count_of

from . import rules_file
from .alerts import not_applied
from .answer import finding_line, to_json
from .history import HistoryError, lines
from .settings import Settings, SettingsError, load

app = typer.Typer(
    help="Tells which deals are stalling, since when and why.", no_args_is_help=True, pretty_exceptions_enable=False
)
rules_app = typer.Typer(help="Validate, show and compare rules files.", no_args_is_help=True)
dashboards_app = typer.Typer(help="Grafana dashboards.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
app.add_typer(dashboards_app, name="dashboards")

Files = Annotated[
    list[Path], typer.Argument(help="Events as CloudEvents JSON, one a line, plain or .gz; - reads standard input.")
]
RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Rules file; else STALLWATCH_RULES, else the defaults.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
MOMENT_FORMS = "write it like 2026-03-02T09:15:00+01:00 or 2026-03-02"
out = Console()


@app.command("topics")
def topics_command(
    check: Annotated[bool, typer.Option("--check", help="Create nothing, only check.")] = False, as_json: Json = False
) -> None:
    """Create the topics that are missing, and check the others."""
    from . import topics

    states = topics.ensure(load(), create=not check)
    for state in states:
        if as_json:
            _print_json({"topic": state.name, "state": state.state, "problem": state.problem})
        else:
            print(f"{state.name}: {state.state} {state.problem}".rstrip())
    bad = [state for state in states if state.state in ("missing", "wrong")]
    if bad:
        raise topics.TopicsError(f"{bad[0].name} is {bad[0].state}: {bad[0].problem}")


@app.command()
def worker(
    rules: RulesOption = None,
    port: Annotated[int | None, typer.Option(help="Port of pages and metrics; else STALLWATCH_HTTP__PORT.")] = None,
) -> None:
    """Run a worker until SIGTERM or Ctrl-C."""
    from .run import run

    settings = _with_rules(rules)
    if port is not None:
        settings = settings.model_copy(update={"http": settings.http.model_copy(update={"port": port})})
    run(settings)


@app.command()
def publish(
    files: Files,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the events as JSON lines, send nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if anything was refused.")] = False,
) -> None:
    """Send events to the inbox, and say what was refused and why."""
    from .publish import Publisher

    if dry_run:
        refused = _dry_run(files)
    else:
        settings = load()
        publisher = Publisher(settings)
        with _progress("publishing") as progress:
            task = progress.add_task("events", total=None)
            for _ in publisher.send(lines(files)):
                progress.advance(task)
            result = publisher.finish()
        for place, reason, text in result.refused:
            _say(f"{place}: refused, {reason}: {text}")
        refused = len(result.refused)
        fate = ", kept as dead letters" if refused else ""
        if result.unsent:
            kept = count_of(refused - result.unsent, "dead letter")
            fate = f": {kept}, {result.unsent:,} too large for Kafka and not sent"
        _say(f"{result.sent:,} events sent, {refused:,} refused{fate}")
    if strict and refused:
        raise typer.Exit(1)


def _dry_run(files: list[Path]) -> int:
    refused = 0
    for line in lines(files):
        try:
            event, _ = events.clamp(events.parse(line.raw), datetime.now(UTC))
        except Refused as refusal:
            refused += 1
            _say(f"{line.place}: refused, {refusal.reason}: {refusal}")
            continue
        print(events.to_json(event).decode())
    return refused


@app.command()
def replay(
    files: Files,
    rules: RulesOption = None,
    until: Annotated[str | None, typer.Option(help="Look from this time (RFC 3339 with an offset, or a date).")] = None,
    as_json: Json = False,
) -> None:
    """The findings of a history, without Kafka, from the same code as the worker's."""
    from .findings_table import findings_table
    from .replay import Replay

    run = Replay(rules_file.read(_with_rules(rules).rules), _moment(until))
    with _progress("replaying") as progress:
        task = progress.add_task("events", total=None)
        for _ in run.run(lines(files)):
            progress.update(task, completed=run.accepted)
    for refusal in run.refusals:
        _say(f"{refusal.place}: refused, {refusal.reason}: {refusal.message}")
    for detector, number in run.errors.items():
        _say(f"{detector}: failed on {number} assessments")
    findings = run.findings()
    if as_json:
        for finding in findings:
            print(finding_line(finding))
    else:
        out.print(findings_table(findings))
        _say(f"{run.accepted:,} events, {len(run.partition.deals):,} deals, {len(run.refusals):,} refused")


@app.command()
def explain(deal: Annotated[str, typer.Argument(help="The deal's id.")], as_json: Json = False) -> None:
    """What the running system has found on a deal, with evidence, and what would clear it."""
    from .explain import ExplainError
    from .explain import explain as ask
    from .findings_table import explanation

    told = ask(load(), deal)
    if told is None:
        raise ExplainError(f"nothing is known of deal {deal!r}")
    if as_json:
        print(to_json(told).decode())
    else:
        out.print(explanation(told))


@app.command()
def demo(
    speed: Annotated[float, typer.Option(min=0.1, max=100.0, help="Simulated days a second.")] = 3.0,
    port: Annotated[int, typer.Option(help="Port of the worker's pages; 0 takes a free one.")] = 8787,
    folder: Annotated[Path | None, typer.Option(help="Where mails and logs are kept; else a temporary folder.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another company.")] = 7,
) -> None:
    """Watch half a year of a made-up company's pipeline stall, on a real Kafka."""
    from .demo.run import run

    run(speed=speed, port=port, folder=folder, seed=seed)


@rules_app.command("check")
def rules_check(file: Annotated[Path, typer.Argument(help="The rules file.")], as_json: Json = False) -> None:
    """Say whether a rules file can be used; every problem with its line."""
    try:
        rules = rules_file.read(file)
    except rules_file.RulesFileError as error:
        if not as_json:
            raise
        problems = list(_places(file, str(error)))
        for place, problem in problems:
            _print_json({"place": place, "problem": problem})
        raise rules_file.RulesFileError(f"{file}: {count_of(len(problems), 'problem')}") from None
    owners, overrides, said = len(rules.file.owners), len(rules.file.overrides), not_applied(rules)
    if as_json:
        told = {"file": str(file), "owners": owners, "overrides": overrides, "rules": rules.hash, "not_applied": said}
        _print_json(told)
        return
    print(f"{file}: good; {owners} owners, {overrides} overrides, sha256 {rules.hash}")
    if said is not None:
        print(f"{file}: {said}")


@rules_app.command("show")
def rules_show(
    deal: Annotated[str, typer.Argument(help="The deal's id.")], rules: RulesOption = None, as_json: Json = False
) -> None:
    """What applies to a deal as it stands in the running system: each value, and the line that it comes from."""
    from .explain import ExplainError, explain
    from .rules_view import applied, settings_table

    settings = _with_rules(rules)
    told = explain(settings, deal)
    if told is None:
        raise ExplainError(f"nothing is known of deal {deal!r}")
    found = applied(rules_file.load(settings.rules), told)
    if as_json:
        for each in found:
            _print_json(asdict(each))
    else:
        out.print(settings_table(found))


@rules_app.command("diff")
def rules_diff(
    before: Annotated[Path, typer.Argument(help="A rules file.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """In what two rules files differ, defaults counted in."""
    from .rules_view import difference_line, differences

    found = differences(rules_file.load(before), rules_file.load(after))
    for each in found:
        if as_json:
            _print_json(asdict(each))
        else:
            print(difference_line(each))
    if not found:
        _say("no difference")


def _places(file: Path, problems: str) -> Iterator[tuple[str, str]]:
    """(where, what) of each problem that was told of a file as an editor takes it."""
    for line in problems.splitlines():
        # a path may have a colon and a blank in it
        mark, _, problem = line.removeprefix(str(file)).partition(": ")
        yield f"{file}{mark}", problem


@dashboards_app.command("push")
def dashboards_push(as_json: Json = False) -> None:
    """Put folder, data source and dashboards into Grafana (STALLWATCH_GRAFANA__URL, …__TOKEN)."""
    from dashboards.push import push

    settings = load()
    grafana = settings.grafana
    changes = push(
        grafana.url,
        token=grafana.token.get_secret_value() if grafana.token else None,
        user=grafana.user,
        password=grafana.password.get_secret_value() if grafana.password else None,
        prometheus_url=grafana.prometheus_url,
        deal_page=settings.pages_url,
    )
    for change in changes:
        if as_json:
            _print_json({"kind": change.kind, "uid": change.uid, "outcome": change.outcome})
        else:
            print(f"{change.kind} {change.uid}: {change.outcome}")


def _with_rules(rules: Path | None) -> Settings:
    settings = load()
    return settings if rules is None else settings.model_copy(update={"rules": rules})


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


def _progress(title: str) -> Progress:
    return Progress(
        TextColumn(title),
        BarColumn(),
        TextColumn("{task.completed:,} {task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _print_json(told: dict[str, Any]) -> None:
    print(orjson.dumps(told).decode())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    """The console script."""
    from dashboards.grafana import GrafanaError

    from .demo.processes import DemoUnavailable
    from .explain import ExplainError
    from .publish import PublishError
    from .topics import TopicsError

    known = (
        SettingsError,
        rules_file.RulesFileError,
        HistoryError,
        PublishError,
        TopicsError,
        ExplainError,
        DemoUnavailable,
        GrafanaError,
    )
    try:
        # or typer would draw a box around its own errors, and exit itself
        status = app(standalone_mode=False)
    except known as error:
        _say(f"stallwatch: {error}")
        sys.exit(2)
    except typer.TyperException as error:
        # where help is shown instead, there is nothing more to say
        if said := " ".join(error.format_message().split()):
            _say(f"stallwatch: {said}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(status)
