"""What it takes to judge a whole year: a backtest from a file, as the command does it, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from detectors.core.rules import Rules
from streams.history import lines
from streams.tuning.backtest import measure as judge
from streams.tuning.endings import Endings
from streams.tuning.lives import Chronicle

from .apart import apart
from .figures import Figure
from .histories import History
from .hosts.stopwatch import Outcome, Stopwatch


def measure(history: History, rounds: int) -> Iterator[Figure]:
    """Seconds, speed and memory of a backtest of all detectors; reading the file is in it."""
    count = len(history.lines)
    with TemporaryDirectory(prefix="stallwatch-bench-") as folder:
        path = Path(folder) / "year.jsonl"
        with path.open("wb") as file:
            file.writelines(line.raw + b"\n" for line in history.lines)
        told = [apart(_backtest, path, history.rules) for _ in range(rounds)]
    topic = f"backtest, {history.name}, {count:,} events"
    yield Figure(topic, "speed", "events/s", tuple(count / each.wall for each in told))
    yield Figure(topic, "CPU", "s", tuple(each.cpu for each in told))
    yield Figure(topic, "memory at its peak", "MB", tuple(each.peak for each in told))


def _backtest(path: Path, rules: Rules) -> Outcome:
    stopwatch = Stopwatch()
    stopwatch.begin()
    chronicle = Chronicle(rules)
    for _ in chronicle.run(lines([path])):
        pass
    assert chronicle.ended is not None  # histories have events
    judge(chronicle.lives(), Endings(), rules, chronicle.ended)
    stopwatch.lap()
    return stopwatch.outcome()
