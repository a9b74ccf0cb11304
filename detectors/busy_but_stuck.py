"""Busy but stuck: much traffic in this stage, and nothing moves.

Why it matters: mails and meetings are effort, not progress. A deal that is talked about for weeks without a step
forward is one that nobody on the buyer's side needs to decide.

What to do next: ask what must happen for the next stage, who does it and by when, and write it down as milestones. If
no answer comes, ask who else should be in the room; if there is nobody, spend the time on another deal.

When it is wrong: it moved and the CRM does not say so. Set the stage, the milestone or the new contact's role.
"""

from bisect import bisect_left
from datetime import timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration


class BusyButStuck(Detector):
    """A deal whose stage is not known is not judged. Going back a stage starts the days anew, as any new stage does.

    To be put into another stage in bulk does not: nobody moved it.
    """

    family = "reactive"

    touches: int = Field(8, ge=1, le=30, description="Touches in this stage. Higher: fewer, surer alerts.")
    stuck: Duration = Field(
        timedelta(days=30),
        gt=timedelta(0),
        le=timedelta(days=3650),
        description="Without progress. Higher: fewer, later alerts.",
    )
    critical: Duration = Field(
        timedelta(days=60),
        gt=timedelta(0),
        le=timedelta(days=3650),
        description="Without progress until it is critical. Higher: fewer critical findings.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        touches = deal.touches
        if len(touches) < self.touches or deal.stage_entered is None:
            return None
        entered = deal.stage_moved or deal.stage_changes[0][0]
        if touches[-self.touches].at < entered.at:
            return None
        row = touches[bisect_left(touches, entered.at, key=lambda touch: touch.at) :]
        text = f"the last move: it came to {entered.value or 'no stage'}"
        start, move = entered.at, Evidence(entered.event, entered.at, text)
        progress = deal.last_progress
        if progress is not None and progress.at > entered.at:
            start, move = progress.at, Evidence(progress.event, progress.at, f"the last move: {progress.text}")
        # where touches of this stage fell off the log, there were enough of them long ago
        fallen = deal.earlier.touched_through
        enough = start if fallen is not None and fallen >= entered.at else row[self.touches - 1].at
        since = max(start + self.stuck, enough)
        text = f"{len(row)} touches in {deal.stage} since {deal.calendar.day_of(entered.at)}, the newest:"
        return Breach(
            since=since,
            critical_from=max(since, start + self.critical),
            evidence=(move, Evidence(row[-1].event, row[-1].at, f"{text} {row[-1].words}")),
            clears_when="a stage, a milestone or an earlier close date is reached, or a new person takes a role in it",
        )
