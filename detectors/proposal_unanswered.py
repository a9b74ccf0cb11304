"""The proposal was sent and met with silence: nobody has looked at it, written, signed or spoken with us since.

Why it matters: a proposal is read in the first days or not at all. Silence says that it came too early, went to
somebody who cannot decide, or named a price that nobody was prepared for.

What to do next: call, do not mail; ask for half an hour to go through it together with the person who decides. Next
time, send it in a meeting, with the date of the answer agreed before it leaves.

When it is wrong: they read a copy that is not tracked, or answered on the phone. Log the call; or set the next step
to the day on which they decide.
"""

from datetime import datetime

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.log import DocumentEntry


class ProposalUnanswered(Detector):
    """Proposals and quotes. Whatever the buyer does with any paper of ours, and every two-way touch, is an answer.

    To send it again is no new start. Another one may be, up to `new_starts` times: where talks are not recorded, a
    revised offer is often the only trace of one. While a meeting or another step is agreed and lies ahead, it waits.
    """

    family = "papers and forecast"
    watches = ("activity.document", "activity.email", "activity.meeting", "activity.call")

    warn_business_days: int = Field(
        3, ge=0, le=250, description="Business days that a proposal may lie. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        7, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )
    new_starts: int = Field(
        0,
        ge=0,
        le=20,
        description="How often another one, not the same again, starts the clock anew. Higher: fewer, later alerts.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        newest = deal.proposal
        if newest is None:
            return None
        heard = deal.last_two_way
        if heard is not None and heard.at >= newest.at:
            return None
        sent = _unanswered(deal, heard.at if heard else None)
        if not sent:
            return None
        start = _starts(sent)[: self.new_starts + 1][-1]
        sent, which = sent[start:], "another" if start else "the"
        deadline = deal.calendar.plus_business_days(sent[0].at, self.warn_business_days)
        since, critical_from = deal.silence(sent[0].at, self.warn_business_days, self.critical_business_days)
        evidence = [Evidence(sent[0].event, sent[0].at, f"we sent {which} {sent[0].type}, and nothing came back")]
        if len(sent) > 1:
            again = sent[-1]
            evidence.append(Evidence(again.event, again.at, f"we sent a {again.type} again, and nothing came back"))
        plan = deal.last_planned
        if since > deadline and plan:
            until = deal.calendar.day_of(plan.until)
            evidence.append(Evidence(plan.event, plan.at, f"{plan.text} lay ahead until {until}"))
        return Breach(
            since=since,
            critical_from=critical_from,
            evidence=tuple(evidence),
            clears_when="they open, answer or sign it, or a meeting to go through it is booked",
        )


def _unanswered(deal: Deal, heard: datetime | None) -> list[DocumentEntry]:
    """The proposals and quotes that we sent since the buyer's last sign, oldest first."""
    sent: list[DocumentEntry] = []
    for entry in reversed(deal.entries("document")):
        if heard is not None and entry.at <= heard:
            break
        if isinstance(entry, DocumentEntry):
            if entry.status != "sent":
                break
            if entry.type in ("proposal", "quote"):
                sent.append(entry)
    return sent[::-1]


def _starts(sent: list[DocumentEntry]) -> list[int]:
    """Where in the list each document stands for the first time."""
    names = [entry.document for entry in sent]
    return [number for number, name in enumerate(names) if name not in names[:number]]
