"""HTML from the templates beside this file. What comes from outside is escaped, always."""

from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import formats
from .board import Board
from .life import Life
from .runbook import Runbook

_HERE = Path(__file__).parent

STYLE = (_HERE / "style.css").read_bytes()
STYLE_PATH = f"/static/style.css?v={sha256(STYLE).hexdigest()[:12]}"


def _finalize(value: object) -> object:
    if value is None:
        return ""
    return formats.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_finalize,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "amount": formats.amount,
    "anchor": formats.anchor,
    "day": formats.day,
    "days_until": formats.days,
    "moment": formats.moment,
    "person": formats.person,
    "short_title": formats.short_title,
    "weekday": formats.weekday,
}
_ENVIRONMENT.globals |= {"style_path": STYLE_PATH}


def board_page(board: Board, notice: str | None) -> str:
    """The board; `notice` says why it may be incomplete."""
    return _ENVIRONMENT.get_template("board.html.j2").render(board=board, notice=notice)


def deal_page(life: Life, notice: str | None) -> str:
    """One deal."""
    return _ENVIRONMENT.get_template("deal.html.j2").render(life=life, notice=notice)


def catalogue_page(runbooks: list[Runbook]) -> str:
    """All detectors."""
    return _ENVIRONMENT.get_template("catalogue.html.j2").render(runbooks=runbooks)


def refusal_page(status: int, title: str, words: str) -> str:
    """What there is to say instead of a page."""
    return _ENVIRONMENT.get_template("refusal.html.j2").render(status=status, title=title, words=words)
