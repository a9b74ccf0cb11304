"""Tells Alertmanager which deals stall: all of its peers, again and again, as Prometheus does with its own alerts.

What is open is sent anew every resend interval and soon after it changed, and would end by itself if it were not. So
nothing has to arrive: an Alertmanager that was away, or that restarted with an empty memory, has everything again
within one interval, and all that is kept here is one entry for each alert. Each peer has a task of its own; one that
hangs delays no other, and no event ever waits for any of them. When in doubt an alert is sent twice rather than not
at all.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol

import aiohttp
import orjson
from yarl import URL

from ..answer import Answer
from ..settings import Alertmanager
from .alerts import Alert, Board, Labels, alerts_of, plain
from .peers import Peers, PeersError, web_address
from .snooze import wake
from .telling import Telling, settled

MOST_IN_A_POST = 50
MOST_ALONE = 100
LASTING_INTERVALS = 4
MOST_WAIT_INTERVALS = 2  # less than an alert lasts: nothing that is open ends because a peer asked for patience
FIRST_BACKOFF_SECONDS = 0.5
DEBOUNCE_SECONDS = 1.0
IDLE_SHARE = (
    20  # the loop belongs to the events: after each look at the books, at least so many times as long without one
)
LONGEST_COMPLAINT = 500
REFUSALS = (400, 413, 422)  # of what was sent; the same again will not do
BUSY = (429, 503)

log = logging.getLogger("stallwatch.notifier")

Outcome = Literal["ok", "refused", "busy", "error", "timeout", "unreachable"]
Count = Callable[[str, Outcome], None]


class Book(Protocol):
    """The books of one partition."""

    @property
    def partition(self) -> int:
        """Its number."""

    @property
    def time(self) -> datetime | None:
        """The event time up to which it was judged; None if that is not known yet."""

    def tellings(self) -> Iterable[Telling]:
        """What is told of each book."""

    def owners(self) -> Iterable[tuple[str, Sequence[Answer]]]:
        """Each owner with their open deals."""


class Notifier:
    """Keeps every Alertmanager told of what is open in this worker's books.

    `books` gives, whenever asked, the books of the partitions that the worker holds now: a finding that is gone from
    one of them is told to be over, while one whose partition is gone is another worker's to tell. What a rep is told
    anew waits for `settling`, in time of events: as long as the day's choice may change it would else come in two
    mails. `count` hears of each post: peer and outcome. `SettingsError` if an address cannot be used.
    """

    def __init__(
        self,
        books: Callable[[], Iterable[Book]],
        settings: Alertmanager,
        pages_url: str,
        count: Count,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        settling: timedelta = timedelta(),
        timeout_seconds: float = 10.0,
        debounce_seconds: float = DEBOUNCE_SECONDS,
    ) -> None:
        self._books = books
        web_address("STALLWATCH_DEAL_PAGE", pages_url)
        self._pages_url = pages_url.rstrip("/")
        self._now = now
        self._settling = settling
        self._resend_seconds = settings.resend_seconds
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._debounce_seconds = debounce_seconds
        self._board = Board()
        self._changed = asyncio.Event()
        self._stopped = asyncio.Event()
        self._cluster = Peers(settings.urls, timeout_seconds=timeout_seconds)
        urls = dict.fromkeys(web_address("STALLWATCH_ALERTMANAGER__URLS", url) for url in settings.urls)
        self._peers = [_Peer(url, self._board, settings.resend_seconds, count, now) for url in urls]

    def __len__(self) -> int:
        """How many alerts it keeps: those that are open, and those that ended lately."""
        return len(self._board)

    def changed(self) -> None:
        """Look at the books soon, not only when the resend interval is over. Call it after a rebalance, too."""
        self._changed.set()

    def stop(self) -> None:
        """Makes `run` return. Nothing is told to be over: another worker takes the books."""
        self._stopped.set()

    async def run(self) -> None:
        """Tells until `stop`; no failure of a peer ends it."""
        if not self._peers:
            log.warning("no Alertmanager is named (STALLWATCH_ALERTMANAGER__URLS): nobody is alerted")
            await self._stopped.wait()
            return
        async with (
            aiohttp.ClientSession(
                timeout=self._timeout,
                headers={"Content-Type": "application/json", "User-Agent": "stallwatch"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            ) as session,
            asyncio.TaskGroup() as group,
        ):
            tasks = [group.create_task(peer.run(session)) for peer in self._peers]
            tasks.append(group.create_task(self._follow_books()))
            tasks.append(group.create_task(self._follow_snoozes(session)))
            await self._stopped.wait()
            for task in tasks:
                task.cancel()

    async def _follow_books(self) -> None:
        while True:
            self._changed.clear()
            began = time.perf_counter()
            try:
                await self._look()
            except Exception:
                log.exception("the books could not be read; what was open goes on being told")
            took = time.perf_counter() - began
            await _wait_for(self._changed, self._resend_seconds)
            await asyncio.sleep(max(self._debounce_seconds, took * IDLE_SHARE))

    async def _follow_snoozes(self, session: aiohttp.ClientSession) -> None:
        """Wakes snoozed deals on which something new happened, when their owners may be disturbed."""
        heard = True
        while True:
            await asyncio.sleep(self._resend_seconds)
            try:
                for deal_id, news in (await wake(session, self._cluster, self._disturbable())).items():
                    log.info("the snooze of %s is over: %s", deal_id, news)
                heard = True
            except PeersError as error:
                if heard:
                    log.warning("snoozed deals cannot be looked at: %s", error)
                heard = False
            except Exception:
                log.exception("snoozed deals could not be looked at")

    def _disturbable(self) -> Iterator[Answer]:
        """The open deals of those who may be told something now, each with what they are told of it."""
        for book in self._books():
            tellings = {told.owner: told for told in self._settled(book) if not book.time or told.is_open(book.time)}
            for owner, answers in book.owners():
                if owner in tellings:
                    told = {each.answer.deal_id: each.findings for each in tellings[owner].deals}
                    yield from (replace(each, findings=told.get(each.deal_id, ())) for each in answers)

    def _settled(self, book: Book) -> Iterable[Telling]:
        """What is told of the books of a partition and will not change by another choice."""
        if book.time is None or not self._settling:
            return book.tellings()
        until = book.time - self._settling
        return (settled(told, until) for told in book.tellings())

    async def _look(self) -> None:
        # The books are read in one go, and then taken as they were: what they hold are values.
        read = [(book.partition, list(self._settled(book))) for book in self._books()]
        found: dict[int, list[Alert]] = {partition: [] for partition, _ in read}
        for partition, tellings in read:
            for told in tellings:
                found[partition] += alerts_of(told, self._pages_url)
                await asyncio.sleep(0)
        self._board.put(found, self._now())
        for peer in self._peers:
            peer.woken.set()


class _Failed(Exception):
    """A post that did not arrive, or not whole; the peer may have asked to be left alone for some seconds."""

    def __init__(self, outcome: Outcome, complaint: str, after: float = 0.0) -> None:
        super().__init__(outcome, complaint)
        self.outcome = outcome
        self.complaint = complaint
        self.after = after


class _Peer:
    """One Alertmanager, and what it was told."""

    def __init__(
        self, url: URL, board: Board, resend_seconds: float, count: Count, now: Callable[[], datetime]
    ) -> None:
        self.name = str(url.with_user(None)).rstrip("/")
        self.woken = asyncio.Event()
        self._url = url / "api/v2/alerts"
        self._board = board
        self._resend_seconds = resend_seconds
        self._count = count
        self._now = now
        self._resend_at = 0.0
        self._failures = 0
        self._told: dict[Labels, Alert] = {}  # since the last resend
        self._known: set[Labels] = set()  # ever, as long as they are on the board
        self._suspects: dict[Labels, Alert | None] = {}  # with the alert, once it was refused alone

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Tells it what it was not told yet, and everything once in a resend interval."""
        while True:
            try:
                await self._tell(session)
                await _wait_for(self.woken, self._resend_at - time.monotonic())
            except _Failed as failure:
                pause = self._pause(failure.after)
                log.warning("%s: %s (%s); again in %.1f s", self.name, failure.outcome, failure.complaint, pause)
                await asyncio.sleep(pause)
            except Exception:
                log.exception("%s: could not be told", self.name)
                await asyncio.sleep(self._pause())

    async def _tell(self, session: aiohttp.ClientSession) -> None:
        self.woken.clear()
        if time.monotonic() >= self._resend_at:
            self._resend_at = time.monotonic() + self._resend_seconds
            self._told.clear()
        alerts = {alert.labels: alert for alert in self._board}
        for labels in self._told.keys() - alerts.keys():
            del self._told[labels]
        self._known &= alerts.keys()
        for labels in self._suspects.keys() - alerts.keys():
            del self._suspects[labels]
        due = [alert for labels, alert in alerts.items() if self._told.get(labels) != alert]
        # In no order, so that an alert of which every post fails, whatever the reason, keeps none of the others back.
        random.shuffle(due)
        together = [alert for alert in due if alert.labels not in self._suspects]
        alone = [alert for alert in due if alert.labels in self._suspects]
        for start in range(0, len(together), MOST_IN_A_POST):
            batch = together[start : start + MOST_IN_A_POST]
            if await self._post(session, batch):
                # Alertmanager may have taken the others of them; it does not say which.
                self._suspects |= dict.fromkeys(alert.labels for alert in batch)
                alone += batch
        for alert in alone[:MOST_ALONE]:
            complaint = await self._post(session, [alert])
            self._told[alert.labels] = alert
            if not complaint:
                del self._suspects[alert.labels]
            elif self._suspects[alert.labels] != alert:
                self._suspects[alert.labels] = alert
                log.error("%s: refuses the alert %s: %s", self.name, dict(alert.labels), complaint)

    async def _post(self, session: aiohttp.ClientSession, alerts: Sequence[Alert]) -> str:
        """Why it refuses some of them; empty if it took them all."""
        lasting = timedelta(seconds=LASTING_INTERVALS * self._resend_seconds)
        now = self._now()
        told = [alert.to_dict(now, lasting, is_news=alert.labels not in self._known) for alert in alerts]
        body = orjson.dumps(told)
        try:
            # Not to where a redirect leads: that could be anywhere, and it would get all of our deals.
            async with session.post(self._url, data=body, allow_redirects=False) as response:
                taken = 200 <= response.status < 300
                said = b"" if taken else await response.content.read(LONGEST_COMPLAINT)
        except TimeoutError:
            raise self._failed("timeout", "no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            # Not the error's own text, in which the address could stand with its password.
            raise self._failed("unreachable", type(error).__name__) from None
        complaint = f"{response.status} {plain(said.decode(errors='replace'), LONGEST_COMPLAINT)}".strip()
        if taken:
            self._count(self.name, "ok")
            self._told |= {alert.labels: alert for alert in alerts}
            self._known |= {alert.labels for alert in alerts}
            if self._failures:
                log.info("%s: takes alerts again", self.name)
            self._failures = 0
            return ""
        if response.status in REFUSALS:
            self._count(self.name, "refused")
            return complaint
        outcome: Outcome = "busy" if response.status in BUSY else "error"
        raise self._failed(outcome, complaint, _seconds(response.headers.get("Retry-After", ""), now))

    def _failed(self, outcome: Outcome, complaint: str, after: float = 0.0) -> _Failed:
        self._count(self.name, outcome)
        return _Failed(outcome, complaint, after)

    def _pause(self, after: float = 0.0) -> float:
        """Longer from failure to failure, and not in step with other workers; as long as it asks for, within reason."""
        backoff = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(self._failures, 20), self._resend_seconds)
        self._failures += 1
        return max(backoff * random.uniform(0.5, 1.0), min(after, MOST_WAIT_INTERVALS * self._resend_seconds))


def _seconds(retry_after: str, now: datetime) -> float:
    """How long to wait by this header: seconds or a date; 0 if it says nothing."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        at: datetime = parsedate_to_datetime(retry_after)
        return max((at - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until the event, but at most so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0.0)):
            await event.wait()
