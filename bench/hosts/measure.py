"""Which hosts work off what: in rounds, every other one backwards, each in a process of its own, on a real Kafka."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.demo.broker import Broker

from .course import ROOT, Course, Host, Run
from .workloads import Workload

PYTHON = ROOT / ".venv-bench" / "bin" / "python"
CONSUMER = "STALLWATCH_KAFKA__CONSUMER"
WORKER, PLAIN, QUIX, BYTEWAX, LOOP, ALONE = (
    Host("worker", "faust_worker", {CONSUMER: "batches"}),
    Host("worker, plain consumer", "faust_worker", {CONSUMER: "plain"}),
    Host("Quix Streams", "quix_streams", {}),
    Host("bytewax", "bytewax_flow", {}),
    Host("hand-written loop", "hand_written_loop", {}),
    Host("no host", "alone", {}),
)


def hosts_of(workload: Workload) -> tuple[Host, ...]:
    """Who can work it off."""
    if not workload.is_one_pipeline:
        return WORKER, LOOP
    # what the plain consumer costs shows where nothing else costs much
    return (WORKER, *([PLAIN] if workload.function == "plumbing" else []), QUIX, BYTEWAX, LOOP, ALONE)


def runs(
    workloads: Iterable[Workload],
    rounds: int,
    python: Path = PYTHON,
    hosts: Callable[[Workload], Sequence[Host]] = hosts_of,
    say: Callable[[str], None] = lambda _: None,
) -> list[Run]:
    """Each host's run in each round; `WrongOutcome` if one tells something else than the others."""
    done: list[Run] = []
    with TemporaryDirectory(prefix="stallwatch-bench-") as folder, Broker(Path(folder) / "kafka", java=()) as broker:
        for workload in workloads:
            course = Course(workload, broker.bootstrap, Path(folder), python)
            for number in range(rounds):
                starters = hosts(workload)
                for host in starters[::-1] if number % 2 else starters:
                    done.append(run := course.run(host))
                    say(f"{run.workload}: {run.host} {run.events / run.wall:,.0f} events/s, {run.cpu:.2f} s of CPU")
    return done
