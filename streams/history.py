"""Reads a history: events of the contract, one JSON object a line, plain or gzipped, from files or standard input."""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

STDIN = Path("-")


class HistoryError(ValueError):
    """A file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its place."""

    path: Path
    number: int
    raw: bytes

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
