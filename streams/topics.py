"""The topics: their names, and making and checking them before anything runs on them."""

from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import Any, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import InvalidReplicationFactorError, KafkaError, TopicAlreadyExistsError

from .settings import Settings
from .wire import Topic

DAY_MS = 24 * 60 * 60 * 1000
VISIBLE_WITHIN_SECONDS = 30
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
TABLES = ("deals", "joins", "books")


class TopicsError(RuntimeError):
    """Topics that are missing or wrong."""


class KafkaUnavailable(TopicsError):
    """A Kafka that does not answer."""


@dataclass(frozen=True)
class Wanted:
    """A topic as it must be."""

    name: str
    partitions: int
    configs: dict[str, str]


def names(settings: Settings) -> dict[Topic, str]:
    """The name of each topic."""
    prefix = settings.topics.prefix
    return {
        "inbox": f"{prefix}.inbox.v1",
        "mail": f"{settings.app_id}-mail-by-domain",
        "deal_events": f"{prefix}.deal-events.v1",
        "findings": f"{prefix}.findings.v1",
        "books": f"{prefix}.books.v1",
        "dead_letters": f"{prefix}.dead-letters.v1",
    }


def changelog(settings: Settings, table: str) -> str:
    """The name that Faust gives a table's changelog."""
    return f"{settings.app_id}-{table}-changelog"


def wanted(settings: Settings) -> list[Wanted]:
    """Every topic that must be there."""
    # Kafka deletes whole segments: a day's is deleted a day late at the most
    kept = {
        "retention.ms": str(settings.topics.retention_days * DAY_MS),
        "cleanup.policy": "delete",
        "segment.ms": str(DAY_MS),
    }
    refused = {**kept, "retention.ms": str(settings.topics.dead_letter_retention_days * DAY_MS)}
    # without a bound, what was written anew could stand in its old form for as long as little is written
    compact = {"cleanup.policy": "compact", "retention.ms": "-1", "max.compaction.lag.ms": str(DAY_MS)}
    configs: dict[Topic, dict[str, str]] = {
        "inbox": kept,
        "mail": kept,
        "deal_events": kept,
        "findings": compact,
        "books": compact,
        "dead_letters": refused,
    }
    size = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    told = names(settings)
    topics = {told[topic]: config for topic, config in configs.items()}
    topics |= {changelog(settings, table): compact for table in TABLES}
    return [Wanted(name, settings.topics.partitions, config | size) for name, config in topics.items()]


def every(settings: Settings) -> list[str]:
    """The names of all topics, in the order in which events pass them, and of the changelogs of the tables."""
    return [*names(settings).values(), *(changelog(settings, table) for table in TABLES)]


@dataclass(frozen=True)
class TopicState:
    """A topic as it was found."""

    name: str
    state: Literal["created", "there", "missing", "wrong"]
    problem: str = ""


def ensure(settings: Settings, *, create: bool = True) -> list[TopicState]:
    """Create what is missing (unless told not to) and check the rest; `KafkaUnavailable` if it cannot be asked."""
    try:
        admin = KafkaAdminClient(**settings.kafka.client(), client_id=f"{settings.app_id}-topics")
    except KafkaError as error:
        raise KafkaUnavailable(f"Kafka at {settings.kafka.bootstrap_servers} does not answer: {error}") from None
    try:
        topics = wanted(settings)
        found = _partition_counts(admin)
        missing = [topic for topic in topics if topic.name not in found]
        if missing and create:
            _create(admin, missing, settings.topics.replication)
            # they are checked too: another, with other settings, may have been quicker
            found = _partition_counts(admin)
        policies = _policies(admin, [topic.name for topic in topics if topic.name in found])
        states = [_checked(topic, found.get(topic.name), policies) for topic in topics]
        new = {topic.name for topic in missing}
        states = [
            replace(each, state="created") if each.name in new and each.state == "there" else each for each in states
        ]
        return sorted(states, key=lambda state: state.name)
    except KafkaError as error:
        raise KafkaUnavailable(f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None
    finally:
        admin.close()


def _checked(topic: Wanted, partitions: int | None, policies: dict[str, str]) -> TopicState:
    if partitions is None:
        return TopicState(topic.name, "missing", "run `stallwatch topics`")
    if partitions != topic.partitions:
        return TopicState(topic.name, "wrong", f"has {partitions} partitions, must have {topic.partitions}")
    policy, must = policies.get(topic.name), topic.configs["cleanup.policy"]
    if policy != must:
        return TopicState(topic.name, "wrong", f"cleanup.policy is {policy}, must be {must}")
    return TopicState(topic.name, "there")


def _create(admin: Any, topics: list[Wanted], replication: int) -> None:
    made = {
        topic.name: {"num_partitions": topic.partitions, "replication_factor": replication, "configs": topic.configs}
        for topic in topics
    }
    try:
        # two that start at once may both create
        with suppress(TopicAlreadyExistsError):
            admin.create_topics(made)
    except InvalidReplicationFactorError:
        raise TopicsError(f"{replication} replicas of each topic need as many brokers") from None
    deadline = monotonic() + VISIBLE_WITHIN_SECONDS
    while not made.keys() <= _partition_counts(admin).keys() or not made.keys() <= _policies(admin, [*made]).keys():
        if monotonic() > deadline:
            raise TopicsError(f"the new topics were not visible after {VISIBLE_WITHIN_SECONDS} s")
        sleep(0.1)


def _partition_counts(admin: Any) -> dict[str, int]:
    return {each["name"]: len(each["partitions"]) for each in admin.describe_topics() if not each["error_code"]}


def _policies(admin: Any, topics: list[str]) -> dict[str, str]:
    if not topics:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    # a default counts as well as what was set
    told = admin.describe_configs(resources, config_filter="all")["topic"]
    return {name: configs["cleanup.policy"]["value"] for name, configs in told.items() if "cleanup.policy" in configs}
