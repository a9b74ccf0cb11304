"""What streams/worker/consumer.py relies on inside Faust, and inside aiokafka under it, is as it was when it was read.

Another version fails here, and loudly: each name below belongs to no public interface. Where one fails, read what has
changed, see whether `consumer.py` still holds, run the crash and rebalance tests ten times beside a busy loop, and only
then write the new version and the new digest down.
"""

import hashlib
import inspect
from importlib import import_module
from importlib.metadata import version
from operator import attrgetter
from typing import Any

import pytest

from streams.settings import Kafka, Settings
from streams.worker import consumer
from streams.worker.app import make_app

VERSIONS = {"faust-streaming": "0.15.3", "mode-streaming": "0.7.1", "aiokafka": "0.14.0"}

# What is overridden, called, or counted on to call what is overridden: the beginning of the SHA-256 of its source
DIGESTS: dict[str, dict[str, str]] = {
    "faust.app.base": {
        "App._new_transport": "42db531312dd",
        "App._stop_fetcher": "68494554c248",
        "App._stop_consumer": "55854a5de12c",
        "App._consumer_wait_empty": "6bc313c48c06",
        "App._on_partitions_revoked": "d5c895bbe57d",
        "App._on_partitions_assigned": "de932b7927db",
        "App.on_rebalance_start": "5c1e23de3067",
        "App.on_rebalance_end": "b7ff69e1e377",
    },
    "faust.transport.consumer": {
        "Fetcher.on_stop": "21f3bae9b455",
        "Fetcher._fetcher": "68f894f0b577",
        "Consumer.__init__": "302410d59e69",
        "Consumer._get_active_partitions": "b24897f3c7af",
        "Consumer.perform_seek": "0e8c130ff4b0",
        "Consumer.stop_flow": "cf7e875a2b0d",
        "Consumer.resume_flow": "db59630f25b5",
        "Consumer.pause_partitions": "27a1c94bdacd",
        "Consumer.resume_partitions": "afe6b7c02a41",
        "Consumer.on_partitions_revoked": "d04b7ae72c6f",
        "Consumer.on_partitions_assigned": "29ce96596f05",
        "Consumer.getmany": "4b168d84882a",
        "Consumer._wait_next_records": "6218e1969a63",
        "Consumer.ack": "5fcf41cf4515",
        "Consumer.wait_empty": "e4662fe24f09",
        "Consumer.commit": "a354437baaa0",
        "Consumer._commit_tps": "a20e230b05ae",
        "Consumer._filter_committable_offsets": "dc5e9baf5d99",
        "Consumer._commit_offsets": "1a6979904118",
        "Consumer._filter_tps_with_pending_acks": "f6f923977423",
        "Consumer._should_commit": "5ce941793947",
        "Consumer._new_offset": "1d2c7ea89a7a",
        "Consumer._drain_messages": "44a2500309e8",
        "ThreadDelegateConsumer._getmany": "f9d47aa9010b",
        "ThreadDelegateConsumer.seek_wait": "e9db5bbc4ceb",
    },
    "faust.transport.drivers.aiokafka": {
        "AIOKafkaConsumerThread._create_worker_consumer": "c2701bfc3e6f",
        "AIOKafkaConsumerThread._commit": "932852ce7a23",
        "AIOKafkaConsumerThread._seek_wait": "9d221e816d94",
        "AIOKafkaConsumerThread._ensure_consumer": "ff4a4c693b7e",
        "AIOKafkaConsumerThread._fetch_records": "39a2c6c79fc1",
        "AIOKafkaConsumerThread.getmany": "26fc5fc9f3b6",
        "AIOKafkaConsumerThread.verify_event_path": "b983e7735f64",
        "Producer._ensure_producer": "5592a4bbdf25",
        "Producer.flush": "36d0cb3615f6",
        "server_list": "5a13d9708b3c",
        "credentials_to_aiokafka_auth": "364c9c9c6852",
        "ensure_aiokafka_TPset": "c1e52e706552",
    },
    "faust.tables.recovery": {
        "Recovery.on_rebalance": "aa4d997a1795",
        "Recovery._restart_recovery": "6bd8a8558a2d",
        "Recovery._wait": "ec7429b70176",
        "Recovery.on_recovery_completed": "6ef567acf072",
        "Recovery._build_highwaters": "91b4cc0d3724",
        "Recovery._build_offsets": "27eec86be06c",
        "Recovery._seek_offsets": "19598ca63d94",
        "Recovery._slurp_changelogs": "7825c7e50f76",
        "Recovery.need_recovery": "fd1dc345b5d5",
        "Recovery.active_remaining": "0dcc38568ad5",
        "Recovery._publish_stats": "48939a846a9a",
        "Recovery._verify_remaining": "2427027d0c01",
    },
    "faust.tables.manager": {
        "TableManager.recovery": "f0bf5de78b4c",
        "TableManager._update_channels": "88e3941facc9",
    },
    "faust.tables.base": {
        "Collection.data": "ade4a02ddd55",
        "Collection.on_recovery_completed": "b1526fb39ea0",
    },
    "faust.stores.memory": {
        "Store.__init__": "d1705e3cfe39",
        "Store.apply_changelog_batch": "71863e3cd727",
        "Store.persisted_offset": "fbba5c654497",
    },
    "faust.transport.conductor": {
        "Conductor.add": "9944e209d2cc",
        "Conductor._subscriber": "2a7908583404",
        "Conductor._update_indices": "619b3247b96a",
    },
    "aiokafka.consumer.fetcher": {
        "Fetcher.fetched_records": "be4348896b9b",
        "FetchResult.getall": "3e717e30de50",
        "FetchResult.check_assignment": "b5340df67e3f",
    },
    "aiokafka.consumer.subscription_state": {
        "SubscriptionState.fetch_context": "ff2a654dca23",
        "TopicPartitionState.seek": "c20b56d7ba7b",
    },
    "mode.threads": {
        "QueueServiceThread.call_thread": "479edda75b54",
    },
}
FUNCTIONS = [(module, name) for module, names in DIGESTS.items() for name in names]


