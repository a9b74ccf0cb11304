"""Older than won deals get: most of those that were won had been won by now.

Why it matters: age is the simplest forecast. A deal that has outlived the winning ones eats time that younger ones
would repay, and its odds fall with each further month.

What to do next: qualify it anew as if it came in today: need, money, power, and a date of their own. If two of these
are missing, say so to the buyer and offer to stop; what they answer decides.

When it is wrong: the deal slept and was taken up again, or is bigger than what you usually sell. Give such deals a
rule of their own.
"""

from datetime import timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.words import count_of

DAY = timedelta(days=1)


class CycleOverrun(Detector):
    """Where too few deals were won for a median, it allows a fixed time, and critical is twice that."""

    family = "stage"
    by_baseline = True

    factor: float = Field(1.5, ge=1, le=20, description="Times the won deals' median age. Higher: fewer, later alerts.")
    critical_factor: float = Field(
        2.0, ge=1, le=40, description="Times that median, or that fixed time, until it is critical. Higher: fewer."
    )
    without_baseline: Duration = Field(
        120 * DAY,
        gt=timedelta(0),
        le=3650 * DAY,
        description="Age where no median is known. Higher: fewer, later alerts.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        began = deal.created
        if deal.baseline:
            median = deal.baseline.cycle
            allowed = self.factor * median
            measure = f"{count_of(deal.baseline.wins, 'won deal')} took {median / DAY:.1f} days (median)"
        else:
            median = allowed = self.without_baseline
            measure = f"{allowed / DAY:g} days are allowed"
        since = began.at + allowed
        text = f"the deal began on {deal.calendar.day_of(began.at)}; {measure}"
        return Breach(
            since=since,
            critical_from=max(since, began.at + self.critical_factor * median),
            evidence=(Evidence(began.event, began.at, text),),
            clears_when="the deal is won, or given up as lost",
        )
