"""`tune DETECTOR FILE…`."""

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from detectors.core.complaints import complaint
from detectors.core.rules import Rules, RulesError, When

from .. import rules_file
from ..history import Input
from .backtest import Among, Bad, conditions, refuse_no_place_for, write_page
from .console import Json, RulesOption, out, print_json, progress, say, settings_with
from .history import Files, MailSource, read_files, say_what_went_wrong
from .history import Mapping as MappingOption

if TYPE_CHECKING:
    from ..tuning.figures import Figures
    from ..tuning.override import Change
    from ..tuning.sweep import Swept
    from ..tuning.tradeoff import Tradeoff


def tune(
    detector: Annotated[str, typer.Argument(help="The detector whose thresholds are swept.")],
    files: Files,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            "--threshold",
            metavar="NAME=VALUES",
            help="The values to try: 5..30, 5..30..5 or 5,10,15; durations as in a rules file (30d..90d). Again for a "
            "second threshold: then all combinations. Else the main threshold, around the present value.",
        ),
    ] = None,
    rules: RulesOption = None,
    bad: Bad = None,
    among: Among = None,
    budget: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="ALERTS", help="Propose what finds the most with so many alerts a rep and week, at most."
        ),
    ] = None,
    least_precision: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Propose what finds the most of those that are right so often (0 to 1)."),
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="PART", help="This part of the deals, by when they began, chooses; the later judge.")
    ] = "2/3",
    when: Annotated[
        list[str] | None,
        typer.Option(
            "--when",
            metavar="KEY=VALUE",
            help="Tune for these deals only: as in an override's `when` (segment=smb, stage=Demo); again for more.",
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="RULES_FILE", help="Write what is proposed, or the only value, into this rules file."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the trade-off as one HTML file with a picture.")
    ] = None,
    mapping: MappingOption = None,
    mail_source: MailSource = "mail",
    as_json: Json = False,
) -> None:
    """What each value of a threshold would have told of a history, and how right: sweep, choose, write it down.

    Exit 1 if no value is what --budget or --least-precision asks for.
    """
    from ..tuning import tune_text
    from ..tuning.backtest import BacktestError
    from ..tuning.endings import Endings
    from ..tuning.override import Change
    from ..tuning.proposal import Wanted, propose
    from ..tuning.sweep import with_values
    from ..tuning.tradeoff import overall, tradeoff

    if html is not None:
        refuse_no_place_for(html)
    part = _part(split)
    endings = Endings(conditions(bad, "--bad") or Endings.bad, conditions(among, "--among"))
    settings = settings_with(rules)
    in_force = rules_file.read(settings.rules)
    whose = _when(when)
    tried, present = _settings(detector, threshold or [], in_force, whose)
    asked = budget is not None or least_precision is not None
    if write is not None and not asked and len(tried) > 1:
        raise typer.BadParameter(
            "say which value: by --budget, by --least-precision, or by a --threshold with one value",
            param_hint="'--write'",
        )
    if write is not None and write.exists() and rules_file.read(write).hash != in_force.hash:
        say(f"warning: what is measured is {settings.rules or 'the defaults'}; {write} has other rules")
    kept = {name for each in in_force.file.overrides for name in each.detectors.get(detector, {}) if name in present}
    if kept and whose is None:
        say(f"overrides set {', '.join(sorted(kept))} for some deals, which keep theirs: tune those with --when")
    when_told = whose.model_dump(exclude_unset=True) if whose else None
    try:
        # what is in force is seen beside the others
        every = sorted([present, *(each for each in tried if each != present)], key=lambda each: tuple(each.values()))
        variants = [with_values(in_force, detector, each, when_told) for each in every]
        swept = _swept(read_files(files, settings, mapping, mail_source), detector, variants)
        found = tradeoff(swept, detector, every, present, variants, endings, part, whose)
    except RulesError as error:
        raise typer.BadParameter(str(error)) from None
    except BacktestError as error:
        raise typer.BadParameter(str(error), param_hint="'FILES...'") from None
    proposal = propose(found, Wanted(budget, least_precision)) if asked else None
    if html is not None:
        # it brings matplotlib along
        from ..tuning.tune_page import page

        write_page(html, page(found, proposal))
    if as_json:
        print_json(tune_text.as_json(found, proposal))
    else:
        out.print(tune_text.tables(found, proposal))
    if proposal is not None and not proposal.fits:
        raise typer.Exit(1)
    if write is not None:
        point = proposal.point if proposal else next(each for each in found.points if each.values == tried[0])
        assert point is not None  # what fits has told of something
        number = every.index(dict(point.values))
        promised = overall(swept, number, detector, variants[number], endings, found.judged_by.began)
        _write(write, Change(detector, point.values, when_told, _promise(promised), _history(found, files)), yes)


