"""What others push to the worker's server: who may, how much, and what they are told.

A 2xx means that Kafka has everything: what was accepted stands in the inbox, what was refused becomes a dead letter.
Any other answer means that nothing was kept for good: 503 says when to send it again, 4xx what is wrong with it.
Nothing that an event names is ever fetched.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from time import monotonic
from typing import Any, Protocol

from aiohttp import web

from detectors.core.events import Refused

from ..metrics.counts import Counts, Outcome, label
from ..sources.breaker import NOT_ITS_FAULT, Breakers
from ..wire import Send
from .inbox import Inbox, InboxUnavailable

BODY_SECONDS = 10.0
RETRY_SECONDS = 5
MOST_AT_ONCE = 50
MOST_WORDS = 500

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pushed:
    """One thing that was pushed, and the record that keeps it; refused, it is a dead letter or becomes one."""

    place: str
    source: str
    send: Send
    refusal: Refused | None = None


class UnknownForm(ValueError):
    """A content type in which nothing of ours comes."""


class Push(Protocol):
    """A kind of push. Names of headers are in small letters."""

    @property
    def name(self) -> str:
        """As the settings name it."""

    @property
    def path(self) -> str:
        """Where it comes to."""

    @property
    def most_bytes(self) -> int:
        """The largest body that is read."""

    @property
    def challenge(self) -> str:
        """What to come with, for those who came without."""

    @property
    def gives_back(self) -> bool:
        """Whether its senders are told what was refused and keep it; else it is kept for them."""

    def may(self, headers: Headers) -> bool:
        """Whether to read the body of whoever sends these headers."""

    def signed(self, headers: Headers, body: bytes, now: datetime) -> bool:
        """Whether it was sent by whom it should be, lately."""

    def read(self, headers: Headers, body: bytes, now: datetime) -> Sequence[Pushed]:
        """What is in it; `UnknownForm` or `Refused` if that cannot be told."""


class _Declined(Exception):
    """An answer other than 2xx."""

    def __init__(self, outcome: Outcome, status: int, words: str, told: Any = None, **headers: str) -> None:
        super().__init__(words)
        self.outcome = outcome
        self.status = status
        self.told = {"error": words} | ({} if told is None else {"refused": told})
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Pushes:
    """The routes of all kinds of pushes that are taken."""

    def __init__(
        self, kinds: Iterable[Push], inbox: Inbox, counts: Counts, breakers: Breakers, unready: Callable[[], str | None]
    ) -> None:
        self._kinds = tuple(kinds)
        self._inbox = inbox
        self._counts = counts
        self._breakers = breakers
        self._unready = unready
        self._under_way: Counter[str] = Counter()
        for kind in self._kinds:
            counts.takes(kind.name)

    @property
    def paths(self) -> list[str]:
        """Where something is taken."""
        return [kind.path for kind in self._kinds]

    def routes(self) -> list[web.RouteDef]:
        """One for each kind."""
        return [web.post(kind.path, self._taking(kind)) for kind in self._kinds]

    def _taking(self, kind: Push) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def take(request: web.Request) -> web.Response:
            self._under_way[kind.name] += 1
            try:
                response = await self._take(kind, request)
                self._counts.pushed(kind.name, "taken")
            except _Declined as declined:
                self._counts.pushed(kind.name, declined.outcome)
                response = web.json_response(declined.told, status=declined.status, headers=declined.headers)
                # what was not read of a body is not waited for
                response.force_close()
            finally:
                self._under_way[kind.name] -= 1
            return response

        return take

    async def _take(self, kind: Push, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        # the cheapest first: of a stranger, nothing is read
        if not kind.may(headers):
            raise _stranger(kind)
        # counted apart, or strangers at a hook, who are known by the end of their bodies, would keep all others out
        if self._under_way[kind.name] > MOST_AT_ONCE:
            raise _later("too much is pushed at once")
        if (problem := self._unready()) is not None:
            raise _later(problem)
        body = await _body(request, kind.most_bytes)
        now = datetime.now(UTC)
        if not kind.signed(headers, body, now):
            raise _stranger(kind)
        try:
            pushed = kind.read(headers, body, now)
        except UnknownForm as error:
            raise _Declined("refused", 415, str(error)) from None
        except Refused as refusal:
            self._breakers.tell("unknown", True, monotonic())
            raise _refused([_told("", refusal)]) from None
        return await self._keep(kind, pushed)

    async def _keep(self, kind: Push, pushed: Sequence[Pushed]) -> web.Response:
        sources = [label(each.source) for each in pushed]
        pause = max((self._breakers.paused_for(source, monotonic()) for source in sources), default=0.0)
        if pause:
            words = "the source is paused, because most of what came from it was refused"
            raise _Declined("paused", 503, words, Retry_After=str(ceil(pause)))
        refused = [_told(each.place, each.refusal) for each in pushed if each.refusal is not None]
        is_given_back = kind.gives_back and refused and len(refused) == len(pushed)
        if not is_given_back:
            try:
                await self._inbox.write([each.send for each in pushed])
            except InboxUnavailable as error:
                raise _later(str(error)) from None
        for source, each in zip(sources, pushed, strict=True):
            self._breakers.tell(source, _is_bad(each), monotonic())
        if is_given_back:
            raise _refused(refused)
        # what goes by the inbox is counted there
        buried = [each for each in pushed if each.refusal is not None and each.send.topic == "dead_letters"]
        self._counts.refused(Counter((each.source, each.refusal.reason) for each in buried if each.refusal))
        told = {"accepted": len(pushed) - len(refused), "refused": refused}
        return web.json_response(told, status=207 if refused else 202)


def _is_bad(pushed: Pushed) -> bool:
    """Whether the sender is to blame: not for an owner or a stage that nobody has named here."""
    return pushed.refusal is not None and pushed.refusal.reason != NOT_ITS_FAULT


def _told(place: str, refusal: Refused) -> dict[str, str]:
    """What a sender is told of a refusal."""
    where = {"event": place} if place else {}
    return where | {"reason": refusal.reason, "message": str(refusal)[:MOST_WORDS]}


def _refused(told: list[dict[str, str]]) -> _Declined:
    is_too_large = any(each["reason"] == "too_large" for each in told)
    return _Declined("refused", 413 if is_too_large else 400, "nothing of this was kept", told)


_SECRETS = {"Bearer": "token", "Basic": "password"}


def _stranger(kind: Push) -> _Declined:
    secret = _SECRETS.get(kind.challenge.partition(" ")[0], "signature")
    return _Declined("unauthorized", 401, f"the {secret} is missing or wrong", WWW_Authenticate=kind.challenge)


def _later(why: str) -> _Declined:
    return _Declined("unavailable", 503, f"send it again later: {why}", Retry_After=str(RETRY_SECONDS))


async def _body(request: web.Request, most: int) -> bytes:
    """The whole body, if it is not too large, and comes in time."""
    too_large = _Declined("refused", 413, f"at most {most:,} bytes are taken at once")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise _Declined("refused", 415, "send it uncompressed")
    if (request.content_length or 0) > most:
        raise too_large
    taken = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.content.iter_any():
                taken += part
                if len(taken) > most:
                    raise too_large
    except TimeoutError:
        raise _Declined("refused", 408, f"the body did not come within {BODY_SECONDS:.0f} s") from None
    return bytes(taken)
