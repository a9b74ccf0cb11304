"""One person carries the deal: within two months nobody else on their side took part.

Why it matters: one person falls ill, changes jobs or loses an argument, and the deal is gone without a word. Buying is
decided by groups, and you hear one voice of it.

What to do next: ask your contact who else lives with the problem and who else must say yes. Give them a reason to bring
one more person to the next meeting, or write to that person yourself with something for their own work.

When it is wrong: others were in the meetings and the invitation does not name them. Put them on the meeting or log the
call with them.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.words import count_of


class SingleThreaded(Detector):
    """It begins when too few people are left whose last touch is younger than the window. Nobody is too few, too."""

    family = "people"
    watches = ("activity.email", "activity.meeting", "activity.call")

    people: int = Field(2, ge=2, le=10, description="People who take part. Higher: earlier, more alerts.")
    window: Duration = Field(
        timedelta(days=60), gt=timedelta(0), description="How long a touch counts. Higher: fewer, later alerts."
    )
    new_deal_business_days: int = Field(
        15, ge=1, le=250, description="Business days that a new deal has. Higher: later alerts on new deals."
    )

    def assess(self, deal: Deal) -> Breach | None:
        since = deal.calendar.plus_business_days(deal.created.at, self.new_deal_business_days)
        enough_until = self._enough_until(deal)
        if enough_until is not None:
            since = max(since, enough_until)
        late = deal.late_stage
        more = count_of(self.people - 1, "more person of theirs takes", "more people of theirs take")
        return Breach(
            since=since,
            critical_from=max(since, late.at) if late else None,
            evidence=self._evidence(deal, since, late),
            clears_when=f"{more} part: in a mail, a meeting or a call",
        )

    def _enough_until(self, deal: Deal) -> datetime | None:
        """When the newest time ends in which enough people took part, if nothing more happens."""
        if len(deal.met) < self.people:
            return None
        until = self._counted([seen.last_two_way for seen in deal.met.values() if seen.last_two_way])
        if until is not None and any(touch.people for touch in deal.two_way):
            return until
        last = {email: seen.last_two_way for email, seen in deal.earlier.people.items() if seen.last_two_way}
        found = self._fallen(deal)
        for touch in deal.two_way:
            if touch.people:
                last |= {person: max(touch.at, last.get(person, touch.at)) for person in touch.people}
                found = self._counted(last.values()) or found
        return found

    def _fallen(self, deal: Deal) -> datetime | None:
        """The same by what fell off the log, of which first and last touches are known: who overlaps was there."""
        seen = [(who.last_two_way, who.first_two_way) for who in deal.earlier.people.values()]
        spans = sorted(((last, first) for last, first in seen if last and first), reverse=True)
        for number, (last, _) in enumerate(spans):
            if sum(first <= last for _, first in spans[:number]) >= self.people - 1:
                return last + self.window
        return None

    def _counted(self, last: Collection[datetime]) -> datetime | None:
        """Until when those with these last touches are enough; None if they are not, as seen at the newest of them."""
        if len(last) < self.people:
            return None
        newest = sorted(last, reverse=True)
        until = newest[self.people - 1] + self.window
        return until if until > newest[0] else None

    def _evidence(self, deal: Deal, since: datetime, late: Change | None) -> tuple[Evidence, ...]:
        seen = [(who.last_two_way, who.event, email) for email, who in deal.met.items()]
        met = sorted((at, event, email) for at, event, email in seen if at and event)[-self.people :]
        if met:
            newest, event, last = met[-1]
            days, moment = count_of(self.window.days, "day"), max(since, newest)
            active = " and ".join(deal.called(email) for at, _, email in met if at > moment - self.window)
            day = f"on {deal.calendar.day_of(newest)}"
            who = f"only {active} within {days}," if active else f"nobody within {days}, {deal.called(last)}"
            evidence = [
                Evidence(event, at, f"{deal.called(email)} took part, and not since") for at, event, email in met[:-1]
            ]
            evidence.append(Evidence(event, newest, f"{who} last {day}"))
        else:
            evidence = [Evidence(deal.created.event, deal.created.at, "the deal began, and nobody of theirs took part")]
        if late is not None:
            evidence.insert(-1, Evidence(late.event, late.at, f"it came to the later stages: {late.value}"))
        return tuple(evidence)
