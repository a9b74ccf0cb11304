"""What the running system says of all deals: the newest answer on each, from the findings topic."""

from collections.abc import Iterator

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from . import topics
from .answer import Answer, of_json
from .books import BOOK_HEADERS
from .explain import ExplainError
from .settings import Settings


def answers(settings: Settings) -> Iterator[Answer]:
    """The newest answer on each deal, open and closed; a partition at a time, as no more need be held at once."""
    name = topics.names(settings)["findings"]
    try:
        consumer = KafkaConsumer(**settings.kafka.client(), client_id=f"{settings.app_id}-answers", group_id=None)
        try:
            partitions = consumer.partitions_for_topic(name)
            if not partitions:
                raise ExplainError(f"{name} is missing: run `stallwatch topics`")
            for number in sorted(partitions):
                place = TopicPartition(name, number)
                for offset, value in _newest(consumer, place):
                    try:
                        yield of_json(value)
                    except ValidationError as error:
                        raise ExplainError(f"{name}, partition {number}, offset {offset}: no answer: {error}") from None
        finally:
            consumer.close()
    except KafkaError as error:
        raise ExplainError(f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None


def _newest(consumer: KafkaConsumer, place: TopicPartition) -> list[tuple[int, bytes]]:
    """Of each deal of a partition the newest record, up to the partition's end now; none if it was taken back."""
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    found: dict[bytes | None, tuple[int, bytes]] = {}
    while consumer.position(place) < end:
        for record in consumer.poll(timeout_ms=500).get(place, ()):
            if not record.value:
                found.pop(record.key, None)
            elif not set(BOOK_HEADERS) & set(record.headers):
                found[record.key] = record.offset, record.value
    return list(found.values())
