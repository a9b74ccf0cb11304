"""Contacts on an opportunity: each contact role is a person on the buyer's side of its deal.

Who the person is stands in the contact, as it is today; the role is dated by the row that gives it, and what own fields
say (that somebody left) by the contact's last modification. A contact that was changed since, or a role, is told again
at that time. A contact without an address cannot be told: people are known by
theirs. A role that was taken away leaves the person without one; that they left their company no standard field says.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from detectors.core import events
from detectors.core.events import Refused

from ..item import Item, Row
from .fields import chosen, roles
from .known import Known, address, full_name
from .telling import Draft
from .values import an_id, day, milliseconds, moment, truth

CHANGED = "crm.contact.changed"
_AT_ONCE = timedelta(seconds=1)


def contact_role(row: Row, known: Known, since: datetime | None = None) -> Item:
    """A contact of an opportunity; with `since`, what came before was told by an earlier poll."""
    settings = known.settings
    draft = Draft(settings.source)
    kind = "OpportunityContactRole"
    try:
        id = an_id(row.fields.get("Id"), "Id")
        draft.subject = an_id(row.fields.get("OpportunityId"), "OpportunityId")
        contact = _contact(row, known)
        mail = address(contact.get("Email"))
        if mail is None:
            return draft.item(row.place, row.raw, kind, "a contact without a mail address, by which people are known")
        created, touched = _times(row, known)
        changed = _moment(contact, known, "SystemModstamp", "LastModifiedDate")
        who, own = {"email": mail} | _person(contact), _own(contact, known, draft)
        role = {"roles": [] if truth(row.fields.get("IsDeleted")) else roles(row.fields.get("Role"), settings)}
        said: defaultdict[datetime, dict[str, Any]] = defaultdict(lambda: {"email": mail})
        said[created] |= who
        said[touched if touched - created > _AT_ONCE else created] |= role
        if changed is not None and changed > created:
            said[changed] |= who
        if own:
            # since when somebody is gone, or joined, is not known before the contact was last modified
            said[max(created, changed or touched)] |= own
        for at, data in said.items():
            if since is None or at >= since:
                draft.say(CHANGED, f"{id}/{milliseconds(at)}", at, data)
    except Refused as refusal:
        draft.problems.append(refusal)
    return draft.item(row.place, row.raw, kind, "a contact of an opportunity")


def _contact(row: Row, known: Known) -> Mapping[str, Any]:
    """The contact's own fields: from its table, else as far as they stand in the row of the role."""
    beside = {name.removeprefix("Contact."): each for name, each in row.fields.items() if name.startswith("Contact.")}
    if beside.get("Email"):
        return beside
    id = an_id(row.fields.get("ContactId"), "ContactId")
    if id not in known.contacts:
        raise Refused("unmapped", f"ContactId: nothing is known of the contact {id}; give the Contact table")
    return known.contacts[id].fields


def _times(row: Row, known: Known) -> tuple[datetime, datetime]:
    touched = _moment(row.fields, known, "SystemModstamp", "LastModifiedDate")
    created = _moment(row.fields, known, "CreatedDate") or touched
    if created is None:
        raise Refused("unreadable", "CreatedDate: neither this nor when it was modified is in the row")
    return created, max(created, touched or created)


def _moment(fields: Mapping[str, Any], known: Known, *names: str) -> datetime | None:
    return next((moment(fields[name], name, known.settings) for name in names if fields.get(name)), None)


def _person(contact: Mapping[str, Any]) -> dict[str, Any]:
    person: dict[str, Any] = {}
    if name := full_name(contact):
        person["name"] = name
    if contact.get("Title"):
        person["title"] = str(contact["Title"])
    if contact.get("AccountId"):
        person["account_id"] = an_id(contact["AccountId"], "AccountId")
    return person


def _own(contact: Mapping[str, Any], known: Known, draft: Draft) -> dict[str, Any]:
    """What a company's own fields say of a contact."""
    own: dict[str, Any] = {}
    for field, mine in known.settings.contact_fields.items():
        if (value := contact.get(field)) is not None:
            value = known.settings.values.get(field, {}).get(str(value), value)
            try:
                own[mine] = _plain(field, mine, value, known)
            except Refused as refusal:
                draft.problems.append(refusal)
    return own


def _plain(field: str, mine: str, value: Any, known: Known) -> Any:
    if mine in ("left", "executive"):
        return truth(value)
    return (
        day(value, field, known.settings) if mine == "joined_on" else chosen(field, mine, value, events.ContactFields)
    )
