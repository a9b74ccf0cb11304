"""Nobody with power was met: no executive and no one who decides has taken part in a talk or written to us.

Why it matters: friendly users cannot sign. Deals that reach the later stages without the person who decides stall at
the signature, or are decided elsewhere for reasons that we never hear.

What to do next: ask your contact who else must agree and to bring them to the next meeting; have your own executive
write to theirs; offer a session on the business case, not on the product.

When it is wrong: the person was met and the CRM knows neither title nor role. Put the role on the contact.
"""

from datetime import timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.words import count_of


class NoExecutiveContact(Detector):
    """Of a deal that was closed, the time until it was taken up again does not count."""

    family = "people"

    late_stage_business_days: int = Field(
        5, ge=0, le=250, description="Business days into the later stages. Higher: fewer, later alerts."
    )
    age: Duration = Field(
        timedelta(days=30), gt=timedelta(0), description="Age in any stage. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        15, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )
    critical_before_close: Duration = Field(
        timedelta(days=30),
        ge=timedelta(0),
        description="It is critical this long before the close date. Higher: earlier critical findings.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        if deal.power_met:
            return None
        add = deal.calendar.plus_business_days
        began = deal.taken_up or deal.created
        old = began.at + self.age
        since, critical_from = old, add(old, self.critical_business_days)
        age, day = count_of(self.age.days, "day"), f"{deal.calendar.day_of(old)}"
        text = f"the deal is {age} old on {day}" if began is deal.created else f"it was taken up {age} before {day}"
        evidence = [Evidence(began.event, began.at, text)]
        late = deal.late_stage
        if late is not None:
            start = deal.silent_since(late.at)
            since = min(since, add(start, self.late_stage_business_days))
            critical_from = min(critical_from, add(start, self.critical_business_days))
            evidence.append(Evidence(late.event, late.at, f"it came to the later stages: {late.value}"))
        if deal.close_date is not None:
            critical_from = min(critical_from, deal.calendar.end_of(deal.close_date) - self.critical_before_close)
        met = sorted(deal.met.values(), key=lambda seen: seen.first)
        if met and met[-1].event and met[-1].last_two_way:
            text = f"{count_of(len(met), 'person', 'people')} met, none with power to decide"
            # the last one is the summary's: why it is time
            evidence.insert(0, Evidence(met[-1].event, met[-1].last_two_way, text))
        return Breach(
            since=since,
            critical_from=max(since, critical_from),
            evidence=tuple(evidence),
            clears_when="someone who decides writes, meets us or takes a call: an executive, economic buyer or sponsor",
        )
