"""The close plan broke: a milestone is past its due date and not done.

Why it matters: a close plan is worth as much as its next milestone. When one passes unmet, all that follows moves, and
the close date with it, long before anybody moves it in the CRM.

What to do next: ask its owner, on their side or ours, what is missing and by when it will be there. Walk through the
rest of the plan with the buyer, and move the close date now if the plan no longer fits before it.

When it is wrong: it was done, and nobody ticked it off. Mark the milestone as done.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.words import count_of


class MilestoneMissed(Detector):
    """The rest of the plan needs the time from the due date of its first open milestone to that of its last.

    When that no longer fits before the end of the close date, the close date is out of reach.
    """

    family = "next step"

    critical_business_days: int = Field(
        5, ge=0, le=250, description="Business days past the due date until it is critical. Higher: fewer of them."
    )

    def assess(self, deal: Deal) -> Breach | None:
        plan = [(each.due, each) for each in deal.milestones if each.due is not None and not each.done]
        if not plan:
            return None
        due, missed = plan[0]
        since = deal.calendar.end_of(due)
        critical_from = deal.calendar.plus_business_days(since, self.critical_business_days)
        evidence = []
        close = deal.current("close_date")
        if close is not None and deal.close_date is not None:
            rest = plan[-1][0] - due
            out_of_reach = max(since, deal.calendar.end_of(deal.close_date - rest))
            if out_of_reach < critical_from:
                critical_from = out_of_reach
                text = f"the close date is {close.value}, and the rest of the plan takes {count_of(rest.days, 'day')}"
                evidence.append(Evidence(close.event, close.at, text))
        side = f" ({missed.side}'s side)" if missed.side else ""
        text = f"milestone '{missed.title or missed.id}'{side}, due on {due}, is not done"
        return Breach(
            since=since,
            critical_from=critical_from,
            evidence=(*evidence, Evidence(missed.event, missed.at, text)),
            clears_when=f"'{missed.title or missed.id}' is done, or the plan is agreed anew with a date ahead for it",
        )