@pytest.mark.parametrize(("package", "expected"), VERSIONS.items())
def test_the_version_is_the_one_that_was_read(package: str, expected: str) -> None:
    assert version(package) == expected, f"{package} {version(package)}: do what the docstring of this file says"


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_the_source_is_the_one_that_was_read(module: str, name: str) -> None:
    assert digest(module, name) == DIGESTS[module][name], f"{module}.{name}: do what the docstring of this file says"


def digest(module: str, name: str) -> str:
    """The beginning of the digest of a function's source; `AttributeError` names what is gone."""
    found: Any = attrgetter(name)(import_module(module))
    for inner in ("fget", "fun", "__func__"):
        found = getattr(found, inner, found)
    return hashlib.sha256(inspect.getsource(inspect.unwrap(found)).encode()).hexdigest()[:12]


WAYS = {"batches": (consumer.BatchConsumer, consumer.BatchRecovery), "plain": (consumer.Consumer, consumer.Recovery)}


@pytest.mark.parametrize("way", WAYS)
async def test_faust_takes_our_parts_for_its_own(way: Any) -> None:
    app = make_app(Settings(kafka=Kafka(consumer=way)))
    assert (type(app.consumer), type(app.tables.recovery)) == WAYS[way]


async def test_what_is_read_and_written_of_fausts_state_is_there() -> None:
    app = make_app(Settings(kafka=Kafka(consumer="batches")))
    made, recovers = app.consumer, app.tables.recovery
    for name in ("_read_offset", "_committed_offset", "_unacked_messages", "_waiting_for_ack", "_active_partitions"):
        assert hasattr(made, name), name
    assert made.flow_active is True
    assert not made.can_resume_flow.is_set()
    assert (made._thread._consumer, made._thread.thread_loop.is_running()) == (None, False)
    for name in ("active_offsets", "active_highwaters", "tp_to_table"):
        assert getattr(recovers, name) == {}, name
    # rows stand in a plain dict of bytes
    assert app.Table("noted", key_type=bytes, value_type=bytes).data.data == {}


async def test_a_topic_that_is_taken_in_batches_is_subscribed_to_and_no_agent_stands_behind_it() -> None:
    app = make_app(Settings(kafka=Kafka(consumer="batches")))

    async def take(_: Any) -> None: ...

    app.take(app.topic("events"), take, most=10)
    assert "events" in await app.topics._update_indices()
    assert (list(app.lanes), list(app.agents)) == (["events"], [])
