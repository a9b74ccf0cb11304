"""A storm of requests: the buyer opens one thread after another, nobody with power among them, and the stage stands.

Why it matters: ad-hoc asks, answered one by one, eat the week and feel like progress. Each is somebody's question; none
of them is the company's decision.

What to do next: stop answering singly. Put the open questions on one page, ask what they decide and who decides, and
offer to answer them all in one meeting with that person in it.

When it is wrong: it is an agreed evaluation with a list and an end. Put its end on the deal as a milestone, and advance
the stage when it is done.
"""

from datetime import datetime, timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.conversation import Touch
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.words import ordinal

MOST_EVIDENCE = 8


class RequestStorm(Detector):
    """A stage that was left, in either direction and not in bulk, starts the count anew.

    So does a thread that somebody with power opens; and as long as that one lies in the window, there is no storm.
    """

    family = "reactive"

    threads: int = Field(4, ge=2, le=20, description="Threads within the window. Higher: later, surer alerts.")
    critical_threads: int = Field(
        6, ge=2, le=20, description="Threads within it that make it critical. Higher: fewer critical findings."
    )
    window: Duration = Field(
        timedelta(days=21),
        gt=timedelta(0),
        le=timedelta(days=365),
        description="How long a thread counts. Higher: more findings, and longer ones.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        if len(deal.asks) < self.threads:
            return None
        asks, calm_until = self._asks(deal)
        if not self._are_dense(asks, len(asks) - 1, self.threads):
            return None
        start = len(asks) - 1
        while self._followed(asks, start):
            start -= 1
        since, until = asks[start].at, asks[-self.threads].at + self.window
        if calm_until is not None:
            since = max(since, calm_until)
        if since >= until:
            return None
        critical = (
            each.at
            for number, each in enumerate(asks)
            if number >= start and self._are_dense(asks, number, self.critical_threads)
        )
        critical_from = next(critical, None)
        counted = [each for each in asks if each.at > asks[-1].at - self.window]
        told = list(enumerate(counted, start=1))[-MOST_EVIDENCE:]
        return Breach(
            since=since,
            critical_from=critical_from and max(since, critical_from),
            until=until,
            evidence=tuple(
                Evidence(
                    each.event,
                    each.at,
                    f"the {ordinal(number)} thread that they opened within {self.window.days} days:"
                    f" '{each.subject or 'no subject'}' from {deal.called(each.people[0])}",
                )
                for number, each in told
            ),
            clears_when="the questions are settled together, with somebody who decides, and the stage advances",
        )

    def _asks(self, deal: Deal) -> tuple[list[Touch], datetime | None]:
        """Threads that the buyer opened in this stage since somebody with power did, and until when that one counts."""
        moved = deal.stage_moved
        asks: list[Touch] = []
        calm_until = None
        for touch in deal.asks:
            if moved is None or touch.at > moved.at:
                if any(deal.has_power(person) for person in touch.people):
                    asks, calm_until = [], touch.at + self.window
                else:
                    asks.append(touch)
        return asks, calm_until

    def _followed(self, asks: list[Touch], last: int) -> bool:
        """Whether this thread came while the storm before it lasted, or at the very instant of its end."""
        before = self._are_dense(asks, last - 1, self.threads)
        return before and asks[last].at - asks[last - self.threads].at <= self.window

    def _are_dense(self, asks: list[Touch], last: int, count: int) -> bool:
        """Whether so many threads, up to and with this one, were opened within the window."""
        first = last - count + 1
        return first >= 0 and asks[last].at - asks[first].at < self.window
