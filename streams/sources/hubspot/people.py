"""The buyer's people on a deal, and the company behind it.

HubSpot does not tell since when a contact or a company goes with a deal. So they do from the deal's beginning, or from
when the contact was first known if that was later: then every channel tells the same events.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from detectors.core.addresses import normalise
from detectors.core.events import Event, Refused, Role

from ..item import event
from .portal import Portal
from .records import Link, Record, Version
from .values import EPOCH, day, milliseconds, text_of

CONTACT = ("email", "firstname", "lastname", "jobtitle", "hs_buying_role", "associatedcompanyid")
COMPANY = ("name", "domain", "hs_additional_domains")

_ROLES: Mapping[str, Role] = {
    **{role.replace("_", " "): role for role in get_args(Role)},
    "budget holder": "economic_buyer",
    "legal and compliance": "legal",
    "legal & compliance": "legal",
    "blocker": "other",
    "executive": "executive_sponsor",
    "billing contact": "procurement",
    "purchasing": "procurement",
    "user": "end_user",
}
_TRUE = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True)
class Person:
    """A contact: what was known of them from when on, oldest first, and the deals that they are on."""

    id: str
    known: tuple[tuple[datetime, dict[str, Any]], ...]
    deals: tuple[Link, ...]

    @property
    def email(self) -> str | None:
        """Their address now; None if HubSpot has none."""
        return self.known[-1][1]["email"] if self.known else None


@dataclass(frozen=True, slots=True)
class Company:
    """A company: what is known of it, and since when that is so."""

    account: dict[str, Any]
    since: datetime


def contact_properties(portal: Portal) -> tuple[str, ...]:
    """The properties of a contact that are read."""
    return tuple(dict.fromkeys((*CONTACT, *portal.settings.contact_properties)))


def person_of(record: Record, portal: Portal) -> Person:
    """A contact's record; without a mail address nothing is known of them. `Refused` if it cannot be read."""
    names = contact_properties(portal)
    histories = {name: _told(record, name, portal) for name in names}
    turns = sorted({version.at for versions in histories.values() for version in versions})
    since = record.created(portal.settings) or record.changed(portal.settings) or EPOCH
    known = []
    for at in turns or [since]:
        as_of = {name: _as_of(record, name, histories[name], at) for name in names}
        if text_of(as_of["email"]):
            known.append((at, _fields(as_of, portal)))
    return Person(record.id, tuple(known), record.links.get("deals", ()))


def on_deal(
    person: Person, deal: str, labels: Iterable[str], began: datetime | None, portal: Portal
) -> Iterator[Event]:
    """What is told of a contact on one deal; `labels` are those of their association."""
    roles = list(dict.fromkeys(filter(None, (_role("association_label", label, portal) for label in labels))))
    before = [each for each in person.known if began is not None and each[0] <= began]
    for at, fields in (*before[-1:], *person.known[len(before) :]):
        since = max(at, began or at)
        if since == EPOCH:
            raise Refused("time", "nothing says since when this contact is known: export Create Date too")
        told = fields
        if roles:
            told = {**fields, "roles": list(dict.fromkeys((*fields.get("roles", ()), *roles)))}
        id = "-".join(("contact", person.id, "on", deal, str(milliseconds(since)), *roles))
        yield event(portal.settings.source, id, "crm.contact.changed", since, told, subject=deal)


def company_of(record: Record, portal: Portal) -> Company:
    """A company's record as the account of its deals; `Refused` if it cannot be read."""
    versions = [version for name in COMPANY for version in _told(record, name, portal)]
    since = max((version.at for version in versions), default=None)
    domains = f"{record.text('domain')};{record.text('hs_additional_domains')}".split(";")
    account: dict[str, Any] = {
        "id": record.id,
        "name": record.text("name") or None,
        "domains": [domain.strip().lower() for domain in domains if domain.strip()],
    }
    return Company(account, since or record.created(portal.settings) or EPOCH)


def accounts(company: Company, deal: str, began: datetime | None, portal: Portal) -> Iterator[Event]:
    """What is told of the company behind a deal."""
    since = max(company.since, began or company.since)
    if since == EPOCH:
        raise Refused("time", "nothing says since when this company is known: export Create Date too")
    id = f"deal-{deal}-account-{company.account['id']}-{milliseconds(since)}"
    yield event(portal.settings.source, id, "crm.deal.changed", since, {"account": company.account}, subject=deal)


def primary(links: Sequence[Link]) -> Link | None:
    """The company that a deal is mainly with."""
    for link in links:
        if any(label.casefold() in {"primary", "deal_to_company"} for label in link.labels):
            return link
    return links[0] if links else None


def _told(record: Record, name: str, portal: Portal) -> list[Version]:
    versions = []
    for version in record.versions(name, portal.settings):
        if isinstance(version, Refused):
            raise version
        versions.append(version)
    return sorted(versions, key=lambda version: version.at)


def _as_of(record: Record, name: str, versions: Sequence[Version], at: datetime) -> Any:
    if not versions:
        return record.properties.get(name)
    return next((version.value for version in reversed(versions) if version.at <= at), None)


def _fields(as_of: Mapping[str, Any], portal: Portal) -> dict[str, Any]:
    told: dict[str, Any] = {"email": _address(text_of(as_of["email"]))}
    name = " ".join(filter(None, (text_of(as_of[each]) for each in ("firstname", "lastname"))))
    title, role, company = (text_of(as_of[each]) for each in ("jobtitle", "hs_buying_role", "associatedcompanyid"))
    told |= {field: value for field, value in (("name", name), ("title", title), ("account_id", company)) if value}
    roles = [_role("hs_buying_role", each, portal) for each in role.split(";") if each.strip()]
    if roles:
        told["roles"] = list(dict.fromkeys(filter(None, roles)))
    for own, contract in portal.settings.contact_properties.items():
        if contract is not None and (text := text_of(as_of[own])):
            told[contract] = _own(contract, portal.settings.values.get(own, {}).get(text, text), portal)
    return told


def _own(field: str, text: str, portal: Portal) -> Any:
    match field:
        case "executive" | "left":
            return text.casefold() in _TRUE
        case "joined_on":
            return day(text, portal.settings)
        case "roles":
            return list(filter(None, (_role("", each, portal) for each in text.split(";"))))
        case _:
            return text


def _role(name: str, text: str, portal: Portal) -> str | None:
    text = text.strip()
    text = portal.settings.values.get(name, {}).get(text, text)
    return _ROLES.get(" ".join(text.casefold().replace("_", " ").split()))


def _address(text: str) -> str:
    try:
        return normalise(text)
    except ValueError as error:
        raise Refused("invalid", f"email: {error}") from None
