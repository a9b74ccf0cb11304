"""Any CSV file through a mapping: a YAML file that says which column is what in an event, and how it is written.

```yaml
source: acme-crm
type: crm.deal.changed
columns: {subject: Deal No, time: Changed at, stage: Phase, amount: Value, close_date: Close, account.domains: Web}
constants: {currency: EUR}
values: {stage: {1 - Neu: Discovery}, status: {gewonnen: won}}
formats: {date: "%d.%m.%Y", time: "%d.%m.%Y %H:%M", decimal: ","}
time_zone: Europe/Berlin
```

A row is an event. Its id is what the columns of `id` hold; without them, a hash of the whole row: so the same row is
the same event in every import. What cannot be read in a cell takes only its own field along, unless the event is none
without it. `subject` is the deal; what a mail is about is `data.subject`.
"""

import re
from collections.abc import Collection, Hashable, Iterable, Iterator
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

import orjson
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints, ValidationError

from detectors.core import events
from detectors.core.events import Refused

from .. import yaml_file
from ..yaml_file import Keys, YamlFileError
from .item import Item, Row, event
from .section import Section
from .websites import domain_in

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
_YES = frozenset("true yes 1 x ja oui si wahr".split())
_NO = frozenset("false no 0 nein non falsch".split())
_SIGNS = re.compile(r"^(?:[A-Z]{3}|[€$£¥])?\s*(.*?)\s*(?:[A-Z]{3}|[€$£¥])?$")
_PARTS = re.compile(r"[,;]")


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

    `columns` names the column of each field of the contract, and of the event's `subject` (the deal), `time` and `id`
    (several columns together). `constants` are the same in all rows. `values` puts the file's words onto the contract's
    before they are read. Times without an offset are of `time_zone`, without which they are UTC. An empty cell says
    nothing; with `empty: cleared` it says that there is nothing any more.
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
        f"{place}: {field} is mapped to the column {column!r}, which is not there{_near(column, columns)}"
        for column, field in wanted.items()
        if column not in columns
    ]
    if missing:
        raise MappingError("\n".join(missing))


def read(mapping: Mapping, rows: Iterable[Row]) -> Iterator[Item]:
    """An item for each row."""
    reader = _Reader(mapping)
    for row in rows:
        yield reader.item(row)


