"""Two workers' /metrics with made-up values, every metric of the catalogue among them."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from streams import metrics

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
    metrics.FEEDBACK: [(("ghosted", "useful"), 3)],
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
    metrics.FINDING_OPEN: [
        (("D-2", "gone_quiet", "warning", "bob"), 1),
        (("D-3", "reply_only", "warning", "cleo"), 1),
        (("D-4", "no_next_step", "info", "cleo"), 1),
    ],
    metrics.STALLED_DEAL_AMOUNT: [(("D-2", "bob", "emea", "EUR"), 50_000), (("D-3", "cleo", "emea", "EUR"), 100_000)],
    metrics.OWNER_STALLED_RATIO: [(("cleo",), 1.0)],
    metrics.ALERTS_WITHHELD: [(("cleo",), 0)],
}


class _Worker(Collector):
    def __init__(self, own: dict[metrics.Metric, list[Sample]], seconds_behind: float) -> None:
        self._samples = COMMON | own
        self._behind = seconds_behind

    def collect(self) -> Iterable[Metric]:
        at = time.time() - self._behind
        samples = self._samples | {metrics.CLOCK: [((), at)], metrics.SOURCE_WATERMARK: [(("mail",), at)]}
        for metric in metrics.CATALOGUE:
            if metric.kind == "histogram":
                yield HistogramMetricFamily(metric.name, metric.help, [("1", 5), ("+Inf", 9)], 20)
                continue
            kind: Any = GaugeMetricFamily if metric.kind == "gauge" else CounterMetricFamily
            family = kind(metric.name, metric.help, labels=metric.labels)
            for labels, value in samples[metric]:
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
