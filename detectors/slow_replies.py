"""The buyer answers ever more slowly: our mail waits several times as long as their answers used to take.

Why it matters: every buyer has a pace of their own. Long before a deal goes silent it slows down, and this shows days
before any rule that treats all buyers alike.

What to do next: ask openly what has changed: a holiday, a reorganisation, another project, another vendor? Do it by
telephone or through a second contact, and settle when you will hear from them.

When it is wrong: an answer came by telephone or in person. Log the call or the meeting.
"""

from datetime import timedelta
from statistics import median

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.conversation import Touch
from .core.deal import Deal
from .core.detector import Detector
from .core.words import count_of


class SlowReplies(Detector):
    """The buyer's pace is the median time from a mail of ours to their first mail that answers it, whoever wrote it."""

    family = "silence"
    watches = ("activity.email", "activity.meeting", "activity.call")

    replies: int = Field(4, ge=1, le=20, description="Answers that make a pace. Higher: fewer, surer alerts.")
    times: float = Field(3, ge=1, le=20, description="Times their own pace. Higher: fewer, later alerts.")
    critical_times: float = Field(
        6, ge=1, le=40, description="Times their own pace that make it critical. Higher: fewer critical findings."
    )
    warn_business_days: int = Field(
        1, ge=0, le=250, description="Business days that any buyer may take. Higher: fewer alerts on quick buyers."
    )
    critical_business_days: int = Field(
        2, ge=0, le=500, description="Business days until it is critical at the earliest. Higher: fewer critical ones."
    )

    def assess(self, deal: Deal) -> Breach | None:
        if not deal.unanswered:
            return None
        answers = _answers(deal)
        if len(answers) < self.replies:
            return None
        pace = timedelta(seconds=median(took.total_seconds() for _, took in answers))
        pending, newest = deal.unanswered[0], answers[-1][0]
        add = deal.calendar.plus_business_days
        deadline = max(pending.at + self.times * pace, add(pending.at, self.warn_business_days))
        since = deal.silent_from(deadline)
        critical_from = max(pending.at + self.critical_times * pace, add(pending.at, self.critical_business_days))
        text = f"the newest of {count_of(len(answers), 'answer')} of theirs, which took {_words(pace)} as a rule"
        return Breach(
            since=since,
            # what puts off the warning puts off this, too
            critical_from=max(since, critical_from + (since - deadline)),
            evidence=(
                Evidence(newest.event, newest.at, text),
                Evidence(
                    pending.event,
                    pending.at,
                    f"no answer to {pending.words} of {deal.calendar.day_of(pending.at)};"
                    f" they took {_words(pace)} as a rule",
                ),
            ),
            clears_when="the buyer answers, meets or takes a call, or a next step is agreed and dated",
        )


def _answers(deal: Deal) -> list[tuple[Touch, timedelta]]:
    """Their first answer to each mail of ours that has one, and how long it took."""
    first: dict[str, tuple[Touch, timedelta]] = {}
    for touch in deal.two_way:
        if touch.answers is not None and touch.waited is not None:
            first.setdefault(touch.answers, (touch, touch.waited))
    return list(first.values())


def _words(length: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    minutes = round(length.total_seconds() / 60)
    if minutes < 120:
        return count_of(minutes, "minute")
    return count_of(round(minutes / 60), "hour") if minutes < 48 * 60 else count_of(round(minutes / 1440), "day")
