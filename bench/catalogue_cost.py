"""What the whole catalogue costs, beside the six detectors with which it began: same events, same way."""

from collections.abc import Iterator

from detectors.core.registry import catalogue
from detectors.core.rules import Rules

from .figures import Figure
from .histories import History
from .replay_speed import replay
from .rounds import cost_of, interleaved, ratios

SIX = frozenset(
    ("close_date_overdue", "close_date_slipping", "ghosted", "gone_quiet", "no_executive_contact", "reply_only")
)


def measure(history: History, rounds: int) -> Iterator[Figure]:
    """CPU for an event with all detectors, and with six of them; ingest, join, deal and answers are in both."""
    six = History(history.name, history.lines, _only_six(history.rules))
    costs = interleaved(
        {"all": lambda: cost_of(lambda: replay(history)), "six": lambda: cost_of(lambda: replay(six))}, rounds
    )
    count = len(history.lines)
    topic = f"the whole catalogue, {history.name}, {count:,} events"
    yield Figure(
        topic, f"CPU for an event, all {len(catalogue())}", "µs", tuple(c.cpu / count * 1e6 for c in costs["all"])
    )
    yield Figure(topic, "CPU for an event, six", "µs", tuple(c.cpu / count * 1e6 for c in costs["six"]))
    yield Figure(topic, "all, to six", "×", ratios(costs["all"], costs["six"]))


def _only_six(rules: Rules) -> Rules:
    content = rules.file.model_dump(exclude_unset=True)
    off = sorted(catalogue().keys() - SIX)
    return Rules.of({**content, "overrides": [*content.get("overrides", ()), {"when": {}, "disable": off}]})
