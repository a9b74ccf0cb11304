"""`backtest FILE…`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from detectors.core.rules import Rules

from .. import rules_file
from ..history import Input
from .console import Json, RulesOption, out, print_json, progress, say, settings_with
from .history import Files, MailSource, Mapping, read_files
from .moments import moment

if TYPE_CHECKING:
    from ..tuning.backtest import Backtest
    from ..tuning.endings import Condition, Endings

_TICK = timedelta(microseconds=1)


def backtest(
    files: Files,
    rules: RulesOption = None,
    bad: Annotated[
        list[str] | None,
        typer.Option(
            "--bad",
            metavar="CONDITION",
            help="What of a lost deal counts as the bad end: field=value, field!=value, field~pattern, field>=1 or "
            "field<=1; again for a second one that must hold too. Else every lost deal is.",
        ),
    ] = None,
    among: Annotated[
        list[str] | None,
        typer.Option(
            "--among",
            metavar="CONDITION",
            help="Measure only deals of which this holds, as for --bad; document=quote asks for what was sent.",
        ),
    ] = None,
    registered_from: Annotated[
        str | None, typer.Option(help="Measure only deals that began then or later (RFC 3339 with offset, or a date).")
    ] = None,
    registered_until: Annotated[
        str | None, typer.Option(help="Measure only deals that began by then; of a date, on that day or before.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Take the history up to this time, as `replay` does.")] = None,
    mapping: Mapping = None,
    mail_source: MailSource = "mail",
    as_json: Json = False,
) -> None:
    """What the rules would have told of a history, and how right that was: judged by how the deals ended."""
    from ..tuning import backtest_text

    settings = settings_with(rules)
    in_force = rules_file.read(settings.rules)
    endings = _endings(bad, among, registered_from, registered_until, in_force)
    end = moment(until, "--until", UTC, "last")
    found = _backtest(read_files(files, settings, mapping, mail_source), in_force, endings, end)
    if as_json:
        print_json(backtest_text.as_json(found))
    else:
        out.print(backtest_text.tables(found))


def _backtest(history: Iterable[Input], rules: Rules, endings: "Endings", until: datetime | None) -> "Backtest":
    from ..tuning.backtest import BacktestError, measure
    from ..tuning.lives import Chronicle

    chronicle = Chronicle(rules, until)
    with progress("replaying") as bar:
        task = bar.add_task("events", total=None)
        for accepted in chronicle.run(history):
            bar.update(task, completed=accepted)
    if refused := chronicle.replay.refusals:
        say(f"{len(refused):,} refused: `stallwatch replay` says which")
    for detector, number in chronicle.replay.errors.items():
        say(f"{detector}: failed on {number} assessments")
    if chronicle.ended is None:
        raise typer.BadParameter("the history tells of no deal", param_hint="'FILES...'")
    try:
        return measure(chronicle.lives(), endings, rules, chronicle.ended)
    except BacktestError as error:
        raise typer.BadParameter(str(error)) from None


def _endings(
    bad: list[str] | None, among: list[str] | None, first: str | None, last: str | None, rules: Rules
) -> "Endings":
    from ..tuning.endings import Endings

    zone = ZoneInfo(rules.organization.time_zone)
    until = moment(last, "--registered-until", zone, "last")
    return Endings(
        bad=_conditions(bad, "--bad") or Endings.bad,
        among=_conditions(among, "--among"),
        registered_from=moment(first, "--registered-from", zone),
        registered_until=None if until is None else until + _TICK,
    )


def _conditions(texts: list[str] | None, option: str) -> tuple["Condition", ...]:
    from ..tuning.endings import Condition, ConditionError

    try:
        return tuple(map(Condition.of, texts or ()))
    except ConditionError as error:
        raise typer.BadParameter(str(error), param_hint=f"'{option}'") from None
