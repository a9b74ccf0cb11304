"""The embedded Kafka is a real one: it keeps what it was given, also when it is killed."""

import socket
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from streams.demo.broker import Broker
from streams.demo.processes import ChildEnded, DemoUnavailable
from tests.conftest import RunningBroker


def create(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1}})
    admin.close()


def write(bootstrap: str, topic: str, *values: bytes) -> None:
    with KafkaProducer(bootstrap_servers=bootstrap) as producer:
        for value in values:
            producer.send(topic, value, partition=0).get(timeout=30)


def read(bootstrap: str, topic: str, count: int, group: str | None = None) -> list[bytes]:
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest")
    with consumer:
        return [next(consumer).value for _ in range(count)]


def test_what_is_written_is_read_by_a_group(broker: RunningBroker, prefix: str) -> None:
    create(broker.bootstrap, f"{prefix}.letters")
    write(broker.bootstrap, f"{prefix}.letters", b"a", b"b", b"c")
    assert read(broker.bootstrap, f"{prefix}.letters", 3, group=prefix) == [b"a", b"b", b"c"]


def test_a_topic_does_not_come_about_by_being_named(broker: RunningBroker, prefix: str) -> None:
    with (
        KafkaProducer(bootstrap_servers=broker.bootstrap, max_block_ms=500) as producer,
        pytest.raises(KafkaTimeoutError),
    ):
        producer.send(f"{prefix}.nowhere", b"a").get(timeout=30)


def test_a_killed_broker_comes_back_at_the_same_place_with_all_that_it_had(own_broker: Broker) -> None:
    place = own_broker.bootstrap
    create(place, "letters")
    write(place, "letters", b"a", b"b")
    own_broker.kill()
    assert not own_broker.running
    own_broker.start()
    assert own_broker.bootstrap == place
    write(place, "letters", b"c")
    assert read(place, "letters", 3) == [b"a", b"b", b"c"]


def test_its_limits_can_be_set(tmp_path: Path) -> None:
    with Broker(tmp_path / "kafka", message_max_bytes=10_000) as small:
        create(small.bootstrap, "letters")
        with pytest.raises(MessageSizeTooLargeError):
            write(small.bootstrap, "letters", b"x" * 20_000)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        with pytest.raises(DemoUnavailable, match=f"port {port} of 127.0.0.1, which Kafka was to have, is taken"):
            Broker(tmp_path / "kafka", port).start()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoUnavailable, match="cannot write to"):
        Broker(tmp_path / "file" / "kafka").start()


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.demo.broker.FREE_BYTES", 10**18)
    with pytest.raises(DemoUnavailable, match="MB are free"):
        Broker(tmp_path / "kafka").start()


def test_a_broker_that_dies_at_its_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(DemoUnavailable, match=r"message\.max\.bytes"):
        Broker(tmp_path / "kafka", properties={"message.max.bytes": "lots"}).start()


def test_a_broker_that_is_robbed_of_its_port_at_the_last_moment_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.demo.broker.port_is_free", lambda _: True)
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        robbed = Broker(tmp_path / "kafka", occupied.getsockname()[1])
        with pytest.raises(ChildEnded, match="Address already in use"):
            robbed.start()
        assert not robbed.running
