"""The board: open deals, the stalled ones first, of one worker or put together of what several have.

Each worker tells of its deals where they stand on the board, and what stands around them (`Part`). Which of them are on
the page that was asked for follows from all parts, and only those are then fetched whole.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from detectors.core.breach import Finding
from detectors.core.registry import catalogue
from streams.answer import Answer
from streams.outline import Glance

from .formats import deal_path, longest_open, short_title

ROWS = 100
# whole numbers that nobody's arithmetic minds
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)

Standing = Literal["critical", "warning", "unknown", "info", "fine"]
_ORDER: tuple[Standing, ...] = ("critical", "warning", "unknown", "info", "fine")


@dataclass(frozen=True)
class Wanted:
    """What of the board somebody asked for."""

    owner: str = ""
    team: str = ""
    detector: str = ""
    least: float | None = None
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """What a query string says; a page that is no number is the first, a least value that is none asks for all."""
        page, least = query.get("page", ""), query.get("least", "")
        number = int(page) if _NUMBER.fullmatch(page) else 1
        return cls(
            owner=query.get("owner", ""),
            team=query.get("team", ""),
            detector=query.get("detector", ""),
            least=float(least) if _NUMBER.fullmatch(least) else None,
            page=max(number, 1),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for less than all."""
        return bool(self.owner or self.team or self.detector or self.least)

    def takes(self, told: Glance) -> bool:
        """Whether a deal is among those asked for."""
        return (
            (not self.owner or told.owner == self.owner)
            and (not self.team or told.team == self.team)
            and (not self.least or (told.amount is not None and told.amount >= self.least))
            and (not self.detector or any(each.detector == self.detector for each in told.open_findings))
        )

    @property
    def filters(self) -> dict[str, str]:
        """What a query string says of it but for the page."""
        asked = {
            "owner": self.owner,
            "team": self.team,
            "detector": self.detector,
            "least": f"{self.least:.0f}" if self.least else "",
        }
        return {name: value for name, value in asked.items() if value}

    def path(self, page: int = 1) -> str:
        """Where another page of the same is."""
        query = urlencode(self.filters | ({"page": str(page)} if page > 1 else {}))
        return f"/deals?{query}" if query else "/deals"

    def narrowed(self, **to: str) -> str:
        """Where the same is of one owner, team or detector only."""
        return replace(self, **to).path()  # type: ignore[arg-type]


@dataclass(frozen=True)
class Row:
    """A deal on the board: the worst that is wrong and how much else, or what comes next if nothing happens."""

    told: Answer
    path: str
    standing: Standing
    worst: Finding | None
    others: tuple[Finding, ...]
    since: datetime | None
    ahead: Finding | None


@dataclass(frozen=True)
class Money:
    """Value in one currency; amounts of different ones are never added."""

    currency: str | None
    open: float
    stalled: float

    @property
    def share(self) -> float:
        """The stalled part, 0 to 100."""
        return 100 * self.stalled / self.open if self.open else 0.0


# by standing, then the largest, then the id
Place = tuple[int, float, str]


@dataclass(frozen=True)
class Part:
    """What a worker has for the board: the places of the deals that are asked for, in order, and what stands around."""

    places: tuple[Place, ...]
    money: tuple[Money, ...]
    as_of: datetime | None
    owners: tuple[str, ...]
    teams: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """One page of the board, with what stands around it. The counts and sums are over all pages.

    Of so many `workers` that have deals so many have `answered`: those of the others are missing.
    """

    wanted: Wanted
    rows: tuple[Row, ...]
    open: int
    stalled: int
    critical: int
    money: tuple[Money, ...]
    pages: int
    as_of: datetime | None
    owners: tuple[str, ...]
    teams: tuple[str, ...]
    detectors: tuple[tuple[str, str], ...]
    workers: int = 1
    answered: int = 1

    @property
    def first(self) -> int:
        """The number of the first row, from 1; 0 if there is none."""
        return (self.wanted.page - 1) * ROWS + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + len(self.rows) - 1 if self.rows else 0


def board(answers: Iterable[Glance], wanted: Wanted, now: datetime | None = None) -> Board:
    """The page that was asked for, at a moment; the last one if there are not so many."""
    opened = list(answers)
    own = part(opened, wanted, now)
    wanted, ids = page_of([own], wanted)
    known = {told.deal_id: told for told in opened}
    return put_together([own], wanted, [known[deal_id].whole() for deal_id in ids])


