"""They speak of delay, lawyers, a freeze or a competitor: a mail of theirs has a phrase that deals end with.

Why it matters: buyers rarely say no; they say "next year", "our lawyers" or "other vendors". It is said once, in
passing, and mostly read as small talk by the one who hopes for the order.

What to do next: take it up the same day and by voice: what has changed, who decided it, and what must be true for us
to go on. Tell your manager. Then set the close date and the forecast to what you have heard.

When it is wrong: the words were about something else, or quoted from us. Say so with the button below; a list of the
rules that is often wrong needs other phrases.
"""

from datetime import datetime, timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.log import MailEntry

MOST_EVIDENCE = 8


class RedFlagPhrase(Detector):
    """Mails of the buyer only, none that a machine wrote. One that comes before the last has aged goes on with it."""

    family = "papers and forecast"

    critical_lists: int = Field(
        2, ge=1, le=20, description="Different lists hit within the window that make it critical. Higher: fewer."
    )
    window: Duration = Field(
        timedelta(days=14),
        gt=timedelta(0),
        le=timedelta(days=365),
        description="How long a phrase counts. Higher: findings last longer.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        hits = [entry for entry in deal.entries("phrase") if isinstance(entry, MailEntry)]
        if not hits:
            return None
        heard = {touch.event for touch in deal.touches if touch.two_way}
        mails = [mail for mail in hits if mail.event in heard]
        if not mails:
            return None
        row = self._last_episode(mails)
        critical = (mail.at for mail in row if len(self._lists(row, mail.at)) >= self.critical_lists)
        return Breach(
            since=row[0].at,
            critical_from=next(critical, None),
            until=row[-1].at + self.window,
            evidence=tuple(Evidence(mail.event, mail.at, _words(mail)) for mail in row[-MOST_EVIDENCE:]),
            clears_when=f"what was meant is settled with them, and nothing like it comes for {self.window.days} days",
        )

    def _last_episode(self, mails: list[MailEntry]) -> list[MailEntry]:
        """The newest mail and those before it, as far as each came before the one before it had aged."""
        start = len(mails) - 1
        while start and mails[start].at < mails[start - 1].at + self.window:
            start -= 1
        return mails[start:]

    def _lists(self, row: list[MailEntry], at: datetime) -> set[str]:
        """The lists that are hit by the mails that count at a moment."""
        counting = (mail for mail in row if at - self.window < mail.at <= at)
        return {phrase.partition(": ")[0] for mail in counting for phrase in mail.phrases}


def _words(mail: MailEntry) -> str:
    hits = (phrase.partition(": ") for phrase in mail.phrases)
    quoted = " and ".join(f"'{words}' ({name})" for name, _, words in hits)
    return f"{quoted} in their mail '{mail.subject or 'no subject'}'"
