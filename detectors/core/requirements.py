"""What rules may require of a deal from a stage on, and whether it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .deal import Deal

Requirement = Literal[
    "need",
    "budget",
    "deadline",
    "executive",
    "champion",
    "discovery",
    "demo",
    "proposal",
    "next_step",
    "close_plan",
    "amount",
    "close_date",
]


def is_met(deal: Deal, what: Requirement) -> bool:
    """Whether a deal has what is required: known facts, a meeting that was held, a person who was met."""
    match what:
        case "need":
            return deal.fact("need") not in (None, "unknown")
        case "budget":
            return bool(deal.fact("budget") == "confirmed")
        case "executive":
            return bool(deal.power_met)
        case "champion":
            return bool(deal.with_role("champion"))
        case "discovery" | "demo":
            return deal.held(what) is not None
        case "proposal":
            return deal.proposal is not None
        case "next_step":
            return deal.fact("next_step_date") is not None or deal.fact("next_step") is not None
        case "close_plan":
            return bool(deal.milestones)
        case "deadline" | "amount" | "close_date":
            return deal.fact(what) is not None
