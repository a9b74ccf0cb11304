"""The wrong company: this account is not one that we serve well.

Why it matters: a poor fit costs twice. It is lost more often, late and after much work; and where it is won, it is
unhappy, asks for what we do not make, and leaves.

What to do next: say so early and kindly, recommend who would serve them better, and close the deal. If there is a
reason to go on, have your manager agree to it in writing, and narrow what is offered to what does fit.

When it is wrong: the account was scored by old facts: size, industry or country have changed. Correct its fit.
"""

from datetime import timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration


class PoorFit(Detector):
    """An account that was a poor fit from the first day on is one as well."""

    family = "qualification"

    grace: Duration = Field(
        timedelta(0),
        ge=timedelta(0),
        le=timedelta(days=365),
        description="How long a poor fit may stand before it is told. Higher: later alerts.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        fit = deal.current("account.fit")
        if fit is None or fit.value != "poor":
            return None
        return Breach(
            since=fit.at + self.grace,
            evidence=(Evidence(fit.event, fit.at, f"{deal.fact('account.name') or 'the account'} is a poor fit"),),
            clears_when="the deal is closed, or the account turns out to be a good fit after all",
        )
