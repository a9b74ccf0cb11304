"""What a mail was taken for."""

from datetime import date
from typing import NamedTuple


class Kind(NamedTuple):
    """What a mail was taken for, what showed it, whether nobody wrote it by hand; of an absence, its end."""

    name: str
    why: str
    automatic: bool = False
    returns_on: date | None = None
