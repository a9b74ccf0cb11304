"""Two workers' /metrics with made-up values, every metric of the catalogue among them."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.metrics import catalogue as metrics

Sample = tuple[tuple[str, ...], float]

GHOSTED = "We chase and nobody answers: two mails or calls of ours in a row stand without a word from the buyer"

# What every worker says alike.
COMMON: dict[metrics.Metric, list[Sample]] = {
    metrics.DETECTOR_INFO: [
        (("ghosted", "silence", GHOSTED), 1),
        (("gone_quiet", "silence", "The buyer has gone quiet: no mail, meeting or call in which they took part"), 1),
        (("reply_only", "reactive", "Ping-pong: every touch of ours is a reply"), 1),
    ],
    metrics.CLOCK_INFO: [(("wall",), 1)],
    metrics.BUILD_INFO: [(("0.1.0", "abc"), 1)],
    metrics.CONFIG_LAST_RELOAD_SUCCESSFUL: [((), 1)],
    metrics.SOURCE_MAX_SILENCE: [(("mail",), 14400)],
    metrics.EVENTS: [(("mail", "activity.email"), 900), (("crm", "crm.deal.changed"), 120)],
    metrics.EVENTS_CLAMPED: [(("mail",), 1)],
    metrics.DEAD_LETTERS: [(("crm", "naive time"), 2)],
    metrics.PUSHES: [(("events", "taken"), 40), (("events", "refused"), 1)],
    metrics.SOURCE_PAUSED: [(("crm",), 0)],
    metrics.DETECTOR_ERRORS: [(("ghosted",), 0)],
    metrics.THRESHOLD: [
        (("gone_quiet", "warn_business_days", "business_days"), 10),
        (("gone_quiet", "critical_business_days", "business_days"), 20),
        (("ghosted", "chases", "number"), 2),
        (("reply_only", "window", "seconds"), 864000),
    ],
    metrics.PROMISED: [
        (("ghosted", "precision"), 0.6),
        (("ghosted", "recall"), 0.5),
        (("ghosted", "alerts_per_rep_week"), 1.5),
    ],
    metrics.DEALS_TOLD: [((), 7)],
    metrics.NOTIFICATIONS: [(("am-1", "ok"), 50)],
    metrics.MAIL_WAITING: [((), 4)],
    metrics.MAIL_UNJOINED: [(("expired",), 1)],
    metrics.LAG: [(("stallwatch.deal-events.v1",), 0)],
    metrics.FINDINGS_LEFT_OUT: [((), 0)],
}

FIRST = {
    metrics.DEALS: [(("default", "Demo", "emea"), 6), (("default", "Proposal", "emea"), 2)],
    metrics.DEALS_AMOUNT: [
        (("default", "Demo", "emea", "EUR"), 300_000),
        (("default", "Proposal", "emea", "EUR"), 100_000),
        (("default", "Proposal", "emea", "USD"), 70_000),
    ],
    metrics.FINDINGS: [(("ghosted", "critical", "emea"), 1), (("gone_quiet", "warning", "emea"), 2)],
    metrics.STALLED_AMOUNT: [(("emea", "EUR"), 150_000)],
    metrics.FINDING_AMOUNT: [
        (("ghosted", "emea", "EUR"), 100_000),
        (("gone_quiet", "emea", "EUR"), 150_000),
        (("quarter_rollover", "emea", "EUR"), 50_000),
    ],
    metrics.CLOSING_AMOUNT: [
        (("emea", "EUR", "FY2026 Q1", "no"), 250_000),
        (("emea", "EUR", "FY2026 Q1", "yes"), 150_000),
        (("emea", "USD", "FY2026 Q2", "no"), 70_000),
        (("emea", "USD", "FY2026 Q2", "yes"), 0),
    ],
    metrics.DEALS_WITHOUT_EXECUTIVE: [(("default", "Demo", "emea"), 4), (("default", "Proposal", "emea"), 0)],
    metrics.FINDINGS_BEGAN: [(("ghosted", "emea"), 1), (("gone_quiet", "emea"), 2)],
    metrics.FINDINGS_ENDED: [(("gone_quiet", "emea", "open"), 1), (("gone_quiet", "emea", "lost"), 3)],
    metrics.FINDINGS_DUE: [(("reply_only", "emea"), 5)],
    metrics.DEALS_ENDED: [(("emea", "lost"), 4), (("emea", "won"), 6)],
    metrics.ALERTED_DEALS_ENDED: [
        (("ghosted", "emea", "lost"), 3),
        (("ghosted", "emea", "won"), 1),
        (("gone_quiet", "emea", "won"), 2),
    ],
    metrics.BOOK_DEALS: [
        (("ann", "emea", "yes"), 1),
        (("ann", "emea", "no"), 1),
        (("bob", "emea", "yes"), 1),
        (("bob", "emea", "no"), 5),
    ],
    metrics.BOOK_AMOUNT: [
        (("ann", "emea", "EUR", "yes"), 100_000),
        (("ann", "emea", "EUR", "no"), 200_000),
        (("bob", "emea", "EUR", "yes"), 50_000),
        (("bob", "emea", "EUR", "no"), 50_000),
        (("bob", "emea", "USD", "no"), 70_000),
        (("bob", "emea", "USD", "yes"), 0),
    ],
    metrics.FINDING_OPEN: [
        (("D-1", "ghosted", "critical", "ann"), 1),
        (("D-1", "gone_quiet", "warning", "ann"), 1),
        (("D-2", "gone_quiet", "warning", "bob"), 1),
    ],
    metrics.STALLED_DEAL_AMOUNT: [(("D-1", "ann", "emea", "EUR"), 100_000), (("D-2", "bob", "emea", "EUR"), 50_000)],
    metrics.OWNER_STALLED_RATIO: [(("ann",), 0.5), (("bob",), 0.25)],
    metrics.ALERTS_WITHHELD: [(("ann",), 1)],
}

# The second has a deal of the first too, as while a partition moves, and a team in which nothing is stalled.
SECOND = {
    metrics.DEALS: [(("default", "Demo", "emea"), 1), (("default", "Demo", "amer"), 1)],
    metrics.DEALS_AMOUNT: [
        (("default", "Demo", "emea", "EUR"), 100_000),
        (("default", "Demo", "amer", "EUR"), 40_000),
    ],
    metrics.FINDINGS: [(("reply_only", "warning", "emea"), 1)],
    metrics.STALLED_AMOUNT: [(("emea", "EUR"), 100_000)],
    metrics.FINDING_AMOUNT: [(("reply_only", "emea", "EUR"), 100_000)],
    metrics.CLOSING_AMOUNT: [
        (("emea", "EUR", "overdue", "no"), 0),
        (("emea", "EUR", "overdue", "yes"), 100_000),
        (("amer", "EUR", "FY2026 Q1", "no"), 40_000),
        (("amer", "EUR", "FY2026 Q1", "yes"), 0),
    ],
    metrics.DEALS_WITHOUT_EXECUTIVE: [(("default", "Demo", "emea"), 1), (("default", "Demo", "amer"), 0)],
    metrics.FINDINGS_BEGAN: [(("reply_only", "emea"), 1)],
    metrics.FINDINGS_ENDED: [(("ghosted", "emea", "open"), 2)],
    metrics.FINDINGS_DUE: [(("reply_only", "emea"), 2), (("reply_only", "amer"), 1)],
    metrics.DEALS_ENDED: [(("emea", "lost"), 2)],
    metrics.ALERTED_DEALS_ENDED: [(("ghosted", "emea", "lost"), 1)],
    metrics.BOOK_DEALS: [
        (("cleo", "emea", "yes"), 1),
        (("cleo", "emea", "no"), 0),
        (("dan", "amer", "yes"), 0),
        (("dan", "amer", "no"), 1),
    ],
    metrics.BOOK_AMOUNT: [
        (("cleo", "emea", "EUR", "yes"), 100_000),
        (("cleo", "emea", "EUR", "no"), 0),
        (("dan", "amer", "EUR", "yes"), 0),
        (("dan", "amer", "EUR", "no"), 40_000),
    ],
    metrics.FINDING_OPEN: [
        (("D-2", "gone_quiet", "warning", "bob"), 1),
        (("D-3", "reply_only", "warning", "cleo"), 1),
        (("D-4", "no_next_step", "info", "cleo"), 1),
    ],
    metrics.STALLED_DEAL_AMOUNT: [(("D-2", "bob", "emea", "EUR"), 50_000), (("D-3", "cleo", "emea", "EUR"), 100_000)],
    metrics.OWNER_STALLED_RATIO: [(("cleo",), 1.0)],
    metrics.ALERTS_WITHHELD: [(("cleo",), 0)],
}

# What each worker has in its buckets.
BUCKETS = {
    metrics.EVENT_LAG: [("1.0", 5), ("+Inf", 9)],
    metrics.SILENCE: [("5.0", 2), ("10.0", 5), ("20.0", 9), ("+Inf", 10)],
}


class _Worker(Collector):
    def __init__(self, own: dict[metrics.Metric, list[Sample]], seconds_behind: float) -> None:
        self._samples = COMMON | own
        self._behind = seconds_behind
        self._started = time.time()
        self._scrapes = 0

    def collect(self) -> Iterable[Metric]:
        at = time.time() - self._behind
        self._scrapes += 1
        samples = self._samples | {
            metrics.CLOCK: [((), at)],
            metrics.SOURCE_WATERMARK: [(("mail",), at)],
            metrics.RULES_LOADED: [(("abc",), self._started)],
            metrics.ALERTS: [(("ghosted",), 2 * self._scrapes), (("gone_quiet",), 0)],
            # people never stop
            metrics.FEEDBACK: [(("ghosted", "useful"), 3 * self._scrapes), (("ghosted", "noise"), self._scrapes)],
        }
        for metric in metrics.CATALOGUE:
            if metric.kind == "histogram":
                histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
                # one says what was, ever more of it; the other, how it is
                times = self._scrapes if metric is metrics.EVENT_LAG else 1
                buckets = [(most, times * number) for most, number in BUCKETS[metric]]
                histogram.add_metric(["emea"] * len(metric.labels), buckets, 20 * times)
                yield histogram
                continue
            kind: Any = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
            family = kind(metric.name, metric.help, labels=metric.labels)
            # of what no test here asks for, one of everything
            for labels, value in samples.get(metric, [(metric.labels, 1)]):
                family.add_metric(labels, value)
            yield family


@contextmanager
def two_workers() -> Iterator[list[str]]:
    """Yields the addresses (host:port) of two workers' metrics; the second is half a minute behind."""
    servers = []
    try:
        for own, behind in ((FIRST, 5), (SECOND, 35)):
            registry = CollectorRegistry()
            registry.register(_Worker(own, behind))
            servers.append(start_http_server(0, "127.0.0.1", registry))
        yield [f"127.0.0.1:{server.server_port}" for server, _ in servers]
    finally:
        for server, thread in servers:
            server.shutdown()
            server.server_close()
            thread.join()
