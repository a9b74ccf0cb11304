"""What a host took, measured in its own process: from the first batch that it hands over to the last that is safe."""

from dataclasses import asdict, dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

import orjson

from ..rounds import cpu_seconds

STATUS = Path("/proc/self/status")  # Linux tells there how much memory a process has had at most


@dataclass(frozen=True)
class Outcome:
    """Seconds on the clock, of CPU time in all threads, and the process's memory at its peak in MB."""

    wall: float
    cpu: float
    peak: float


class Stopwatch:
    """Runs from the first `begin` to the last `lap`."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self._last = (0.0, 0.0)

    def begin(self) -> None:
        """A batch begins."""
        if self._began is None:
            self._began = (perf_counter(), cpu_seconds())

    def lap(self) -> None:
        """Everything so far is safe."""
        self._last = (perf_counter(), cpu_seconds())

    def outcome(self) -> Outcome:
        """What it took; `ValueError` if nothing was done."""
        if self._began is None or self._last < self._began:
            raise ValueError("no batch was done")
        wall, cpu = (last - first for last, first in zip(self._last, self._began, strict=True))
        return Outcome(wall, cpu, _peak())

    def write(self, path: Path) -> None:
        """Write what it took."""
        # whole or not at all: somebody waits for this file
        part = path.with_suffix(".part")
        part.write_bytes(orjson.dumps(asdict(self.outcome())))
        part.rename(path)


def _peak() -> float:
    if STATUS.exists():
        # getrusage would count what the process that started this one had, too
        told = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        return int(told["VmHWM"].split()[0]) / 1000
    return getrusage(RUSAGE_SELF).ru_maxrss / 1000
