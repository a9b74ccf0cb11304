"""Too little time for the stages left: won deals took longer from here than there is until the close date.

Why it matters: no deal skips the buyer's own steps because our quarter ends. A date that the past contradicts will be
pushed, and whoever counted on it learns so in the last week.

What to do next: go through the stages left with the buyer and put a day on each, or name what makes this deal faster
than the others: a signed budget, a contract already read. Move the date now, not on its last day.

When it is wrong: the deal is faster for a reason, such as a renewal or a framework contract. Give those a pipeline of
their own.
"""

from datetime import date, datetime, timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.words import count_of

DAY = timedelta(days=1)


class CloseDateUnrealistic(Detector):
    """It is so since the time left went below what is needed, or since the date or stage that made it so.

    A move of the date or the stage that leaves it unrealistic does not change since when. The stage in which the deal
    is does not count, only those that follow.
    """

    family = "close date"
    by_baseline = True

    share: float = Field(
        1.0, gt=0, le=10, description="Of the won deals' time for the stages left. Higher: earlier, more alerts."
    )
    critical_share: float = Field(
        0.5, gt=0, le=10, description="Of that time, from where it is critical. Higher: more critical findings."
    )
    new_deal_business_days: int = Field(
        1, ge=1, le=250, description="Business days that a new deal has to get a real date. Higher: later alerts on it."
    )

    def assess(self, deal: Deal) -> Breach | None:
        stage, dated = deal.stage_entered, deal.current("close_date")
        needed = _needed(deal, deal.stage_place)
        if needed is None or stage is None or dated is None:
            return None
        since = max(
            _since(deal, self.share), deal.calendar.plus_business_days(deal.created.at, self.new_deal_business_days)
        )
        count = len(deal.rules.stages_of(deal.pipeline)) - 1 - (deal.stage_place or 0)
        ahead = "stage" if count == 1 else count_of(count, "stage")
        took = count_of(max(1, -(-needed // DAY)), "day")
        evidence = [
            Evidence(stage.event, stage.at, f"it came to {stage.value}: won deals took {took} for the {ahead} left"),
            Evidence(dated.event, dated.at, f"to close by {dated.value}: won deals took {took} for the {ahead} left"),
        ]
        return Breach(
            since=since,
            critical_from=max(since, _since(deal, self.critical_share)),
            evidence=tuple(sorted(evidence, key=lambda each: each.at)),
            clears_when="the close date is one that leaves time for the stages left, or the deal gets through them",
        )


def _needed(deal: Deal, place: int | None) -> timedelta | None:
    """What won deals took for the stages after this one; None if there is none, or one of which nothing is known."""
    if deal.baseline is None or place is None:
        return None
    took = [deal.baseline.stages.get(stage) for stage in deal.rules.stages_of(deal.pipeline)[place + 1 :]]
    known = [each for each in took if each is not None]
    return sum(known, timedelta()) if known and len(known) == len(took) else None


def _since(deal: Deal, share: float) -> datetime:
    """When the time until the close date went below a share of what is needed, and stayed there."""
    since, later = deal.created.at, None
    moves = {change.at for change in (*deal.changes("close_date"), *deal.changes("stage"))}
    for moved in sorted(moves, reverse=True):
        latest = _latest_start(deal, moved, share)
        if latest is None or (later is not None and latest >= later):
            break
        since, later = max(moved, latest), moved
        if latest > moved:
            break
    return since


def _latest_start(deal: Deal, moment: datetime, share: float) -> datetime | None:
    """The last moment at which there was time enough, by the stage and the close date as they were at a moment."""
    close = deal.fact_at("close_date", moment)
    place = next((place for change, place in reversed(deal.stage_changes) if change.at <= moment), None)
    needed = _needed(deal, place)
    return deal.calendar.end_of(date.fromisoformat(close)) - share * needed if close and needed else None
