"""When a field took a value: the word in which a deal's history is told."""

from datetime import datetime
from typing import Any

from .log import DealEntry, Entry, order
from .values import value


@value(frozen=True, slots=True)
class Change:
    """A field took a value; in `bulk` by nobody's move, as an import or a migration writes many deals at once."""

    at: datetime
    event: str
    value: Any
    bulk: bool = False


def newer(one: Change | None, other: Change) -> Change:
    """The later of the two."""
    return other if one is None or (one.at, one.event) < (other.at, other.event) else one


def older(one: Change | None, other: Entry) -> Change:
    """The earlier of the two; what an entry says of a field is not asked."""
    if one is not None and (one.at, one.event) <= order(other):
        return one
    return Change(other.at, other.event, None, isinstance(other, DealEntry) and other.bulk)


def taken(field: str, one: Change | None, other: Change) -> Change:
    """A field's newest value, with the moment at which it took it: to repeat it is no change."""
    return one if one is not None and is_same(field, one.value, other.value) else newer(one, other)


def is_same(field: str, one: object, other: object) -> bool:
    """Whether two values of a field say the same; a stage may be told in other letters."""
    return one == other or (field == "stage" and None not in (one, other) and plain(one) == plain(other))


def plain(stage: object) -> str:
    """A stage's name as names are compared."""
    return stage.strip().casefold() if isinstance(stage, str) else ""
