"""A section of the connections file, and the secrets that it names by their files."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from .connection import SourceRefused


class Section(BaseModel):
    """Typed, and without names that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
