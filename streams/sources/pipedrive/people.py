"""People on deals: one event for each deal that somebody is on.

Its id is `person-<id>-deal-<id>-<second>`. Pipedrive keeps no history of persons: what is known of them is told as of
their last update, but not before the deal was there.
"""

from datetime import datetime

from .names import Person
from .telling import Telling
from .values import stamp


def tell_contact(person: Person, deal: str, since: datetime, out: Telling) -> None:
    """Tell that a person is on a deal, which is known `since` then."""
    at = max(person.updated or since, since)
    data = {"email": person.mail, "name": person.name, "title": person.title, "account_id": person.company}
    known = {key: value for key, value in data.items() if value is not None}
    out.tell(f"person-{person.id}-deal-{deal}-{stamp(at)}", "crm.contact.changed", at, known, deal)
