"""What stands on a topic of a real Kafka."""

from collections.abc import Iterable
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streams.settings import Kafka, Settings, Topics
from streams.wire import Record, Send

PARTITIONS = 3


def settings_on(bootstrap: str, prefix: str, **other: Any) -> Settings:
    """The settings of a test: three partitions, names that no other test has."""
    topics = Topics(prefix=prefix, partitions=PARTITIONS)
    return Settings(app_id=prefix, kafka=Kafka(bootstrap_servers=bootstrap), topics=topics, **other)


def read(settings: Settings, topic: str) -> list[Record]:
    """Everything on a topic up to its end now; in order within each partition."""
    with KafkaConsumer(**settings.kafka.client(), group_id=None) as consumer:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found: list[Record] = []
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=500).items():
                found += [
                    Record(place.partition, each.key, each.value, tuple(each.headers), each.offset) for each in records
                ]
    return sorted(found, key=lambda record: (record.partition, record.offset))


def write(settings: Settings, topic: str, sends: Iterable[Send]) -> None:
    """Put records on a topic; returns when Kafka has them."""
    with KafkaProducer(**settings.kafka.client()) as producer:
        for send in sends:
            producer.send(topic, key=send.key, value=send.value, partition=send.partition, headers=list(send.headers))
        producer.flush()
