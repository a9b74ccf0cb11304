"""The champion has gone quiet: the person who sells for us on their side takes part no more.

Why it matters: a champion who stops talking has lost faith, lost influence or lost the argument. Others may still
write, but nobody pushes from inside.

What to do next: call, do not mail, and ask how the idea is seen inside now. Give them something to carry: numbers for
their boss, a customer like them. If it stays quiet, build a second champion before you ask for the next step.

When it is wrong: they speak to somebody of ours whose mailbox is not connected, or somebody else is the champion now.
Log the talk, or change the role on the contact.
"""

from datetime import datetime
from itertools import takewhile

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector


class ChampionSilent(Detector):
    """Of several champions, one who takes part is enough. A champion never met is quiet since they were named.

    A meeting or call of which nobody noted who took part may have been theirs, and counts.
    """

    family = "silence"
    watches = ("activity.email", "activity.meeting", "activity.call")

    warn_business_days: int = Field(
        10, ge=1, le=250, description="Business days without a two-way touch of theirs. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        15, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        if not deal.champions:
            return None
        champions = [each.value for each in deal.champions]
        first = min(deal.champions, key=_order)
        named = Change(first.at, first.event, deal.called(first.value))
        who = " or ".join(deal.called(email) for email in champions[:3])
        last = _last_sign(deal, champions, named)
        if last is None:
            start, evidence = named, [Evidence(named.event, named.at, f"{who} was named champion, and was never heard")]
        else:
            start, evidence = last, [Evidence(named.event, named.at, f"{named.value} was named champion")]
            text = f"the last sign of {who}: {last.value} on {deal.calendar.day_of(last.at)}"
            evidence.append(Evidence(last.event, last.at, text))
        since, critical_from = deal.silence(start.at, self.warn_business_days, self.critical_business_days, champions)
        return Breach(
            since=since,
            critical_from=critical_from,
            evidence=tuple(evidence),
            clears_when=f"{who} writes, meets or takes a call, or a next step is agreed and dated",
        )


def _last_sign(deal: Deal, champions: list[str], named: Change) -> Change | None:
    """The newest two-way touch, in words, in which one of them took part or, where nobody noted who did, may have."""
    met = [deal.met[email] for email in champions if email in deal.met]
    signs = [(seen.last_two_way, seen.event) for seen in met if seen.last_two_way and seen.event]
    last = max(signs, default=None)
    start = last[0] if last else named.at
    newer = takewhile(lambda touch: touch.at > start, reversed(deal.two_way))
    perhaps = next((touch for touch in newer if not touch.people), None)
    if perhaps is not None:
        return Change(perhaps.at, perhaps.event, perhaps.words)
    if last is None:
        return None
    words = (touch.words for touch in reversed(deal.two_way) if touch.event == last[1])
    return Change(*last, next(words, "a mail, call or meeting"))


def _order(change: Change) -> tuple[datetime, str]:
    return change.at, change.event