def _settings(
    detector: str, told: list[str], rules: Rules, when: When | None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The settings that are tried, and the one in force."""
    from ..tuning.values import ValuesError, around, combinations, kind_of, main_threshold, present, read

    try:
        kind_of(detector)
    except ValuesError as error:
        raise typer.BadParameter(str(error), param_hint="'DETECTOR'") from None
    try:
        values = read(detector, told)
        if not values:
            main = main_threshold(detector)
            values = {main: around(rules, detector, main, when)}
        in_force = present(rules, detector, when)
        return combinations(values), {name: in_force[name] for name in values}
    except ValuesError as error:
        raise typer.BadParameter(str(error), param_hint="'--threshold'") from None


def _swept(history: Iterable[Input], detector: str, variants: list[Rules]) -> "Swept":
    from ..tuning.backtest import BacktestError
    from ..tuning.sweep import sweep

    with progress("sweeping") as bar:
        task = bar.add_task("events", total=None)
        swept, run = sweep(history, detector, variants, on_progress=lambda done: bar.update(task, completed=done))
    say_what_went_wrong(run)
    if swept is None:
        raise BacktestError("the history tells of no deal")
    return swept


def _part(text: str) -> Fraction:
    try:
        part = Fraction(text)
        if 0 < part < 1:
            return part
    except (ValueError, ZeroDivisionError):
        pass
    raise typer.BadParameter(f"{text!r}: write a part of the deals like 2/3 or 0.5", param_hint="'--split'")


def _when(told: list[str] | None) -> When | None:
    from ..tuning.values import nearest

    if not told:
        return None
    pairs: dict[str, str] = {}
    for each in told:
        key, equals, value = (part.strip() for part in each.partition("="))
        if not equals or not value:
            raise typer.BadParameter(f"{each!r}: write it like segment=smb", param_hint="'--when'")
        if key not in When.model_fields:
            hint = nearest(key, When.model_fields)
            raise typer.BadParameter(f"an override asks for no {key!r}{hint}", param_hint="'--when'")
        pairs[key] = value
    try:
        return When.model_validate(pairs)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise typer.BadParameter(f"{place}: {complaint(problem)}", param_hint="'--when'") from None


def _promise(figures: "Figures") -> dict[str, float | date | None]:
    return {
        "precision": figures.precision.value,
        "recall": figures.recall.value,
        "alerts_per_rep_week": figures.alerts_per_rep_week,
        "measured": datetime.now(UTC).date(),
    }


def _history(found: "Tradeoff", files: list[Path]) -> str:
    judged = found.judged_by
    names = "".join(each for each in ", ".join(file.name for file in files) if each.isprintable())
    return f"by {sum(judged.deals.values()):,} deals of {names} that began from {judged.began:%Y-%m-%d} on"


def _write(file: Path, change: "Change", yes: bool) -> None:
    from ..tuning.override import draft

    made = draft(file, change)
    if not made.diff:
        say(f"{file}: says so already")
        return
    say(made.diff)
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody is there to be asked: say --yes to write it", param_hint="'--write'")
        if not typer.confirm(f"Write {file}?", err=True):
            say("nothing was written")
            raise typer.Exit(1)
    made.save()
    say(f"{file}: written; a running worker takes it on SIGHUP or POST /-/reload")
