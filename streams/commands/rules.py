"""`rules check`, `rules show`, `rules diff`."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from detectors.core.words import count_of

from .. import rules_file
from .console import Json, RulesOption, out, print_json, say, settings_with

app = typer.Typer(help="Validate, show and compare rules files.", no_args_is_help=True)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The rules file.")], as_json: Json = False) -> None:
    """Say whether a rules file can be used; every problem with its line."""
    try:
        written = rules_file.load(file)
    except rules_file.RulesFileError as error:
        if not as_json:
            raise
        problems = list(_places(file, str(error)))
        for place, problem in problems:
            print_json({"place": place, "problem": problem})
        raise rules_file.RulesFileError(f"{file}: {count_of(len(problems), 'problem')}") from None
    rules = written.rules
    doubts = [(written.place(keys), doubt) for keys, doubt in rules.doubts()]
    owners, overrides = len(rules.file.owners), len(rules.file.overrides)
    if as_json:
        warnings = [{"place": place, "warning": doubt} for place, doubt in doubts]
        told = {"file": str(file), "owners": owners, "overrides": overrides, "rules": rules.hash}
        print_json(told | ({"warnings": warnings} if warnings else {}))
        return
    for place, doubt in doubts:
        say(f"{place}: warning: {doubt}")
    print(f"{file}: good; {owners} owners, {overrides} overrides, sha256 {rules.hash}")


@app.command()
def show(
    deal: Annotated[str, typer.Argument(help="The deal's id.")], rules: RulesOption = None, as_json: Json = False
) -> None:
    """What applies to a deal as it stands in the running system: each value, and the line that it comes from."""
    from ..explain import ExplainError, explain
    from ..rules_view import applied, settings_table

    settings = settings_with(rules)
    told = explain(settings, deal)
    if told is None:
        raise ExplainError(f"nothing is known of deal {deal!r}")
    found = applied(rules_file.load(settings.rules), told)
    if as_json:
        for each in found:
            print_json(asdict(each))
    else:
        out.print(settings_table(found))


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A rules file.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """In what two rules files differ, defaults counted in."""
    from ..rules_view import difference_line, differences

    found = differences(rules_file.load(before), rules_file.load(after))
    for each in found:
        if as_json:
            print_json(asdict(each))
        else:
            print(difference_line(each))
    if not found:
        say("no difference")


def _places(file: Path, problems: str) -> Iterator[tuple[str, str]]:
    """(where, what) of each problem that was told of a file as an editor takes it."""
    for line in problems.splitlines():
        # a path may have a colon and a blank in it
        mark, _, problem = line.removeprefix(str(file)).partition(": ")
        yield f"{file}{mark}", problem
