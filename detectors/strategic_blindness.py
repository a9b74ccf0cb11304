"""A big deal of which little is known: one of the largest in the book, and most of what decides it is dark.

Why it matters: a few deals make the quarter. One of them that rests on hope, with no need, money, date or executive
known, is where the number is lost, and it takes up the most hours until then.

What to do next: hold a deal review with your manager this week, on what is not known only. Write down who will ask
whom for each piece and by when. If it cannot be learned, the deal is not as big as it looks.

When it is wrong: the answers are in somebody's notes. Put need, budget, deadline and roles on the deal.
"""

from collections import defaultdict
from collections.abc import Iterator

from pydantic import Field

from .core.book import Book, Page
from .core.breach import Breach, Evidence
from .core.detector import BookDetector

PIECES = ("need", "budget", "deadline", "executive", "roles")


class StrategicBlindness(BookDetector):
    """The top tenth by amount, of ten or more open deals with an amount in the same currency.

    Deals of equal size are in it together; but none is big that is no larger than the median. A deal that is paused
    need not be known before the end of its pause.
    """

    family = "verdicts"

    least_deals: int = Field(
        10, ge=2, le=1000, description="Open deals of a currency from which on one can be big. Higher: fewer alerts."
    )
    percent: int = Field(10, ge=1, le=50, description="Per cent of the deals that are the big ones. Higher: more.")
    enough: int = Field(3, ge=1, le=5, description="Pieces of five that must be known of them. Higher: more alerts.")

    def assess_book(self, book: Book) -> Iterator[tuple[str | None, Breach]]:
        by_currency: defaultdict[str | None, list[tuple[float, Page]]] = defaultdict(list)
        for page in book.open:
            if page.amount is not None:
                by_currency[page.currency].append((page.amount, page))
        for currency, deals in by_currency.items():
            if len(deals) < self.least_deals:
                continue
            amounts = sorted((amount for amount, _ in deals), reverse=True)
            smallest = amounts[max(1, len(deals) * self.percent // 100) - 1]
            median = amounts[len(deals) // 2]
            for amount, page in deals:
                if amount < smallest or amount <= median or len(page.known) >= self.enough:
                    continue
                if page.middle_since is not None:
                    place = 1 + sum(each > amount for each in amounts)
                    size = f"{amount:,.0f}{f' {currency}' if currency else ''}, number {place} of {len(deals)} deals"
                    yield page.deal_id, self._breach(page, size)

    def _breach(self, page: Page, size: str) -> Breach:
        assert page.middle_since is not None
        dark = [piece for piece in PIECES if piece not in page.known]
        known = f"only {' and '.join(sorted(page.known))} known" if page.known else "nothing known of it"
        since = page.counts_from(page.middle_since)
        return Breach(
            since=since,
            critical_from=max(since, page.late_since) if page.late_since else None,
            evidence=(
                Evidence(
                    page.middle_event or page.event,
                    page.middle_since,
                    f"'{page.name}' came to the middle stages: {size}, and {known}",
                ),
            ),
            clears_when=f"{self.enough} of its five pieces are known; dark are {', '.join(dark)}",
        )
