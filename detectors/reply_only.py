"""Ping-pong: every touch of ours is a reply, and nothing of our own moves the deal forward.

Why it matters: answering promptly feels like work, but the buyer leads. A rep who only replies has no plan for the
deal, and the exchange ends when the buyer's questions do.

What to do next: propose a meeting with an agenda and a date; ask for the person who decides; send the document that the
next stage needs. One purposeful step clears this.

When it is wrong: a step that no system saw, such as a talk at a fair. Put it on the deal as a meeting.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.words import ordinal


class ReplyOnly(Detector):
    family = "reactive"

    replies: int = Field(
        3, ge=2, le=5, description="Replies in a row that make it ping-pong. Higher: later, surer alerts."
    )
    critical_replies: int = Field(
        5, ge=2, le=5, description="Replies in a row that make it critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        row = deal.replies_in_a_row
        if len(row) < self.replies:
            return None
        return Breach(
            since=row[self.replies - 1].at,
            critical_from=row[self.critical_replies - 1].at if len(row) >= self.critical_replies else None,
            evidence=tuple(
                Evidence(
                    reply.event, reply.at, f"our {ordinal(number)} reply in a row on '{reply.subject or 'no subject'}'"
                )
                for number, reply in enumerate(row[: self.critical_replies], start=1)
            ),
            clears_when=(
                "we make a step of our own: book a meeting, write to someone new, send a document or date a next step"
            ),
        )
