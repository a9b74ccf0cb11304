"""Changelogs are read in whole lists from a real Kafka, and how far it is can be seen meanwhile."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord
from faust.types import TP
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from streams.settings import Kafka, Settings, Topics
from streams.worker.app import make_app
from streams.worker.consumer import CHUNK
from tests.conftest import RunningBroker

ROWS = 4 * CHUNK


class Group:
    """The consumer of the group, which is to leave changelogs alone."""

    def __init__(self) -> None:
        self.left: set[TP] = set()

    async def leave_alone(self, places: set[TP]) -> None:
        self.left = set(places)

    async def earliest_offsets(self, *places: TP) -> dict[TP, int]:
        return dict.fromkeys(places, 0)


class Rebuilding:
    """A recovery of one table of two partitions, which remembers what was seen of it after each list."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        kafka = Kafka(bootstrap_servers=bootstrap, consumer="batches")
        self.app: Any = make_app(Settings(app_id=prefix, kafka=kafka, topics=Topics(prefix=prefix, partitions=2)))
        self.table = self.app.Table("deals", key_type=bytes, value_type=bytes)
        self.recovery = self.app.tables.recovery
        self.topic = self.table.changelog_topic.get_topic_name()
        self.places = {TP(self.topic, 0), TP(self.topic, 1)}
        self.group = Group()
        self.seen: list[tuple[int, int]] = []
        for place in self.places:
            self.recovery.add_active(self.table, place)
        apply = self.recovery._apply

        def applied(place: TP, records: list[ConsumerRecord]) -> None:
            self.seen.append(self.recovery.progress)
            apply(place, records)

        self.recovery._apply = applied

    async def run(self, begins: dict[int, int], ends: dict[int, int]) -> Counter[TP]:
        """Recover what stands behind `begins` up to `ends`, offsets by partition; up to where it has come."""
        offsets, highwaters = self.recovery.active_offsets, self.recovery.active_highwaters
        for number in begins:
            offsets[TP(self.topic, number)], highwaters[TP(self.topic, number)] = begins[number], ends[number]
        await self.recovery._build_offsets(self.group, self.places, offsets, "active")
        await self.recovery._seek_offsets(self.group, self.places, offsets, "active")
        return Counter({place.partition: offset for place, offset in offsets.items()})

    @property
    def rows(self) -> dict[bytes, bytes]:
        return dict(self.table.data.data)


@pytest.fixture
def rebuilding(broker: RunningBroker, prefix: str) -> Iterator[Rebuilding]:
    made = Rebuilding(broker.bootstrap, prefix)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics([NewTopic(made.topic, 2, 1)])
    yield made
    admin.close()


def put(broker: RunningBroker, topic: str, *rows: tuple[int, str, str | None]) -> None:
    """Rows of partitions, in order, as a worker writes them."""
    with KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=20) as producer:
        for partition, key, value in rows:
            producer.send(topic, key=key.encode(), value=None if value is None else value.encode(), partition=partition)
        producer.flush()


async def test_many_rows_are_read_in_lists_and_one_sees_how_far_it_is(
    broker: RunningBroker, rebuilding: Rebuilding
) -> None:
    put(broker, rebuilding.topic, *((number % 2, f"row {number}", "x" * 50) for number in range(ROWS)))

    come_to = await rebuilding.run({0: -1, 1: -1}, {0: ROWS // 2 - 1, 1: ROWS // 2 - 1})

    assert len(rebuilding.rows) == ROWS
    assert come_to == {0: ROWS // 2 - 1, 1: ROWS // 2 - 1}
    assert not rebuilding.recovery.need_recovery()
    reads = [read for read, rows in rebuilding.seen]
    assert {rows for _, rows in rebuilding.seen} == {ROWS}
    assert (reads[0], reads == sorted(reads)) == (0, True)
    # not by tens of rows, and not all at once
    assert 3 <= len(set(reads)) <= ROWS // 100
    assert rebuilding.recovery.progress == (ROWS, ROWS)
    assert rebuilding.group.left == rebuilding.places


async def test_the_newest_row_counts_and_a_tombstone_takes_it_away(
    broker: RunningBroker, rebuilding: Rebuilding
) -> None:
    put(
        broker,
        rebuilding.topic,
        (0, "a", "old"),
        (0, "b", "there"),
        (1, "c", "there"),
        (0, "a", "new"),
        (0, "b", None),
        (0, "never there", None),
    )
    await rebuilding.run({0: -1, 1: -1}, {0: 4, 1: 0})
    assert rebuilding.rows == {b"a": b"new", b"c": b"there"}


async def test_what_was_read_before_is_not_read_again(broker: RunningBroker, rebuilding: Rebuilding) -> None:
    put(broker, rebuilding.topic, *((0, f"row {number}", "x") for number in range(10)))
    come_to = await rebuilding.run({0: 6, 1: -1}, {0: 9, 1: -1})
    assert rebuilding.rows == {b"row 7": b"x", b"row 8": b"x", b"row 9": b"x"}
    assert come_to == {0: 9, 1: -1}
    assert rebuilding.recovery.progress == (3, 3)


async def test_where_there_is_nothing_to_read_nothing_is_told_of_rows(rebuilding: Rebuilding) -> None:
    await rebuilding.run({0: -1, 1: 4}, {0: -1, 1: 4})
    assert (rebuilding.rows, rebuilding.recovery.progress) == ({}, (0, 0))


async def test_rows_that_are_gone_from_the_beginning_are_not_waited_for(
    broker: RunningBroker, rebuilding: Rebuilding
) -> None:
    put(broker, rebuilding.topic, *((0, f"row {number}", "x") for number in range(10)))
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        admin.delete_records({TP(rebuilding.topic, 0): 10})
    assert await rebuilding.run({0: 4, 1: -1}, {0: 9, 1: -1}) == {0: 9, 1: -1}
    assert rebuilding.rows == {}
