"""We owe the buyer an answer: they wrote, and nothing has come from us since.

Why it matters: a buyer who asks is a buyer who is working on it, and nothing is easier to lose. Slow answers before the
signature are read as slow support after it.

What to do next: answer today, even if only to say who is working on it and when they will have it. If somebody else
must find out, put that person and a date into the answer.

When it is wrong: their mail needs no answer, such as a thank-you, or a colleague answered from another mailbox. Log the
answer, or date the next step.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.conversation import Touch, is_internal
from .core.deal import Deal
from .core.detector import Detector
from .core.log import DocumentEntry, Entry, MeetingEntry
from .core.words import count_of


class OwedReply(Detector):
    """A mail or call of ours, a talk, a document sent or a meeting that we book answers all that they wrote before.

    The clock starts at the first mail after it: a buyer who asks again is not less owed an answer. A call of theirs is
    no message, because it may have been taken.

    A meeting, a pause or a dated next step puts the answer off, because they know of it or we planned it. That somebody
    of theirs is out of office does not: it is our turn, and they find our answer when they are back.
    """

    family = "silence"
    watches = ("activity.email", "activity.meeting", "activity.call", "activity.document")

    warn_business_days: int = Field(
        2, ge=0, le=250, description="Business days that our answer may take. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        4, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        owed = _owed(deal)
        if not owed:
            return None
        first = owed[0]
        since, critical_from = deal.silence(first.at, self.warn_business_days, self.critical_business_days, awaited=())
        evidence = [
            Evidence(
                first.event,
                first.at,
                f"{deal.called(first.people[0])} wrote '{first.subject or 'no subject'}' on"
                f" {deal.calendar.day_of(first.at)}, and we have not answered",
            )
        ]
        if len(owed) > 1:
            newest = owed[-1]
            text = f"{count_of(len(owed), 'mail')} of theirs without an answer of ours, the newest: {newest.words}"
            evidence.append(Evidence(newest.event, newest.at, text))
        return Breach(
            since=since,
            critical_from=critical_from,
            evidence=tuple(evidence),
            clears_when="we answer: by mail, by telephone, with the document they asked for or with a date to talk",
        )


def _owed(deal: Deal) -> list[Touch]:
    """Their mails since anything of ours, oldest first."""
    row: list[Touch] = []
    for touch in reversed(deal.touches):
        if touch.kind == "mail" and not touch.is_ours:
            row.append(touch)
        elif touch.is_ours or touch.two_way:
            break
    if not row:
        return row
    row.reverse()
    for entry in reversed(deal.entries("document", "meeting")):
        if entry.at < row[0].at:
            break
        if _answers(entry, deal):
            return [touch for touch in row if touch.at > entry.at]
    return row


def _answers(entry: Entry, deal: Deal) -> bool:
    """Whether it is something of ours that reached them, and no touch."""
    match entry:
        case DocumentEntry(status="sent"):
            return True
        case MeetingEntry(status="booked", organizer=organizer):
            return not (organizer and not deal.is_ours(organizer)) and not is_internal(entry, deal.is_ours)
        case _:
            return False
