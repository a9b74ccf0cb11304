"""Forecast as sure with the evidence missing: past its date, nobody with power met, or the buyer silent.

Why it matters: other people count on a commit: they hire, buy and promise by it. One that rests on the rep's feeling
is the most expensive kind of deal, for it is missed in the last week of the quarter, when nothing can replace it.

What to do next: get what is missing this week: a talk with the person who signs, the date from their own mouth, an
answer to a question that only a buyer who means it would answer. What cannot be had goes down to pipeline.

When it is wrong: the evidence is there and no system saw it. Log the call, put the role on the person, set the date.
"""

from collections.abc import Iterator
from datetime import datetime

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector

SURE = ("commit", "best_case")


class CommitWithoutEvidence(Detector):
    """What is missing counts from the moment from which it is: the end of the close date, ten business days after the
    buyer's last sign (or after a step that was agreed), and, for want of an executive, the deal's second business day.
    """

    family = "papers and forecast"
    watches = ("activity.email", "activity.meeting", "activity.call")

    silent_business_days: int = Field(
        10, ge=1, le=250, description="Business days without a two-way touch. Higher: fewer, later alerts."
    )
    executive_business_days: int = Field(
        1, ge=0, le=250, description="Business days that a new deal has to meet an executive. Higher: later alerts."
    )
    critical_missing: int = Field(
        2, ge=1, le=3, description="Missing pieces that make a commit critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        told = deal.current("forecast_category")
        if told is None or told.value not in SURE:
            return None
        missing = sorted(self._missing(deal), key=lambda each: each[0])
        since = max(missing[0][0], _sure_from(deal, told).at)
        critical_from = None
        if told.value == "commit" and len(missing) >= self.critical_missing:
            critical_from = max(since, told.at, missing[self.critical_missing - 1][0])
        pieces = (f"{what} (from {deal.calendar.day_of(at)})" for at, what, _ in missing)
        text = f"forecast as {told.value.replace('_', ' ')} without {', '.join(pieces)}"
        return Breach(
            since=since,
            critical_from=critical_from,
            evidence=(*(fact for _, _, fact in missing), Evidence(told.event, told.at, text)),
            clears_when=f"there is {_and(what for _, what, _ in missing)}, or the forecast goes down to pipeline",
        )

    def _missing(self, deal: Deal) -> Iterator[tuple[datetime, str, Evidence]]:
        """From when on which piece is missing if nothing more happens, and the fact that says so."""
        closes, add = deal.current("close_date"), deal.calendar.plus_business_days
        if closes is not None and deal.close_date is not None:
            fact = Evidence(closes.event, closes.at, f"close date set to {closes.value}")
            yield deal.calendar.end_of(deal.close_date), "a close date ahead", fact
        if not deal.power_met:
            fact = Evidence(deal.created.event, deal.created.at, "the deal began, and nobody with power was ever met")
            yield add(deal.created.at, self.executive_business_days), "an executive met", fact
        heard = deal.last_two_way
        last = heard or deal.created
        text = f"the buyer's last sign: {heard.value}" if heard else "the deal began, and the buyer was never heard"
        silent_from = deal.silent_from(add(last.at, self.silent_business_days))
        yield silent_from, "a sign of the buyer", Evidence(last.event, last.at, text)


def _sure_from(deal: Deal, told: Change) -> Change:
    """When it was first called sure, if it has been called so ever since."""
    first = told
    for change in reversed(deal.changes("forecast_category")):
        if change.value not in SURE:
            break
        first = change
    return first


def _and(words: Iterator[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
