"""Any CSV file through a mapping, a row an event.

An event's id is what the columns of `id` hold; without them, a hash of the whole row: so the same row is the same event
in every import. What cannot be read in a cell takes only its own field along, unless the event is none without it.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from detectors.core import events
from detectors.core.events import Refused

from .item import Item, Row, event
from .mapping import Kind, Mapping, MappingError, check, fields_of, load
from .section import near
from .websites import domain_in

log = logging.getLogger("stallwatch.sources.mapped_csv")

__all__ = ["Mapping", "MappingError", "check", "load", "read"]

# of a date, a time, a number or a flag: what is longer is none, and is not searched for one
MOST_CHARACTERS = 100
_YES = frozenset("true yes 1 x ja oui si wahr".split())
_NO = frozenset("false no 0 nein non falsch".split())
_SIGNS = re.compile(r"^(?:[A-Z]{3}|[€$£¥])?\s*(.*?)\s*(?:[A-Z]{3}|[€$£¥])?$")
_PARTS = re.compile(r"[,;]")


def read(mapping: Mapping, rows: Iterable[Row]) -> Iterator[Item]:
    """An item for each row; a column that is empty in all of them is said in the log. See `check`."""
    reader = _Reader(mapping)
    seen: set[str] = set()
    for row in rows:
        seen |= row.fields.keys()
        yield reader.item(row)
    for field, columns in mapping.columns.items():
        for column in columns:
            if seen and column not in seen:
                log.warning("%s: the column %r has nothing in any row%s", field, column, near(column, seen))


class _Reader:
    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._zone = ZoneInfo(mapping.time_zone)
        self._kinds = fields_of(mapping.type)

    def item(self, row: Row) -> Item:
        problems: list[Refused] = []
        told = self._event(row, problems)
        refusal = None
        if problems:
            refusal = Refused(problems[0].reason, "; ".join(str(problem) for problem in problems))
        told_too = (told,) if told else ()
        return Item(row.place, row.raw, self._mapping.type, "mapped", told_too, refusal, self._mapping.source)

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
        if kind != "text" and len(text) > MOST_CHARACTERS:
            raise self._bad(field, text, "too long")
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
