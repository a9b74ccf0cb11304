"""Waiting for the customer: our mail stands unanswered, and nothing is planned.

Why it matters: "I'm waiting for them" is how most stalls begin. Nobody has said no, nothing is on the calendar, and the
next move belongs to the one side that has the least reason to make it.

What to do next: take the next move back. Offer two dates for a talk, ask the one question that they can answer in a
line, or bring a second person in; then date the next step, so that waiting has an end.

When it is wrong: our last mail asked for nothing, such as a thank-you. Date the next step, and it waits for that day.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.words import count_of


class WaitingOnCustomer(Detector):
    family = "silence"
    severity = "info"
    watches = ("activity.email", "activity.meeting", "activity.call")

    warn_business_days: int = Field(
        3, ge=0, le=250, description="Business days that an answer may take. Higher: fewer, later findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        row = deal.unanswered
        if not row:
            return None
        first, newest = row[0], row[-1]
        deadline = deal.calendar.plus_business_days(first.at, self.warn_business_days)
        since = deal.silent_from(deadline)
        day_of = deal.calendar.day_of
        evidence = [Evidence(first.event, first.at, f"{first.words} of {day_of(first.at)} has no answer")]
        if len(row) > 1:
            text = f"{count_of(len(row), 'mail or call', 'mails and calls')} of ours, and no answer since"
            evidence.append(Evidence(newest.event, newest.at, f"{text} {day_of(first.at)}"))
        if since > deadline and deal.last_planned:
            plan = deal.last_planned
            evidence.insert(0, Evidence(plan.event, plan.at, f"{plan.text} lay ahead until {day_of(plan.until)}"))
        return Breach(
            since=since,
            evidence=tuple(evidence),
            clears_when="the buyer answers, or a next step is agreed and dated",
        )
