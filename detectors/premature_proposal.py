"""Offered too early: a proposal went out before an executive, the need and the budget were known.

Why it matters: a price without a need is only a price. It gives away the reason to talk to us, anchors the negotiation
at a number that nobody weighed, and goes round among people who cannot say yes.

What to do next: ask for a talk to walk through the proposal with the one who decides, and use it to ask for what is
missing. Tell them that the offer will change with what you hear, and send it anew after that.

When it is wrong: it was known, and the CRM was not told. Set need and budget, and the role of the one who was met.
"""

from datetime import datetime

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.requirements import is_met

MISSING = {
    "executive": ("no executive met", "an executive is met"),
    "need": ("the need unknown", "the need is known"),
    "budget": ("no budget confirmed", "the budget is confirmed"),
}


class PrematureProposal(Detector):
    """What was missing when it was sent and still is counts, from the first sending of which that is true.

    A quote is a proposal. A need of any weight is known; a budget is known when it is confirmed.
    """

    family = "stage"

    missing: int = Field(
        1, ge=1, le=3, description="How many of the three must be missing. Higher: fewer, surer alerts."
    )
    critical_missing: int = Field(
        3, ge=1, le=3, description="How many missing ones make it critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        if not deal.proposals:
            return None
        now = [what for what in ("executive", "need", "budget") if not is_met(deal, what)]
        for sending in deal.proposals:
            missing = [what for what in now if not _was_known(deal, what, sending.at)]
            if len(missing) < self.missing:
                continue
            text = f"{sending.type} sent with {', '.join(MISSING[what][0] for what in missing)}"
            return Breach(
                since=sending.at,
                critical_from=sending.at if len(missing) >= self.critical_missing else None,
                evidence=(Evidence(sending.event, sending.at, text),),
                clears_when=", ".join(MISSING[what][1] for what in missing),
            )
        return None


def _was_known(deal: Deal, what: str, moment: datetime) -> bool:
    """Whether what is missing now was known then. With nobody met now who decides, nobody was met then."""
    match what:
        case "need":
            return deal.fact_at("need", moment) not in (None, "unknown")
        case "budget":
            return bool(deal.fact_at("budget", moment) == "confirmed")
        case _:
            return False
