"""HTML from the templates beside this file. What comes from outside is escaped, always."""

from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streams.web.people import Person

from . import formats
from .board import Board
from .life import Life, Noted
from .runbook import Runbook

_HERE = Path(__file__).parent

STYLE = (_HERE / "style.css").read_bytes()
STYLE_PATH = f"/static/style.css?v={sha256(STYLE).hexdigest()[:12]}"


def _finalize(value: object) -> object:
    if value is None:
        return ""
    return formats.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def environment(folder: Path) -> Environment:
    """The templates of a folder."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "amount": formats.amount,
        "anchor": formats.anchor,
        "day": formats.day,
        "days_until": formats.days,
        "moment": formats.moment,
        "on_clock_of": formats.on_clock_of,
        "person": formats.person,
        "short_title": formats.short_title,
        "weekday": formats.weekday,
    }
    return made


_ENVIRONMENT = environment(_HERE)
_ENVIRONMENT.globals |= {"style_path": STYLE_PATH}


def board_page(board: Board, notice: str | None, person: Person | None = None) -> str:
    """The board; `notice` says why it may be incomplete. All pages name the `person` who looks."""
    return _page("board", person, board=board, notice=notice)


def deal_page(
    life: Life,
    notice: str | None,
    person: Person | None = None,
    noted: Noted | None = None,
    *,
    most_days: int = 0,
) -> str:
    """One deal; `noted` is the verdict that was just given on it, `most_days` for how long it can be snoozed."""
    return _page("deal", person, life=life, notice=notice, noted=noted, most_days=most_days)


def catalogue_page(runbooks: list[Runbook], person: Person | None = None) -> str:
    """All detectors."""
    return _page("catalogue", person, runbooks=runbooks)


def log_in_page(to: str, problem: str | None = None) -> str:
    """The form that asks for a token; `to` is where it leads."""
    return _page("log_in", None, to=to, problem=problem)


def refusal_page(status: int, title: str, words: str) -> str:
    """What there is to say instead of a page."""
    return _page("refusal", None, status=status, title=title, words=words)


def _page(name: str, person: Person | None, **shown: object) -> str:
    return _ENVIRONMENT.get_template(f"{name}.html.j2").render(person=person, **shown)
