"""The lives of the deals of a history: how each ended, and what would have been told of it when.

The history is replayed through the code that runs live, so what is told at a moment hangs on nothing after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from detectors.core.assessment import Watched
from detectors.core.breach import Finding
from detectors.core.log import DocumentEntry
from detectors.core.rules import Rules

from ..history import Input
from ..replay import Replay


@dataclass(frozen=True, slots=True)
class Episode:
    """A warning or worse of one detector on one deal, as it would have been told; times are event times.

    `critical_from` is None where it never turned critical; `until` is None where it was open when the history ended.
    """

    detector: str
    since: datetime
    critical_from: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Life:
    """A deal from its beginning to its end; `ended` is None while it is open when the history ends (right-censored).

    `facts` are its fields as they were last, as the CRM names them (`status`, `lost_reason`, `stage`, `amount`, …), and
    `documents` the kinds of documents that were sent. Episodes stand in the order of their beginnings.
    """

    deal_id: str
    began: datetime
    ended: datetime | None
    owner: str | None
    team: str | None
    amount: float | None
    currency: str | None
    facts: Mapping[str, Any]
    documents: frozenset[str]
    episodes: tuple[Episode, ...]

    @property
    def status(self) -> str:
        """How it stands at the end of the history: open, won or lost."""
        return self.facts.get("status") or "open"


def lives(history: Iterable[Input], rules: Rules, until: datetime | None = None) -> Iterator[Life]:
    """Each deal that a history tells of, by id, under some rules; what is after `until` is not looked at."""
    replay = Replay(rules, until)
    for _ in replay.run(history):
        pass
    time = replay.partition.time
    if time is not None:
        for _, watched in sorted(replay.partition.deals.items()):
            if watched.deal.log:
                yield _life(watched, time)


def _life(watched: Watched, as_of: datetime) -> Life:
    deal = watched.deal
    status = deal.current("status")
    ended = status.at if status is not None and not deal.is_open else None
    return Life(
        deal_id=deal.id,
        began=deal.created.at,
        ended=ended,
        owner=deal.owner,
        team=deal.team,
        amount=deal.amount,
        currency=deal.currency,
        facts=MappingProxyType(deal.facts),
        documents=frozenset(entry.type for entry in deal.log if isinstance(entry, DocumentEntry)),
        episodes=tuple(_episodes(watched.answer(as_of))),
    )


def _episodes(findings: Iterable[Finding]) -> Iterator[Episode]:
    for told in findings:
        if told.severity != "info" and told.state in ("open", "resolved"):
            critical = told.critical_from if told.severity == "critical" else None
            yield Episode(told.detector, told.since, critical, told.until if told.state == "resolved" else None)
