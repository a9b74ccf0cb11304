"""bytewax: a dataflow with its recovery store on disk, a snapshot as often as Quix Streams makes a checkpoint.

State is kept in snapshots alone: there is no changelog in Kafka, and no consumer group.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import bytewax.operators as op  # type: ignore[import-not-found]
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource  # type: ignore[import-not-found]
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir  # type: ignore[import-not-found]
from bytewax.run import cli_main  # type: ignore[import-not-found]

from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import Record

from . import plumbing as work
from .job import Job
from .pipeline import AtOnce

SNAPSHOT_EVERY = timedelta(seconds=5)


def plumbing(job: Job) -> None:
    """The state of a deal under its key."""
    begin = job.stopwatch.begin

    class Deal(StatefulBatchLogic):  # type: ignore[misc]
        """One deal."""

        def __init__(self, known: dict[str, work.Known]) -> None:
            self._known = known

        def on_batch(self, values: list[bytes]) -> tuple[Iterable[Any], bool]:
            begin()
            moved = work.advance(self._known, values)
            alerts = [KafkaSinkMessage(key, value) for key, value in moved.alerts]
            return alerts, StatefulBatchLogic.RETAIN

        def snapshot(self) -> dict[str, work.Known]:
            return {deal_id: dict(deal) for deal_id, deal in self._known.items()}

    flow = Dataflow("plumbing")
    messages = op.input("inbox", flow, _source(job))
    keyed = op.map("by deal", messages, lambda message: (message.key.decode(), message.value))
    alerts = op.stateful_batch("deals", keyed, lambda kept: Deal(kept or {}))
    op.output("alerts", op.key_rm("values", alerts), _sink(job))
    _run(job, flow)


def pipeline(job: Job) -> None:
    """From the inbox to the findings in one call; the company is one key."""
    begin, names, rules = job.stopwatch.begin, job.names, job.rules

    class Company(StatefulBatchLogic):  # type: ignore[misc]
        """All of it."""

        def __init__(self, rows: dict[str, bytes]) -> None:
            self._company = AtOnce(rules)
            self._rows = rows

        def on_batch(self, values: list[Any]) -> tuple[Iterable[Any], bool]:
            begin()
            taken = self._company.take(
                [Record(0, each.key, each.value, tuple(each.headers), each.offset) for each in values]
            )
            for row, value in taken.rows.items():
                if value is None:
                    self._rows.pop(row, None)
                else:
                    self._rows[row] = value
            told = [
                KafkaSinkMessage(send.key, send.value, names[send.topic], list(send.headers)) for send in taken.sends
            ]
            return told, StatefulBatchLogic.RETAIN

        def snapshot(self) -> dict[str, bytes]:
            return dict(self._rows)

    flow = Dataflow("pipeline")
    messages = op.input("inbox", flow, _source(job))
    keyed = op.key_on("by partition", messages, lambda message: str(message.partition))
    told = op.stateful_batch("company", keyed, lambda kept: Company(kept or {}))
    op.output("told", op.key_rm("values", told), _sink(job))
    _run(job, flow)


def _source(job: Job) -> Any:
    """The inbox up to where it ends now, in batches of a thousand, which is bytewax's own default."""
    return KafkaSource([job.settings.kafka.bootstrap_servers], [job.names["inbox"]], tail=False)


def _sink(job: Job) -> Any:
    config = {"partitioner": "murmur2_random", "message.max.bytes": str(MAX_MESSAGE_BYTES)}
    return KafkaSink([job.settings.kafka.bootstrap_servers], job.names["findings"], add_config=config)


def _run(job: Job, flow: Any) -> None:
    folder = job.folder / "recovery"
    folder.mkdir()
    init_db_dir(folder, 1)
    recovery = RecoveryConfig(folder, timedelta())
    cli_main(flow, workers_per_process=1, epoch_interval=SNAPSHOT_EVERY, recovery_config=recovery)
    job.stopwatch.lap()
