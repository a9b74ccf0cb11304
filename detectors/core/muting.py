"""Which findings are noise, because a person said so: they are still shown, and told to nobody.

That a detector is wrong on a deal holds until there is another reason to believe it: until its evidence has something
that happened after the verdict, or it turns critical. What begins after the verdict is another finding. Of several
verdicts, the newest counts; putting it off (`snooze`) is none.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from .breach import Breach
from .log import Entry, FeedbackEntry

EVER = datetime.max.replace(tzinfo=UTC)


def verdicts_in(log: Iterable[Entry]) -> dict[str, FeedbackEntry]:
    """The newest verdict on each detector in a log, which is in order."""
    return {entry.detector: entry for entry in log if isinstance(entry, FeedbackEntry) and entry.verdict != "snooze"}


def muted_since(breach: Breach, verdict: FeedbackEntry | None, moment: datetime) -> datetime | None:
    """From when on a breach counts as noise, as it stands at a moment after the verdict; None if it does not."""
    if verdict is None or verdict.verdict != "noise" or verdict.at < breach.since:
        return None
    if any(verdict.at < each.at for each in breach.evidence):
        return None
    has_worsened = breach.critical_from is not None and verdict.at < breach.critical_from <= moment
    return None if has_worsened else verdict.at


def is_muted_for_good(breach: Breach, verdict: FeedbackEntry | None) -> bool:
    """Whether only another event makes more than noise of it."""
    return muted_since(breach, verdict, EVER) is not None
