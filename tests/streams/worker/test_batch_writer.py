"""Records as batches, on a real Kafka: all of them, in order, or an error."""

from collections.abc import AsyncIterator, Iterable, Iterator

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streams.wire import Send
from streams.worker.batch_writer import write
from tests.conftest import RunningBroker

SMALL = 2_000


@pytest.fixture
def topic(broker: RunningBroker, prefix: str) -> Iterator[str]:
    """A topic of two partitions that takes no batch of more than 10 kB."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    name = f"{prefix}.written"
    admin.create_topics([NewTopic(name, 2, 1, topic_configs={"max.message.bytes": "10000"})])
    yield name
    admin.close()


@pytest.fixture
async def producer(broker: RunningBroker) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose batches hold little, so that there are many."""
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", max_batch_size=SMALL) as made:
        yield made


def read(broker: RunningBroker, topic: str, partition: int) -> list[tuple[bytes | None, bytes | None, list[object]]]:
    """Key, value and headers of all records of a partition."""
    with KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=None) as consumer:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end, found = consumer.end_offsets([place])[place], []
        while consumer.position(place) < end:
            for records in consumer.poll(timeout_ms=500).values():
                found += [(each.key, each.value, list(each.headers)) for each in records]
        return found


def sends(topic: str, numbers: Iterable[int]) -> list[tuple[str, Send]]:
    return [(topic, Send("findings", number % 2, b"k%d" % number, b"v" * 100)) for number in numbers]


async def test_many_batches_keep_the_order_of_each_partition(
    broker: RunningBroker, topic: str, producer: AIOKafkaProducer
) -> None:
    checked: list[int] = []

    await write(producer, sends(topic, range(1000)), lambda: checked.append(1))

    for partition in (0, 1):
        keys = [key for key, _, _ in read(broker, topic, partition)]
        assert keys == [b"k%d" % number for number in range(partition, 1000, 2)]
    # before each batch, of which there are many
    assert len(checked) > 50


async def test_tombstones_headers_and_missing_keys_arrive_as_they_are(
    broker: RunningBroker, topic: str, producer: AIOKafkaProducer
) -> None:
    await write(
        producer,
        [
            (topic, Send("findings", 1, b"gone", None)),
            (topic, Send("findings", 1, None, b"mark", (("stallwatch-mark", b"clock"),))),
        ],
        lambda: None,
    )
    assert read(broker, topic, 1) == [(b"gone", None, []), (None, b"mark", [("stallwatch-mark", b"clock")])]


async def test_one_that_is_larger_than_a_batch_goes_alone_and_in_its_place(
    broker: RunningBroker, topic: str, producer: AIOKafkaProducer
) -> None:
    large = (topic, Send("findings", 0, b"large", b"x" * 4 * SMALL))
    await write(producer, [*sends(topic, [0]), large, *sends(topic, [2])], lambda: None)
    assert [key for key, _, _ in read(broker, topic, 0)] == [b"k0", b"large", b"k2"]


async def test_what_kafka_refuses_is_raised(topic: str, producer: AIOKafkaProducer) -> None:
    with pytest.raises(KafkaError, match="MessageSizeTooLarge"):
        await write(producer, [*sends(topic, [0, 1]), (topic, Send("findings", 0, None, b"x" * 20_000))], lambda: None)


async def test_nothing_goes_when_the_check_does_not_hold(
    broker: RunningBroker, topic: str, producer: AIOKafkaProducer
) -> None:
    def lost() -> None:
        raise RuntimeError("the partitions are another's")

    with pytest.raises(RuntimeError, match="another's"):
        await write(producer, sends(topic, range(10)), lost)
    assert read(broker, topic, 0) == []


async def test_nothing_to_write_is_no_error(producer: AIOKafkaProducer) -> None:
    await write(producer, [], lambda: None)
