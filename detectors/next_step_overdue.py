"""The planned step passed: its date is over, and no new one was set.

Why it matters: a step that was agreed and did not happen is a broken promise, theirs or ours. Left in the CRM, it also
hides from everybody that nothing is planned any more.

What to do next: if it was ours, do it today and say so. If it was theirs, ask what came in between, and agree on a new
day in the same talk. Then set the next-step date to it.

When it is wrong: the step was taken, and the CRM still shows its date. Date the step that follows it.
"""

from datetime import date

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class NextStepOverdue(Detector):
    """A date that lay in the past already when it was set counts from its setting."""

    family = "next step"

    warn_business_days: int = Field(
        1, ge=1, le=250, description="Business days past the step's date. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        5, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        dated = deal.current("next_step_date")
        if dated is None:
            return None
        add = deal.calendar.plus_business_days
        start = max(deal.calendar.end_of(date.fromisoformat(dated.value)), dated.at)
        since = add(start, self.warn_business_days)
        step = deal.current("next_step")
        what = f"the next step '{step.value}'" if step else "the next step"
        evidence = [Evidence(dated.event, dated.at, f"{what} was dated {dated.value}")]
        if step is not None and step.event != dated.event:
            evidence.insert(0, Evidence(step.event, step.at, f"it was named: {step.value}"))
        return Breach(
            since=since,
            critical_from=max(since, add(start, self.critical_business_days)),
            evidence=tuple(evidence),
            clears_when="the step is taken and the next one is dated, or it is agreed anew for a day ahead",
        )
