"""/metrics: what follows state is built from it at each scrape, so nothing outlives the partition that it came from."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Literal

from prometheus_client import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from detectors.core.registry import catalogue
from detectors.core.rules import Rules

from ..alerting.telling import Telling
from ..answer import Answer
from ..books import BookAnswer
from ..outline import Glance
from ..wire import Topic
from . import catalogue as metrics
from .counts import Counts, label
from .families import gauge
from .names import Names
from .pipeline_series import pipeline_series
from .threshold_series import promised_series, threshold_series


@dataclass(frozen=True)
class State:
    """What a scrape sees of a worker."""

    answers: Iterable[Glance]
    books: Iterable[tuple[str, list[Answer]]]
    judged: Iterable[BookAnswer]
    errors: Counter[str]
    clock: datetime | None
    lag: Mapping[Topic, int]
    waiting: int
    rules: Rules
    # what moves the clock; None where there is nothing for it to move
    clock_kind: Literal["wall", "events"] | None = None
    paused: Mapping[str, bool] = field(default_factory=dict)
    tellings: Iterable[Telling] = ()


class Exporter(Collector):
    """Collects the catalogue of `metrics` from a worker's state and counts."""

    def __init__(self, look: Callable[[], State], counts: Counts, most_deal_series: int) -> None:
        self._look = look
        self._counts = counts
        self._most = most_deal_series
        counts.registry.register(self)

    def text(self) -> bytes:
        """The answer to a scrape, in Prometheus' text format."""
        return generate_latest(self._counts.registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: or registering would scrape a worker that has not started."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family that follows state."""
        state = self._look()
        everything = list(state.answers)
        names = Names(everything)
        everything = [names.told(each) for each in everything]
        yield gauge(metrics.NAMES_LEFT_OUT, {(kind,): number for kind, number in names.left_out.items()})
        answers = [each for each in everything if each.is_open]
        yield from _deals(answers)
        yield from _findings(answers, state.judged)
        yield from _deal_series(answers, self._most)
        yield from _owners(state.books, state.tellings, names)
        yield from pipeline_series(everything, state.clock, state.rules)
        yield threshold_series(state.rules)
        yield promised_series(state.rules)
        errors = CounterMetricFamily(
            metrics.DETECTOR_ERRORS.name, metrics.DETECTOR_ERRORS.help, labels=metrics.DETECTOR_ERRORS.labels
        )
        for detector in catalogue():
            errors.add_metric([detector], state.errors[detector])
        yield errors
        if state.clock is not None:
            yield gauge(metrics.CLOCK, {(): state.clock.timestamp()})
        if state.clock_kind is not None:
            yield gauge(metrics.CLOCK_INFO, {(state.clock_kind,): 1.0})
        yield gauge(metrics.LAG, {(topic,): behind for topic, behind in state.lag.items()})
        yield gauge(metrics.MAIL_WAITING, {(): state.waiting})
        marks = {(source,): at.timestamp() for source, at in self._counts.watermarks.items()}
        yield gauge(metrics.SOURCE_WATERMARK, marks)
        silences = {(label(name),): each.max_silence.total_seconds() for name, each in state.rules.file.sources.items()}
        yield gauge(metrics.SOURCE_MAX_SILENCE, silences)
        yield gauge(metrics.SOURCE_PAUSED, {(source,): float(told) for source, told in state.paused.items()})
        yield gauge(metrics.CONFIG_LAST_RELOAD_SUCCESSFUL, {(): float(self._counts.reload_succeeded)})
        known = {(name, each.family, each.title()): 1.0 for name, each in catalogue().items()}
        yield gauge(metrics.DETECTOR_INFO, known)
        loaded = self._counts.rules_loaded_at.timestamp()
        yield gauge(metrics.RULES_LOADED, {(state.rules.hash[:12],): loaded})
        yield gauge(metrics.BUILD_INFO, {(version("stallwatch"), state.rules.hash[:12]): 1.0})


def short(owner: str | None) -> str:
    """An owner in a label: the part of the address before the @, never the address."""
    return label((owner or "").partition("@")[0])


def _deals(answers: list[Glance]) -> Iterator[Metric]:
    counts: Counter[tuple[str, ...]] = Counter()
    amounts: defaultdict[tuple[str, ...], float] = defaultdict(float)
    stalled: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for told in answers:
        place = (label(told.pipeline), label(told.stage), label(told.team))
        counts[place] += 1
        if told.amount is not None:
            amounts[(*place, label(told.currency))] += told.amount
            # a team whose pipeline is sound has a zero, not a gap
            stalled[label(told.team), label(told.currency)] += told.amount if told.stalls else 0.0
    yield gauge(metrics.DEALS, counts)
    yield gauge(metrics.DEALS_AMOUNT, amounts)
    yield gauge(metrics.STALLED_AMOUNT, stalled)


def _owners(books: Iterable[tuple[str, list[Answer]]], tellings: Iterable[Telling], names: Names) -> Iterator[Metric]:
    deals: Counter[tuple[str]] = Counter()
    stalled: Counter[tuple[str]] = Counter()
    for owner, book in books:
        if owner:
            # two addresses may share the part before the @, and a series must be told once
            name = short(names.name("owner", owner))
            deals[name,] += len(book)
            stalled[name,] += sum(bool(each.stalls) for each in book)
    yield gauge(metrics.OWNER_STALLED_RATIO, {owner: stalled[owner] / number for owner, number in deals.items()})
    withheld = dict.fromkeys(deals, 0.0)
    for told in tellings:
        if (name := short(names.name("owner", told.owner)),) in withheld:
            withheld[name,] += told.withheld
    yield gauge(metrics.ALERTS_WITHHELD, withheld)


def _findings(answers: list[Glance], judged: Iterable[BookAnswer]) -> Iterator[Metric]:
    """Open findings on deals and on whole books."""
    counts = Counter(
        (finding.detector, finding.severity, label(told.team)) for told in answers for finding in told.open_findings
    )
    counts.update(
        (finding.detector, finding.severity, label(told.team))
        for told in judged
        for finding in told.findings
        if finding.state == "open"
    )
    yield gauge(metrics.FINDINGS, counts)


def _deal_series(answers: list[Glance], most: int) -> Iterator[Metric]:
    """Series for single deals, as many as the cap allows, the largest deals first."""
    one_each: dict[tuple[str, ...], float] = {}
    amounts: dict[tuple[str, ...], float] = {}
    left_out = 0
    for told in sorted(answers, key=lambda each: (-(each.amount or 0), each.deal_id)):
        if len(one_each) + len(told.open_findings) > most:
            left_out += len(told.open_findings)
            continue
        for finding in told.open_findings:
            one_each[label(told.deal_id), finding.detector, finding.severity, short(told.owner)] = 1.0
        if told.stalls and told.amount is not None:
            row = (label(told.deal_id), short(told.owner), label(told.team), label(told.currency))
            amounts[row] = told.amount
    yield gauge(metrics.FINDING_OPEN, one_each)
    yield gauge(metrics.STALLED_DEAL_AMOUNT, amounts)
    yield gauge(metrics.FINDINGS_LEFT_OUT, {(): left_out})
