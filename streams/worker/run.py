"""Runs a worker: the app, its server, its notifier, its clock and its watchdog, until a signal ends it."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from time import sleep

import faust
import prometheus_client
import uvloop
from aiohttp import web
from mode import Service

from detectors.core.assessment import Watched
from detectors.core.rules import Rules

from .. import rules_file, topics
from ..alerting.budget import CHOICE_OPEN
from ..alerting.notifier import Notifier
from ..alerting.peers import Peers
from ..answer import Answer
from ..outline import Glance
from ..settings import Settings, SettingsError
from ..web import access, push_kinds
from ..web.access import Access
from ..web.feedback import Verdicts
from ..web.inbox import Inbox
from ..web.pushes import Push, Pushes
from ..web.server import build
from ..wire import partition_of
from . import consumer
from .repeats import Repeats
from .watchdog import Watchdog
from .worker import Worker, die

log = logging.getLogger("stallwatch")

LIBRARIES = ("aiokafka", "kafka", "mode", "faust")
RETRY_SECONDS = 2.0
# what is being pushed when the worker ends may still be finished
SHUTDOWN_SECONDS = 5.0


class Views:
    """What the pages see of a worker."""

    def __init__(self, worker: Worker, watchdog: Watchdog, visitors: Access) -> None:
        self._worker = worker
        self._watchdog = watchdog
        self._visitors = visitors

    def answers(self) -> Iterable[Glance]:
        """What was told last of every deal of this worker."""
        return [told for partition in self._worker.deals for told in partition.glances()]

    def now(self) -> datetime | None:
        """The event time that its first partition has reached, the nearest to now that it knows; on our own clock."""
        at = max((partition.time for partition in self._worker.deals if partition.time), default=None)
        return self._worker.rules.calendar_of(None, None).local(at) if at else None

    def answer(self, deal_id: str) -> Answer | None:
        """One deal as it stands; None if it is not this worker's."""
        return next((told for each in self._worker.deals if (told := each.standing_of(deal_id))), None)

    def watched(self, deal_id: str) -> Watched | None:
        """One deal with its history."""
        return next((each.deals[deal_id] for each in self._worker.deals if deal_id in each.deals), None)

    def elsewhere(self, deal_id: str) -> str | None:
        """Where the worker answers whose partition a deal would be in; None if that is this one, or nobody's."""
        number = partition_of(deal_id.encode(), self._worker.partitions)
        if number in self._worker.assigned("deal_events"):
            return None
        return next((url for url, partitions in self._held_elsewhere().items() if number in partitions), None)

    def others(self) -> list[str]:
        """The base URLs of the other workers that have deals."""
        return sorted(url for url, partitions in self._held_elsewhere().items() if partitions)

    def _held_elsewhere(self) -> dict[str, Collection[int]]:
        """The partitions of the deals that each other worker has, by its base URL."""
        app = self._worker.app
        changelog = topics.changelog(self._worker.settings, "deals")
        # what was agreed on at the last rebalance; who takes the changelog of the deals has them
        held = app.router.table_metadata("deals").items()
        return {url: tables.get(changelog, ()) for url, tables in held if url != str(app.conf.canonical_url)}

    def metrics(self) -> bytes:
        """Prometheus' text format."""
        return self._worker.exporter.text()

    def health(self) -> str | None:
        """What is wrong with this process; None if nothing is."""
        return self._watchdog.complaint

    def readiness(self) -> str | None:
        """Why this worker does not take events now; None if it does."""
        return self._watchdog.complaint or self._worker.unready() or self._worker.away()

    def rules(self) -> Rules:
        """The rules in force."""
        return self._worker.rules

    async def reload(self) -> str | None:
        """Take the rules and the people file anew, both or none; what is wrong, if they are not taken."""
        try:
            people = self._visitors.read_anew()
        except SettingsError as error:
            self._worker.counts.reload_succeeded = False
            log.error("the people and the rules stay as they were: %s", error)
            return str(error)
        problem = await self._worker.reload()
        if problem is None:
            self._visitors.take(people)
        return problem


