"""A deal's record as an item: its life, the company behind it, and the people on it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from detectors.core.events import Event, Refused

from ..item import Item
from . import deals, people
from .people import Company, Person
from .portal import Portal
from .records import Link, Record

_MOST_PROBLEMS = 5


def deal_item(
    record: Record,
    contacts: Iterable[Link],
    persons: Mapping[str, Person],
    companies: Mapping[str, Company],
    portal: Portal,
    standing: bool = True,
    after: datetime | None = None,
) -> Item:
    """Everything that is told of a deal, or only its own changes from `after` on, with all that goes with it.

    What cannot be read of it takes nothing else with it.
    """
    began, unread = None, []
    try:
        began = record.created(portal.settings)
    except Refused as refused:
        unread.append(Refused(refused.reason, f"createdate: {refused}"))
    told, problems = deals.life(record, began, portal, standing, after)
    problems = [*unread, *problems]
    for told_too in (_account(record, companies, began, portal), *_people(record, contacts, persons, began, portal)):
        try:
            told += told_too
        except Refused as refused:
            problems.append(refused)
    why = f"{len(record.histories)} histories" if record.has_history else "as it stands"
    return Item(record.place, record.raw, "deal", why, tuple(told), one_of(problems))


def _account(
    record: Record, companies: Mapping[str, Company], began: datetime | None, portal: Portal
) -> Iterator[Event]:
    behind = people.primary(record.links.get("companies", ()))
    if behind is not None and (company := companies.get(behind.id)):
        yield from people.accounts(company, record.id, began, portal)


def _people(
    record: Record, contacts: Iterable[Link], persons: Mapping[str, Person], began: datetime | None, portal: Portal
) -> Iterator[Iterator[Event]]:
    for link in _together(chain(record.links.get("contacts", ()), contacts)):
        if person := persons.get(link.id):
            yield people.on_deal(person, record.id, link.labels, began, portal)


def one_of(problems: Sequence[Refused]) -> Refused | None:
    """Several refusals as one."""
    texts = list(dict.fromkeys(map(str, problems)))
    if not texts:
        return None
    more = f" (and {len(texts) - _MOST_PROBLEMS} more)" if len(texts) > _MOST_PROBLEMS else ""
    return Refused(problems[0].reason, "; ".join(texts[:_MOST_PROBLEMS]) + more)


def _together(links: Iterable[Link]) -> list[Link]:
    """Each once, with the labels of all."""
    found: dict[str, dict[str, None]] = {}
    for link in links:
        found.setdefault(link.id, {}).update(dict.fromkeys(link.labels))
    return [Link(id, tuple(labels)) for id, labels in found.items()]
