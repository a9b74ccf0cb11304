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
from .core.changes import Change
from .core.deal import Deal
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
        missing: dict[str, Evidence] = {}
        for stage, entered in deal.stages_reached:
            for role in deal.rules.roles_of(deal.pipeline, stage):
                if role not in missing and not deal.with_role(role):
                    missing[role] = _missing_from(deal, role, entered)
        if not missing:
            return None
        evidence = sorted(missing.values(), key=lambda each: (each.at, each.event))
        since = deal.calendar.plus_business_days(evidence[0].at, self.warn_business_days)
        critical_from = deal.calendar.plus_business_days(evidence[0].at, self.critical_business_days)
        return Breach(
            since=since,
            critical_from=max(since, critical_from),
            evidence=tuple(evidence),
            clears_when=f"a contact who is there has the role of {' and of '.join(missing).replace('_', ' ')}",
        )


def _missing_from(deal: Deal, role: str, entered: Change) -> Evidence:
    """The stage's entry, or later the moment at which the last one who had the role lost it or left."""

    def holds(person: dict[str, Any]) -> bool:
        return role in (person.get("roles") or ()) and not person.get("left")

    words = role.replace("_", " ")
    ceased = [(turns[-1].at, turns[-1].event, email) for email in deal.contacts if (turns := deal.turns(email, holds))]
    at, event, email = max(ceased, default=(entered.at, entered.event, ""))
    if at > entered.at:
        return Evidence(event, at, f"{deal.called(email)} is no longer the {words}, and nobody else is")
    return Evidence(entered.event, entered.at, f"it came to {entered.value}, and nobody is the {words}")
