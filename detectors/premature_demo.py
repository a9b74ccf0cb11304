"""Shown too early: there was a demo before anybody knew what the buyer needs.

Why it matters: a demo without discovery shows features, not answers. The buyer sees what they can compare and not what
they lack, and the next thing that they ask for is the price.

What to do next: go back and hold the discovery, with questions on the problem, its cost and who has it. Then show
again, shorter, only what answers them.

When it is wrong: the need was known from an earlier talk. Log that meeting as discovery, or set the need.
"""

from datetime import timedelta

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.durations import Duration


class PrematureDemo(Detector):
    """What was known at the first demo counts. A discovery held or a need told afterwards makes up for it, for good."""

    family = "stage"

    grace: Duration = Field(
        timedelta(0),
        ge=timedelta(0),
        le=timedelta(days=365),
        description="Time after the demo to note down what was known. Higher: fewer, later alerts.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        demo = deal.held("demo")
        if demo is None or deal.held("discovery") is not None:
            return None
        unknown = deal.lacking("need", "interesting", "important", "critical")
        if unknown is None or (unknown != deal.created and unknown.at > demo.at):
            return None
        return Breach(
            since=demo.at + self.grace,
            evidence=(
                Evidence(demo.event, demo.at, "a demo was held, with no discovery before it and the need unknown"),
            ),
            clears_when="a discovery is held, or the need is known and noted",
        )
