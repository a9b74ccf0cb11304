"""The histories that are measured: real loan applications, where they are at hand, and a made-up company's year."""

from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from detectors.core.rules import Rules
from streams.demo.company import Company
from streams.history import Line, lines

# real data is not part of the project: it lies beside it, or is missing
LOANS = Path(__file__).resolve().parents[2] / "shared" / "data" / "loans" / "events.jsonl.gz"
DEALS_PER_REP = 12


@dataclass(frozen=True)
class History:
    """Events in the order in which they would come, and the rules of the house that they are from."""

    name: str
    lines: list[Line]
    rules: Rules


def loans(at_most: int | None = None) -> History | None:
    """Two months of a bank's loan applications; None where the file is missing."""
    if not LOANS.exists():
        return None
    return History("loans", list(islice(lines([LOANS]), at_most)), Rules())


def year(deals: int, at_most: int | None = None) -> History:
    """A year of a made-up company that begins so many deals."""
    company = Company(reps=max(5, deals // DEALS_PER_REP), deals=deals, start=date(2025, 1, 6), weeks=52)
    place = Path("year")
    told = [Line(place, number, raw) for number, raw in enumerate(islice(company.lines(), at_most), start=1)]
    return History(f"a year of {deals:,} deals", told, Rules.of(company.rules()))
