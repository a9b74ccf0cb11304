"""The lives of the deals of a history: how each ended, and what would have been told of it when.

The history is replayed through the code that runs live, so what is told at a moment hangs on nothing after it. As live,
an event that is late, because the join could not say at once whose it was, tells a deal's past anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from detectors.core.breach import Finding
from detectors.core.deal import Deal
from detectors.core.log import DocumentEntry
from detectors.core.registry import catalogue
from detectors.core.rules import Rules

from ..history import Input
from ..replay import Replay
from .seen import Seen
from .shelf import AT_HAND, Shelf


@dataclass(frozen=True, slots=True)
class Episode:
    """A warning or worse of one detector on one deal, as it would have been told; times are event times.

    `since` is when the deal began to stall, `seen_at` when that could be told first: they differ where only a later
    event showed it. `critical_from` is when it could first be told as critical, None where it never was; `until` is
    None where it was open when the history ended. What somebody called noise was over then.
    """

    detector: str
    since: datetime
    critical_from: datetime | None
    until: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Life:
    """A deal from its beginning to its end; `ended` is None while it is open when the history ends (right-censored).

    Of a deal that was closed and taken up again, that is its last end. `owner`, `team` and `amount` are the last ones.
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


class Chronicle:
    """A history that is replayed into lives, under some rules; what is after `until` is not looked at.

    Of the closed deals, so many are left `at_hand`; to pack more of them takes time, and less memory.
    """

    def __init__(self, rules: Rules, until: datetime | None = None, at_hand: int = AT_HAND) -> None:
        self._at_hand = at_hand
        self.replay = Replay(rules, until)
        self._shelf = Shelf()
        self.replay.partition.deals = self._shelf
        self._over: dict[str, Life] = {}

    @property
    def ended(self) -> datetime | None:
        """The last moment of the history; None before there is one."""
        return self.replay.partition.time

    def run(self, history: Iterable[Input]) -> Iterator[int]:
        """Take a history; yields how many events were accepted, batch by batch."""
        for accepted in self.replay.run(history):
            for seen in self._shelf.clear_up(self._at_hand):
                deal_id = seen.deal.id
                self._over[deal_id] = self._life(seen)
                answers = self.replay.partition.answers
                answers[deal_id] = replace(answers[deal_id], findings=())
            yield accepted

    def lives(self) -> Iterator[Life]:
        """The life of each deal, by id."""
        at_hand = {seen.deal.id: seen for seen in self._shelf.at_hand()}
        for deal_id in sorted(self._shelf):
            if deal_id not in at_hand:
                yield self._over[deal_id]
            elif at_hand[deal_id].deal.log:
                yield self._life(at_hand[deal_id])

    def _life(self, seen: Seen) -> Life:
        answer = self.replay.partition.answers[seen.deal.id]
        return life_of(seen.deal, episodes_of(seen, answer.findings, answer.as_of))


def lives(history: Iterable[Input], rules: Rules, until: datetime | None = None) -> Iterator[Life]:
    """Each deal that a history tells of, by id, under some rules; what is after `until` is not looked at."""
    chronicle = Chronicle(rules, until)
    for _ in chronicle.run(history):
        pass
    yield from chronicle.lives()


def life_of(deal: Deal, episodes: Iterable[Episode]) -> Life:
    """What became of a deal, of which these were told."""
    status = deal.current("status")
    return Life(
        deal_id=deal.id,
        began=deal.created.at,
        ended=status.at if status is not None and not deal.is_open else None,
        owner=deal.owner,
        team=deal.team,
        amount=deal.amount,
        currency=deal.currency,
        facts=MappingProxyType(deal.facts),
        documents=frozenset(entry.type for entry in deal.log if isinstance(entry, DocumentEntry)),
        episodes=tuple(episodes),
    )


def episodes_of(seen: Seen, findings: Iterable[Finding], as_of: datetime) -> Iterator[Episode]:
    """What findings of a deal's answer at a moment were told of it."""
    for told in findings:
        was_told = told.severity != "info" or (told.muted is not None and not _is_info(told))
        if was_told and told.state in ("open", "resolved"):
            sight = seen.sight_of(told, as_of)
            until = told.muted or (told.until if told.state == "resolved" else None)
            critical = sight.critical_at
            if told.muted is not None and critical is not None and critical > told.muted:
                critical = None
            yield Episode(told.detector, told.since, critical, until, sight.at)


def _is_info(told: Finding) -> bool:
    return catalogue()[told.detector].severity == "info"
