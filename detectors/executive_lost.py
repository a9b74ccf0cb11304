"""The executive was in and is gone: nobody who decides has been in touch for a month.

Why it matters: executives stay near what they want. When the one who was there leaves the talks to others, the deal has
lost its place on their list, and the users who still answer cannot put it back.

What to do next: write to the executive yourself, or have yours do it, with one number that is theirs and one question.
Ask your contact what has changed above them. Propose twenty minutes on the decision, not on the product.

When it is wrong: they take part where no system sees it, or they are waiting for a day that was agreed. Put the talk
on the deal, or book the meeting with them: until then it waits.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class ExecutiveLost(Detector):
    """It waits for a meeting that is booked with them, for the end of their absence or of the deal's pause.

    Next steps and meetings with others do not put it off: those go on while the executive is gone.
    """

    family = "people"
    watches = ("activity.email", "activity.meeting", "activity.call")

    warn_business_days: int = Field(
        20, ge=1, le=250, description="Business days without anybody who decides. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        30, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        seen = [(who.last_two_way, who.event, email) for email, who in deal.power_met.items()]
        met = sorted((at, event, email) for at, event, email in seen if at and event)
        if not met:
            return None
        start, event, email = met[-1]
        add = deal.calendar.plus_business_days
        since, plan = deal.put_off(add(start, self.warn_business_days), deal.power_met)
        evidence = [
            Evidence(event, start, f"{deal.called(email)} took part, the last time that anybody did who decides")
        ]
        if plan is not None:
            text = f"{plan.text} lay ahead until {deal.calendar.day_of(plan.until)}"
            evidence.append(Evidence(plan.event, plan.at, text))
        # what puts off the warning puts off this, too
        later = max(0, self.critical_business_days - self.warn_business_days)
        return Breach(
            since=since,
            critical_from=add(since, later),
            evidence=tuple(evidence),
            clears_when="somebody who decides writes, meets us or takes a call, or a meeting with them is booked",
        )
