"""The buyer has gone quiet: no mail, meeting or call in which they took part.

Why it matters: deals do not die loudly. Of all signs, a silent buyer is the oldest and the surest that interest or
priority has moved elsewhere.

What to do next: give a reason to answer, not a reminder: new insight, a question only they can answer, another
person on their side. Then agree on a date, even a late one.

When it is wrong: the silence was agreed. Set a next-step date, a pause or a meeting, and it waits for that day.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class GoneQuiet(Detector):
    family = "silence"
    watches = ("activity.email", "activity.meeting", "activity.call")

    warn_business_days: int = Field(
        10, ge=1, le=250, description="Business days without a two-way touch. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        20, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        last, again, plan = deal.last_two_way, deal.taken_up, deal.last_planned
        start = last or deal.created
        text = f"the buyer's last sign: {last.value}" if last else "the deal began, and the buyer was never heard"
        evidence = [Evidence(start.event, start.at, text)]
        if again is not None and again.at > start.at:
            evidence.append(Evidence(again.event, again.at, "the deal was taken up again"))
        since, critical_from = deal.silence(start.at, self.warn_business_days, self.critical_business_days)
        if plan is not None and since == deal.calendar.plus_business_days(plan.until, 1):
            text = f"{plan.text} lay ahead until {deal.calendar.day_of(plan.until)}"
            evidence.append(Evidence(plan.event, plan.at, text))
        return Breach(
            since=since,
            critical_from=critical_from,
            evidence=tuple(evidence),
            clears_when="the buyer writes, meets or takes a call, or a next step is agreed and dated",
        )
