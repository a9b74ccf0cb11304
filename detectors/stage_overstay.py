"""Too long in its stage: most deals that were won had moved on by now.

Why it matters: winners keep moving. The longer a deal stays in a stage beyond what winning deals needed there, the less
likely it is ever to leave it by the front door.

What to do next: name the one thing that must happen for the stage to end, and who on their side does it. Get a date for
that; if nobody there will name one, put the deal back to where it really is, or close it.

When it is wrong: this kind of deal takes longer by nature, as with public tenders. Give it a rule of its own.
"""

from datetime import timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.words import count_of

DAY = timedelta(days=1)


class StageOverstay(Detector):
    """Where too few deals were won for a median of the stage, it allows a fixed time, and critical is twice that."""

    family = "stage"
    by_baseline = True

    factor: float = Field(
        1.5, ge=1, le=20, description="Times the won deals' median time in the stage. Higher: fewer, later alerts."
    )
    critical_factor: float = Field(
        2.0, ge=1, le=40, description="Times that median, or that fixed time, until it is critical. Higher: fewer."
    )
    without_baseline: Duration = Field(
        30 * DAY,
        gt=timedelta(0),
        le=3650 * DAY,
        description="Time in a stage where no median is known. Higher: fewer, later alerts.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        entered = deal.stage_entered
        if entered is None:
            return None
        median = deal.baseline.stages.get(entered.value.strip().casefold()) if deal.baseline else None
        if deal.baseline and median is not None:
            allowed = self.factor * median
            measure = f"{count_of(deal.baseline.wins, 'won deal')} took {median / DAY:.1f} days there (median)"
        else:
            median = allowed = self.without_baseline
            measure = f"{allowed / DAY:g} days are allowed there"
        since = entered.at + allowed
        text = f"in {entered.value} since {deal.calendar.day_of(entered.at)}; {measure}"
        return Breach(
            since=since,
            critical_from=max(since, entered.at + self.critical_factor * median),
            evidence=(Evidence(entered.event, entered.at, text),),
            clears_when=f"the deal leaves {entered.value}: forward, back to where it belongs, or closed",
        )
