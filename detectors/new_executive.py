"""A new executive, not yet met: nobody knows whose vision this is now.

Why it matters: who comes in with power looks at what is being bought, and changes some of it to show that they are
there. A deal that was agreed with the one before is somebody else's plan until the new one has made it theirs.

What to do next: ask your contacts what the new executive was hired to change. Ask for twenty minutes within their first
weeks, and show which of their own goals this deal serves. Bring an executive of ours along.

When it is wrong: they have nothing to do with this purchase. Say so on the contact: no executive, no role that decides.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.executives import decides

MOST_EVIDENCE = 8


@dataclass(frozen=True, slots=True)
class _Unmet:
    since: datetime
    critical_from: datetime
    until: datetime
    evidence: tuple[Evidence, ...]


class NewExecutive(Detector):
    """A talk before the day on which they joined does not count.

    It waits for a meeting that is booked with them, for the end of their absence or of the deal's pause. Of several new
    ones whose times touch, it is one finding.
    """

    family = "people"
    watches = ("activity.email", "activity.meeting", "activity.call")

    window: Duration = Field(
        timedelta(days=90), gt=timedelta(0), description="How long somebody is new. Higher: findings last longer."
    )
    warn_business_days: int = Field(
        5, ge=0, le=250, description="Business days to meet them. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        20, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        joined = [(email, person["joined_on"]) for email, person in deal.contacts.items() if person.get("joined_on")]
        unmet = [found for email, day in joined if (found := self._unmet(deal, email, date.fromisoformat(day)))]
        if not unmet:
            return None
        unmet.sort(key=lambda each: (each.since, each.until))
        until = unmet[0].until
        for each in unmet:
            if each.since <= until:
                until = max(until, each.until)
        row = [each for each in unmet if each.since <= until]
        since, critical_from = row[0].since, max(row[0].since, min(each.critical_from for each in row))
        evidence = sorted((each for one in row for each in one.evidence), key=lambda each: (each.at, each.event))
        return Breach(
            since=since,
            critical_from=critical_from if critical_from < until else None,
            until=until,
            evidence=tuple(evidence[-MOST_EVIDENCE:]),
            clears_when="the new executive writes, meets us or takes a call, or a meeting with them is booked",
        )

    def _unmet(self, deal: Deal, email: str, joined: date) -> _Unmet | None:
        def is_new(person: dict[str, Any]) -> bool:
            return person.get("joined_on") == joined.isoformat() and decides(person) and not person.get("left")

        turns, seen, calendar = deal.turns(email, is_new), deal.met.get(email), deal.calendar
        if not turns or not turns[-1].value:
            return None
        if seen and seen.last_two_way and calendar.day_of(seen.last_two_way) >= joined:
            return None
        learned, until = turns[-1], calendar.end_of(joined) + self.window
        start = max(learned.at, calendar.end_of(joined))
        since, plan = deal.put_off(calendar.plus_business_days(start, self.warn_business_days), {email})
        critical_from = calendar.plus_business_days(start, self.critical_business_days)
        text = f"{deal.called(email)} joined on {joined} and was not met since"
        evidence = [Evidence(learned.event, learned.at, text)]
        if plan is not None:
            text = f"{plan.text} lay ahead until {calendar.day_of(plan.until)}"
            evidence.append(Evidence(plan.event, plan.at, text))
        if since >= until or (deal.last_at is not None and until <= deal.last_at):
            return None
        return _Unmet(since, critical_from, until, tuple(evidence))