class _Reader:
    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._zone = ZoneInfo(mapping.time_zone)
        self._kinds = _fields_of(mapping.type)

    def item(self, row: Row) -> Item:
        problems: list[Refused] = []
        told = self._event(row, problems)
        refusal = None
        if problems:
            refusal = Refused(problems[0].reason, "; ".join(str(problem) for problem in problems))
        return Item(row.place, row.raw, self._mapping.type, "mapped", (told,) if told else (), refusal)

    def _event(self, row: Row, problems: list[Refused]) -> events.Event | None:
        try:
            id, subject, time = self._id(row), self._text(row, "subject"), self._time(row)
        except Refused as problem:
            problems.append(problem)
            return None
        data = self._data(row, problems)
        while data:
            try:
                return event(self._mapping.source, id, self._mapping.type, time, data, subject)
            except Refused as problem:
                # one field at a time: what is left may still be told
                field, text = self._blamed(problem)
                problems.append(Refused(problem.reason, text))
                if data.pop(field, None) is None:
                    return None
        if not problems:
            problems.append(Refused("invalid", "nothing in it but empty cells"))
        return None

    def _id(self, row: Row) -> str:
        columns = self._mapping.columns.get("id")
        if columns is None:
            raw = orjson.dumps(dict(row.fields), option=orjson.OPT_SORT_KEYS, default=str)
            return f"row-{blake2b(raw, digest_size=12).hexdigest()}"
        missing = next((column for column in columns if column not in row.fields), None)
        if missing is not None:
            raise Refused("unreadable", f"id (column {missing}): empty")
        return "/".join(str(row.fields[column]) for column in columns)

    def _time(self, row: Row) -> datetime:
        text = self._text(row, "time")
        if text is None:
            raise Refused("unreadable", f"{self._where('time')}: empty")
        return self._moment("time", text)

    def _data(self, row: Row, problems: list[Refused]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for field, kind in self._kinds.items():
            if field not in self._mapping.columns and field not in self._mapping.constants:
                continue
            try:
                text = self._text(row, field)
                value = self._read(field, kind, text) if text is not None else None
            except Refused as problem:
                problems.append(problem)
                continue
            if value is None and self._mapping.empty == "unchanged":
                continue
            part, _, name = field.removeprefix("data.").rpartition(".")
            into = data.setdefault(part, {}) if part else data
            into[name] = value
        return data

    def _text(self, row: Row, field: str) -> str | None:
        """What stands in a field's cell, or is the same in all rows."""
        columns = self._mapping.columns.get(field)
        text = str(row.fields[columns[0]]).strip() if columns and columns[0] in row.fields else None
        return text or self._mapping.constants.get(field)

    def _read(self, field: str, kind: Kind, text: str) -> Any:
        if kind == "list":
            parts = [self._word(field, part.strip()) for part in _PARTS.split(text) if part.strip()]
            return [domain_in(part) or part for part in parts] if field == "account.domains" else parts
        text = self._word(field, text)
        match kind:
            case "day":
                return self._day(field, text)
            case "moment":
                return self._moment(field, text)
            case "number":
                return self._number(field, text)
            case "flag":
                if text.casefold() not in _YES | _NO:
                    raise self._bad(field, text, "neither yes nor no")
                return text.casefold() in _YES
        return text

    def _word(self, field: str, text: str) -> str:
        return self._mapping.values.get(field, {}).get(text, text)

    def _day(self, field: str, text: str) -> date:
        try:
            if self._mapping.formats.date is not None:
                return datetime.strptime(text, self._mapping.formats.date).date()  # noqa: DTZ007 - a day has no zone
            return datetime.fromisoformat(text).date()
        except ValueError:
            raise self._bad(field, text, "no date", self._mapping.formats.date) from None

    def _moment(self, field: str, text: str) -> datetime:
        try:
            if self._mapping.formats.time is not None:
                told = datetime.strptime(text, self._mapping.formats.time)  # noqa: DTZ007 - the zone is put on below
            else:
                told = datetime.fromisoformat(text)
            return told if told.tzinfo else told.replace(tzinfo=self._zone)
        except ValueError:
            raise self._bad(field, text, "no time", self._mapping.formats.time) from None

    def _number(self, field: str, text: str) -> float:
        point = self._mapping.formats.decimal
        group = r"[.'’\s]" if point == "," else r"[,'’\s]"
        signs = _SIGNS.match(text)
        bare = signs.group(1) if signs else text
        whole, _, part = bare.partition(point)
        if not re.fullmatch(rf"[+-]?(\d{{1,18}}|\d{{1,3}}({group}\d{{3}}){{1,5}})", whole) or not re.fullmatch(
            r"\d{0,18}", part
        ):
            raise self._bad(field, text, "no number", f"decimal {point}")
        return float(f"{re.sub(group, '', whole)}.{part or 0}")

    def _bad(self, field: str, text: str, what: str, form: str | None = None) -> Refused:
        shown = f" ({form})" if form else ""
        return Refused("unreadable", f"{self._where(field)}: {text[:60]!r} is {what}{shown}")

    def _where(self, field: str) -> str:
        columns = self._mapping.columns.get(field)
        return f"{field} (column {', '.join(columns)})" if columns else field

    def _blamed(self, problem: Refused) -> tuple[str, str]:
        """The part of the data that a refusal is about, and what is said of it, by its column."""
        place, _, text = str(problem).partition(": ")
        names = [name for name in place.removeprefix("data.").split(".") if not name.isdigit()]
        field = place if place in self._kinds else ".".join(names)
        return names[0], f"{self._where(field)}: {text}"


@cache
def _fields_of(type: str) -> dict[str, Kind]:
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
    known = (*ENVELOPE, *_fields_of(mapping.type))
    for part, names in (("columns", mapping.columns), ("constants", mapping.constants), ("values", mapping.values)):
        for name in names:
            if name not in known:
                yield (part, name), f"is no field of {mapping.type}{_near(name, known)}"
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
        near = _near(mapping.time_zone, available_timezones())
        yield ("time_zone",), f"{mapping.time_zone!r} is no time zone{near}"


def _tells_a_day(form: str) -> bool:
    day = datetime(2026, 11, 23)  # noqa: DTZ001 - only written down and read again
    try:
        return datetime.strptime(day.strftime(form), form).date() == day.date()  # noqa: DTZ007
    except (ValueError, re.error):
        return False


def _words(kind: str, text: str, place: Keys) -> str:
    if kind == "extra_forbidden":
        return f"is no known name{_near(str(place[-1]), (*Mapping.model_fields, *Formats.model_fields))}"
    return text.removeprefix("Value error, ")


def _near(name: str, names: Iterable[str]) -> str:
    names = list(names)
    by_lower = {each.casefold(): each for each in names}
    near = get_close_matches(name.casefold(), by_lower, n=1)
    return f"; did you mean {by_lower[near[0]]}?" if near else ""