def part(answers: Iterable[Glance], wanted: Wanted, now: datetime | None = None) -> Part:
    """What is to be said at a moment of these deals, of which the closed ones and those not asked for are left out."""
    opened = [told for told in answers if told.is_open]
    taken = [told for told in opened if wanted.takes(told)]
    return Part(
        places=tuple(sorted(map(_place, taken))),
        money=_money((told.currency, told.amount, told.amount if told.stalls else 0.0) for told in taken),
        as_of=now or max((told.as_of for told in opened), default=None),
        owners=tuple(sorted({told.owner for told in opened if told.owner})),
        teams=tuple(sorted({told.team for told in opened if told.team})),
    )


def in_order(answers: Iterable[Glance], wanted: Wanted) -> list[Glance]:
    """The open deals that are asked for, in the order of their places."""
    return sorted((told for told in answers if told.is_open and wanted.takes(told)), key=_place)


def page_of(parts: Iterable[Part], wanted: Wanted) -> tuple[Wanted, list[str]]:
    """Which page it comes to, the last one if there are not so many, and the deals on it by id."""
    ids = [deal_id for *_, deal_id in _places(parts)]
    wanted = replace(wanted, page=min(wanted.page, _pages(ids)))
    start = (wanted.page - 1) * ROWS
    return wanted, ids[start : start + ROWS]


def put_together(
    parts: Sequence[Part], wanted: Wanted, shown: Iterable[Answer], workers: int = 1, answered: int = 1
) -> Board:
    """The page with these deals, by what the workers have told; the first part is of the one that shows it."""
    places = _places(parts)
    return Board(
        wanted=wanted,
        rows=tuple(map(_row, shown)),
        open=len(places),
        stalled=sum(_ORDER[order] in ("critical", "warning") for order, *_ in places),
        critical=sum(_ORDER[order] == "critical" for order, *_ in places),
        money=_money((each.currency, each.open, each.stalled) for one in parts for each in one.money),
        pages=_pages(places),
        as_of=next((one.as_of for one in parts if one.as_of), None),
        owners=tuple(sorted({owner for one in parts for owner in one.owners})),
        teams=tuple(sorted({team for one in parts for team in one.teams})),
        detectors=tuple(sorted(((name, short_title(name)) for name in catalogue()), key=lambda each: each[1])),
        workers=workers,
        answered=answered,
    )


def _places(parts: Iterable[Part]) -> list[Place]:
    """All places in order; of a deal that is just moving from one worker to another, the first."""
    found: dict[str, Place] = {}
    for place in sorted(place for one in parts for place in one.places):
        found.setdefault(place[-1], place)
    return list(found.values())


def _pages(found: Sequence[object]) -> int:
    return max(1, -(-len(found) // ROWS))


def standing(told: Glance) -> Standing:
    """The worst that is to say of a deal."""
    if told.stalls:
        return "critical" if told.stalls[0].severity == "critical" else "warning"
    if told.is_unknown:
        return "unknown"
    return "info" if told.open_findings else "fine"


def _place(told: Glance) -> Place:
    return _ORDER.index(standing(told)), -(told.amount or 0.0), told.deal_id


def _row(told: Answer) -> Row:
    of = standing(told)
    unseen = tuple(finding for finding in told.findings if finding.state == "unknown")
    findings = told.stalls or unseen or told.open_findings
    return Row(
        told=told,
        path=deal_path(told.deal_id),
        standing=of,
        worst=findings[0] if findings else None,
        others=findings[1:],
        since=longest_open(findings).since if findings else None,
        ahead=next((finding for finding in told.findings if finding.state == "pending"), None),
    )


def _money(sums: Iterable[tuple[str | None, float | None, float | None]]) -> tuple[Money, ...]:
    """Of currency, open and stalled value, the sums of each currency, the largest first."""
    opened: defaultdict[str | None, float] = defaultdict(float)
    stalled: defaultdict[str | None, float] = defaultdict(float)
    for currency, value, part_of_it in sums:
        if value is not None:
            opened[currency] += value
            stalled[currency] += part_of_it or 0.0
    largest_first = sorted(opened, key=lambda currency: (-opened[currency], currency or ""))
    return tuple(Money(currency, opened[currency], stalled[currency]) for currency in largest_first)
