"""The Faust app: what was measured to be right is set."""

from pathlib import Path

import faust
import pytest
from faust.types.auth import AuthProtocol, SASLMechanism
from pydantic import SecretStr

from streams.settings import Http, Kafka, Settings, Topics
from streams.topics import MAX_MESSAGE_BYTES
from streams.worker.app import make_app


def test_nothing_is_served_created_or_elected_by_itself() -> None:
    conf = make_app(Settings()).conf
    assert (conf.web_enabled, conf.topic_allow_declare, conf.topic_disable_leader) == (False, False, True)
    assert (conf.processing_guarantee.value, conf.producer_acks) == ("at_least_once", -1)
    assert (conf.store.scheme, conf.table_standby_replicas) == ("memory", 0)
    assert conf.worker_redirect_stdouts is False


def test_history_is_read_from_its_beginning_and_in_large_parts() -> None:
    conf = make_app(Settings()).conf
    assert conf.consumer_auto_offset_reset == "earliest"
    assert conf.consumer_max_fetch_size >= MAX_MESSAGE_BYTES
    assert conf.producer_max_request_size == MAX_MESSAGE_BYTES
    assert (conf.producer_linger, conf.producer_max_batch_size) == (0.02, 262_144)
    assert conf.consumer_metadata_max_age_ms <= 5000


def test_a_dead_worker_is_noticed_within_the_session_timeout() -> None:
    conf = make_app(Settings(kafka=Kafka(session_timeout_seconds=7))).conf
    assert conf.broker_session_timeout == 7
    assert conf.broker_heartbeat_interval <= 7 / 3
    assert conf.broker_commit_interval <= 2


@pytest.mark.parametrize("session", [2, 10, 60])
def test_that_partitions_are_to_move_is_heard_within_a_second(session: float) -> None:
    conf = make_app(Settings(kafka=Kafka(session_timeout_seconds=session))).conf
    assert conf.broker_heartbeat_interval <= 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:8788", "https://deals.us.example/second"])
def test_workers_know_each_other_by_where_their_pages_are_reached(url: str) -> None:
    app = make_app(Settings(http=Http(host="0.0.0.0", url=url)))
    assert str(app.conf.canonical_url) == url


def test_names_brokers_and_partitions_are_those_of_the_settings() -> None:
    kafka = Kafka(bootstrap_servers="a:1, b:2")
    conf = make_app(Settings(app_id="sales", kafka=kafka, topics=Topics(partitions=3, replication=2))).conf
    assert conf.id == "sales"
    assert [str(url) for url in conf.broker] == ["kafka://a:1", "kafka://b:2"]
    assert (conf.topic_partitions, conf.topic_replication_factor) == (3, 2)
    assert conf.broker_credentials is None


@pytest.mark.parametrize(
    ("protocol", "expected"), [("SASL_PLAINTEXT", AuthProtocol.SASL_PLAINTEXT), ("SASL_SSL", AuthProtocol.SASL_SSL)]
)
def test_credentials_are_handed_on(protocol: str, expected: AuthProtocol) -> None:
    kafka = Kafka.model_validate(
        {
            "security_protocol": protocol,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "ann",
            "sasl_password": SecretStr("secret"),
        }
    )
    told = make_app(Settings(kafka=kafka)).conf.broker_credentials
    assert isinstance(told, faust.SASLCredentials)
    assert (told.protocol, told.mechanism) == (expected, SASLMechanism.SCRAM_SHA_512)
    assert (told.username, told.password, bool(told.ssl_context)) == ("ann", "secret", protocol == "SASL_SSL")


def test_tls_needs_no_password() -> None:
    told = make_app(Settings(kafka=Kafka(security_protocol="SSL"))).conf.broker_credentials
    assert isinstance(told, faust.SSLCredentials)


def test_an_app_leaves_nothing_where_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app(Settings())
    assert Path(app.conf.datadir).is_absolute()
    assert list(tmp_path.iterdir()) == []


def test_apps_are_made_apart_from_each_other() -> None:
    assert make_app(Settings()) is not make_app(Settings())
