"""We chase and nobody answers: two mails or calls of ours in a row stand without a word from the buyer.

Why it matters: another reminder on the same channel to the same person is the least likely thing to help, and it costs
standing. More chasing does not restart this clock.

What to do next: change something. Another channel, another person, their manager, a shorter question; or a polite
closing of the file, which often brings the answer.

When it is wrong: they answered by telephone or in person. Log the call or the meeting.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.words import ordinal


class Ghosted(Detector):
    family = "silence"
    watches = ("activity.email", "activity.meeting", "activity.call")

    chases: int = Field(2, ge=1, le=5, description="Unanswered mails and calls in a row. Higher: later alerts.")
    critical_chases: int = Field(
        4, ge=2, le=5, description="Unanswered ones that make it critical. Higher: fewer of them."
    )
    warn_business_days: int = Field(
        3, ge=0, le=250, description="Business days to answer the last of them. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        10, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        row = deal.unanswered
        if len(row) < self.chases:
            return None
        start = row[self.chases - 1].at
        since, critical_from = deal.silence(start, self.warn_business_days, self.critical_business_days)
        if len(row) >= self.critical_chases:
            # what put off the warning puts off this, too
            put_off = since - deal.calendar.plus_business_days(start, self.warn_business_days)
            critical_from = min(critical_from, row[self.critical_chases - 1].at + put_off)
        return Breach(
            since=since,
            critical_from=max(since, critical_from),
            evidence=tuple(
                Evidence(touch.event, touch.at, f"unanswered, the {ordinal(number)} in a row: {touch.words}")
                for number, touch in enumerate(row[: self.critical_chases], start=1)
            ),
            clears_when="the buyer answers, meets or takes a call, or a next step is agreed and dated",
        )
