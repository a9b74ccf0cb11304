"""A key person left: whoever decided, sponsored or championed this, or was our only contact, is no longer there.

Why it matters: the reasons to buy leave with the person who had them. The successor has other plans and often other
suppliers, and nobody hands over a purchase that is not signed.

What to do next: ask those who stay who takes over, and ask the one who left for an introduction; in the new job they
may be a customer too. Meet the successor as if the deal began today: need, budget and date anew.

When it is wrong: the person only changed the department, or somebody else has long had the part. Correct the contact,
or put the role on the other.
"""

from typing import Any

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.changes import Change
from .core.deal import Deal
from .core.detector import Detector
from .core.executives import BUYING_POWER

KEY_ROLES = BUYING_POWER | {"champion"}
MOST_EVIDENCE = 8


class ContactDeparted(Detector):
    """A key person had power or a role that matters when they left, or was the last one whom we had met.

    It ends when somebody is met for the first time after they left, or when others who are there have their roles.
    Somebody whom we never met and of whom the CRM's first word was that they left is none.
    """

    family = "people"

    critical_met: int = Field(
        0,
        ge=0,
        le=20,
        description="People met who are still there, to make it critical. Higher: more critical findings.",
    )

    def assess(self, deal: Deal) -> Breach | None:
        gone = {email: deal.turns(email, _has_left)[-1] for email, person in deal.contacts.items() if _has_left(person)}
        if not gone:
            return None
        last_ones = self._last_ones(deal, gone)
        unreplaced: list[tuple[Change, str, list[str]]] = []
        for email, left in sorted(gone.items(), key=lambda each: (each[1].at, each[1].event)):
            roles = _key_roles(deal, email, left)
            known = email in deal.met or not _is_first_word(deal, email, left)
            key = email in last_ones or (known and (roles or deal.has_power(email)))
            if key and not _is_replaced(deal, email, left, roles):
                unreplaced.append((left, email, roles))
        if not unreplaced:
            return None
        critical = [left.at for left, email, _ in unreplaced if email in last_ones]
        parts = sorted({role for _, _, roles in unreplaced for role in roles})
        return Breach(
            since=unreplaced[0][0].at,
            critical_from=critical[0] if critical else None,
            evidence=tuple(
                Evidence(left.event, left.at, _words(deal, email, roles, email in last_ones))
                for left, email, roles in unreplaced[-MOST_EVIDENCE:]
            ),
            clears_when="somebody new on their side writes, meets us or takes a call"
            + (f", or another takes over as {' and '.join(parts).replace('_', ' ')}" if parts else ""),
        )

    def _last_ones(self, deal: Deal, gone: dict[str, Change]) -> list[str]:
        """Those who were met and with whose going too few were left of whom we had met."""
        order = sorted(deal.met.keys() & gone.keys(), key=lambda email: (gone[email].at, gone[email].event))
        return order[max(0, len(deal.met) - self.critical_met - 1) :]


def _has_left(person: dict[str, Any]) -> bool:
    return bool(person.get("left"))


def _key_roles(deal: Deal, email: str, left: Change) -> list[str]:
    """The roles that matter of somebody who left: those they had then, and those that were told after it."""
    told = deal.contact_changes[email].get("roles", [])
    before = [change.value for change in told if (change.at, change.event) < (left.at, left.event)]
    return sorted(KEY_ROLES & {*(before[-1] or () if before else ()), *(told[-1].value or () if told else ())})


def _is_first_word(deal: Deal, email: str, left: Change) -> bool:
    return all(changes[0].at >= left.at for changes in deal.contact_changes[email].values())


def _is_replaced(deal: Deal, email: str, left: Change, roles: list[str]) -> bool:
    others = (seen.first_two_way for other, seen in deal.met.items() if other != email)
    met_since = any(met is not None and met > left.at for met in others)
    return met_since or (bool(roles) and all(deal.with_role(role) for role in roles))


def _words(deal: Deal, email: str, roles: list[str], is_last: bool) -> str:
    parts = [f"the {' and '.join(roles).replace('_', ' ')}"] if roles else []
    parts += ["who had power to decide"] if not roles and deal.has_power(email) else []
    parts += ["the last one there whom we had met"] if is_last else []
    return f"{deal.called(email)} left: {', '.join(parts)}"
