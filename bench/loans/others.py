"""What the other detectors are worth on the loans, each by one threshold, at the recall of a naive rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from detectors.core.rules import Rules
from streams import rules_file
from streams.tuning.sweep import with_values

from .trial import DETECTOR, TUNED, swept, with_offers
from .worth import Alerts


@dataclass(frozen=True, slots=True)
class Other:
    """A detector, and when it tells of each deal by each value of a threshold."""

    name: str
    settings: tuple[Alerts, ...]


_DAYS = tuple(range(3, 26))
_TIMES = tuple(timedelta(days=days) for days in range(3, 32))
_THRESHOLDS: tuple[tuple[str, str, Sequence[Any]], ...] = (
    ("gone_quiet", "warn_business_days", _DAYS),
    ("ghosted", "warn_business_days", _DAYS),
    ("stage_overstay", "without_baseline", _TIMES),
    ("busy_but_stuck", "stuck", _TIMES),
    ("cycle_overrun", "without_baseline", _TIMES),
    ("one_sided_push", "touches", tuple(range(3, 21))),
    ("owed_reply", "warn_business_days", tuple(range(1, 9))),
)


def others(path: Path) -> Iterator[Other]:
    """One detector after the other, and at first the tuned one without new starts, in the tuned rules' calendar."""
    tuned = rules_file.read(TUNED)
    history, _ = with_offers(path, tuned)
    rules = Rules.of({"organization": tuned.file.organization.model_dump(exclude_unset=True)})
    still = with_values(rules, DETECTOR, {"new_starts": 0})
    yield Other(f"{DETECTOR}, no new starts", tuple(swept(history, still, DETECTOR, "warn_business_days", _DAYS)))
    for name, threshold, values in _THRESHOLDS:
        yield Other(name, tuple(swept(history, rules, name, threshold, values)))
