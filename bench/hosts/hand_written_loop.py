"""A consumer loop written by hand on confluent-kafka: what frameworks are held against.

It gives the worker's guarantees while it runs: rows go to changelogs, each wave is delivered before the next, and only
what was delivered is committed. It does not rebuild state, serve pages, count, or notice anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer  # type: ignore[import-not-found]

from streams import topics
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import Record, Send, Topic

from . import plumbing as work
from .job import Job
from .pipeline import TOPICS, Kept, Pipeline, Wave

# so that of each partition about as many come at once as to the worker
BATCH = 1000
BATCH_SECONDS = 0.2
COMMIT_SECONDS = 1.0


def pipeline(job: Job) -> None:
    """The worker's four topics."""
    company = Pipeline(job.partitions, job.rules)
    loop = Loop(job, TOPICS)
    for batches in loop.batches():
        # in the order of their topics, so that what comes of a book is written in the order in which it was found
        waves = [company.step(topic, number, batches[topic, number]) for topic, number in sorted(batches, key=_order)]
        for wave in zip_longest(*waves, fillvalue=()):
            loop.write(each for part in wave for each in part)


def plumbing(job: Job) -> None:
    """One topic, and the state of each of its partitions."""
    known: defaultdict[int, dict[str, work.Known]] = defaultdict(dict)
    loop = Loop(job, ("inbox",))
    for batches in loop.batches():
        wave: Wave = []
        for (_, number), records in batches.items():
            moved = work.advance(known[number], [record.value or b"" for record in records])
            wave += [Kept("deals", number, row, value) for row, value in moved.rows.items()]
            wave += [Send("findings", number, key, value) for key, value in moved.alerts]
        loop.write(wave)


class Loop:
    """A consumer and a producer."""

    def __init__(self, job: Job, consumed: tuple[Topic, ...]) -> None:
        self._job = job
        self._consumed = consumed
        self._topic_of = {job.names[topic]: topic for topic in consumed}
        server = {"bootstrap.servers": job.settings.kafka.bootstrap_servers}
        self._producer = Producer({**server, "acks": "all", "message.max.bytes": MAX_MESSAGE_BYTES})
        self._consumer = Consumer(
            {
                **server,
                "group.id": job.settings.app_id,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "max.partition.fetch.bytes": 2 * MAX_MESSAGE_BYTES,
            }
        )
        self._undelivered: Any = None

    def batches(self) -> Iterator[dict[tuple[Topic, int], list[Record]]]:
        """The records of each partition, until all are done; what came before is committed when the next is asked for.

        Commits come every second, as the worker's; the last one is waited for.
        """
        consumer, stopwatch, done, committed = self._consumer, self._job.stopwatch, 0, 0.0
        consumer.subscribe(list(self._topic_of))
        while True:
            messages = consumer.consume(BATCH, BATCH_SECONDS)
            if messages:
                stopwatch.begin()
                yield self._sorted(messages)
                done += len(messages)
                if monotonic() - committed > COMMIT_SECONDS:
                    consumer.commit(asynchronous=True)
                    committed = monotonic()
                stopwatch.lap()
            elif done and self._job.records_in(*self._consumed) == done:
                break
        try:
            consumer.commit(asynchronous=False)
        except KafkaException as error:
            # all of it was committed before
            if error.args[0].code() != KafkaError._NO_OFFSET:
                raise
        consumer.close()

    def write(self, records: Iterable[Kept | Send]) -> None:
        """Write records, and wait until Kafka has them all; `KafkaException` if it has not."""
        names, settings = self._job.names, self._job.settings
        for each in records:
            if isinstance(each, Kept):
                name = topics.changelog(settings, each.table)
                self._send(name, each.partition, each.row.encode(), each.value, [])
            else:
                self._send(names[each.topic], each.partition, each.key, each.value, list(each.headers))
        self._producer.flush()
        if self._undelivered is not None:
            raise KafkaException(self._undelivered)

    def _send(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
        self._producer.produce(
            topic, value=value, key=key, partition=partition, headers=headers, on_delivery=self._on_delivery
        )
        self._producer.poll(0)

    def _on_delivery(self, error: Any, _: Any) -> None:
        self._undelivered = error or self._undelivered

    def _sorted(self, messages: list[Any]) -> dict[tuple[Topic, int], list[Record]]:
        batches: dict[tuple[Topic, int], list[Record]] = {}
        for message in messages:
            if (error := message.error()) is not None:
                raise KafkaException(error)
            number = message.partition()
            headers = tuple(message.headers() or ())
            record = Record(number, message.key(), message.value(), headers, message.offset())
            batches.setdefault((self._topic_of[message.topic()], number), []).append(record)
        return batches


def _order(place: tuple[Topic, int]) -> tuple[int, int]:
    topic, number = place
    return TOPICS.index(topic), number
