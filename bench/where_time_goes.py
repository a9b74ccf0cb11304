"""Where replay's time goes: the functions of this project that it spends the most time in, by cProfile."""

import cProfile
import pstats
from collections.abc import Iterator
from pathlib import Path

from streams.replay import Replay

from .figures import Figure
from .histories import History

# a profiled batch takes about twice its time, so only some are, all along the history
EVERY = 8
SHOWN = 16
OURS = Path(__file__).resolve().parents[1]
PARTS = ("detectors", "streams")


def measure(history: History) -> Iterator[Figure]:
    """The share of time within each function and what it calls; shares overlap, as calls do."""
    profile = cProfile.Profile()
    batches = Replay(history.rules).run(history.lines)
    number = 0
    while True:
        if number % EVERY == 0:
            profile.enable()
        try:
            next(batches)
        except StopIteration:
            break
        finally:
            profile.disable()
        number += 1
    stats = pstats.Stats(profile)
    total: float = stats.total_tt  # type: ignore[attr-defined]
    spent = {}
    for (file, _, function), (_, _, _, within, _) in stats.stats.items():  # type: ignore[attr-defined]
        path = Path(file)
        if path.is_relative_to(OURS) and path.relative_to(OURS).parts[0] in PARTS and path.stem != "replay":
            spent[f"{path.relative_to(OURS).with_suffix('')}: {function}".replace("/", ".")] = within / total
    for name in sorted(spent, key=lambda each: -spent[each])[:SHOWN]:
        yield Figure(f"where replay's time goes, {history.name}", name, "%", (spent[name] * 100,))
