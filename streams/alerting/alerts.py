"""What Alertmanager is told: an alert for each finding that somebody is told of, and for a while that it is over.

Pure: no clock is read, nothing is sent. Alertmanager knows an alert by its labels alone, so an alert whose labels
change (the deal goes to another owner, the finding turns critical) is another one, and the one before it has to be
ended. One that is over and comes back with the same labels is no news to it for as long as it remembers its mails: so
the moment at which a rep was told of a finding is a label, which changes only with the day's mail.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

from detectors.core.addresses import normalise
from detectors.core.breach import Evidence, Finding
from detectors.core.registry import catalogue
from detectors.core.words import count_of

from ..answer import Answer
from .telling import Telling, ToldDeal

LONGEST_LABEL = 200
LONGEST_LINE = 300
LONGEST_SENTENCE = 600
MOST_EVIDENCE = 4  # lines; who wants all of it opens the deal's page
MOST_AMOUNT = 10**15

TOLD_OVER_FOR = timedelta(minutes=15)
"""How long it is repeated that an alert is over: long enough for a peer that was away to hear of it."""

# Marks that turn the direction of text around, or are not seen at all: with them a name can pose as another one.
_UNSEEN = re.compile(
    "[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """One stall as Alertmanager is to know it, by its labels (sorted by name); over if it has `over_at`."""

    labels: Labels
    annotations: Labels
    since: datetime
    page: str
    over_at: datetime | None = None

    def to_dict(self, now: datetime, lasting: timedelta, *, is_news: bool = False) -> dict[str, Any]:
        """The alert in the form of Alertmanager's API v2; an open one ends by itself if not told again for `lasting`.

        It never starts ahead of now, nor ends before it starts: Alertmanager would refuse it. News starts now, and at
        its own moment only when it is told again: for an alert that is old already Alertmanager does not wait for those
        that come with it, and the first mail would name one deal of many.
        """
        ends_at = self.over_at or now + lasting
        return {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": min(now if is_news else self.since, now, ends_at).astimezone(UTC).isoformat(),
            "endsAt": ends_at.astimezone(UTC).isoformat(),
            "generatorURL": self.page,
        }


def alerts_of(told: Telling, pages_url: str) -> Iterator[Alert]:
    """An alert for each finding that the owner of a book is told of, and for each that goes to their manager."""
    more = {
        "waiting": str(told.waiting) if told.waiting else "",
        "board_url": _board(told.owner, pages_url),
    }
    for deal in told.deals:
        for rank, finding in enumerate(deal.findings, start=1):
            told_at = deal.since.get(finding.detector)
            labels = {
                "alertname": _alertname("Deal", finding.detector),
                **_deal_labels(deal.answer, finding),
                "told_at": f"{told_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if told_at else "",
            }
            said = {"told": "new" if deal.is_new else "before", "place": _place(deal), "rank": f"{rank:02}"}
            yield _alert(labels, _deal_annotations(deal.answer, finding, pages_url) | said | more, finding.since)
    if told.manager is not None:
        yield from _to_manager(told, told.manager, more["board_url"], pages_url)


def _to_manager(told: Telling, manager: str, board: str, pages_url: str) -> Iterator[Alert]:
    who = {"manager_email": _address(manager), "owner_email": _address(told.owner)}
    if not who["owner_email"]:
        who["owner"] = label(told.owner)
    for each in told.of_book:
        finding, answer = each.finding, each.answer
        labels = {
            "alertname": _alertname("Book", finding.detector),
            "detector": finding.detector,
            "severity": finding.severity,
            "deal_id": label(finding.deal_id),
            "team": label(told.team),
            "reads": _reads(finding.detector),
        }
        of_deal = {"deal_name": plain(answer.name, LONGEST_LABEL), "amount": _amount(answer)} if answer else {}
        page = _page(finding.deal_id, pages_url) if finding.deal_id else board
        said = _said(finding, pages_url) | of_deal | {"deal_url": page if answer else "", "board_url": board}
        yield _alert(labels | who, said | {"rep": plain(told.owner, LONGEST_LABEL)}, finding.since, page)
    for rank, escalation in enumerate(told.unanswered, start=1):
        finding, answer = escalation.finding, escalation.answer
        labels = {"alertname": "DealEscalated", **_deal_labels(answer, finding)}
        said = _deal_annotations(answer, finding, pages_url) | {
            "board_url": board,
            "rep": plain(told.owner, LONGEST_LABEL),
            "rank": f"{rank:04}",
            "unanswered_since": f"{escalation.unanswered_since:%Y-%m-%d}",
        }
        yield _alert(labels | who, said, escalation.due)


def _alert(labels: Mapping[str, str], annotations: Mapping[str, str], since: datetime, page: str = "") -> Alert:
    return Alert(_given(labels), _given(annotations), since, page or annotations["deal_url"])


def _alertname(of: str, detector: str) -> str:
    return of + "".join(word.title() for word in detector.split("_"))


def _deal_labels(told: Answer, finding: Finding) -> dict[str, str]:
    return {
        "deal_id": label(told.deal_id),
        "detector": finding.detector,
        "severity": finding.severity,
        "owner_email": _address(told.owner),
        "team": label(told.team),
        "reads": _reads(finding.detector),
    }


def _said(finding: Finding, pages_url: str) -> dict[str, str]:
    return {
        "headline": _headline(finding.detector),
        "summary": plain(finding.summary, LONGEST_SENTENCE),
        "evidence": "\n".join(_evidence(finding.evidence)),
        "clears_when": plain(finding.clears_when, LONGEST_SENTENCE),
        "since": f"{finding.since:%Y-%m-%d}",
        "runbook_url": f"{pages_url}/catalogue#{finding.detector}",
    }


def _deal_annotations(told: Answer, finding: Finding, pages_url: str) -> dict[str, str]:
    return _said(finding, pages_url) | {
        "deal_name": plain(told.name, LONGEST_LABEL),
        "deal_url": _page(told.deal_id, pages_url),
        "amount": _amount(told),
    }


def _page(deal_id: str, pages_url: str) -> str:
    return f"{pages_url}/deals/{quote(deal_id, safe='', errors='replace')}"


def _board(owner: str, pages_url: str) -> str:
    """The board of an owner's deals; of nobody's, the whole board."""
    return f"{pages_url}/deals?owner={quote(owner, safe='', errors='replace')}" if owner else f"{pages_url}/deals"


def _reads(detector: str) -> str:
    """What Alertmanager's inhibit rules ask: whether the finding reads silence, and so needs sources that report.

    By the detector alone, which is the same as long as the alert is. An answer may name one that this version has not.
    """
    kind = catalogue().get(detector)
    return "silence" if kind and kind.watches else ""


def _given(values: Mapping[str, str]) -> Labels:
    """Those that say something: to Alertmanager an empty label is none."""
    return tuple(sorted((name, value) for name, value in values.items() if value))


def _address(owner: str | None) -> str:
    """One address, or nothing: Alertmanager would write to each of several, whoever put them there.

    Nor one with quotes: Alertmanager leaves them out where it names the recipient to the mail server, to whom
    "evil@them.example>"@us.example then is somebody else.
    """
    try:
        address = normalise(owner) if owner else ""
    except ValueError:
        return ""
    return "" if '"' in address else address


def _evidence(evidence: tuple[Evidence, ...]) -> Iterator[str]:
    """A line a fact, in the order of time; of many the newest, and a line that counts the others."""
    in_order = sorted(evidence, key=lambda fact: fact.at)
    left_out = len(in_order) - MOST_EVIDENCE + 1 if len(in_order) > MOST_EVIDENCE else 0
    if left_out:
        yield count_of(left_out, "earlier fact")
    for fact in in_order[left_out:]:
        yield f"{fact.at:%Y-%m-%d}: {plain(fact.text, LONGEST_LINE)} ({plain(fact.event, LONGEST_LABEL)})"


def _amount(told: Answer) -> str:
    return "" if told.amount is None else plain(f"{told.amount:,.0f} {told.currency or ''}", LONGEST_LABEL)


def _headline(detector: str) -> str:
    kind = catalogue().get(detector)
    return plain(kind.headline(), LONGEST_SENTENCE) if kind else ""


def _place(deal: ToldDeal) -> str:
    """Where the deal stands among others, as text that sorts: those that are new, then the critical ones, then by value
    in any currency.

    Alertmanager's templates compare texts and no numbers in them.
    """
    below = MOST_AMOUNT - min(round(deal.answer.amount or 0), MOST_AMOUNT)
    return f"{0 if deal.is_new else 1} {deal.findings[0].severity} {below:016d}"


def plain(text: str, most: int) -> str:
    """One line of text that is what it looks like: valid UTF-8, no control characters, at most so many characters."""
    line = text
    if not text.isprintable():
        line = _CONTROL.sub(" ", _UNSEEN.sub("", text.encode("utf-8", "replace").decode()))
    line = " ".join(line.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def label(text: str | None) -> str:
    """A text as a label's value: two that differ stay different, even if their plain forms are the same."""
    if not text:
        return ""
    value = plain(text, LONGEST_LABEL)
    if value == text:
        return value
    mark = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{plain(text, LONGEST_LABEL - len(mark) - 1)}~{mark}"


class Board:
    """The alerts that are open, and those that are over and have to be told so for a while."""

    def __init__(self) -> None:
        self._open: dict[Labels, tuple[int, Alert]] = {}
        self._over: dict[Labels, tuple[int, Alert]] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._over)

    def __iter__(self) -> Iterator[Alert]:
        for board in (self._open, self._over):
            for _, alert in board.values():
                yield alert

    def put(self, found: Mapping[int, Iterable[Alert]], now: datetime) -> None:
        """Take over what is open now, by partition of the books that it is told in: all of this worker's partitions.

        What is no longer found is over. But of a partition that is not there any more, another worker has the word: its
        alerts are forgotten, and nothing is said of them.
        """
        before, self._open = self._open, {}
        for partition, alerts in found.items():
            self._open |= {alert.labels: (partition, alert) for alert in alerts}
        over = self._over | {
            labels: (partition, replace(alert, over_at=now))
            for labels, (partition, alert) in before.items()
            if labels not in self._open
        }
        self._over = {
            labels: (partition, alert)
            for labels, (partition, alert) in over.items()
            if labels not in self._open and partition in found and now - (alert.over_at or now) < TOLD_OVER_FOR
        }
