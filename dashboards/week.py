"""The week's panel, which managers and ops both have: what began, what cleared, what is due."""

from grafana_foundation_sdk.builders import barchart

from dashboards.bars import bars
from dashboards.panels import COLOURS
from dashboards.queries import shared


def week(title: str, *, width: int = 12, height: int = 12) -> barchart.Panel:
    """By what is wrong: what began, cleared and was closed in the last seven days, and what is due in the next."""
    return bars(
        title,
        f"By what is wrong, the {shared.TURNS_SHOWN} with most of it: findings that began within seven days, that "
        "cleared on open deals, that ended because the deal did, and that will begin within the next seven days if "
        "nothing happens. More orange than green is a problem that grows; a long grey bar is work for this week.",
        shared.TURNS_BY_DETECTOR,
        "short",
        label="problem",
        pieces="turn",
        colours={
            shared.BEGAN_NAME: COLOURS["warning"],
            shared.CLEARED_NAME: "green",
            shared.CLOSED_NAME: COLOURS["info"],
            shared.DUE_NAME: "text",
        },
        stacked=False,
        width=width,
        height=height,
    )
