"""Takes turns: each contestant once a round, so that what disturbs the machine disturbs all of them alike."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took, in seconds: on the clock, and of this process's CPU time."""

    wall: float
    cpu: float


def cpu_seconds() -> float:
    """CPU time of this process so far, in user and system mode."""
    usage = getrusage(RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def cost_of(work: Work, times: int = 1) -> Cost:
    """Do it so many times, and tell the mean; garbage that others left is not on its bill."""
    gc.collect()
    wall, cpu = perf_counter(), cpu_seconds()
    for _ in range(times):
        work()
    return Cost((perf_counter() - wall) / times, (cpu_seconds() - cpu) / times)


def interleaved(contestants: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, list[Cost]]:
    """Each contestant's cost in each round; every other round goes backwards, so that nobody is always the first."""
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for number in range(rounds):
        names = list(contestants)
        for name in names[::-1] if number % 2 else names:
            costs[name].append(contestants[name]())
    return costs


def ratios(costs: list[Cost], others: list[Cost], kind: str = "cpu") -> tuple[float, ...]:
    """How many times as much as the other it took, round by round; `kind` is "cpu" or "wall"."""
    pairs = zip(costs, others, strict=True)
    return tuple(getattr(cost, kind) / getattr(other, kind) for cost, other in pairs)
