"""`backtest FILE…`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from detectors.core.rules import Rules

from .. import rules_file
from ..history import STDIN, Input
from .console import Json, RulesOption, out, print_json, progress, say, settings_with
from .history import Files, MailSource, Mapping, read_files, say_what_went_wrong
from .moments import moment

if TYPE_CHECKING:
    from ..tuning.backtest import Backtest
    from ..tuning.comparison import Comparison
    from ..tuning.endings import Condition, Endings

_TICK = timedelta(microseconds=1)

Bad = Annotated[
    list[str] | None,
    typer.Option(
        "--bad",
        metavar="CONDITION",
        help="What of a lost deal counts as the bad end: field=value, field!=value, field~pattern, field>=1 or "
        "field<=1; again for a second one that must hold too. Else every lost deal is.",
    ),
]
Among = Annotated[
    list[str] | None,
    typer.Option(
        "--among",
        metavar="CONDITION",
        help="Measure only deals of which this holds, as for --bad; document=quote asks for what was sent.",
    ),
]


def backtest(
    files: Files,
    rules: RulesOption = None,
    bad: Bad = None,
    among: Among = None,
    registered_from: Annotated[
        str | None, typer.Option(help="Measure only deals that began then or later (RFC 3339 with offset, or a date).")
    ] = None,
    registered_until: Annotated[
        str | None, typer.Option(help="Measure only deals that began by then; of a date, on that day or before.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Take the history up to this time, as `replay` does.")] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="RULES",
            help="Also say what changes against another rules file, such as the one in force now: what opens, closes "
            "and moves, for whom, with some deals for example.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write it as one HTML file with pictures.")
    ] = None,
    mapping: Mapping = None,
    mail_source: MailSource = "mail",
    as_json: Json = False,
) -> None:
    """What the rules would have told of a history, and how right that was: judged by how the deals ended."""
    from ..rules_view import differences
    from ..tuning import backtest_text, comparison_text
    from ..tuning.comparison import compare

    if html is not None:
        refuse_no_place_for(html)
    settings = settings_with(rules)
    written = rules_file.load(settings.rules)
    endings = _endings(bad, among, registered_from, registered_until, written.rules)
    end = moment(until, "--until", UTC, "last")
    compared = None
    if against is None:
        found = _backtest(read_files(files, settings, mapping, mail_source), written.rules, endings, end)
    else:
        _refuse_what_is_read_once(files)
        others = rules_file.load(against)
        history = read_files(files, settings_with(against), mapping, mail_source)
        before = _backtest(history, others.rules, endings, end, "replaying the other rules")
        found = _backtest(read_files(files, settings, mapping, mail_source), written.rules, endings, end)
        compared = compare(before, found, str(against), differences(others, written))
    if html is not None:
        _write_page(html, found, str(settings.rules or "the defaults"), compared)
    if as_json:
        print_json(backtest_text.as_json(found) | ({"against": comparison_text.as_json(compared)} if compared else {}))
    else:
        out.print(backtest_text.tables(found))
        if compared:
            out.print()
            out.print(comparison_text.tables(compared))


def refuse_no_place_for(page: Path) -> None:
    """Before anything is measured: `--html` must be a file in a folder that there is."""
    if page.is_dir() or not page.parent.is_dir():
        problem = "is a folder" if page.is_dir() else f"is in no folder: {page.parent} is none"
        raise typer.BadParameter(f"{page} {problem}", param_hint="'--html'")


def _refuse_what_is_read_once(files: list[Path]) -> None:
    for file in files:
        if file == STDIN or (file.exists() and not file.is_file() and not file.is_dir()):
            raise typer.BadParameter(
                f"{file} can only be read once, and each of two rules needs all of it: write it to a file first",
                param_hint="'--against'",
            )


def _write_page(file: Path, found: "Backtest", rules: str, compared: "Comparison | None") -> None:
    # it brings matplotlib along
    from ..tuning.page import page

    write_page(file, page(found, rules, compared))


def write_page(file: Path, html: str) -> None:
    """Write it, and say so; `typer.BadParameter` where that does not work."""
    try:
        file.write_text(html, encoding="utf-8", errors="replace")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="'--html'") from None
    say(f"{file}: written")


def _backtest(
    history: Iterable[Input], rules: Rules, endings: "Endings", until: datetime | None, title: str = "replaying"
) -> "Backtest":
    from ..tuning.backtest import BacktestError, measure
    from ..tuning.lives import Chronicle

    chronicle = Chronicle(rules, until)
    with progress(title) as bar:
        task = bar.add_task("events", total=None)
        for accepted in chronicle.run(history):
            bar.update(task, completed=accepted)
    say_what_went_wrong(chronicle.replay)
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
        bad=conditions(bad, "--bad") or Endings.bad,
        among=conditions(among, "--among"),
        registered_from=moment(first, "--registered-from", zone),
        registered_until=None if until is None else until + _TICK,
    )


def conditions(texts: list[str] | None, option: str) -> tuple["Condition", ...]:
    """What an option says of deals."""
    from ..tuning.endings import Condition, ConditionError

    try:
        return tuple(map(Condition.of, texts or ()))
    except ConditionError as error:
        raise typer.BadParameter(str(error), param_hint=f"'{option}'") from None
