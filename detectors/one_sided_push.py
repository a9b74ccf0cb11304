"""We push and push and push: one mail or call of our own after another, and hardly a word from the buyer.

Why it matters: the more of a deal is our own effort, the less of it is the buyer's will. Each further nudge lowers the
chance that the next one is read.

What to do next: stop for a week, then send one message that costs them a sentence: is this still on your list, and if
not now, when? Look for the person who has the problem, instead of the one who has the inbox.

When it is wrong: they answer by telephone or in meetings that no system saw. Log them.
"""

from bisect import bisect_right
from datetime import datetime, timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.words import ordinal

MOST_EVIDENCE = 8


class OneSidedPush(Detector):
    """Of ours, every mail and call counts that answers nothing of theirs, a reminder in a thread of our own too.

    Of theirs, every mail and call, every held meeting, and a call of ours that they took. Only a touch of ours begins
    it; what ages out of the window may end it.
    """

    family = "reactive"
    watches = ("activity.email", "activity.meeting", "activity.call")

    touches: int = Field(
        6, ge=2, le=20, description="Touches of our own within the window. Higher: later, surer alerts."
    )
    critical_touches: int = Field(
        10, ge=2, le=20, description="Touches of our own that make it critical. Higher: fewer critical findings."
    )
    ratio: float = Field(
        4, ge=1, le=20, description="Touches of our own for each of theirs. Higher: only the more one-sided ones."
    )
    window: Duration = Field(
        timedelta(days=30),
        gt=timedelta(0),
        le=timedelta(days=365),
        description="How long a touch counts. Higher: more findings, and longer ones.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        pushes = deal.pushes_of_ours
        if len(pushes) < self.touches:
            return None
        ours = [touch.at for touch in pushes]
        theirs = [touch.at for touch in deal.touches if touch.two_way or touch.direction == "inbound"]
        newest = max(ours[-1], theirs[-1]) if theirs else ours[-1]
        if not self._is_one_sided(ours, theirs, newest):
            return None
        moments = sorted(at + age for at in (*ours, *theirs) for age in (timedelta(0), self.window))
        even = next((at for at in reversed(moments) if at < newest and not self._is_one_sided(ours, theirs, at)), None)
        row = pushes[bisect_right(ours, even) if even else 0 :]
        if not row:
            return None
        critical = (touch.at for touch in row if self._count(ours, touch.at) >= self.critical_touches)
        count, against = self._count(ours, newest), self._count(theirs, newest)
        counted = list(enumerate(pushes[bisect_right(ours, newest - self.window) :], start=1))[-MOST_EVIDENCE:]
        evidence = [
            Evidence(touch.event, touch.at, f"our {ordinal(number)} touch that answers nothing: {touch.words}")
            for number, touch in counted
        ]
        text = f"{count} touches of our own within {self.window.days} days against {against} of theirs, the newest:"
        evidence[-1] = Evidence(pushes[-1].event, pushes[-1].at, f"{text} {pushes[-1].words}")
        return Breach(
            since=row[0].at,
            critical_from=next(critical, None),
            until=next(at for at in moments if at > newest and not self._is_one_sided(ours, theirs, at)),
            evidence=tuple(evidence),
            clears_when="the buyer writes, meets or takes a call; one question to one other person is worth more than"
            " the next reminder",
        )

    def _count(self, times: list[datetime], at: datetime) -> int:
        return bisect_right(times, at) - bisect_right(times, at - self.window)

    def _is_one_sided(self, ours: list[datetime], theirs: list[datetime], at: datetime) -> bool:
        count = self._count(ours, at)
        return count >= self.touches and count >= self.ratio * self._count(theirs, at)
