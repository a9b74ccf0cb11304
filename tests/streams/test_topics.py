"""Topics are made and checked before anything runs on them."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from streams import topics
from streams.settings import Kafka, Settings, Topics
from streams.topics import KafkaUnavailable, TopicsError, ensure
from tests.conftest import RunningBroker
from tests.streams.kafka_records import PARTITIONS, settings_on

HOUR_MS = 60 * 60 * 1000


def test_names_are_those_of_the_contract() -> None:
    assert topics.names(Settings()) == {
        "inbox": "stallwatch.inbox.v1",
        "mail": "stallwatch-mail-by-domain",
        "deal_events": "stallwatch.deal-events.v1",
        "findings": "stallwatch.findings.v1",
        "books": "stallwatch.books.v1",
        "dead_letters": "stallwatch.dead-letters.v1",
    }
    assert topics.changelog(Settings(app_id="sales"), "deals") == "sales-deals-changelog"


def test_what_follows_state_is_compacted_and_never_expires_and_events_expire() -> None:
    wanted = {each.name: each.configs for each in topics.wanted(Settings(topics=Topics(retention_days=7)))}
    assert {name for name, configs in wanted.items() if configs["cleanup.policy"] == "compact"} == {
        "stallwatch.findings.v1",
        "stallwatch.books.v1",
        "stallwatch-deals-changelog",
        "stallwatch-joins-changelog",
        "stallwatch-books-changelog",
    }
    for configs in wanted.values():
        assert (configs["cleanup.policy"] == "compact") == (configs["retention.ms"] == "-1")
        assert int(configs["max.message.bytes"]) == topics.MAX_MESSAGE_BYTES
        # nothing outlives its time by more than a day
        held = configs["max.compaction.lag.ms" if configs["cleanup.policy"] == "compact" else "segment.ms"]
        assert int(held) == 24 * HOUR_MS
    assert wanted["stallwatch.inbox.v1"]["retention.ms"] == str(7 * 24 * HOUR_MS)
    assert wanted["stallwatch.dead-letters.v1"]["retention.ms"] == str(90 * 24 * HOUR_MS)


def visible(admin: KafkaAdminClient, *names: str) -> None:
    """Returns when everybody can see these topics and how they are configured."""
    deadline = monotonic() + 30
    while not set(names) <= topics._policies(admin, list(names)).keys() & topics._partition_counts(admin).keys():
        assert monotonic() < deadline


def states(settings: Settings, *, create: bool = True) -> dict[str, str]:
    return {each.name: each.state for each in ensure(settings, create=create)}


def test_topics_are_made_once_and_then_there(broker: RunningBroker, prefix: str) -> None:
    settings = settings_on(broker.bootstrap, prefix)
    assert set(states(settings, create=False).values()) == {"missing"}
    assert set(states(settings).values()) == {"created"}
    assert set(states(settings).values()) == {"there"}
    assert set(states(settings, create=False).values()) == {"there"}
    assert states(settings).keys() == {each.name for each in topics.wanted(settings)}


def test_they_are_made_as_they_are_wanted(broker: RunningBroker, prefix: str) -> None:
    settings = settings_on(broker.bootstrap, prefix)
    ensure(settings)
    with KafkaAdminClient(**settings.kafka.client()) as admin:
        wanted = {each.name: each for each in topics.wanted(settings)}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
        configs = admin.describe_configs(resources, config_filter="all")["topic"]
        partitions = {each["name"]: len(each["partitions"]) for each in admin.describe_topics(list(wanted))}
    for name, each in wanted.items():
        assert partitions[name] == PARTITIONS
        assert {key: configs[name][key]["value"] for key in each.configs} == each.configs


def test_several_may_make_them_at_the_same_time(broker: RunningBroker, prefix: str) -> None:
    settings = settings_on(broker.bootstrap, prefix)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: states(settings), range(4)))
    assert {state for each in told for state in each.values()} <= {"created", "there"}
    assert set(states(settings, create=False).values()) == {"there"}


def test_what_is_missing_beside_others_is_made(broker: RunningBroker, prefix: str) -> None:
    settings = settings_on(broker.bootstrap, prefix)
    ensure(settings)
    with KafkaAdminClient(**settings.kafka.client()) as admin:
        other = {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
        admin.create_topics({f"{prefix}x-deals-changelog": other})
        visible(admin, f"{prefix}x-deals-changelog")
    told = states(settings.model_copy(update={"app_id": f"{prefix}x"}))
    assert {name for name, state in told.items() if state == "created"} == {
        f"{prefix}x-mail-by-domain",
        f"{prefix}x-joins-changelog",
        f"{prefix}x-books-changelog",
    }
    assert told[f"{prefix}x-deals-changelog"] == "there"


def test_another_number_of_partitions_or_another_policy_is_wrong_and_stays_as_it_is(
    broker: RunningBroker, prefix: str
) -> None:
    settings = settings_on(broker.bootstrap, prefix)
    with KafkaAdminClient(**settings.kafka.client()) as admin:
        admin.create_topics(
            {
                f"{prefix}.inbox.v1": {"num_partitions": 5, "replication_factor": 1},
                f"{prefix}-deals-changelog": {"num_partitions": PARTITIONS, "replication_factor": 1},
            }
        )
        visible(admin, f"{prefix}.inbox.v1", f"{prefix}-deals-changelog")
    wrong = {each.name: each.problem for each in ensure(settings) if each.state == "wrong"}
    assert wrong == {
        f"{prefix}.inbox.v1": "has 5 partitions, must have 3",
        f"{prefix}-deals-changelog": "cleanup.policy is delete, must be compact",
    }
    assert {each.name for each in ensure(settings) if each.state == "wrong"} == set(wrong)


def test_a_topic_that_another_makes_otherwise_at_the_same_time_is_not_called_right(
    broker: RunningBroker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_on(broker.bootstrap, prefix)
    create = topics._create

    def too_late(admin: KafkaAdminClient, missing: list[topics.Wanted], replication: int) -> None:
        admin.create_topics({f"{prefix}.inbox.v1": {"num_partitions": 5, "replication_factor": 1}})
        create(admin, missing, replication)

    monkeypatch.setattr(topics, "_create", too_late)
    told = {each.name: each for each in ensure(settings)}
    assert told.pop(f"{prefix}.inbox.v1").problem == "has 5 partitions, must have 3"
    assert {each.state for each in told.values()} == {"created"}


def test_more_replicas_than_brokers_are_refused_in_words(broker: RunningBroker, prefix: str) -> None:
    settings = Settings(
        app_id=prefix, kafka=settings_on(broker.bootstrap, prefix).kafka, topics=Topics(prefix=prefix, replication=3)
    )
    with pytest.raises(TopicsError, match=r"^3 replicas of each topic need as many brokers$"):
        ensure(settings)


def test_a_kafka_that_does_not_answer_is_named() -> None:
    settings = Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1", connect_timeout_seconds=0.5))
    with pytest.raises(KafkaUnavailable, match=r"^Kafka at 127\.0\.0\.1:1 does not answer"):
        ensure(settings)
