"""What the running system says of a deal: the newest answer on the findings topic."""

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from . import topics
from .answer import Answer, of_json
from .settings import Settings
from .wire import partition_of


class ExplainError(RuntimeError):
    """The answer cannot be read."""


def explain(settings: Settings, deal_id: str) -> Answer | None:
    """The newest answer on a deal; None if nothing was ever said of it."""
    name = topics.names(settings)["findings"]
    key = deal_id.encode()
    place = TopicPartition(name, partition_of(key, settings.topics.partitions))
    newest: bytes | None = None
    try:
        consumer = KafkaConsumer(**settings.kafka.client(), client_id=f"{settings.app_id}-explain", group_id=None)
        try:
            # asked beforehand: of a partition that is not there a consumer asks for half a minute
            if place.partition not in (consumer.partitions_for_topic(name) or ()):
                raise ExplainError(f"{name} is missing: run `stallwatch topics`")
            consumer.assign([place])
            consumer.seek_to_beginning(place)
            end = consumer.end_offsets([place])[place]
            while consumer.position(place) < end:
                for record in consumer.poll(timeout_ms=500).get(place, ()):
                    if record.key == key:
                        newest = record.value
        finally:
            consumer.close()
    except KafkaError as error:
        raise ExplainError(f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None
    return of_json(newest) if newest else None
