"""No host at all: the same batches from memory, and nothing is written. What others take more is what hosting costs."""

from collections import defaultdict
from collections.abc import Iterator

from kafka import KafkaConsumer, TopicPartition

from streams.wire import Record

from . import plumbing as work
from .job import Job
from .pipeline import AtOnce

BATCH = 1000


def pipeline(job: Job) -> None:
    """From the inbox to the findings in one call."""
    company = AtOnce(job.rules)
    for batch in _timed(job):
        company.take(batch)


def plumbing(job: Job) -> None:
    """The state of all deals in one place."""
    known: defaultdict[int, dict[str, work.Known]] = defaultdict(dict)
    for batch in _timed(job):
        work.advance(known[batch[0].partition], [record.value or b"" for record in batch])


def _timed(job: Job) -> Iterator[list[Record]]:
    batches = list(_batches(job))
    for batch in batches:
        job.stopwatch.begin()
        yield batch
        job.stopwatch.lap()


def _batches(job: Job) -> Iterator[list[Record]]:
    """The inbox, partition by partition."""
    with KafkaConsumer(**job.settings.kafka.client(), group_id=None) as consumer:
        for number in range(job.partitions):
            place = TopicPartition(job.names["inbox"], number)
            end = consumer.end_offsets([place])[place]
            consumer.assign([place])
            consumer.seek_to_beginning(place)
            batch: list[Record] = []
            while consumer.position(place) < end:
                got = consumer.poll(timeout_ms=500, max_records=BATCH - len(batch)).get(place, ())
                batch += [Record(number, each.key, each.value, tuple(each.headers), each.offset) for each in got]
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch
