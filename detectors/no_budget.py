"""Nobody said there is money: the deal is in the later stages and no budget is confirmed.

Why it matters: without a budget there is no order, only interest. Money that nobody has set aside must be fought for
inside the buyer's company, and that fight is not yours to lead. It takes a quarter, or it is lost unseen.

What to do next: ask who pays, from which budget, and when it is decided. Put a number on what it costs them to do
nothing, and have the person who owns the money confirm it. If there is none, agree on the next budget round and pause.

When it is wrong: the money was confirmed and the CRM was not told. Set the budget to confirmed, and note who said so.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class NoBudget(Detector):
    """A budget that was confirmed and then taken back counts from that day on."""

    family = "qualification"

    warn_business_days: int = Field(
        5, ge=0, le=250, description="Business days into the later stages. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        15, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        lacking = deal.lacking("budget", "confirmed")
        if lacking is None:
            return None
        told, late, add = deal.current("budget"), deal.late_stage, deal.calendar.plus_business_days
        starts, critical, evidence = [], [], []
        if late is not None:
            begun = max(late.at, lacking.at)
            starts.append(add(begun, self.warn_business_days))
            critical.append(add(begun, self.critical_business_days))
            unasked = "" if told else ", and nobody has told of a budget"
            evidence.append(Evidence(late.event, late.at, f"it came to the later stages: {late.value}{unasked}"))
        if told is not None and told.value == "none":
            starts.append(told.at)
            critical.append(add(told.at, self.critical_business_days))
        if not starts:
            return None
        if told is not None:
            text = "they have no budget" if told.value == "none" else "whether they have a budget is not known"
            evidence.append(Evidence(told.event, told.at, text))
        since = min(starts)
        return Breach(
            since=since,
            critical_from=max(since, min(critical)),
            evidence=tuple(evidence),
            clears_when="the person who owns the money confirms the budget",
        )
