"""The deal melts: its amount is cut again, or far below what it was.

Why it matters: a buyer who drops parts is looking for a price at which the risk is small, and it is often none. Each
cut without something in return teaches them that there is another one, and the forecast has counted the old amount.

What to do next: ask what the cut is for: less money, less need, or a smaller first step. Trade, do not give: less
scope for less money, a date or a signature for a discount. Have somebody with power confirm what is left.

When it is wrong: the first amount was a guess, or a typing error, and has been corrected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector
from .core.words import ordinal

MOST_EVIDENCE = 8


class AmountShrinking(Detector):
    """Cuts count from the peak on: an amount that is back at its peak, or above it, forgets them.

    Another currency is a new start, for amounts of two currencies do not compare; so is an amount that was set in bulk.
    """

    family = "papers and forecast"

    cuts: int = Field(2, ge=1, le=20, description="Cuts since its peak. Higher: later, surer alerts.")
    percent: int = Field(20, ge=1, le=100, description="Per cent under its peak. Higher: later, surer alerts.")
    critical_percent: int = Field(
        50, ge=1, le=100, description="Per cent under its peak that make it critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        told = _in_one_currency(deal)
        if len(told) < 2:
            return None
        peak, cuts, lower = told[0], 0, list[_Level]()
        for before, now in pairwise(told):
            if now.value >= peak.value or now.bulk:
                peak, cuts, lower = now, 0, []
                continue
            cuts += now.value < before.value
            lower.append(_Level(now, before.value, cuts, (peak.value - now.value) * 100 / peak.value))
        shrunk = _last_run(each.cuts >= self.cuts or each.percent >= self.percent for each in lower)
        if shrunk is None:
            return None
        halved = _last_run(each.percent >= self.critical_percent for each in lower)
        since = lower[shrunk].change.at
        currency = f" {deal.currency}" if deal.currency else ""
        shown = [each for each in lower if each.change.value < each.before][1 - MOST_EVIDENCE :]
        return Breach(
            since=since,
            critical_from=max(since, lower[halved].change.at) if halved is not None else None,
            evidence=(
                Evidence(peak.event, peak.at, f"its peak was {peak.value:,.0f}{currency}"),
                *(Evidence(each.change.event, each.change.at, f"{each.words}{currency}") for each in shown),
            ),
            clears_when="what was cut comes back, or the smaller deal is confirmed by somebody with power and closed",
        )


@dataclass(frozen=True, slots=True)
class _Level:
    """An amount under the peak: what it was before, how many cuts there were, and how far under the peak it is."""

    change: Change
    before: float
    cuts: int
    percent: float

    @property
    def words(self) -> str:
        under = f"{int(self.percent)} % under its peak"
        return f"{ordinal(self.cuts)} cut, {under}: from {self.before:,.0f} to {self.change.value:,.0f}"


def _in_one_currency(deal: Deal) -> list[Change]:
    """The amounts that were told in the currency in which it is now, oldest first."""
    told = [change for change in deal.changes("amount") if change.value is not None]
    if len(told) < 2:
        return told
    named = [change for change in deal.changes("currency") if change.value is not None]
    switches = [now for before, now in pairwise(named) if now.value != before.value]
    if not switches:
        return told
    switch = switches[-1].at, switches[-1].event
    older = [change for change in told if (change.at, change.event) <= switch]
    return older[-1:] + told[len(older) :]


def _last_run(holds: Iterator[bool]) -> int | None:
    """Where the run of trues begins that reaches to the end; None if the last is false."""
    start = None
    for place, each in enumerate(holds):
        if not each:
            start = None
        elif start is None:
            start = place
    return start
