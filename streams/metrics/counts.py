"""What a worker has counted since it started: events, refusals, verdicts, how far it came."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, get_args

from prometheus_client import Counter as PrometheusCounter
from prometheus_client import Histogram
from prometheus_client.registry import CollectorRegistry

from detectors.core.registry import catalogue

from ..ingest import Ingested
from ..monitor.partition import Advanced
from ..wire import Topic
from . import catalogue as metrics

MINUTE, HOUR, DAY = 60, 3600, 86400
LAG_BUCKETS = (1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY)
# beyond so many label values of one kind, the rest is counted together: a source name comes from outside
MOST_SOURCES = 50
VERDICTS = ("useful", "noise", "snooze")
Outcome = Literal["taken", "refused", "unauthorized", "paused", "unavailable"]


class Counts:
    """Counters for /metrics, and positions for lag."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.positions: dict[tuple[Topic, int], int] = {}
        self.reload_succeeded = True
        self.rules_loaded_at = datetime.now(UTC)
        self.watermarks: dict[str, datetime] = {}
        self._unjoined = self._counter(metrics.MAIL_UNJOINED)
        self._notifications = self._counter(metrics.NOTIFICATIONS)
        self._events = self._counter(metrics.EVENTS)
        self._clamped = self._counter(metrics.EVENTS_CLAMPED)
        self._repeated = self._counter(metrics.EVENTS_REPEATED)
        self._dead = self._counter(metrics.DEAD_LETTERS)
        self._verdicts = self._counter(metrics.FEEDBACK)
        for detector in catalogue():
            for verdict in VERDICTS:
                # from zero on: what is born with its first count never increases
                self._verdicts.labels(detector, verdict)
        self._alerts = self._counter(metrics.ALERTS)
        self._deals_told = self._counter(metrics.DEALS_TOLD)
        for detector in catalogue():
            self._alerts.labels(detector)
        self._pushes = self._counter(metrics.PUSHES)
        lag = metrics.EVENT_LAG
        self._lag = Histogram(lag.name, lag.help, lag.labels, buckets=LAG_BUCKETS, registry=self.registry)
        self._sources: set[str] = set()

    def ingested(self, told: Ingested) -> None:
        """Count a batch of the inbox."""
        for (source, kind), number in told.accepted.items():
            self._events.labels(self._source(source), kind).inc(number)
        for source, number in told.clamped.items():
            if number:
                self._clamped.labels(self._source(source)).inc(number)
        for source, newest in told.watermarks.items():
            name = self._source(source)
            self.watermarks[name] = max(newest, self.watermarks.get(name, newest))
        self.refused(told.refused)
        self.gave_up(told.unjoined)

    def monitored(self, out: Advanced, now: datetime) -> None:
        """Count a batch of deal events; `now` is the worker's clock."""
        self.refused(out.refused)
        for at in out.applied_at:
            self._lag.observe(max(0.0, (now - at).total_seconds()))
        for (source, content), number in out.repeated.items():
            self._repeated.labels(self._source(source), content).inc(number)
        for (detector, verdict), number in out.verdicts.items():
            self._verdicts.labels(detector if detector in catalogue() else "other", verdict).inc(number)

    def refused(self, refused: Counter[tuple[str, str]]) -> None:
        """Count dead letters."""
        for (source, reason), number in refused.items():
            self._dead.labels(self._source(source), reason).inc(number)

    def gave_up(self, reasons: Counter[str]) -> None:
        """Count mails that no deal was found for."""
        for reason, number in reasons.items():
            self._unjoined.labels(reason).inc(number)

    def told(self, news: Iterable[frozenset[str]]) -> None:
        """Count the deals that owners were told of anew, by the detectors that were the news."""
        for detectors in news:
            self._deals_told.inc()
            for detector in detectors:
                self._alerts.labels(detector).inc()

    def notified(self, peer: str, outcome: str) -> None:
        """Count a post to Alertmanager."""
        self._notifications.labels(peer, outcome).inc()

    def takes(self, push: str) -> None:
        """Count a kind of push from zero: what is not counted yet cannot grow."""
        for outcome in get_args(Outcome):
            self._pushes.labels(push, outcome)

    def pushed(self, push: str, outcome: Outcome) -> None:
        """Count a request that pushed events."""
        self._pushes.labels(push, outcome).inc()

    def _source(self, name: str) -> str:
        name = label(name)
        if name not in self._sources and len(self._sources) >= MOST_SOURCES:
            return "other"
        self._sources.add(name)
        return name

    def _counter(self, metric: metrics.Metric) -> PrometheusCounter:
        return PrometheusCounter(metric.name.removesuffix("_total"), metric.help, metric.labels, registry=self.registry)


@lru_cache(maxsize=16_384)
def label(value: str | None) -> str:
    """A label's value from text of outside: no control characters, at most 100 characters."""
    return "".join(each for each in (value or "")[:100] if each.isprintable())
