"""The deal went backwards: it stands in an earlier stage than the one that it had reached.

Why it matters: a stage that is lost was never earned, or something changed on their side that we may not know yet.
Either way, the forecast that was made in it no longer holds.

What to do next: find out which it was. If something changed, ask who changed it and what they want now. If the stage
was not earned, do what it asks for, and only then move forward again.

When it is wrong: the later stage was a slip of the mouse, or the deal was reopened to begin anew. Mark it as noise.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector
from .core.words import ordinal

MOST_TOLD = 8


class StageRegression(Detector):
    """An episode begins with a move back, and ends when the stage from which it went is regained or passed.

    Stages that the rules do not know have no place in the order, and are passed over. To be put back in bulk
    is no move.
    """

    family = "stage"

    critical_moves: int = Field(
        2, ge=1, le=20, description="Moves back in one episode that make it critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        if len(deal.stage_changes) < 2:
            return None
        lost: tuple[int, str] | None = None
        at: tuple[int, str] | None = None
        moves: list[tuple[str, Change]] = []
        for change, place in deal.stage_changes:
            if place is None:
                continue
            if lost is not None and place >= lost[0]:
                lost, moves = None, []
            elif at is not None and place < at[0] and not change.bulk:
                lost = lost or at
                moves.append((at[1], change))
            at = place, change.value
        if lost is None:
            return None
        numbered = list(enumerate(moves, start=1))[-MOST_TOLD:]
        return Breach(
            since=moves[0][1].at,
            critical_from=moves[self.critical_moves - 1][1].at if len(moves) >= self.critical_moves else None,
            evidence=tuple(
                Evidence(change.event, change.at, f"{ordinal(number)} move back: from {was} to {change.value}")
                for number, (was, change) in numbered
            ),
            clears_when=f"the deal earns {lost[1]} again",
        )
