"""The buyer takes part less and less: of late fewer than half as many mails, calls and meetings as before.

Why it matters: a busy deal that cools down still looks alive, because its last sign is fresh. The count tells earlier
than the silence that follows it.

What to do next: find out what changed on their side before you add another mail. Ask your strongest contact for ten
minutes, name what you see, and agree whether the date still stands or the project waits.

When it is wrong: a workshop or a trial made the weeks before unusually busy. Date the next step, and it waits for it.
"""

from bisect import bisect_right
from datetime import datetime, timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.words import count_of


class EngagementDrop(Detector):
    """It begins when a touch ages from the late days into those before. Time alone ends it only for good.

    While nothing happens, touches that age out on both sides may lift the share for some days: that is no recovery.
    """

    family = "silence"
    watches = ("activity.email", "activity.meeting", "activity.call")

    late: Duration = Field(
        timedelta(days=14), gt=timedelta(0), le=timedelta(days=365), description="The late days. Higher: later alerts."
    )
    before: Duration = Field(
        timedelta(days=28),
        gt=timedelta(0),
        le=timedelta(days=365),
        description="The days before them. Higher: more deals are judged, and findings last longer.",
    )
    least: int = Field(
        6, ge=1, le=100, description="Two-way touches in the days before. Higher: only busier deals are judged."
    )
    share: float = Field(
        0.5, gt=0, le=1, description="The late days have less than this share of them. Higher: more, earlier alerts."
    )
    critical_share: float = Field(
        0.2, gt=0, le=1, description="The share under which it is critical. Higher: more critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        touches = deal.two_way
        if len(touches) < self.least or touches[-1].at - touches[-self.least].at >= self.late + self.before:
            return None
        times = [touch.at for touch in touches]
        begins = self._begins(times, self.share)
        if begins is None:
            return None
        since = deal.silent_from(begins)
        until = self._ends(times)
        if since >= until:
            return None
        critical_from = self._begins(times, self.critical_share)
        judged = max(begins, times[-1])
        late, before = self._counts(times, judged)
        day_of = deal.calendar.day_of
        counts = f"{late} in the {count_of(self.late.days, 'day')} up to {day_of(judged)}"
        text = f"{counts}, {before} in the {self.before.days} before; the newest: {touches[-1].words}"
        evidence = [Evidence(touches[-1].event, touches[-1].at, text)]
        if late:
            last = touches[-late - 1]
            many = count_of(before, "two-way touch", "two-way touches")
            text = f"{many} in the {count_of(self.before.days, 'day')} up to {day_of(judged - self.late)}"
            evidence.insert(0, Evidence(last.event, last.at, text))
        return Breach(
            since=since,
            critical_from=max(since, critical_from) if critical_from and critical_from < until else None,
            until=until,
            evidence=tuple(evidence),
            clears_when="the buyer writes, meets and calls as often as before, or a next step is agreed and dated",
        )

    def _counts(self, times: list[datetime], at: datetime) -> tuple[int, int]:
        """How many touches lie in the late days, and how many in the days before, as seen at a moment."""
        cut = bisect_right(times, at - self.late)
        return bisect_right(times, at) - cut, cut - bisect_right(times, at - self.late - self.before)

    def _is_under(self, times: list[datetime], share: float, at: datetime) -> bool:
        late, before = self._counts(times, at)
        return before >= self.least and late < share * before

    def _begins(self, times: list[datetime], share: float) -> datetime | None:
        """When a touch's ageing brought it under the share after the newest touch with which it was not."""
        high = next((each for each in reversed(times) if not self._is_under(times, share, each)), None)
        if high is None:
            return None
        ageing = (each + self.late for each in times[bisect_right(times, high - self.late) :])
        return next((at for at in ageing if self._is_under(times, share, at)), None)

    def _ends(self, times: list[datetime]) -> datetime:
        """When it is under the share for the last time, if nothing more happens.

        It ends only as a touch leaves the days before, and of those one that is followed by few is too late for it.
        """
        leaving = (each + self.late + self.before for each in reversed(times[: len(times) - self.least + 1]))
        return next(at for at in leaving if self._is_under(times, self.share, at - timedelta.resolution))
