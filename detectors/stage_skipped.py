"""A stage ahead of itself: the deal is in a stage without what the rules require for it.

Why it matters: a stage that is set before it is earned makes the forecast wrong today and the deal stall later, when
what was skipped is asked for: by legal, by the one who pays, by an executive who hears of it last.

What to do next: close the gap before anything else: hold the meeting that was left out, ask for what is not known. If
it cannot be had soon, put the deal back to the stage that it has earned.

When it is wrong: it was done and known, and not recorded. Log the meeting, or fill in the field.
"""

from collections.abc import Iterable

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector
from .core.requirements import Requirement, is_met

MOST_TOLD = 8
WORDS: dict[Requirement, str] = {
    "need": "a known need",
    "budget": "a confirmed budget",
    "deadline": "a deadline of their own",
    "executive": "an executive met",
    "champion": "a champion",
    "discovery": "a discovery meeting held",
    "demo": "a demo held",
    "proposal": "a proposal sent",
    "next_step": "a next step",
    "close_plan": "a close plan",
    "amount": "an amount",
    "close_date": "a close date",
}


class StageSkipped(Detector):
    """What all stages up to the deal's own require counts, from when it came to each of them or beyond.

    What was known by then and was taken away later counts from there.
    """

    family = "stage"

    warn_business_days: int = Field(
        2, ge=1, le=250, description="Business days in the stage to make up for it. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        10, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        missing: dict[Requirement, Change] = {}
        stages = set()
        for stage, entered in deal.stages_reached:
            stages.add(entered.event)
            for what in deal.rules.requirements_of(deal.pipeline, stage):
                if what not in missing and not is_met(deal, what):
                    missing[what] = _missing_from(deal, what, entered)
        if not missing:
            return None
        gaps = sorted({gap.event: gap for gap in missing.values()}.values(), key=lambda gap: (gap.at, gap.event))
        add = deal.calendar.plus_business_days
        since = add(gaps[0].at, self.warn_business_days)
        return Breach(
            since=since,
            critical_from=max(since, add(gaps[0].at, self.critical_business_days)),
            evidence=tuple(
                Evidence(
                    gap.event,
                    gap.at,
                    (f"came to {gap.value} without " if gap.event in stages else "no longer there: ")
                    + _listed(what for what in missing if missing[what].event == gap.event),
                )
                for gap in gaps[-MOST_TOLD:]
            ),
            clears_when=f"the deal has {_listed(missing)}, or goes back to the stage that it has earned",
        )


def _missing_from(deal: Deal, what: Requirement, entered: Change) -> Change:
    """The deal's coming to a stage, or the later change that took away what the stage requires."""
    match what:
        case "need":
            gaps = [deal.lacking("need", "interesting", "important", "critical")]
        case "budget":
            gaps = [deal.lacking("budget", "confirmed")]
        case "next_step":
            gaps = [deal.lacking("next_step"), deal.lacking("next_step_date")]
        case "deadline" | "amount" | "close_date":
            gaps = [deal.lacking(what)]
        case _:
            gaps = []
    return max([entered, *(gap for gap in gaps if gap is not None)], key=lambda change: change.at)


def _listed(missing: Iterable[Requirement]) -> str:
    return ", ".join(WORDS[what] for what in missing)
