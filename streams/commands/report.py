"""`report [FILE…]`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from detectors.core.rules import Rules

from .. import rules_file
from ..report import By, Question, team_of
from ..report import report as slices_of
from ..settings import Settings
from .console import Json, RulesOption, out, print_json, progress, say, settings_with
from .history import MailSource, Mapping, read_files, say_what_went_wrong
from .moments import moment

if TYPE_CHECKING:
    from ..answer import Answer

WINDOW = timedelta(days=7)


def report(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Report on these instead of on the running system: all that `replay` reads."),
    ] = None,
    by: Annotated[
        list[By] | None, typer.Option("--by", help="Slice by this; again for slices of slices. Else team, then rep.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="Only this team's deals.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="What moved since this time (RFC 3339 with an offset, or a date). Else seven days."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="CURRENCY=VALUE",
            help="What the whole report's honest value is to cover. Else what was won in the last full fiscal quarter.",
        ),
    ] = None,
    rules: RulesOption = None,
    mapping: Mapping = None,
    mail_source: MailSource = "mail",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row a slice.")] = False,
    as_json: Json = False,
) -> None:
    """What is open, stalled and honest, how long deals take to be won or lost, and what moved lately."""
    from .. import report_text

    if as_csv and as_json:
        raise typer.BadParameter("say either --csv or --json")
    settings = settings_with(rules)
    in_force = rules_file.read(settings.rules)
    targets = _targets(target or [])
    levels = tuple(dict.fromkeys(by or (By.TEAM, By.REP)))
    start = moment(since, "--since", ZoneInfo(in_force.organization.time_zone))
    answers, clock = _replayed(files, settings, mapping, mail_source, in_force) if files else _running(settings)
    clock = clock.astimezone(ZoneInfo(in_force.organization.time_zone))
    if start is not None and start >= clock:
        raise typer.BadParameter(
            f"{since} is not before {clock:%Y-%m-%d %H:%M %Z}, the report's", param_hint="'--since'"
        )
    question = Question(clock, start or clock - WINDOW, in_force, levels, team, targets)
    teams: set[str] = set()
    slices = slices_of(_noting_teams(answers, in_force, teams), question)
    if team is not None and team.casefold() not in {each.casefold() for each in teams}:
        known = ", ".join(sorted(teams)) or "none"
        raise typer.BadParameter(f"no deal is of team {team!r}; known: {known}", param_hint="'--team'")
    if as_csv:
        print(report_text.as_csv(slices, question), end="")
    elif as_json:
        for each in slices:
            print_json(report_text.as_json(each, question))
    else:
        out.print(report_text.tables(slices, question))
    if len(slices) == 1:
        say("no deals are known")


def _running(settings: Settings) -> tuple["Iterable[Answer]", datetime]:
    from ..answers import answers

    if settings.clock == "wall":
        return answers(settings), datetime.now(UTC)
    # time is what events say: as far as anything was told
    told = list(answers(settings))
    return told, max((each.as_of for each in told), default=datetime.now(UTC))


def _replayed(
    files: list[Path], settings: Settings, mapping: Path | None, mail_source: str, rules: Rules
) -> tuple["Iterable[Answer]", datetime]:
    from ..replay import Replay

    run = Replay(rules)
    with progress("replaying") as bar:
        task = bar.add_task("events", total=None)
        for _ in run.run(read_files(files, settings, mapping, mail_source)):
            bar.update(task, completed=run.accepted)
    say_what_went_wrong(run)
    return run.partition.answers.values(), run.partition.time or datetime.now(UTC)


def _noting_teams(answers: "Iterable[Answer]", rules: Rules, teams: set[str]) -> "Iterable[Answer]":
    for told in answers:
        if (team := team_of(told, rules)) is not None:
            teams.add(team)
        yield told


def _targets(given: list[str]) -> dict[str, float]:
    targets: dict[str, float] = {}
    for each in given:
        currency, _, amount = each.partition("=")
        try:
            value = float(amount.replace("_", ""))
        except ValueError:
            value = 0.0
        if not (currency and 0 < value < float("inf")):
            raise typer.BadParameter(f"{each!r}: write it like EUR=500000", param_hint="'--target'")
        targets[currency] = value
    return targets
