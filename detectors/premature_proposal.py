"""Offered too early: a proposal went out before an executive, the need and the budget were known.

Why it matters: a price without a need is only a price. It gives away the reason to talk to us, anchors the negotiation
at a number that nobody weighed, and goes round among people who cannot say yes.

What to do next: ask for a talk to walk through the proposal with the one who decides, and use it to ask for what is
missing. Tell them that the offer will change with what you hear, and send it anew after that.

When it is wrong: it was known, and the CRM was not told. Set need and budget, and the role of the one who was met.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector

MISSING = {
    "executive": ("no executive met", "an executive is met"),
    "need": ("the need unknown", "the need is known"),
    "budget": ("no budget confirmed", "the budget is confirmed"),
}


class PrematureProposal(Detector):
    """What was missing when it was sent and has been ever since counts, from the first sending of which that is true.

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
        missing_from = {
            "executive": None if deal.power_met else deal.created,
            "need": deal.lacking("need", "interesting", "important", "critical"),
            "budget": deal.lacking("budget", "confirmed"),
        }
        for sending in deal.proposals:
            missing = [
                what
                for what, gap in missing_from.items()
                if gap is not None and (gap == deal.created or gap.at <= sending.at)
            ]
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
