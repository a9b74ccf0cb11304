"""Open past its close date: the day on which it was to close is over.

Why it matters: a date in the past says that nobody looks. It spoils the forecast of everybody who reads it, and it
hides what the buyer really plans.

What to do next: call and ask for the real date and what it hangs on, and set that; or close the deal as lost.

When it is wrong: it was won or lost and the CRM was not told.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class CloseDateOverdue(Detector):
    family = "close date"

    critical_business_days: int = Field(
        5,
        ge=0,
        le=250,
        description="Business days past the date until it is critical. Higher: fewer critical findings.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        if deal.close_date is None:
            return None
        since = deal.calendar.end_of(deal.close_date)
        told = deal.changes("close_date")[-1]
        return Breach(
            since=since,
            critical_from=deal.calendar.plus_business_days(since, self.critical_business_days),
            evidence=(Evidence(told.event, told.at, f"close date set to {deal.close_date}"),),
            clears_when="the close date is set to a day ahead, or the deal is closed",
        )
