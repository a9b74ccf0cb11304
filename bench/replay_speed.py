"""Replay's events per second, beside just parsing the same events."""

import json
from collections.abc import Callable, Iterable, Iterator

from detectors.core import events
from streams.answer import finding_line
from streams.monitor.partition import Partition
from streams.replay import Replay

from .figures import Figure
from .histories import History
from .rounds import cost_of, interleaved, ratios

# reading is quick: more of it in a round, or a disturbance of a second would decide the ratios
PASSES = 5


def measure(history: History, rounds: int) -> Iterator[Figure]:
    """How fast a history is replayed, and how many times as much CPU that is as reading it."""
    raws = [line.raw for line in history.lines]
    count = len(raws)
    costs = interleaved(
        {
            "json": lambda: cost_of(lambda: _each(json.loads, raws), PASSES),
            "parse": lambda: cost_of(lambda: _each(events.parse, raws), PASSES),
            "replay": lambda: cost_of(lambda: replay(history)),
        },
        rounds,
    )
    topic = f"replay, {history.name}, {count:,} events"
    yield Figure(topic, "speed", "events/s", tuple(count / cost.wall for cost in costs["replay"]))
    yield Figure(topic, "CPU for an event", "µs", tuple(cost.cpu / count * 1e6 for cost in costs["replay"]))
    yield Figure(topic, "CPU for parsing an event", "µs", tuple(cost.cpu / count * 1e6 for cost in costs["parse"]))
    yield Figure(topic, "CPU, to that of parsing and checking", "×", ratios(costs["replay"], costs["parse"]))
    yield Figure(topic, "CPU, to that of json.loads", "×", ratios(costs["replay"], costs["json"]))


def replay(history: History) -> Replay:
    """The history, replayed to its end."""
    run = Replay(history.rules)
    for _ in run.run(history.lines):
        pass
    return run


def findings_of(partitions: Iterable[Partition]) -> list[str]:
    """Every finding as a line, in an order that does not depend on partitions."""
    answers = (told for partition in partitions for told in partition.answers.values())
    return sorted(finding_line(finding) for told in answers for finding in told.findings)


def _each(read: Callable[[bytes], object], raws: Iterable[bytes]) -> None:
    for raw in raws:
        read(raw)
