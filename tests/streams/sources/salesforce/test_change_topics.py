"""Change events are read from a real Kafka, and what they do not tell is fetched."""

import socket
from typing import Any

import pytest
import requests
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from detectors.core.events import Event
from streams.settings import Kafka
from streams.sources.connection import Batch, Complete, SourceRefused, SourceUnavailable
from streams.sources.salesforce.change_topics import ChangeTopics
from streams.sources.salesforce.rest import SalesforceConnection
from streams.sources.salesforce.settings import ChangeEvents, Salesforce
from tests.conftest import RunningBroker
from tests.streams.sources.salesforce.salesforce_double import Double, error
from tests.streams.sources.salesforce.week import Save, Week, a_week, change, day, id_of

DEAL, WON, GONE, BACK = (id_of("Opportunity", number) for number in range(1, 5))
RITA, SAM = id_of("User", 1), id_of("User", 2)
OWNERS = {RITA: "rita@us.example", SAM: "sam@us.example"}
PARTITIONS = 2
ALL = ("activity.call", "activity.meeting", "crm.contact.changed", "crm.deal.changed")


class Topic:
    """A topic of change events, and a connection that reads it with its bookmark."""

    def __init__(self, broker: RunningBroker, name: str) -> None:
        self.name = name
        self.kafka = Kafka(bootstrap_servers=broker.bootstrap).client()
        admin = KafkaAdminClient(**self.kafka)
        admin.create_topics([NewTopic(name, num_partitions=PARTITIONS, replication_factor=1)])
        self._admin = admin
        self.bookmark: dict[str, Any] = {}
        self.complete: list[Complete] = []
        self.refusals: list[str] = []

    def write(self, *values: bytes | None) -> None:
        with KafkaProducer(**self.kafka) as producer:
            for number, value in enumerate(values):
                producer.send(self.name, value=value, key=b"k", partition=number % PARTITIONS)
            producer.flush()

    def forget(self, before: int) -> None:
        self._admin.delete_records({TopicPartition(self.name, number): before for number in range(PARTITIONS)})

    def settings(self, settings: Salesforce | None = None) -> Salesforce:
        told = settings or Salesforce(owners=OWNERS, closed={"Signed": "won", "Dead": "lost"})
        return told.model_copy(update={"change_events": ChangeEvents(topics=(self.name,))})

    def read(self, at: float, rest: SalesforceConnection | None = None, stop_after: int | None = None) -> list[Event]:
        self.complete, self.refusals, told = [], [], []
        connection = ChangeTopics(self.settings(rest.settings if rest else None), self.kafka, rest)
        for number, each in enumerate(connection.round(self.bookmark, day(at))):
            if number == stop_after:
                break
            if isinstance(each, Batch):
                self.bookmark = dict(each.bookmark)
                told += [event for item in each.items for event in item.events]
                self.refusals += [str(item.refusal) for item in each.items if item.refusal]
            else:
                self.complete.append(each)
        return told


@pytest.fixture
def topic(broker: RunningBroker, prefix: str) -> Topic:
    return Topic(broker, f"{prefix}.Opportunity")


@pytest.fixture
def rest(double: Double, token_settings: Salesforce, http: requests.Session) -> SalesforceConnection:
    return SalesforceConnection(token_settings, http)


def deals(week: Week) -> list[bytes]:
    return week.changes("Opportunity")


def gap(*ids: str, at: float = 5, kind: str = "GAP_UPDATE") -> bytes:
    return change(Save(day(at), kind, "Opportunity", ids[0], {}), 99, ids=list(ids))


def test_each_change_is_told_once_and_a_second_round_tells_nothing(topic: Topic) -> None:
    week = deals(a_week())
    topic.write(*week)
    assert len(topic.read(10)) == len(week)
    assert topic.complete == [Complete(("crm.deal.changed",), day(4))]
    assert topic.read(11) == []
    topic.write(change(Save(day(12), "UPDATE", "Opportunity", DEAL, {"Amount": 50000.0}), 50))
    assert [(event.subject, event.time) for event in topic.read(13)] == [(DEAL, day(12))]


