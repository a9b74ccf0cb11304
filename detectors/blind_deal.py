"""We cannot see this deal: a source is stale, or no mailbox covers its owner.

Why it matters: what is not captured looks like silence. While a source is stale, nobody can tell a dead deal from a
lively one, and findings of silence are held back as unknown instead of accusing anybody.

What to do next: ask operations to look at the source that is named here: a token that has run out, a sync that stands
still, a mailbox that was never connected. Until then, keep the deal's next step and notes by hand.

When it is wrong: the owner works on a channel that is not captured at all. Then leave their mailbox out on purpose, by
disabling this detector for that owner or team in the rules.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector

TOUCHES = ("activity.email", "activity.meeting", "activity.call")


class BlindDeal(Detector):
    """It counts from the last moment that was covered, but not from before the deal began."""

    family = "verdicts"
    by_coverage = True

    warn_business_days: int = Field(
        1, ge=0, le=250, description="Business days that a source may lag behind. Higher: fewer, later alerts."
    )

    def assess(self, deal: Deal) -> Breach | None:
        if deal.coverage is None:
            return None
        seen = deal.coverage.through(TOUCHES, deal.owner)
        if seen is None:
            return None
        start = deal.silent_since(max(seen.through, deal.created.at))
        if seen.event is None:
            owner = deal.owner or "its owner"
            fact = Evidence(deal.created.event, deal.created.at, f"no mailbox of {owner} reports to {seen.source}")
            clears_when = f"the mailbox of {owner} is connected to {seen.source}"
        else:
            until = deal.calendar.local(seen.through)
            fact = Evidence(seen.event, seen.through, f"{seen.source} has reported up to {until:%Y-%m-%d %H:%M}")
            clears_when = f"{seen.source} reports again"
        return Breach(
            since=deal.calendar.plus_business_days(start, self.warn_business_days),
            evidence=(fact,),
            clears_when=clears_when,
        )
