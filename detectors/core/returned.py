"""What was over and is so again begins anew, and what was told of it stays told.

A detector reads levels: an executive was met, a milestone is done. When a level returns, because a title was taken back
or a milestone undone, the detector finds the same beginning as before, which lies before the end of what was told. But
in between the deal did not stall: the new finding begins with the event that brought it back. So does each that a deal
has which was closed and is taken up again: a closed deal does not stall. It is at once as severe as it would be, had it
never been away: what is critical by its age does not start over as a warning, unless its detector says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from .breach import Breach, Evidence, Finding
from .changes import Change
from .values import value


@value(frozen=True, slots=True)
class Return:
    """With the events of the moment `at`, a detector's breach begins at `since` at the earliest.

    `event` brought it back; None where it was there already for another reason, and goes on.
    """

    detector: str
    at: datetime
    since: datetime
    event: str | None = None


def ends(past: Iterable[Finding]) -> dict[str, datetime]:
    """When the last finding of each detector ended."""
    found: dict[str, datetime] = {}
    for each in past:
        if each.until is not None:
            found[each.detector] = max(each.until, found.get(each.detector, each.until))
    return found


def in_force(returns: Iterable[Return], ended: Mapping[str, datetime]) -> dict[str, Return]:
    """The return of each detector's breach that has not ended since."""
    return {each.detector: each for each in returns if each.detector not in ended or ended[each.detector] <= each.at}


def returned(breach: Breach, back: Return) -> Breach:
    """The breach, begun with its return."""
    told = Evidence(back.event, back.at, "it had been over, and is so again") if back.event else None
    return _begun(breach, back.since, told) or breach


def taken_up(breach: Breach, reopening: Change) -> Breach | None:
    """The breach, begun with the deal's reopening; None if it had ended by then."""
    return _begun(breach, reopening.at, Evidence(reopening.event, reopening.at, "the deal was taken up again"))


def _begun(breach: Breach, since: datetime, told: Evidence | None) -> Breach | None:
    if breach.since >= since:
        return breach
    if breach.until is not None and breach.until <= since:
        return None
    critical_from = breach.critical_from and max(breach.critical_from, since)
    evidence = (told, *breach.evidence) if told else breach.evidence
    return replace(breach, since=since, critical_from=critical_from, evidence=evidence)