class Companions(Service):
    """What runs beside the agents, in the same loop and for as long as the app."""

    def __init__(self, worker: Worker, kinds: Iterable[Push], visitors: Access) -> None:
        self._worker = worker
        self._settings = worker.settings
        self._watchdog = Watchdog(self._settings.patience_seconds, die)
        self._inbox = Inbox(worker.settings)
        self._views = views = Views(worker, self._watchdog, visitors)
        self._pushes = Pushes(kinds, self._inbox, worker.counts, worker.breakers, views.readiness)
        verdicts = Verdicts(worker.settings, self._inbox, Peers(worker.settings.alertmanager.urls))
        site = build(views, self._pushes.routes(), visitors, verdicts)
        self._runner = web.AppRunner(site, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        self._notifier = Notifier(
            lambda: worker.books,
            self._settings.alertmanager,
            self._settings.pages_url,
            worker.counts.notified,
            # a history that is played has no time to wait for
            settling=CHOICE_OPEN if self._settings.clock == "wall" else timedelta(),
        )
        worker.books_changed = self._notifier.changed
        super().__init__()

    async def on_start(self) -> None:
        """Serve pages from the first moment, so that readiness can be asked."""
        await self._runner.setup()
        http = self._settings.http
        try:
            await web.TCPSite(self._runner, http.host, http.port).start()
        except OSError as error:
            die(f"http://{http.host}:{http.port} cannot be served: {error.strerror}")
        host, port = self._runner.addresses[0][:2]
        log.info("pages and metrics on http://%s:%s", host, port)
        if self._pushes.paths:
            log.info("pushes are taken at %s", ", ".join(self._pushes.paths))
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        self._watchdog.start()
        self._worker.lease.start()

    async def on_stop(self) -> None:
        """Stop what was started."""
        self._watchdog.stop()
        self._worker.lease.stop()
        self._notifier.stop()
        await self._runner.cleanup()
        await self._inbox.stop()

    def _reload(self) -> None:
        self.add_future(self._views.reload())

    @Service.task
    async def _notify(self) -> None:
        await self._notifier.run()

    @Service.task
    async def _tell_time(self) -> None:
        while not self.should_stop:
            if self._settings.clock == "wall":
                await self._worker.tell_time(datetime.now(UTC))
            await self.sleep(self._settings.clock_seconds)

    @Service.task
    async def _feed_watchdog(self) -> None:
        while not self.should_stop:
            self._watchdog.turn(self._worker.task, self._worker.progress + self._worker.recovered)
            if self._worker.unready() is None:
                await self._worker.look_after()
            await self.sleep(1.0)


def run(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT.

    `SettingsError`, `ConnectionsError`, `RulesFileError` and `TopicsError` say why it does not start.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # what Faust says of itself in our subclasses bears the name of their module
    for noisy in (*LIBRARIES, consumer.__name__):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # not at a logger: a filter there does not see what its children say
    repeats = Repeats()
    for to in logging.getLogger().handlers:
        to.addFilter(lambda record: record.name.partition(".")[0] not in LIBRARIES or repeats.filter(record))
    # it writes down every line that is no HTTP, with whatever secret stands in it; what fails here is logged by `web`
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    visitors = access.of(settings)
    kinds = push_kinds.kinds(settings)
    rules = rules_file.read(settings.rules)
    _check_topics(settings)
    settings = with_port(settings)
    if sys.platform != "win32":
        uvloop.install()
    # a second series for each counter, which nobody asks for; the function has no types
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    worker = Worker(settings, rules)
    host = faust.Worker(
        worker.app, Companions(worker, kinds, visitors), loglevel="WARN", quiet=True, override_logging=False
    )
    host.spinner = None  # it would turn debug logging on for every library
    host.execute_from_commandline()


def with_port(settings: Settings) -> Settings:
    """Where the port is left to the system (0), a free one: links and the other workers name it from the start."""
    http = settings.http
    if http.port:
        return settings
    try:
        family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
        with socket.create_server((http.host, 0), family=family) as free:
            port: int = free.getsockname()[1]
    except OSError as error:
        raise SettingsError(f"STALLWATCH_HTTP__HOST: {http.host} cannot be served: {error.strerror}") from None
    return settings.model_copy(update={"http": http.model_copy(update={"port": port})})


def _check_topics(settings: Settings) -> None:
    """Wait for Kafka as long as it takes, then see that every topic is right."""
    while True:
        try:
            states = topics.ensure(settings, create=False)
            break
        except topics.KafkaUnavailable as error:
            log.warning("%s; trying again", error)
            sleep(RETRY_SECONDS)
    wrong = [state for state in states if state.state in ("missing", "wrong")]
    if wrong:
        raise topics.TopicsError("; ".join(f"{each.name} is {each.state}: {each.problem}" for each in wrong))
