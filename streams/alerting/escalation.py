"""What goes on to a team's manager: a critical finding that its owner was told of and left unanswered.

An answer is a purposeful step of ours or a two-way touch. Nothing is stored for it: since when a finding is told stands
with what the owner was told, and when somebody answered stands with the deal.
"""

from dataclasses import dataclass
from datetime import datetime

from detectors.core.breach import Finding

from ..answer import Answer
from .budget import Told
from .quiet import Hours

UNANSWERED_BUSINESS_DAYS = 5


@dataclass(frozen=True, slots=True)
class Escalation:
    """A finding that its owner leaves unanswered since a moment, and when that goes to the manager."""

    answer: Answer
    finding: Finding
    unanswered_since: datetime
    due: datetime


def escalations(answer: Answer, told: Told, hours: Hours) -> list[Escalation]:
    """Each finding that is critical, and that the owner was told of as such, due or not yet."""
    critical = {each.detector for each in answer.stalls if each.severity == "critical"}
    answered = [at for at in (answer.two_way_at, answer.step_at) if at is not None]
    found = []
    for finding in told.findings(answer):
        if finding.severity == "critical" and finding.detector in critical:
            since = max([told.words[finding.detector].at, *answered])
            due = hours.opening(hours.calendar.plus_business_days(since, UNANSWERED_BUSINESS_DAYS))
            found.append(Escalation(answer, finding, since, due))
    return found
