"""The deal slides from quarter to quarter: its close date was pushed out of the fiscal quarter that counted on it.

Why it matters: a date that moves within the quarter costs a week, one that leaves it costs a forecast. Deals that have
slid once are won less often and for less; the second slide mostly means that the buyer never had that date.

What to do next: ask for the buyer's own reason to decide by a day, and for the people and papers that it takes until
then. Put the steps into a close plan with them. If there is no such reason, take the deal out of the forecast.

When it is wrong: the first date was the CRM's default and nobody's plan. Call the finding noise, and date the next
deal by the buyer's own day.
"""

from datetime import date

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.facts import Push
from .core.rules import Rules
from .core.words import count_of

MOST_EVIDENCE = 8


class QuarterRollover(Detector):
    """A push over a whole quarter loses two; a quarter to which the date comes back is regained."""

    family = "close date"

    quarters: int = Field(1, ge=1, le=12, description="Fiscal quarters lost in all. Higher: later, surer alerts.")
    critical_quarters: int = Field(
        2, ge=1, le=20, description="Fiscal quarters lost that make it critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        if not deal.pushes:
            return None
        lost = _lost(deal)
        reached = [(number, push) for number, (_, push) in enumerate(lost, start=1)]
        if len(reached) < self.quarters:
            return None
        since = reached[self.quarters - 1][1].at
        critical = reached[self.critical_quarters - 1][1].at if len(reached) >= self.critical_quarters else None
        row = {push.event: (number, push) for number, push in reached}
        return Breach(
            since=since,
            critical_from=critical and max(since, critical),
            evidence=tuple(
                Evidence(
                    push.event,
                    push.at,
                    f"pushed from {_day(deal.rules, push.was)} to {_day(deal.rules, push.now)}: "
                    f"{count_of(number, 'quarter')} lost",
                )
                for number, push in list(row.values())[-MOST_EVIDENCE:]
            ),
            clears_when="the buyer agrees on a date back in the quarter that was lost, or the deal is closed",
        )


def _lost(deal: Deal) -> list[tuple[int, Push]]:
    """The quarters that the close date left and did not come back to, oldest first, each with the push that left it."""
    lost: list[tuple[int, Push]] = []
    for push in deal.pushes:
        was = _number(deal.rules, push.was)
        lost = [each for each in lost if each[0] < was]
        lost += [(quarter, push) for quarter in range(was, _number(deal.rules, push.now))]
    # what was pulled in after the last push
    dated = next(change.value for change in reversed(deal.changes("close_date")) if change.value)
    now = _number(deal.rules, date.fromisoformat(dated))
    return [each for each in lost if each[0] < now]


def _number(rules: Rules, day: date) -> int:
    year, quarter = rules.quarter_of(day)
    return year * 4 + quarter


def _day(rules: Rules, day: date) -> str:
    return f"{day} (fiscal Q{rules.quarter_of(day)[1]})"
