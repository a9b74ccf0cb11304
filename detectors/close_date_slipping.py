"""The close date moves later again and again.

Why it matters: one push is news, two are a pattern. A deal whose date slides has no event on the buyer's side that
drives it, and the forecast that counts on it is wrong by as much.

What to do next: ask what must be true on their side for the date to hold, and who says so. Write down their own
deadline and the steps back from it; if there is none, take the deal out of the commit.

When it is wrong: the date was corrected twice after a typing error.
"""

from datetime import datetime, timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration
from .core.facts import Push
from .core.words import count_of, ordinal


class CloseDateSlipping(Detector):
    family = "close date"

    pushes: int = Field(2, ge=1, le=20, description="Pushes within the window. Higher: later, surer alerts.")
    critical_pushes: int = Field(
        3, ge=1, le=20, description="Pushes that make it critical. Higher: fewer critical findings."
    )
    critical_days: int = Field(
        60, ge=1, le=3650, description="Days pushed in all that make it critical. Higher: fewer."
    )
    window: Duration = Field(
        timedelta(days=180), gt=timedelta(0), description="How long a push counts. Higher: findings last longer."
    )

    def assess(self, deal: Deal) -> Breach | None:
        row = self._last_episode(deal.pushes)
        if not row:
            return None
        counted = [self._in_window(deal.pushes, push) for push in row]
        critical = [
            push.at
            for push, window in zip(row, counted, strict=True)
            if len(window) >= self.critical_pushes or sum(each.days for each in window) >= self.critical_days
        ]
        newest = counted[-1]
        return Breach(
            since=row[0].at,
            critical_from=critical[0] if critical else None,
            until=_ages_out(newest, self.pushes, self.window),
            evidence=tuple(
                Evidence(
                    push.event,
                    push.at,
                    f"{ordinal(number)} push: from {push.was} to {push.now}, {count_of(push.days, 'day')} later",
                )
                for number, push in enumerate(newest, start=1)
            ),
            clears_when=f"the date holds: fewer than {self.pushes} pushes within {count_of(self.window.days, 'day')}",
        )

    def _in_window(self, pushes: list[Push], at: Push) -> list[Push]:
        return [push for push in pushes if at.at - self.window < push.at <= at.at]

    def _last_episode(self, pushes: list[Push]) -> list[Push]:
        """The pushes, up to the newest, at each of which enough of them lay in the window without a break."""
        row: list[Push] = []
        for push in pushes:
            window = self._in_window(pushes, push)
            if len(window) < self.pushes:
                continue
            if row and push.at > _ages_out(self._in_window(pushes, row[-1]), self.pushes, self.window):
                row = []
            row.append(push)
        return row


def _ages_out(window: list[Push], enough: int, length: timedelta) -> datetime:
    """When so many pushes have aged that no more than `enough - 1` are left."""
    return window[-enough].at + length
