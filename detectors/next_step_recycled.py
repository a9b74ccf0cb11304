"""The same next step is dated anew: its words stay, and its date moves later again and again.

Why it matters: a step that is only ever moved is no step. It keeps the deal looking alive in every list, while the
buyer, or the rep, does not mean to take it.

What to do next: ask yourself what really holds it up, and ask the buyer whether the step still makes sense to them.
Replace it by a smaller one that can be taken this week; if they take none, let the deal go.

When it is wrong: it is a step that returns, such as a weekly call, in the same words each time. Give each its own
words.
"""

from itertools import pairwise

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector
from .core.words import ordinal

MOST_TOLD = 7


class NextStepRecycled(Detector):
    """A step is the same as long as its words are, whatever their case and spacing; without words none is the same.

    Its first date is the first that is set with these words or after them. Moves to a later date count; to take the
    date away is none, and to set a later one after that is one. What was re-dated in bulk, nobody did.
    """

    family = "next step"

    redatings: int = Field(2, ge=1, le=20, description="Re-datings of one step. Higher: later, surer alerts.")
    critical_redatings: int = Field(
        3, ge=1, le=20, description="Re-datings that make it critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        dated = [change for change in deal.changes("next_step_date") if change.value]
        if len(dated) <= self.redatings:
            return None
        named = _named(deal.changes("next_step"))
        if named is None:
            return None
        own = [change for change in dated if change.at >= named.at]
        moves = [(was, now) for was, now in pairwise(own) if now.value > was.value and not now.bulk]
        if len(moves) < self.redatings:
            return None
        since = moves[self.redatings - 1][1].at
        critical = moves[self.critical_redatings - 1][1].at if len(moves) >= self.critical_redatings else None
        numbered = list(enumerate(moves, start=1))[-MOST_TOLD:]
        return Breach(
            since=since,
            critical_from=critical and max(since, critical),
            evidence=(
                Evidence(named.event, named.at, f"the next step: {named.value}"),
                *(
                    Evidence(now.event, now.at, f"{ordinal(number)} re-dating: from {was.value} to {now.value}")
                    for number, (was, now) in numbered
                ),
            ),
            clears_when="the step is taken or given up, and another one is named and dated",
        )


def _named(told: list[Change]) -> Change | None:
    """When the present step was named; None if there is none."""
    named = None
    for change in reversed(told):
        if not _plain(change) or _plain(change) != _plain(told[-1]):
            break
        named = change
    return named


def _plain(change: Change) -> str:
    return " ".join((change.value or "").casefold().split())
