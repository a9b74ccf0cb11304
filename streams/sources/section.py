"""Sections of files of settings: their names, and the secrets that they name by files."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from .connection import SourceRefused


class Section(BaseModel):
    """Typed, and without names that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def near(name: str, names: Iterable[str]) -> str:
    """What may be meant by a name that is none of these, as the end of a sentence."""
    by_lower = {each.casefold(): each for each in sorted(names)}
    found = get_close_matches(name.casefold(), by_lower, n=1)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""


def secret_in(path: Path) -> str:
    """The one line that a file of a secret holds; `SourceRefused` names a file without one. Never log what it gives."""
    try:
        secret = path.read_text().strip()
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SourceRefused(f"{path}: is no text") from None
    if not secret:
        raise SourceRefused(f"{path}: is empty")
    if any(letter < " " for letter in secret):
        raise SourceRefused(f"{path}: holds more than one line")
    return secret
