"""CSV files as rows: whatever a spreadsheet or a CRM writes, read strictly, each row with the line where it begins.

Guessed is only what can be shown: the encoding from a byte order mark, else UTF-8 if all of the file is that, else
Windows-1252, and that is said; the separator from the rows that agree with the names above them. A row with more or
fewer cells than there are columns is refused: nobody knows which of them is missing.
"""

import csv
import gzip
import logging
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE, getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, cast

from detectors.core.events import Refused

from .item import Item, Row

log = logging.getLogger("stallwatch.sources.table")

SEPARATORS = ",;\t|"
# of a cell, and of a line: a quote that is never closed must not swallow the memory along with the file
MOST_CHARACTERS = 8 * 1024 * 1024
SAMPLE_LINES = 100
SAMPLE_CHARACTERS = 1024 * 1024
CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"
# the longer marks first: UTF-32's begins as UTF-16's does
_MARKS = {
    BOM_UTF8: "utf-8-sig",
    BOM_UTF32_LE: "utf-32",
    BOM_UTF32_BE: "utf-32",
    BOM_UTF16_LE: "utf-16",
    BOM_UTF16_BE: "utf-16",
}


class TableError(ValueError):
    """A file that cannot be read as a table; the text names it and the line."""


def columns(path: Path) -> tuple[str, ...]:
    """The names in a CSV file's first line; `TableError` if it is no table, or has a name twice."""
    with closing(_records(path, say=False)) as records:
        return _names(path, records)


def rows(path: Path, refused: Callable[[Item], None]) -> Iterator[Row]:
    """The rows of a CSV file, plain or gzipped; what is no row of it is handed to `refused` instead.

    Blanks around a cell are no part of it; what is empty is left out, a row that is wholly empty too. `TableError` if
    the file cannot be read, or not from some line on.
    """
    with closing(_records(path, say=True)) as records:
        names = _names(path, records)
        for record in records:
            cells = [cell.strip() for cell in record.cells]
            problem = record.problem or _problem(record, names)
            if problem:
                refusal = Refused("unreadable", problem)
                refused(Item(record.place, record.text.encode(), "row", "CSV", refusal=refusal))
            elif any(cells):
                yield Row(record.place, {name: cell for name, cell in zip(names, cells, strict=True) if cell})


@dataclass(frozen=True, slots=True)
class _Record:
    place: str
    text: str
    cells: list[str]
    problem: str | None = None


def _problem(record: _Record, names: tuple[str, ...]) -> str | None:
    if "\0" in record.text:
        return "a NUL byte in it"
    if any(record.cells) and len(record.cells) != len(names):
        return f"{len(record.cells)} cells, where the first line names {len(names)} columns"
    return None


def _names(path: Path, records: Iterator[_Record]) -> tuple[str, ...]:
    first = next(records, None)
    if first is None:
        raise TableError(f"{path}: empty, not even names of columns")
    if first.problem or "\0" in first.text:
        raise TableError(f"{first.place}: {first.problem or 'a NUL byte in it: no CSV file'}")
    names = tuple(name.strip() for name in first.cells)
    if "" in names:
        raise TableError(f"{first.place}: column {names.index('') + 1} of {len(names)} has no name")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise TableError(f"{first.place}: the column {twice[0]!r} stands here twice")
    return names


def _records(path: Path, say: bool) -> Generator[_Record, None, None]:
    """Every line, and lines that quotes hold together as one; the names are the first."""
    csv.field_size_limit(MOST_CHARACTERS)
    try:
        encoding = _encoding(path, say)
        with _text(path, encoding) as stream:
            sample = _sample(_lines(path, stream))
        separator = _declared(sample)
        above = 1 if separator else 0
        separator = separator or _separator(path, sample)
        with _text(path, encoding) as stream:
            yield from _parsed(path, islice(_lines(path, stream), above, None), separator, above)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    except UnicodeError as error:
        raise TableError(f"{path}: the text cannot be read: {error}") from None


def _parsed(path: Path, lines: Iterable[str], separator: str, above: int) -> Iterator[_Record]:
    held: list[str] = []

    def kept() -> Iterator[str]:
        for line in lines:
            held.append(line)
            yield line

    reader = csv.reader(kept(), delimiter=separator, strict=True)
    while True:
        held.clear()
        place = f"{path}:{reader.line_num + above + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error) or "unexpected end" in str(error):
                raise TableError(f"{place}: a quote in this row is never closed") from None
            yield _Record(place, "".join(held), [], f"no CSV: {error}")
            continue
        if cells:
            yield _Record(place, "".join(held), cells)


def _sample(lines: Iterator[str]) -> list[str]:
    sample: list[str] = []
    size = 0
    while len(sample) < SAMPLE_LINES and size < SAMPLE_CHARACTERS and (line := next(lines, None)) is not None:
        sample.append(line)
        size += len(line)
    return sample


def _declared(sample: list[str]) -> str | None:
    """The separator that Excel writes above the names."""
    line = sample[0].strip("\r\n") if sample else ""
    return line[-1] if len(line) == 5 and line.lower().startswith("sep=") else None


def _separator(path: Path, sample: list[str]) -> str:
    """What parts the cells: what makes most rows agree with the first, and most columns of it."""
    ranked = sorted(((_agreement(sample, each), each) for each in SEPARATORS), reverse=True)
    (best, separator), (second, other) = ranked[:2]
    if best[1] < 2:
        return ","
    if best == second:
        raise TableError(f"{path}:1: the cells may be parted by {separator!r} or by {other!r}: nothing shows which")
    return separator


def _agreement(sample: list[str], separator: str) -> tuple[float, int]:
    counts: list[int] = []
    # the sample ends within quotes, or a row of it will be refused
    with suppress(csv.Error):
        counts.extend(len(cells) for cells in csv.reader(sample, delimiter=separator, strict=True) if cells)
    if not counts or counts[0] < 2:
        return 0.0, 0
    return sum(count == counts[0] for count in counts) / len(counts), counts[0]


def _lines(path: Path, stream: IO[str]) -> Iterator[str]:
    number = 0
    while line := stream.readline(MOST_CHARACTERS):
        number += 1
        if len(line) == MOST_CHARACTERS:
            raise TableError(f"{path}:{number}: a line of more than {MOST_CHARACTERS:,} characters")
        yield line


def _text(path: Path, encoding: str) -> IO[str]:
    return TextIOWrapper(_opened(path), encoding=encoding, newline="")


def _encoding(path: Path, say: bool) -> str:
    with _opened(path) as stream:
        head = stream.read(4)
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if marked:
        return marked
    line = _first_line_not_utf8(path)
    if line is None:
        return "utf-8"
    if say:
        log.warning("%s:%d: not UTF-8, so all of the file is read as Windows-1252", path, line)
    return "cp1252"


def _first_line_not_utf8(path: Path) -> int | None:
    decoder, line = getincrementaldecoder("utf-8")(), 1
    with _opened(path) as stream:
        while True:
            chunk = stream.read(CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            if not chunk:
                return None
            line += chunk.count(b"\n")


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    return cast("IO[bytes]", gzip.open(path) if packed else path.open("rb"))
