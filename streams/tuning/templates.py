"""The templates of pages that are one file: the worker's style and what pictures need besides, in the page itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup

from ..web.pages.render import STYLE, environment
from .sentences import interval, label, percent

_HERE = Path(__file__).parent


def template(name: str, **filters: Callable[..., str]) -> Template:
    """A template of this folder that speaks of figures, and of what else it has filters for."""
    known = environment(_HERE)
    known.filters |= {"interval": interval, "label": label, "percent": percent, **filters}
    known.globals["style"] = Markup(STYLE.decode() + (_HERE / "page.css").read_text(encoding="utf-8"))  # noqa: S704 (ours)
    return known.get_template(name)
