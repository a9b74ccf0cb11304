"""Sales cholesterol: the pipeline is stuffed, for much of its value is stalled.

Why it matters: a full pipeline calms everybody and closes nothing. Stalled deals take the hours that live ones need,
they hide how little is coming, and the forecast is made of them.

What to do next: go through the stalled deals with your manager in one sitting, the largest first. For each, choose: a
dated step that the buyer agreed to, a pause with a reason, or closed as lost. Then fill the gap with new ones.

When it is wrong: one very large deal stalls and the others are well. Then the book is not stuffed; look at that deal.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from .core.book import Book, Page
from .core.breach import Breach, Evidence
from .core.detector import BookDetector

MOST_EVIDENCE = 8


class PipelineInflation(BookDetector):
    """Each currency counts by itself, of the open deals with an amount in it; what is found is one for the book.

    A deal that is paused is in the pipeline and does not stall: it counts as stalled from the end of its pause on.
    """

    family = "book"

    least_deals: int = Field(
        5, ge=2, le=1000, description="Open deals of a currency from which on a share counts. Higher: fewer alerts."
    )
    percent: int = Field(
        40, ge=1, le=99, description="Per cent of the value; above it the pipeline is stuffed. Higher: fewer alerts."
    )
    critical_percent: int = Field(
        60, ge=1, le=100, description="Per cent from which on it is critical. Higher: fewer critical findings."
    )

    def assess_book(self, book: Book) -> Iterator[tuple[str | None, Breach]]:
        by_currency: defaultdict[str, list[Page]] = defaultdict(list)
        for page in book.open:
            if page.amount is not None:
                by_currency[page.currency or ""].append(page)
        stuffed = [
            rising
            for currency, pages in sorted(by_currency.items())
            if len(pages) >= self.least_deals and (rising := self._stalled(pages, currency, book))
        ]
        if not stuffed:
            return
        since = min(step.at for rising in stuffed for step in rising if step.percent > self.percent)
        critical = [step.at for rising in stuffed for step in rising if step.percent >= self.critical_percent]
        steps = sorted((step for rising in stuffed for step in rising), key=lambda step: step.at)
        yield (
            None,
            Breach(
                since=since,
                critical_from=max(since, min(critical)) if critical else None,
                evidence=tuple(Evidence(step.event, step.at, step.text) for step in steps[-MOST_EVIDENCE:]),
                clears_when="stalled deals move, are paused with a reason or closed, the largest first",
            ),
        )

    def _stalled(self, pages: list[Page], currency: str, book: Book) -> list["_Step"]:
        """The stalled deals in order, each with the share of the value up to it; none where it is not too much."""
        whole = sum(page.amount or 0 for page in pages)
        steps: list[_Step] = []
        stalled = 0.0
        unit = f" {currency}" if currency else ""
        for at, page in sorted(
            ((page.counts_from(page.stalled_since), page) for page in pages if page.stalled_since is not None),
            key=lambda each: (each[0], each[1].deal_id),
        ):
            stalled += page.amount or 0
            percent = stalled * 100 / whole if whole else 0.0
            share = f"{stalled:,.0f} of {whole:,.0f}{unit} in {len(pages)} open deals, {int(percent)} %"
            what = f"the pause of '{page.name}' was over" if at == page.paused_until else f"'{page.name}' stalled"
            text = f"{what} on {book.calendar.day_of(at)}: with it {share}"
            steps.append(_Step(at, page.stalled_event or page.event, percent, text))
        return steps if steps and steps[-1].percent > self.percent else []


@dataclass(frozen=True, slots=True)
class _Step:
    """A deal that stalled, and the share of the value that was stalled with it."""

    at: datetime
    event: str
    percent: float
    text: str
