"""A role that is needed by now is nobody's: the rules ask for it in this stage, and no contact has it.

Why it matters: every purchase has somebody who pays, somebody who decides and somebody who sells for us when we are not
in the room. If we can't put a name to the role, we are not talking to that person either.

What to do next: ask your contact who plays that part, by what it does and not by its name: who signs, who can stop it,
who gains most. Put the role on the contact, or get to know the one who is missing.

When it is wrong: the person is known and the CRM does not say so. Put the role on the contact.
"""

from typing import Any

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Change, Deal
from .core.detector import Detector


class MissingRoles(Detector):
    """A role is missing if nobody who has not left has it; from when its last holder lost it, if that is later."""

    family = "people"

    warn_business_days: int = Field(
        5, ge=0, le=250, description="Business days into the stage that asks for it. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        15, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        missing: dict[str, tuple[Change, Change | None]] = {}
        for stage, entered in deal.stages_reached:
            for role in deal.rules.roles_of(deal.pipeline, stage):
                if role not in missing and not deal.with_role(role):
                    missing[role] = entered, _lost(deal, role)
        if not missing:
            return None
        starts = [max(entered.at, lost.at) if lost else entered.at for entered, lost in missing.values()]
        add = deal.calendar.plus_business_days
        since = add(min(starts), self.warn_business_days)
        evidence = set()
        for entered, lost in missing.values():
            names = [_words(role) for role, (when, _) in missing.items() if when == entered]
            evidence.add(
                Evidence(entered.event, entered.at, f"it came to {entered.value} with no {' and no '.join(names)}")
            )
            if lost is not None:
                names = [_words(role) for role, (_, when) in missing.items() if when == lost]
                evidence.add(
                    Evidence(lost.event, lost.at, f"{deal.called(lost.value)} is no longer the {' and '.join(names)}")
                )
        return Breach(
            since=since,
            critical_from=max(since, add(min(starts), self.critical_business_days)),
            evidence=tuple(sorted(evidence, key=lambda each: (each.at, each.event))),
            clears_when=f"a contact who is there has the role of {' and of '.join(map(_words, missing))}",
        )


def _lost(deal: Deal, role: str) -> Change | None:
    """When the last one who had a role lost it or left; None if nobody ever had it."""

    def holds(told: dict[str, Any]) -> bool:
        return role in (told.get("roles") or ()) and not told.get("left")

    lost = [(turns[-1].at, turns[-1].event, email) for email in deal.contacts if (turns := deal.turns(email, holds))]
    if not lost:
        return None
    at, event, email = max(lost)
    return Change(at, event, email)


def _words(role: str) -> str:
    return role.replace("_", " ")
