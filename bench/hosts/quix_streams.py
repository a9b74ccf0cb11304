"""Quix Streams: a StreamingDataFrame with its state in RocksDB and its changelog, checkpoints as they are by default.

It hands over one message at a time: it knows no batch that ends by itself when no more come. What is delivered and
committed is what a checkpoint has, every five seconds and at the end.
"""

from typing import Any

import orjson
from quixstreams import Application, State  # type: ignore[import-not-found]
from quixstreams.models import Deserializer, Serializer  # type: ignore[import-not-found]

from streams.wire import Record, Send

from . import plumbing as work
from .job import Job
from .pipeline import AtOnce

ROW = "deal"


def plumbing(job: Job) -> None:
    """The state of a deal under its key, as the documentation has it."""

    def step(value: bytes, state: State) -> list[tuple[bytes, bytes]]:
        job.stopwatch.begin()
        row = state.get_bytes(ROW)
        known = {} if row is None else {(deal := orjson.loads(row))["deal"]: deal}
        moved = work.advance(known, [value])
        for kept in moved.rows.values():
            state.set_bytes(ROW, kept)
        return moved.alerts

    host = Host(job)
    alerts = host.app.topic(job.names["findings"], key_serializer="bytes", value_serializer=Second())
    inbox = host.app.dataframe(host.app.topic(job.names["inbox"], key_deserializer="bytes", value_deserializer="bytes"))
    inbox.apply(step, stateful=True, expand=True).to_topic(alerts, key=lambda alert: alert[0])
    host.run()


def pipeline(job: Job) -> None:
    """From the inbox to the findings in one call; all rows of the company stand under one key."""
    company = AtOnce(job.rules)
    offset = -1

    def step(value: bytes, _key: None, _timestamp: int, headers: Any, state: State) -> list[Send]:
        nonlocal offset
        offset += 1
        job.stopwatch.begin()
        taken = company.take([Record(0, None, value, tuple(headers or ()), offset)])
        _keep(state, taken.rows)
        return taken.sends

    host = Host(job)
    told = {
        topic: host.app.topic(name, key_serializer="bytes", value_serializer=Value())
        for topic, name in job.names.items()
    }
    inbox = host.app.topic(job.names["inbox"], key_deserializer=Unkeyed(), value_deserializer="bytes")
    sends = host.app.dataframe(inbox).apply(step, stateful=True, expand=True, metadata=True)
    sends = sends.set_headers(lambda send, *_: list(send.headers))
    sends.to_topic(lambda send, *_: told[send.topic], key=lambda send: send.key)
    host.run()


def _keep(state: State, rows: dict[str, bytes | None]) -> None:
    """Keep rows so that all can be found again: a state cannot be listed, so it lists its rows itself."""
    for row, value in rows.items():
        if value is None:
            state.delete(row)
            continue
        if not state.exists(row):
            number = state.get("rows", 0)
            state.set("rows", number + 1)
            state.set(f"row {number}", row)
        state.set_bytes(row, value)


class Host:
    """An application that stops once it has done its inbox."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._left = job.records_in("inbox")
        self.app = Application(
            broker_address=job.settings.kafka.bootstrap_servers,
            consumer_group=job.settings.app_id,
            auto_offset_reset="earliest",
            state_dir=job.folder / "state",
            on_message_processed=self._count,
            loglevel="WARNING",
        )

    def run(self) -> None:
        """Returns after the last checkpoint."""
        self.app.run()
        self._job.stopwatch.lap()

    def _count(self, _topic: str, _partition: int, _offset: int) -> None:
        self._left -= 1
        if not self._left:
            self.app.stop()


class Second(Serializer):  # type: ignore[misc]
    """Of a key and a value the value."""

    def __call__(self, value: tuple[bytes, bytes], ctx: Any) -> bytes:
        return value[1]


class Value(Serializer):  # type: ignore[misc]
    """What a record to be sent holds."""

    def __call__(self, value: Send, ctx: Any) -> bytes | None:
        return value.value


class Unkeyed(Deserializer):  # type: ignore[misc]
    """No key: whatever is kept stands under the same."""

    def __call__(self, value: bytes, ctx: Any) -> None:
        return None
