"""A mapping file: which column of a CSV file is what in an event, and how it is written. YAML.

```yaml
source: acme-crm
type: crm.deal.changed
columns: {subject: Deal No, time: Changed at, stage: Phase, amount: Value, close_date: Close, account.domains: Web}
constants: {currency: EUR}
values: {stage: {1 - Neu: Discovery}, status: {gewonnen: won}}
formats: {date: "%d.%m.%Y", time: "%d.%m.%Y %H:%M", decimal: ","}
time_zone: Europe/Berlin
```
"""

import re
from collections.abc import Collection, Hashable, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import available_timezones

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints, ValidationError

from detectors.core import events

from .. import yaml_file
from ..yaml_file import Keys, YamlFileError
from .section import Section, near

Type = Literal[
    "crm.deal.changed",
    "crm.contact.changed",
    "crm.milestone.changed",
    "activity.email",
    "activity.meeting",
    "activity.call",
    "activity.document",
]
Kind = Literal["day", "moment", "number", "flag", "list", "text"]
ENVELOPE = ("subject", "id", "time")


class MappingError(ValueError):
    """A mapping that cannot be used, or not with this file; one problem a line, each with its place."""


def _one_or_more(value: object) -> object:
    columns = value if isinstance(value, list) else [value]
    if any(isinstance(each, bool) for each in columns):
        raise ValueError("yes, no, on and off are flags to YAML: write a column of this name in quotes")
    return tuple(str(each) if isinstance(each, int) else each for each in columns)


def _as_words(value: object) -> object:
    """What YAML takes for numbers and flags, as it stands in a cell."""
    if not isinstance(value, dict):
        return value
    if any(isinstance(key, bool) for key in value):
        raise ValueError("yes, no, on and off are flags to YAML: write such a value in quotes")
    return {str(key): str(each).lower() if isinstance(each, bool) else str(each) for key, each in value.items()}


Column = Annotated[str, StringConstraints(min_length=1)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(_one_or_more), Field(min_length=1)]
Words = Annotated[dict[str, str], BeforeValidator(_as_words)]


class Formats(Section):
    """How a file writes dates and times (as in Python's `strptime`; without them ISO 8601), and decimals."""

    date: str | None = None
    time: str | None = None
    decimal: Literal[".", ","] = "."


class Mapping(Section):
    """What a mapping file says.

    `columns` names the column of each field of the contract, and of the event's `subject` (the deal; what a mail is
    about is `data.subject`), `time` and `id` (several columns together). `constants` are the same in all rows. `values`
    puts the file's words onto the contract's before they are read. Times without an offset are of `time_zone`, without
    which they are UTC. An empty cell says nothing; with `empty: cleared` it says that there is nothing any more.
    """

    source: Column
    type: Type
    columns: dict[str, Columns]
    constants: Words = Field(default_factory=dict)
    values: dict[str, Words] = Field(default_factory=dict)
    formats: Formats = Formats()
    time_zone: str = "UTC"
    empty: Literal["unchanged", "cleared"] = "unchanged"


def load(path: Path) -> Mapping:
    """The mapping in a file; `MappingError` names every problem by its line."""
    try:
        file = yaml_file.read(path)
    except YamlFileError as error:
        raise MappingError(str(error)) from None
    try:
        mapping = Mapping.model_validate(file.content if file.content is not None else {})
        problems = list(_problems(mapping))
    except ValidationError as error:
        problems = [(each["loc"], _words(each["type"], each["msg"], each["loc"])) for each in error.errors()]
    if problems:
        raise MappingError("\n".join(file.problem(place, text) for place, text in problems))
    return mapping


def check(mapping: Mapping, columns: Collection[str], place: str) -> None:
    """See whether a file has all the columns; `MappingError` names those that it has not, and what may be meant."""
    wanted = {column: field for field, each in mapping.columns.items() for column in each}
    missing = [
        f"{place}: {field} is mapped to the column {column!r}, which is not there{near(column, columns)}"
        for column, field in wanted.items()
        if column not in columns
    ]
    if missing:
        raise MappingError("\n".join(missing))


@cache
def fields_of(type: str) -> dict[str, Kind]:
    """The fields that events of a type have, by their names in the contract, and how each is read."""
    model = next(each for each in get_args(events.Event) if type in get_args(each.model_fields["type"].annotation))
    return dict(_kinds(model.model_fields["data"].annotation, ""))


def _kinds(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Kind]]:
    for name, field in model.model_fields.items():
        parts = list(_types_in(field.annotation))
        inner = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if inner is not None:
            yield from _kinds(inner, f"{prefix}{name}.")
        else:
            told = field.alias or name
            yield (f"data.{told}" if not prefix and told in ENVELOPE else f"{prefix}{told}"), _kind(parts)


def _types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    if getattr(annotation, "__origin__", None) is not tuple:
        for part in get_args(annotation):
            yield from _types_in(part)


def _kind(parts: list[Any]) -> Kind:
    if any(getattr(part, "__origin__", None) is tuple for part in parts):
        return "list"
    kinds: dict[Any, Kind] = {AwareDatetime: "moment", date: "day", float: "number", bool: "flag"}
    return next((kinds[part] for part in parts if isinstance(part, Hashable) and part in kinds), "text")


def _problems(mapping: Mapping) -> Iterator[tuple[Keys, str]]:
    known = (*ENVELOPE, *fields_of(mapping.type))
    for part, names in (("columns", mapping.columns), ("constants", mapping.constants), ("values", mapping.values)):
        for name in names:
            if name not in known:
                yield (part, name), f"is no field of {mapping.type}{near(name, known)}"
    for name in mapping.constants.keys() & {"id", "time"}:
        yield ("constants", name), "differs from row to row: name its column"
    for name, columns in mapping.columns.items():
        if len(columns) > 1 and name != "id":
            yield ("columns", name), "only an id may be made of several columns"
    told = mapping.columns.keys() | mapping.constants.keys()
    if "time" not in mapping.columns:
        yield ("columns",), "time is missing: which column says when it happened?"
    if "subject" not in told and mapping.type.startswith("crm."):
        yield ("columns",), "subject is missing: which column says which deal it is?"
    for name in ("date", "time"):
        text = getattr(mapping.formats, name)
        if text is not None and not _tells_a_day(text):
            yield ("formats", name), f"{text!r} does not tell a day; one that does is %d.%m.%Y"
    if mapping.time_zone not in available_timezones():
        meant = near(mapping.time_zone, available_timezones())
        yield ("time_zone",), f"{mapping.time_zone!r} is no time zone{meant}"


def _tells_a_day(form: str) -> bool:
    day = datetime(2026, 11, 23)  # noqa: DTZ001 - only written down and read again
    try:
        return datetime.strptime(day.strftime(form), form).date() == day.date()  # noqa: DTZ007
    except (ValueError, re.error):
        return False


def _words(kind: str, text: str, place: Keys) -> str:
    if kind == "extra_forbidden":
        return f"is no known name{near(str(place[-1]), (*Mapping.model_fields, *Formats.model_fields))}"
    return text.removeprefix("Value error, ")
