"""Nothing is planned: no meeting, dated next step, open milestone or pause lies ahead.

Why it matters: a deal without a next step has no reason to move, and the buyer has none to come back. A buyer who will
not agree on one tells us more about the deal than all that they say of it.

What to do next: propose one concrete step with a date today: a meeting with its agenda, a decision that they make by a
day, a document with an answer expected. Put it into the CRM as the next-step date.

When it is wrong: the step is agreed, and no system knows of it. Date the next step, or book the meeting.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class NoNextStep(Detector):
    """What ended early, a meeting that was called off or a milestone that was done, lay ahead until then.

    A deal that was closed owed none until it was taken up again.
    """

    family = "next step"
    watches = ("activity.meeting",)

    warn_business_days: int = Field(
        3, ge=0, le=250, description="Business days with nothing planned. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        10, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        plan, start = deal.last_planned, deal.created.at
        if plan is None or plan.until < start:
            told = Evidence(deal.created.event, start, "the deal began, and no next step with a date was planned since")
        else:
            start = plan.until
            day = deal.calendar.day_of(plan.until)
            told = Evidence(plan.event, plan.at, f"the last thing planned: {plan.text}, until {day}")
        again = deal.taken_up
        if again is not None and again.at > start:
            start = again.at
            told = Evidence(
                again.event, start, "the deal was taken up again, and no next step with a date was planned since"
            )
        since = deal.calendar.plus_business_days(start, self.warn_business_days)
        return Breach(
            since=since,
            critical_from=max(since, deal.calendar.plus_business_days(start, self.critical_business_days)),
            evidence=(told,),
            clears_when="a next step is agreed and dated, or a meeting is booked",
        )
