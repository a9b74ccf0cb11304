"""The loans, as they are tried: which deals are measured, which rules choose and which judge, and who told of what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from detectors.core.calendar import Calendar
from detectors.core.rules import Rules
from streams import rules_file
from streams.history import Line, lines
from streams.tuning.endings import Ending, Endings
from streams.tuning.figures import first_alerts
from streams.tuning.lives import Life, lives
from streams.tuning.sweep import sweep, with_values

from .naive import Offered, offered
from .worth import Alerts

ENDINGS = Endings.of(bad=["lost_reason~no response"], among=["document=quote"])
TUNED = Path(__file__).resolve().parents[2] / "deploy" / "rules" / "loans.yaml"
DETECTOR = "proposal_unanswered"
# the system's own number in the log: it registers every application, and cancels what lay for thirty days
SYSTEM = "r112@bank.example"


@dataclass(frozen=True)
class Trial:
    """The deals that had an offer, by registration, and when each way told of them.

    `settings` are the alerts of the tuned detector by business days; `warning` and `critical` are those of all
    detectors of the tuned rules together, and `calendar` is the lender's.
    """

    calendar: Calendar
    lives: tuple[Life, ...]
    naive: dict[int, Alerts]
    settings: dict[int, Alerts]
    warning: Alerts
    critical: Alerts

    @property
    def first_two_thirds(self) -> tuple[Life, ...]:
        """What thresholds are chosen on."""
        return self.lives[: self._cut]

    @property
    def last_third(self) -> tuple[Life, ...]:
        """What they are judged on."""
        return self.lives[self._cut :]

    @property
    def _cut(self) -> int:
        return len(self.lives) * 2 // 3


def trial(path: Path, naive: Iterable[int], settings: Sequence[int]) -> Trial:
    """The loans under the naive rules of these days, and under the tuned rules with each of these patiences."""
    rules = rules_file.read(TUNED)
    history, offers = with_offers(path, rules)
    told = sorted((life for life in lives(history, rules) if ENDINGS.concerns(life)), key=lambda each: each.began)
    first = {life.deal_id: first_alerts(life) for life in told}
    return Trial(
        rules.calendar_of(None, None),
        tuple(told),
        {days: naive_alerts(offers, days) for days in naive},
        dict(zip(settings, swept(history, rules, DETECTOR, "warn_business_days", settings), strict=True)),
        {deal_id: at["warning"] for deal_id, at in first.items() if "warning" in at},
        {deal_id: at["critical"] for deal_id, at in first.items() if "critical" in at},
    )


def with_offers(path: Path, rules: Rules) -> tuple[list[Line], dict[str, Offered]]:
    """The events of the deals that had an offer, and these deals: no other is measured, and none hangs on another."""
    history = list(lines([path]))
    offers = offered(history, rules.organization.domains)
    return [line for line in history if orjson.loads(line.raw)["subject"] in offers], offers


def naive_alerts(offers: dict[str, Offered], days: int) -> Alerts:
    """When the naive rule tells of each deal."""
    return {deal_id: at for deal_id, each in offers.items() if (at := each.alert(days)) is not None}


def swept(history: list[Line], rules: Rules, detector: str, threshold: str, values: Sequence[Any]) -> list[Alerts]:
    """When a detector tells of each deal first, by each value of a threshold."""
    found, _ = sweep(history, detector, [with_values(rules, detector, {threshold: value}) for value in values])
    assert found is not None
    return [
        {
            told.life.deal_id: min(each.seen_at for each in told.episodes[number])
            for told in found.deals
            if told.episodes[number]
        }
        for number in range(len(values))
    ]


def is_automatic(life: Life) -> bool:
    """Whether the system cancelled it."""
    return ENDINGS.of_life(life) is Ending.BAD and life.owner == SYSTEM


def by_month(deals: Iterable[Life], calendar: Calendar) -> dict[str, list[Life]]:
    """Deals by the month of their registration, as a calendar has it."""
    found: dict[str, list[Life]] = {}
    for life in deals:
        found.setdefault(f"{calendar.local(life.began):%B}", []).append(life)
    return found


def in_folds(deals: Sequence[Life], count: int) -> list[Sequence[Life]]:
    """Deals in so many parts of the same size, one after the other."""
    cuts = [len(deals) * number // count for number in range(count + 1)]
    return [deals[start:end] for start, end in pairwise(cuts)]
