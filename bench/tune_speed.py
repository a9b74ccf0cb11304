"""What a sweep of twenty values costs, beside one of a single value, and beside a backtest: same history, same way."""

from collections.abc import Iterator
from fractions import Fraction

from streams.tuning.backtest import measure as judge
from streams.tuning.endings import Endings
from streams.tuning.lives import Chronicle
from streams.tuning.sweep import sweep, with_values
from streams.tuning.tradeoff import Tradeoff, tradeoff

from .figures import Figure
from .histories import History
from .rounds import cost_of, interleaved, ratios

DETECTOR, THRESHOLD = "gone_quiet", "warn_business_days"
TWENTY = tuple(range(4, 24))


def measure(history: History, rounds: int) -> Iterator[Figure]:
    """From the lines of a history to figures on the deals that choose and those that judge; and how values compare."""
    costs = interleaved(
        {
            "twenty": lambda: cost_of(lambda: tune(history, TWENTY)),
            "one": lambda: cost_of(lambda: tune(history, TWENTY[:1])),
            "backtest": lambda: cost_of(lambda: backtest(history)),
        },
        rounds,
    )
    count = len(history.lines)
    topic = f"tune, {history.name}, {count:,} events"
    yield Figure(topic, "CPU for an event, twenty values", "µs", tuple(c.cpu / count * 1e6 for c in costs["twenty"]))
    yield Figure(topic, "CPU for an event, one value", "µs", tuple(c.cpu / count * 1e6 for c in costs["one"]))
    yield Figure(topic, "twenty values, to one", "×", ratios(costs["twenty"], costs["one"]))
    yield Figure(topic, "twenty values, to a backtest", "×", ratios(costs["twenty"], costs["backtest"]))


def tune(history: History, values: tuple[int, ...]) -> Tradeoff:
    """The trade-off of some values of a threshold."""
    settings = [{THRESHOLD: each} for each in values]
    rules = [with_values(history.rules, DETECTOR, each) for each in settings]
    swept, _ = sweep(history.lines, DETECTOR, rules)
    assert swept is not None  # histories tell of deals
    return tradeoff(swept, DETECTOR, settings, settings[0], rules, Endings(), Fraction(2, 3))


def backtest(history: History) -> None:
    """All figures of all detectors."""
    chronicle = Chronicle(history.rules)
    for _ in chronicle.run(history.lines):
        pass
    assert chronicle.ended is not None  # histories have events
    judge(chronicle.lives(), Endings(), history.rules, chronicle.ended)
