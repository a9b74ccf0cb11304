"""The deal has no close date, no amount or no contact.

Why it matters: a deal without them is in nobody's forecast and is missed by everything that looks at dates, sizes or
people. What takes a minute to fill in mostly stays empty because the answer is not known.

What to do next: if you know it, type it in. If you don't, that is the next question to the buyer: by when do they want
it to run, what is it worth to them, and who else is on it.

When it is wrong: it is no deal yet. Keep it as a lead until there is a person, a date and a size.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class MissingFields(Detector):
    """A contact is a person whom the CRM names or who was on a touch. What was taken away counts from that day on."""

    family = "close date"

    warn_business_days: int = Field(
        5, ge=1, le=250, description="Business days to fill them in. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        15, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        missing = {
            "close date": deal.lacking("close_date"),
            "amount": deal.lacking("amount"),
            "contact": None if deal.contacts or deal.people else deal.created,
        }
        lacking = {name: change for name, change in missing.items() if change is not None}
        if not lacking:
            return None
        since_when = sorted(set(lacking.values()), key=lambda change: (change.at, change.event))
        add = deal.calendar.plus_business_days
        since = add(since_when[0].at, self.warn_business_days)
        evidence = []
        for change in since_when:
            names = ", no ".join(name for name, when in lacking.items() if when == change)
            text = "since the deal began" if change == deal.created else "any more: taken away"
            evidence.append(Evidence(change.event, change.at, f"no {names} {text}"))
        return Breach(
            since=since,
            critical_from=max(since, add(since_when[0].at, self.critical_business_days)),
            evidence=tuple(evidence),
            clears_when=f"the deal has what it lacks: {', '.join(lacking)}",
        )
