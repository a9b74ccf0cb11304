"""Too little time for the stages left: won deals took longer from here than there is until the close date.

Why it matters: no deal skips the buyer's own steps because our quarter ends. A date that the past contradicts will be
pushed, and whoever counted on it learns so in the last week.

What to do next: go through the stages left with the buyer and put a day on each, or name what makes this deal faster
than the others: a signed budget, a contract already read. Move the date now, not on its last day.

When it is wrong: the deal is faster for a reason, such as a renewal or a framework contract. Give those a pipeline of
their own.
"""

from datetime import datetime, timedelta

from pydantic import Field

from .core.baselines import Baseline
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
        stage, dated, place = deal.stage_entered, deal.current("close_date"), deal.stage_place
        if deal.baseline is None or stage is None or dated is None or place is None:
            return None
        stages = deal.rules.stages_of(deal.pipeline)
        needed = _needed(deal.baseline, stages)
        if place not in needed:
            return None
        since = max(
            _since(deal, needed, self.share),
            deal.calendar.plus_business_days(deal.created.at, self.new_deal_business_days),
        )
        count = len(stages) - 1 - place
        ahead = "stage" if count == 1 else count_of(count, "stage")
        took = f"won deals took {count_of(max(1, -(-needed[place] // DAY)), 'day')} for the {ahead} left"
        evidence = [
            Evidence(stage.event, stage.at, f"it came to {stage.value}: {took}"),
            Evidence(dated.event, dated.at, f"to close by {dated.value}: {took}"),
        ]
        return Breach(
            since=since,
            critical_from=max(since, _since(deal, needed, self.critical_share)),
            evidence=tuple(sorted(evidence, key=lambda each: each.at)),
            clears_when="the close date is one that leaves time for the stages left, or the deal gets through them",
        )


def _needed(baseline: Baseline, stages: tuple[str, ...]) -> dict[int, timedelta]:
    """What won deals took for all stages after each place, as far back as each of them is known."""
    needed, total = {}, timedelta()
    for place in range(len(stages) - 1, 0, -1):
        took = baseline.stages.get(stages[place])
        if took is None:
            break
        total += took
        needed[place - 1] = total
    return needed


def _since(deal: Deal, needed: dict[int, timedelta], share: float) -> datetime:
    """When the time until the close date went below a share of what is needed, and stayed there."""
    since, later = deal.created.at, None
    for moved, place, closes in deal.aims:
        left = needed.get(place) if place is not None else None
        if not left or closes is None:
            break
        # the last moment at which there was time enough
        latest = closes - share * left
        if later is not None and latest >= later:
            break
        since, later = max(moved, latest), moved
        if latest > moved:
            break
    return since
