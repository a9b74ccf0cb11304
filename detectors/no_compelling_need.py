"""No compelling need: the issue is unknown, interesting or important, but not critical to them.

Why it matters: people buy what they must and put off what they would like. Below the line of what cannot wait, every
other project of the buyer is a competitor, and doing nothing is the strongest of them.

What to do next: ask what happens if they leave it as it is, by when it hurts, and whom. If somebody with power says
that it must be solved, write it down in their words. If nobody does, qualify out before you write more papers.

When it is wrong: they said that it cannot wait and the CRM was not told. Set the need to critical, with their words.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector


class NoCompellingNeed(Detector):
    """A need that nobody told is an unknown one; one that is no longer critical counts from that day on."""

    family = "qualification"

    warn_business_days: int = Field(
        5, ge=0, le=250, description="Business days into the middle of the pipeline. Higher: fewer, later alerts."
    )

    def assess(self, deal: Deal) -> Breach | None:
        middle = deal.middle_stage
        if middle is None:
            return None
        lacking = deal.lacking("need", "critical")
        if lacking is None:
            return None
        told, late = deal.current("need"), deal.late_stage
        since = deal.calendar.plus_business_days(max(middle.at, lacking.at), self.warn_business_days)
        unasked = "" if told else ", and nobody has told what they need"
        evidence = [Evidence(middle.event, middle.at, f"it came to the middle stages: {middle.value}{unasked}")]
        if late is not None and late.event != middle.event:
            evidence.append(Evidence(late.event, late.at, f"it came to the later stages: {late.value}{unasked}"))
        if told is not None:
            evidence.append(Evidence(told.event, told.at, f"the need is {told.value}, not critical"))
        return Breach(
            since=since,
            critical_from=max(since, late.at) if late else None,
            evidence=tuple(evidence),
            clears_when="somebody on their side says why it cannot wait, and the need is set to critical",
        )
