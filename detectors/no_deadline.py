"""The customer has no date of their own: nothing on their side happens if this is not done in time.

Why it matters: our quarter's end is not their reason. A deal without a date on the buyer's side has no event that
drives it, so it slips whenever something else does have one.

What to do next: ask what must run by when, what depends on it and what a late start costs them. Build the close plan
back from that day. If there is none, look for one: a contract that ends, an audit, a launch, a season.

When it is wrong: they named a day and the CRM was not told. Put it on the deal as the customer's deadline.
"""

from datetime import date

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class NoDeadline(Detector):
    """A date of theirs that is over drives nothing any more: from the end of that day on they have none."""

    family = "qualification"

    warn_business_days: int = Field(
        5, ge=0, le=250, description="Business days into the middle of the pipeline. Higher: fewer, later alerts."
    )

    def assess(self, deal: Deal) -> Breach | None:
        middle = deal.middle_stage
        if middle is None:
            return None
        told, lacking, late = deal.current("deadline"), deal.lacking("deadline"), deal.late_stage
        none_from = deal.calendar.end_of(date.fromisoformat(told.value)) if told else (lacking or deal.created).at
        since = deal.calendar.plus_business_days(max(middle.at, none_from), self.warn_business_days)
        unasked = "" if told else ", and they named no date of their own"
        evidence = [Evidence(middle.event, middle.at, f"it came to the middle stages: {middle.value}{unasked}")]
        if late is not None and late.event != middle.event:
            evidence.append(Evidence(late.event, late.at, f"it came to the later stages: {late.value}{unasked}"))
        if told is not None:
            evidence.append(Evidence(told.event, told.at, f"the last date that they named is {told.value}"))
        return Breach(
            since=since,
            critical_from=max(since, late.at) if late else None,
            evidence=tuple(evidence),
            clears_when="they name a date of their own that lies ahead, and what hangs on it",
        )
