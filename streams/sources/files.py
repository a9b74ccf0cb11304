"""Files of any kind, read as events: told apart by what is in them, and put into the order of their times."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson

from detectors.core import events
from detectors.core.rules import Rules

from ..history import STDIN, HistoryError, Input, lines
from . import mapped_csv, table
from .connections import Connections
from .hubspot import export as hubspot
from .in_order import in_order
from .item import Item, Row
from .mail import files as mail
from .mail.domains import Domains
from .mail.reading import read as read_mail
from .pipedrive import export as pipedrive
from .salesforce import export as salesforce

TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
KNOWN = (*TABLES, ".json", ".jsonl", ".jsonl.gz")
# a dump of an API is one JSON value, read at once
MOST_JSON_BYTES = 512 * 1024 * 1024
Vendor = tuple[str, ModuleType]
VENDORS: dict[str, ModuleType] = {"salesforce": salesforce, "hubspot": hubspot, "pipedrive": pipedrive}


@dataclass(frozen=True)
class Reading:
    """How files are read: by which names, and who hears what each thing was taken for."""

    rules: Rules
    connections: Connections = field(default_factory=Connections)
    mapping: mapped_csv.Mapping | None = None
    mail_source: str = "mail"
    on_item: Callable[[Item], None] = lambda _item: None


def read(paths: Iterable[Path], reading: Reading) -> Iterator[Input]:
    """The events of these files. `HistoryError` names a file that cannot be read, or is none that is known.

    CloudEvents alone come as they lie; if another form is among them, everything comes in the order of its times.
    """
    paths = [file for path in paths for file in _expanded(path)]
    foreign = [path for path in paths if _is_foreign(path)]
    for path in paths:
        if path not in foreign:
            _seems_native(path)
    if not foreign:
        return lines(paths)
    # what cannot be read is said before anything is
    told = [_mails(foreign, reading), *_tables(foreign, reading), *_dumps(foreign, reading)]
    native = _native(path for path in paths if path not in foreign)
    return in_order(_heard(chain(*told, native), reading.on_item))


def _expanded(path: Path) -> list[Path]:
    """A folder of exports stands for its files; what mail it has is read as one thing."""
    if not path.is_dir():
        return [path]
    mails = [path] if mail.is_mail(path) else []
    exports = sorted(each for each in path.iterdir() if each.is_file() and each.name.casefold().endswith(KNOWN))
    if not mails and not exports:
        raise HistoryError(f"{path}: a folder in which there is neither mail nor an export")
    return [*mails, *exports]


def _is_foreign(path: Path) -> bool:
    return path != STDIN and (_is_table(path) or _is_dump(path) or mail.is_mail(path))


def _seems_native(path: Path) -> None:
    """`HistoryError` for what is named like no file of events, and does not begin as one: an .xlsx, a text."""
    # a pipe can be read only once
    if path.name.casefold().endswith((*KNOWN, ".gz")) or not path.is_file():
        return
    first = next(lines([path]), None)
    if first is not None and not first.raw.lstrip().startswith(b"{"):
        raise HistoryError(
            f"{path}: neither mail nor a table (.csv, .tsv) nor events as JSON, one a line; save a spreadsheet as CSV"
        )


def _is_dump(path: Path) -> bool:
    """Whether a file is one JSON value over several lines, or a list; CloudEvents are an object a line."""
    if path.suffix != ".json":
        return False
    try:
        with path.open("rb") as file:
            first = file.readline(events.MAX_BYTES)
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}") from None
    try:
        told = orjson.loads(first)
    except orjson.JSONDecodeError:
        return True
    return not (isinstance(told, dict) and "specversion" in told)


def _is_table(path: Path) -> bool:
    return path.name.casefold().endswith(TABLES)


def _heard(items: Iterable[Item], on_item: Callable[[Item], None]) -> Iterator[Item]:
    for item in items:
        on_item(item)
        yield item


def _native(paths: Iterable[Path]) -> Iterator[Item]:
    """CloudEvents among other forms."""
    for line in lines(paths):
        try:
            yield Item(line.place, line.raw, "event", "a line of CloudEvents", (events.parse(line.raw),))
        except events.Refused as refusal:
            yield Item(line.place, line.raw, "nothing", str(refusal), refusal=refusal)


def _mails(paths: Iterable[Path], reading: Reading) -> Iterator[Item]:
    ours = Domains(reading.rules.organization.domains)
    for path in paths:
        if not _is_table(path) and not _is_dump(path):
            for place, raw in mail.messages(path):
                yield read_mail(raw, place, reading.mail_source, ours)


def _tables(paths: Iterable[Path], reading: Reading) -> Iterator[Iterator[Item]]:
    """The items of all tables, those of a vendor together: they explain each other."""
    found: defaultdict[str, dict[str, list[Path]]] = defaultdict(dict)
    for path in filter(_is_table, paths):
        if reading.mapping is not None:
            mapped_csv.check(reading.mapping, table.columns(path), str(path))
            vendor, name = "mapped", ""
        else:
            vendor, name = _table_of(path)
        found[vendor].setdefault(name, []).append(path)
    for vendor, tables in found.items():
        no_rows: list[Item] = []
        rows = {name: _rows_of(files, no_rows.append) for name, files in tables.items()}
        if reading.mapping is not None:
            yield _with(no_rows, mapped_csv.read(reading.mapping, rows[""]))
        else:
            yield _with(no_rows, VENDORS[vendor].read(rows, getattr(reading.connections, vendor)))


def _rows_of(files: Iterable[Path], refused: Callable[[Item], None]) -> Iterator[Row]:
    for path in files:
        yield from table.rows(path, refused)


def _with(others: list[Item], items: Iterable[Item]) -> Iterator[Item]:
    """The items, and those that reading them brings about."""
    for item in items:
        yield from others
        others.clear()
        yield item
    yield from others


def _table_of(path: Path) -> tuple[str, str]:
    columns = table.columns(path)
    for vendor, module in VENDORS.items():
        if (name := module.table_of(columns)) is not None:
            return vendor, name
    known = ", ".join(columns[:6])
    raise HistoryError(f"{path}: no export that is known has the columns {known} …; say what they are with --mapping")


def _dumps(paths: Iterable[Path], reading: Reading) -> Iterator[Iterator[Item]]:
    """The items of what APIs gave as JSON, those of a vendor together."""
    found: defaultdict[str, dict[str, list[Row]]] = defaultdict(dict)
    for path in paths:
        if _is_dump(path):
            vendor, name, rows = _dump(path)
            found[vendor].setdefault(name, []).extend(rows)
    for vendor, tables in found.items():
        yield VENDORS[vendor].read(tables, getattr(reading.connections, vendor))


def _dump(path: Path) -> tuple[str, str, Iterable[Row]]:
    try:
        if path.stat().st_size > MOST_JSON_BYTES:
            raise HistoryError(f"{path}: more than {MOST_JSON_BYTES:,} bytes in one JSON value; give it in parts")
        content: Any = orjson.loads(path.read_bytes())
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise HistoryError(f"{path}: not JSON: {error}") from None
    for vendor, module in VENDORS.items():
        objects_of = getattr(module, "objects_of", None)
        if objects_of is not None and (name := objects_of(content)) is not None:
            return vendor, name, _rows(path, content)
    raise HistoryError(
        f"{path}: no dump of a CRM that is known; CloudEvents are given as lines, in a file named .jsonl"
    )


def _rows(path: Path, content: Any) -> Iterator[Row]:
    if isinstance(content, dict):
        content = next((content[key] for key in ("results", "data") if key in content), content)
    each = content if isinstance(content, list) else [content]
    return (Row(f"{path}[{number}]", one) for number, one in enumerate(each) if isinstance(one, dict))