def test_a_round_that_was_cut_off_goes_on_where_kafka_had_its_events(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.sources.salesforce.change_topics.MOST_RECORDS", 2)
    week = deals(a_week())
    topic.write(*week)
    first = topic.read(10, stop_after=3)
    rest = topic.read(10)
    assert 0 < len(first) < len(week)
    assert sorted(event.id for event in first + rest) == sorted({event.id for event in topic_again(topic)})


def topic_again(topic: Topic) -> list[Event]:
    topic.bookmark = {}
    return topic.read(10)


def test_what_is_there_twice_has_one_name(topic: Topic) -> None:
    week = deals(a_week())
    topic.write(*week, *week)
    told = topic.read(10)
    assert len(told) == 2 * len(week)
    assert len({event.id for event in told}) == len(week)


def test_a_gap_is_kept_until_it_can_be_fetched_and_nothing_is_claimed_meanwhile(
    topic: Topic, double: Double, rest: SalesforceConnection
) -> None:
    topic.write(*deals(a_week()), gap(DEAL))
    topic.read(10)
    assert topic.complete == []
    assert topic.bookmark["fetch"] == {"Opportunity": {DEAL: day(5).isoformat()}}
    assert topic.read(11) == []
    assert topic.complete == []
    double.week.update(5, DEAL, Name="Acme everywhere")
    told = topic.read(12, rest)
    assert any(event.subject == DEAL and getattr(event.data, "name", None) == "Acme everywhere" for event in told)
    assert topic.bookmark["fetch"] == {}
    assert topic.complete == [Complete(ALL, day(12))]


def test_a_change_of_two_hundred_deals_at_once_is_told_to_each(topic: Topic) -> None:
    deals = [id_of("Opportunity", number) for number in range(1, 201)]
    topic.write(change(Save(day(5), "UPDATE", "Opportunity", deals[0], {"NextStep": "Call"}), 70, ids=deals))
    told = topic.read(10)
    assert [event.subject for event in told] == deals
    assert len({event.id for event in told}) == 200


@pytest.mark.parametrize("lost", [gap("006*"), gap(DEAL, kind="GAP_OVERFLOW")])
def test_after_an_overflow_or_a_change_of_all_every_deal_is_fetched(
    lost: bytes, topic: Topic, double: Double, rest: SalesforceConnection
) -> None:
    topic.write(lost)
    told = topic.read(10, rest)
    assert {event.subject for event in told if event.type == "crm.deal.changed"} == {DEAL, WON, GONE, BACK}
    assert topic.complete[0].through == day(10)


def test_a_gap_whose_fetching_fails_is_fetched_in_the_next_round(
    topic: Topic, double: Double, rest: SalesforceConnection
) -> None:
    topic.write(gap(DEAL))
    busy = error(503, "SERVER_UNAVAILABLE", "busy")
    double.misbehave = lambda request: busy if "FROM Opportunity WHERE Id" in request.args.get("q", "") else None
    with pytest.raises(SourceUnavailable):
        topic.read(10, rest)
    assert topic.bookmark["fetch"] == {"Opportunity": {DEAL: day(5).isoformat()}}
    double.misbehave = lambda _request: None
    assert DEAL in {event.subject for event in topic.read(11, rest)}
    assert topic.complete


def test_offsets_that_fell_off_the_topic_are_changes_that_were_lost(
    topic: Topic, double: Double, rest: SalesforceConnection
) -> None:
    topic.write(*deals(a_week()))
    topic.read(10, stop_after=0)
    topic.bookmark = {
        "offsets": {f"{topic.name}/0": 0, f"{topic.name}/1": 0},
        "newest": {"Opportunity": day(4).isoformat()},
    }
    topic.forget(before=2)
    topic.read(11)
    assert topic.complete == []
    assert list(topic.bookmark["fetch"]["Opportunity"]) == ["*"]
    told = topic.read(12, rest)
    assert {event.subject for event in told if event.type == "crm.deal.changed"} == {DEAL, WON, GONE, BACK}
    assert topic.complete


def test_a_connector_that_died_is_noticed_and_what_it_did_not_bring_is_fetched(
    topic: Topic, double: Double, rest: SalesforceConnection
) -> None:
    double.until = 2
    topic.read(2, rest)
    double.until = 2.15
    told = topic.read(2.15, rest)
    assert {(event.subject, event.time) for event in told if "/history/" in event.id} == {(DEAL, day(2.1))}
    assert topic.complete[0].through == day(2.15)
    assert topic.read(2.16, rest) == []


def test_the_first_call_of_all_is_noticed_though_no_topic_brings_it(
    topic: Topic, double: Double, rest: SalesforceConnection
) -> None:
    double.until = 0.6
    assert "activity.call" not in {event.type for event in topic.read(0.6, rest)}
    double.until = 1.05
    assert [event.type for event in topic.read(1.05, rest)] == ["activity.call"]


def test_users_and_stages_are_asked_of_salesforce(topic: Topic, double: Double, rest: SalesforceConnection) -> None:
    topic.write(*deals(a_week()))
    told = [event for event in topic.read(10, rest) if event.id.startswith("0000000001")]
    assert {event.data.owner for event in told if "owner" in event.data.model_fields_set} == {
        "rita@us.example",
        "sam@us.example",
    }  # type: ignore[union-attr]
    assert {event.data.status for event in told if event.subject == WON} == {"open", "won"}  # type: ignore[union-attr]
    assert not topic.refusals


def test_what_is_no_change_event_is_refused_with_its_place_and_the_rest_is_read(topic: Topic) -> None:
    topic.write(b"no json", None, *deals(a_week()))
    assert len(topic.read(10)) == len(deals(a_week()))
    assert len(topic.refusals) == 1
    assert topic.refusals[0].startswith("no change event")
    # it may have been a change of any deal
    assert topic.complete == []


def test_a_change_from_the_future_does_not_make_the_past_complete(topic: Topic) -> None:
    topic.write(*deals(a_week()), change(Save(day(4000), "UPDATE", "Opportunity", DEAL, {"Amount": 1.0}), 60))
    topic.read(10)
    assert topic.complete == [Complete(("crm.deal.changed",), day(4))]


def test_very_many_records_that_must_be_fetched_are_all_of_them(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.sources.salesforce.change_topics.MOST_NAMED", 3)
    topic.write(gap(DEAL, WON, GONE, BACK))
    topic.read(10)
    assert list(topic.bookmark["fetch"]["Opportunity"]) == ["*"]


def test_a_kafka_that_is_not_there_is_asked_again_in_the_next_round(topic: Topic) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        topic.kafka = {
            "bootstrap_servers": [f"127.0.0.1:{closed.getsockname()[1]}"],
            "bootstrap_timeout_ms": 500,
        }
        with pytest.raises(SourceUnavailable, match="Kafka"):
            topic.read(10)


def test_a_topic_that_is_not_there_is_named(topic: Topic) -> None:
    topic.name = "nowhere.Opportunity"
    with pytest.raises(SourceRefused, match=r"there is no topic nowhere\.Opportunity"):
        topic.read(10)


def test_without_a_change_nothing_is_claimed_unless_salesforce_can_be_asked(
    topic: Topic, double: Double, rest: SalesforceConnection
) -> None:
    assert topic.read(10) == []
    assert topic.complete == []
    topic.read(10, rest)
    assert topic.complete == [Complete(ALL, day(10))]
