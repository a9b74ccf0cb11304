"""`explain DEAL`."""

from typing import Annotated

import typer

from ..answer import to_json
from ..settings import load
from .console import Json, out


def explain(deal: Annotated[str, typer.Argument(help="The deal's id.")], as_json: Json = False) -> None:
    """What the running system has found on a deal, with evidence, and what would clear it."""
    from ..explain import ExplainError
    from ..explain import explain as ask
    from ..findings_text import explanation

    told = ask(load(), deal)
    if told is None:
        raise ExplainError(f"nothing is known of deal {deal!r}")
    if as_json:
        print(to_json(told).decode())
    else:
        out.print(explanation(told))
