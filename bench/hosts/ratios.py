"""What the runs of hosts come to: for each workload and host its rounds, and how they compare, round by round."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from .course import Run

PER = 100_000


@dataclass(frozen=True)
class Rounds:
    """All runs of a host on a workload."""

    workload: str
    host: str
    runs: tuple[Run, ...]

    @property
    def speeds(self) -> tuple[float, ...]:
        """Events per second, round by round."""
        return tuple(run.events / run.wall for run in self.runs)

    @property
    def cpus(self) -> tuple[float, ...]:
        """CPU seconds for 100,000 events, round by round."""
        return tuple(run.cpu / run.events * PER for run in self.runs)

    @property
    def peak(self) -> float:
        """MB of memory at the peak, the median of the rounds."""
        return median(run.peak for run in self.runs)

    @property
    def rows(self) -> float:
        """Records in the changelogs for an event."""
        return median(run.rows / run.events for run in self.runs)

    def speed_to(self, other: "Rounds") -> tuple[float, ...]:
        """How many times as fast as another, round by round."""
        return tuple(ours / theirs for ours, theirs in zip(self.speeds, other.speeds, strict=True))

    def cpu_to(self, other: "Rounds") -> tuple[float, ...]:
        """How many times as much CPU as another, round by round."""
        return tuple(ours / theirs for ours, theirs in zip(self.cpus, other.cpus, strict=True))


def by_workload(runs: Iterable[Run]) -> dict[str, list[Rounds]]:
    """The hosts of each workload, in the order of their first round."""
    told: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        told.setdefault(run.workload, {}).setdefault(run.host, []).append(run)
    return {
        workload: [Rounds(workload, host, tuple(each)) for host, each in hosts.items()]
        for workload, hosts in told.items()
    }


def of_host(hosts: Sequence[Rounds], name: str) -> Rounds | None:
    """The one of this name."""
    return next((each for each in hosts if each.host == name), None)
