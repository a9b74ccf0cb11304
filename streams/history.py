"""Reads a history: events of the contract, one JSON object a line, plain or gzipped, from files or standard input."""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

from detectors.core.events import Refused

STDIN = Path("-")


class HistoryError(ValueError):
    """A file that cannot be read."""


class Input(Protocol):
    """An event as bytes, and where it stands; with a refusal, what a source gave in place of one."""

    @property
    def place(self) -> str:
        """Where it stands, for people."""

    @property
    def raw(self) -> bytes:
        """The event, or what could not be read as one."""

    @property
    def refusal(self) -> Refused | None:
        """Why its reader made no event of it; None where it is still to be parsed."""

    @property
    def source(self) -> str | None:
        """Whose it is, where only its reader knows."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a reader of a foreign format made; `source` is whose it is, if it is refused and the reader knows."""

    place: str
    raw: bytes
    refusal: Refused | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its place."""

    path: Path
    number: int
    raw: bytes
    refusal: None = None
    source: None = None

    @property
    def place(self) -> str:
        """Where it stands, as an editor takes it."""
        return f"{self.path}:{self.number}"


def lines(paths: Iterable[Path]) -> Iterator[Line]:
    """Every line that is not empty, file by file; `HistoryError` names a file that cannot be read."""
    for path in paths:
        try:
            with _opened(path) as stream:
                for number, raw in enumerate(stream, start=1):
                    if raw.strip():
                        yield Line(path, number, raw.rstrip(b"\r\n"))
        except (OSError, EOFError, zlib.error) as error:
            raise HistoryError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _opened(path: Path) -> IO[bytes]:
    if path == STDIN:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
