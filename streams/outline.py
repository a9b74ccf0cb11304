"""An answer in short: what is counted of a deal that nobody looks at. Its words are packed, and found if asked for.

A company has many more deals than move on a day. What is told of one fills some 20 kB; in short, a tenth of that.
"""

import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from struct import Struct
from typing import NamedTuple

from detectors.core.breach import Finding, Severity

from .answer import Answer, finding_line, of_json, to_json

# a detector by its number, and one or two Unix times
_COURSE, _DEADLINE = Struct("<Hdd"), Struct("<Hd")
_GOES_ON = float("inf")
# as far back as deflate looks
MOST_PHRASES = 32_768
# on the way to them, no more answers are looked through
MOST_LOOKED_THROUGH = 2_000


class Mark(NamedTuple):
    """An open finding, without its words."""

    detector: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Outline:
    """What is counted of an answer, under the names that it has there, and the whole of it, packed."""

    deal_id: str
    as_of: datetime
    status: str
    pipeline: str
    stage: str | None
    owner: str | None
    team: str | None
    amount: float | None
    currency: str | None
    close_date: str | None
    met_executive: bool
    ended: datetime | None
    heard_at: datetime | None
    is_unknown: bool
    stalls: tuple[Mark, ...]
    open_findings: tuple[Mark, ...]
    _courses: bytes
    _deadlines: bytes
    packed: bytes
    _phrases: bytes

    @classmethod
    def of(cls, told: Answer, phrases: bytes = b"") -> "Outline":
        """An answer in short; the more of its words are among these `phrases`, the less it takes to keep it."""
        pack = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=phrases)
        return cls(
            deal_id=told.deal_id,
            as_of=told.as_of,
            status=sys.intern(told.status),
            pipeline=sys.intern(told.pipeline),
            stage=_shared(told.stage),
            owner=_shared(told.owner),
            team=_shared(told.team),
            amount=told.amount,
            currency=_shared(told.currency),
            close_date=_shared(told.close_date),
            met_executive=told.met_executive,
            ended=told.ended,
            heard_at=told.heard_at,
            is_unknown=told.is_unknown,
            stalls=_marks(told.stalls),
            open_findings=_marks(told.open_findings),
            _courses=b"".join(
                _COURSE.pack(_number(name), since, _GOES_ON if until is None else until)
                for name, since, until in told.courses
            ),
            _deadlines=b"".join(_DEADLINE.pack(_number(name), since) for name, since in told.deadlines),
            packed=pack.compress(to_json(told)) + pack.flush(),
            _phrases=phrases,
        )

    @property
    def is_open(self) -> bool:
        """Neither won nor lost."""
        return self.status == "open"

    @property
    def courses(self) -> Iterator[tuple[str, float, float | None]]:
        """When each warning or worse that is open or over began, and ended: detector and two Unix times."""
        for number, since, until in _COURSE.iter_unpack(self._courses):
            yield _NAMES[number], since, None if until == _GOES_ON else until

    @property
    def deadlines(self) -> Iterator[tuple[str, float]]:
        """When each warning or worse that lies ahead will begin, if nothing happens: detector and Unix time."""
        for number, since in _DEADLINE.iter_unpack(self._deadlines):
            yield _NAMES[number], since

    def whole(self) -> Answer:
        """The answer; its own time is on the clock of its owner, as it was."""
        packed = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=self._phrases)
        return replace(of_json(packed.decompress(self.packed)), as_of=self.as_of)


Glance = Answer | Outline
"""What is told of a deal, as far as it is counted: who needs its words asks for the `whole`."""


def phrases_of(answers: Iterable[Answer]) -> bytes:
    """The words that answers have in common: a finding of each detector found among them, and what else one says."""
    found: dict[str, bytes] = {}
    rest = b""
    for told in islice(answers, MOST_LOOKED_THROUGH):
        rest = rest or to_json(replace(told, findings=()))
        for finding in told.findings:
            if finding.detector not in found:
                found[finding.detector] = finding_line(finding).encode()
    return b"".join([*found.values(), rest])[-MOST_PHRASES:]


def _marks(findings: Iterable[Finding]) -> tuple[Mark, ...]:
    """Few combinations of what is wrong are found again and again: all deals share them."""
    return _the_same(tuple(Mark(each.detector, each.severity) for each in findings))


@lru_cache(maxsize=16_384)
def _the_same(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    return marks


_NAMES: list[str] = []
_NUMBERS: dict[str, int] = {}


def _number(detector: str) -> int:
    """A detector's number in this process."""
    if detector not in _NUMBERS:
        _NUMBERS[detector] = len(_NAMES)
        _NAMES.append(detector)
    return _NUMBERS[detector]


def _shared(name: str | None) -> str | None:
    """The very same string for all who have it."""
    return name if name is None else sys.intern(name)
