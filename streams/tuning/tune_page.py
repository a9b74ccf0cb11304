"""The trade-off of a threshold as one HTML file that needs nothing else: no network, no scripts."""

from __future__ import annotations

from .figures import FEW
from .proposal import Proposal
from .templates import template
from .tradeoff import Tradeoff
from .tune_picture import right_and_found
from .tune_text import part, sentences, setting, title, warnings
from .values import say

_TEMPLATE = template("tune.html.j2", say=say, setting=setting)


def page(told: Tradeoff, proposal: Proposal | None) -> str:
    """The page of a trade-off, and of what is proposed of it."""
    proposed = proposal.point if proposal and proposal.fits else None
    return _TEMPLATE.render(
        told=told,
        proposed=proposed,
        title=title(told),
        choosing=part(told.chosen_by),
        judging=part(told.judged_by),
        sentences=list(sentences(told, proposal)),
        doubts=list(warnings(told, proposal)),
        few=FEW,
        picture_of=right_and_found(told, proposed),
    )
