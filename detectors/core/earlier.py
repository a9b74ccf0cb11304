"""What fell off the old end of a deal's log, summarised.

Its parts are minima and maxima, so that to tell it twice changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .changes import Change, newer, older, taken
from .conversation import IsOurs, Touch, is_internal, touches
from .executives import decides
from .log import DealEntry, Entry, MeetingEntry, PersonEntry, is_touch
from .values import value

MOST_PEOPLE = 100
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@value(frozen=True, slots=True)
class Seen:
    """A person on the buyer's side: first touch, first two-way touch, and last two-way touch with its event."""

    first: datetime
    last_two_way: datetime | None = None
    event: str | None = None
    first_two_way: datetime | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What fell off the log, summarised; touches up to `touched_through`, all else up to `told_through`."""

    touched_through: datetime | None = None
    told_through: datetime | None = None
    began: Change | None = None
    created: Change | None = None
    facts: dict[str, Change] = field(default_factory=dict)
    contacts: dict[str, dict[str, Change]] = field(default_factory=dict)
    people: dict[str, Seen] = field(default_factory=dict)
    last_two_way: Change | None = None
    # the first meeting of each kind that was held
    held: dict[str, Change] = field(default_factory=dict)


NOTHING = Earlier()


def summarised(old: Earlier, fallen: Iterable[Entry], is_ours: IsOurs) -> Earlier:
    """The summary with these entries, too."""
    facts, contacts, people = dict(old.facts), dict(old.contacts), dict(old.people)
    touched, told, began, created = old.touched_through, old.told_through, old.began, old.created
    last_two_way, held = old.last_two_way, dict(old.held)
    for entry in fallen:
        began = older(began, entry)
        if is_touch(entry):
            touched = max(touched or entry.at, entry.at)
        else:
            told = max(told or entry.at, entry.at)
        match entry:
            case DealEntry(fields=fields, bulk=bulk):
                created = older(created, entry)
                for name, value in fields.items():
                    facts[name] = taken(name, facts.get(name), Change(entry.at, entry.event, value, bulk))
            case PersonEntry(fields=fields):
                known = dict(contacts.get(entry.email, {}))
                for name, value in fields.items():
                    known[name] = taken(name, known.get(name), Change(entry.at, entry.event, value))
                contacts[entry.email] = known
            case MeetingEntry(status="held", type=str(kind)) if not is_internal(entry, is_ours):
                held[kind] = older(held.get(kind), entry)
            case _:
                pass
    for touch in touches(fallen, is_ours):
        for person in touch.people:
            people[person] = seen(people.get(person), touch)
        if touch.two_way:
            last_two_way = newer(last_two_way, Change(touch.at, touch.event, touch.words))
    if len(people) > MOST_PEOPLE:
        newest = sorted(people, key=lambda email: (people[email].last_two_way or _LONG_AGO, email))
        people = {email: people[email] for email in newest[-MOST_PEOPLE:]}
    if len(contacts) > MOST_PEOPLE:
        weightiest = sorted(contacts, key=lambda email: (_weight(contacts[email]), email))
        contacts = {email: contacts[email] for email in weightiest[-MOST_PEOPLE:]}
    return Earlier(touched, told, began, created, facts, contacts, people, last_two_way, held)


def seen(known: Seen | None, touch: Touch) -> Seen:
    """What is known of a person who was on this touch, too."""
    if known is not None and not touch.two_way and known.first <= touch.at:
        return known
    first = touch.at if known is None else min(known.first, touch.at)
    two_way, event = (known.last_two_way, known.event) if known else (None, None)
    met = known.first_two_way if known else None
    if touch.two_way:
        met = touch.at if met is None else min(met, touch.at)
        if two_way is None or touch.at >= two_way:
            two_way, event = touch.at, touch.event
    return Seen(first, two_way, event, met)


def _weight(person: dict[str, Change]) -> tuple[bool, datetime]:
    """Whom to remember: those with power, then those of whom there was news last."""
    power = decides({name: change.value for name, change in person.items()})
    return power, max((change.at for change in person.values()), default=_LONG_AGO)
