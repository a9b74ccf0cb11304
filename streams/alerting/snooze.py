"""A snoozed deal is an Alertmanager silence: it ends by itself, and before that when something new happens on the deal.

Nothing is kept of it here. What was known of the deal when it was snoozed stands in the silence's comment, behind the
reason: with that, whoever holds the deal's book can tell what is new, after any restart, and ends the silence.
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError

from detectors.core.breach import Severity

from ..answer import Answer
from .alerts import label, plain
from .peers import Peers, Unknown

CREATED_BY = "stallwatch"
LONGEST = timedelta(days=90)
LONGEST_REASON = 300
_MARK = " | known then: "


class SnoozeError(ValueError):
    """A deal that cannot be snoozed, or not so."""


class Known(BaseModel):
    """What was known of a deal: its findings that were open, or unknown, and when the buyer last took part."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    findings: dict[str, Severity] = {}
    two_way_at: datetime | None = None
    as_of: datetime | None = None

    @classmethod
    def of(cls, told: Answer) -> "Known":
        """What is known of it now."""
        seen = [each for each in told.findings if each.state in ("open", "unknown")]
        return cls(
            findings={each.detector: each.severity for each in seen}, two_way_at=told.two_way_at, as_of=told.as_of
        )

    def news(self, told: Answer) -> str | None:
        """What is new on the deal since then, in a few words; None if nothing is.

        Nothing is new in what is older: an answer may be read here before it has come to the book. What was open then
        and began only after that had ended in between.
        """
        if self.as_of is not None and told.as_of < self.as_of:
            return None
        if told.two_way_at is not None and (self.two_way_at is None or told.two_way_at > self.two_way_at):
            return "the buyer took part"
        for finding in told.stalls:
            before = self.findings.get(finding.detector)
            if before is None or before == "info":
                return f"{finding.detector} opened"
            if self.as_of is not None and finding.since > self.as_of:
                return f"{finding.detector} opened anew"
            if finding.severity == "critical" and before != "critical":
                return f"{finding.detector} turned critical"
        return None


@dataclass(frozen=True, slots=True)
class Snoozed:
    """A silence of stallwatch's: of the deal with this label, until when, why, and what was known then."""

    silence: str
    deal: str
    until: datetime
    reason: str
    known: Known


async def snooze(
    session: aiohttp.ClientSession,
    peers: Peers,
    told: Answer,
    until: datetime,
    reason: str,
    now: datetime,
    by: str = "",
) -> Snoozed:
    """Alert nobody of a deal until then, in place of what it was snoozed for before.

    `SnoozeError` if there is nothing to snooze or the time will not do, `PeersError` if no Alertmanager takes it.
    """
    why = plain(reason, LONGEST_REASON)
    if not why:
        raise SnoozeError("a snooze needs a reason: whoever looks at the deal next will ask for it")
    if not now < until <= now + LONGEST:
        raise SnoozeError(f"a deal is snoozed for up to {LONGEST.days} days, from now on")
    if not told.is_open or not told.stalls:
        state = "nothing is wrong with it" if told.is_open else f"it is {told.status}"
        raise SnoozeError(f"there is nothing to snooze on {told.deal_id}: {state}")
    known = Known.of(told)
    until = until.replace(microsecond=0)
    if by:
        why = f"{plain(by, LONGEST_REASON)}: {why}"
    before = [each for each in await snoozed(session, peers) if each.deal == label(told.deal_id)]
    silence = {
        "matchers": [{"name": "deal_id", "value": label(told.deal_id), "isRegex": False, "isEqual": True}],
        "startsAt": now.astimezone(UTC).isoformat(),
        "endsAt": until.astimezone(UTC).isoformat(),
        "createdBy": CREATED_BY,
        "comment": f"{why}{_MARK}{known.model_dump_json()}",
    }
    made = await peers.ask(session, "POST", "api/v2/silences", silence)
    await _end(session, peers, before)
    return Snoozed(str(made["silenceID"]), label(told.deal_id), until, why, known)


async def snoozed(session: aiohttp.ClientSession, peers: Peers) -> list[Snoozed]:
    """Every snooze that is in force; `PeersError` if no Alertmanager tells."""
    told = await peers.ask(session, "GET", "api/v2/silences")
    found = (_read(each) for each in told if isinstance(each, dict))
    return [each for each in found if each is not None]


async def end(session: aiohttp.ClientSession, peers: Peers, deal_id: str) -> int:
    """End the snoozes of a deal; how many there were. `PeersError` if no Alertmanager does it."""
    found = [each for each in await snoozed(session, peers) if each.deal == label(deal_id)]
    await _end(session, peers, found)
    return len(found)


async def wake(session: aiohttp.ClientSession, peers: Peers, answers: Iterable[Answer]) -> Mapping[str, str]:
    """End the snoozes of those deals on which something new happened; the deals, by id, and what that was.

    `answers` have those findings of which somebody is told.
    """
    in_force: dict[str, list[Snoozed]] = {}
    for each in await snoozed(session, peers):
        in_force.setdefault(each.deal, []).append(each)
    if not in_force:
        return {}
    # looked at in one go, for the books may change with the next answer
    news = [
        (told.deal_id, each, what)
        for told in answers
        for each in in_force.get(label(told.deal_id), ())
        if (what := each.known.news(told)) is not None
    ]
    woken = {}
    for deal_id, each, what in news:
        await _end(session, peers, [each])
        woken[deal_id] = what
    return woken


async def _end(session: aiohttp.ClientSession, peers: Peers, silences: Iterable[Snoozed]) -> None:
    for each in silences:
        # another may be quicker
        with contextlib.suppress(Unknown):
            await peers.ask(session, "DELETE", f"api/v2/silence/{each.silence}")


def _read(silence: Mapping[str, Any]) -> Snoozed | None:
    """The snooze that a silence is; None if it is over, or somebody else's."""
    try:
        if silence["createdBy"] != CREATED_BY or silence["status"]["state"] == "expired":
            return None
        [matcher] = silence["matchers"]
        if matcher["name"] != "deal_id" or matcher["isRegex"] or not matcher.get("isEqual", True):
            return None
        reason, mark, known = silence["comment"].rpartition(_MARK)
        if not mark:
            return None
        until = datetime.fromisoformat(silence["endsAt"])
        return Snoozed(silence["id"], matcher["value"], until, reason, Known.model_validate_json(known))
    except (KeyError, TypeError, ValueError, ValidationError):
        return None
