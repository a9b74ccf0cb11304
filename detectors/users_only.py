"""Friendly users, no buyers: the deal is in the later stages and nobody who buys has ever taken part.

Why it matters: users like to talk, to test and to wish. They have neither the money nor the last word, and a proposal
that they carry upstairs is read there by people who have never heard us.

What to do next: ask the users who signed for the last tool of theirs, and what that person must see. Offer them help
with the business case in exchange for a joint meeting with the one who buys.

When it is wrong: one of them does buy and the CRM does not know it. Put the role on the contact.
"""

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Detector
from .core.executives import procures
from .core.words import count_of


class UsersOnly(Detector):
    """Who buys is an executive, has a role that decides, pays or sponsors, or is of procurement,
    which a title says, too, where the CRM has no role.

    Where nobody was met there are no users either, and others tell of that.
    """

    family = "people"
    watches = ("activity.email", "activity.meeting", "activity.call")

    warn_business_days: int = Field(
        5, ge=0, le=250, description="Business days into the later stages. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        15, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def assess(self, deal: Deal) -> Breach | None:
        late = deal.late_stage
        if late is None or deal.power_met or not deal.met:
            return None
        if any(procures(deal.contacts.get(email, {})) for email in deal.met):
            return None
        seen = [(who.last_two_way, who.event, email) for email, who in deal.met.items()]
        met = sorted((at, event, email) for at, event, email in seen if at and event)
        newest, event, email = met[-1]
        add = deal.calendar.plus_business_days
        since = add(late.at, self.warn_business_days)
        others = f" and {count_of(len(met) - 1, 'other')}" if len(met) > 1 else ""
        return Breach(
            since=since,
            critical_from=max(since, add(late.at, self.critical_business_days)),
            evidence=(
                Evidence(late.event, late.at, f"it came to the later stages: {late.value}"),
                Evidence(event, newest, f"met {deal.called(email)}{others}, and nobody who buys"),
            ),
            clears_when="somebody who buys takes part: an executive, who decides, pays or sponsors, or procurement",
        )
