"""A person's verdict on a finding, as an event for the inbox: `POST /deals/{id}/feedback`.

What is said twice from the same page is one event: its id follows from what is said, and from the verdict that stood
there before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import aiohttp
import orjson

from detectors.core.breach import Finding
from detectors.core.deal import Deal
from detectors.core.events import Feedback, Refused, parse, to_json

from ..alerting.peers import Peers
from ..alerting.snooze import LONGEST, SnoozeError, snooze
from ..answer import Answer
from ..settings import Settings
from ..wire import Send, partition_of
from .inbox import Inbox, key_of

SOURCE = "stallwatch/pages"
MOST_REASON = 500
MOST_DAYS = LONGEST.days


class NoVerdict(ValueError):
    """What was sent says nothing of a finding that there is."""


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict that a person gives on a finding of a deal."""

    detector: str
    verdict: str
    reason: str | None = None
    until: str | None = None
    after: str | None = None

    @classmethod
    def of(cls, fields: Mapping[str, str], now: datetime) -> "Given":
        """What a form or a JSON object says; `NoVerdict` names what is missing or too long.

        A snooze lasts `until` a moment, or for so many `days` from now, 1 to `MOST_DAYS`.
        """
        detector, verdict = fields.get("detector", ""), fields.get("verdict", "")
        if not detector:
            raise NoVerdict("detector: say on which detector's finding")
        if not verdict:
            raise NoVerdict("verdict: say useful, noise or snooze")
        reason = " ".join(fields.get("reason", "").split())
        if len(reason) > MOST_REASON:
            raise NoVerdict(f"reason: at most {MOST_REASON} characters")
        until = _until(fields, now) if verdict == "snooze" else None
        return cls(detector, verdict, reason or None, until, fields.get("after"))


class Verdicts:
    """Takes what people say of findings."""

    def __init__(self, settings: Settings, inbox: Inbox, peers: Peers) -> None:
        self._settings = settings
        self._inbox = inbox
        self._peers = peers

    @property
    def can_snooze(self) -> bool:
        """Whether there is an Alertmanager that would be quiet of a deal."""
        return bool(self._peers)

    async def give(self, fields: Mapping[str, str], told: Answer, deal: Deal | None, by: str | None) -> Feedback:
        """Returns when Kafka has the event, and if it is a snooze, Alertmanager the silence.

        `NoVerdict` says what is wrong with it; `InboxUnavailable` and `PeersError`, who does not take it now.
        """
        now = datetime.now(UTC)
        given = Given.of(fields, now)
        # a history that is played has a time of its own
        event = event_of(given, told, deal, by, now if self._settings.clock == "wall" else told.as_of)
        if given.verdict == "snooze":
            await self._snooze(event, told, now)
        key = key_of(event)
        await self._inbox.write(
            [Send("inbox", partition_of(key, self._settings.topics.partitions), key, to_json(event))]
        )
        return event

    async def _snooze(self, event: Feedback, told: Answer, now: datetime) -> None:
        said = event.data
        if said.until is None:
            raise NoVerdict("until: say until when, or for how many days")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            try:
                await snooze(session, self._peers, told, said.until, said.reason or "", now, said.by or "")
            except SnoozeError as error:
                raise NoVerdict(str(error)) from None


def newest_verdict(deal: Deal | None, detector: str) -> str:
    """The event of the verdict that stands; empty without one."""
    standing = deal.verdicts.get(detector) if deal else None
    return standing.event if standing else ""


def event_of(given: Given, told: Answer, deal: Deal | None, by: str | None, at: datetime) -> Feedback:
    """The event; `NoVerdict` if the deal has no such finding, or the event would not be accepted."""
    finding = _finding(told, given.detector)
    after = given.after if given.after is not None else newest_verdict(deal, given.detector)
    data = {
        "detector": given.detector,
        "verdict": given.verdict,
        "reason": given.reason,
        "until": given.until,
        "by": by,
    }
    said = orjson.dumps([told.deal_id, finding.since.isoformat(), after, data])
    standing = deal.verdicts.get(given.detector) if deal else None
    # a clock that stands still, as between the lines of a history, must not make two verdicts one moment's
    moment = max(at, standing.at + timedelta(milliseconds=1)) if standing else at
    event = {
        "specversion": "1.0",
        "id": blake2b(said, digest_size=12).hexdigest(),
        "source": SOURCE,
        "type": "finding.feedback",
        "subject": told.deal_id,
        "time": moment.isoformat(),
        "data": {name: value for name, value in data.items() if value is not None},
    }
    try:
        parsed = parse(orjson.dumps(event))
    except Refused as refusal:
        raise NoVerdict(str(refusal)) from None
    assert isinstance(parsed, Feedback)  # its type says so
    return parsed


def _until(fields: Mapping[str, str], now: datetime) -> str | None:
    days = fields.get("days", "")
    if not days:
        return fields.get("until") or None
    if not (days.isascii() and days.isdigit() and len(days) < 5 and 1 <= int(days) <= MOST_DAYS):
        raise NoVerdict(f"days: a whole number from 1 to {MOST_DAYS}")
    return (now + timedelta(days=int(days))).isoformat()


def _finding(told: Answer, detector: str) -> Finding:
    """The newest finding of a detector that there is, or was."""
    found = [each for each in told.findings if each.detector == detector and each.state != "pending"]
    if not found:
        raise NoVerdict(f"detector: this deal has no finding of {detector[:80]}")
    return found[-1]
