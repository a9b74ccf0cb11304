"""What a poll of Salesforce finds stands in the inbox of a real Kafka: once, and with a word on completeness."""

from pathlib import Path

import orjson
import requests

from streams import topics
from streams.publish import Publisher
from streams.settings import Settings
from streams.sources.bookmarks import Bookmarks
from streams.sources.poll import Poll
from streams.sources.salesforce.rest import SalesforceConnection
from streams.sources.salesforce.settings import Salesforce
from tests.conftest import RunningBroker
from tests.streams.kafka_records import read, settings_on
from tests.streams.sources.salesforce.salesforce_double import Double
from tests.streams.sources.salesforce.week import day, id_of

HEARTBEAT = "source.heartbeat"


def inbox(settings: Settings) -> list[dict[str, object]]:
    return [orjson.loads(record.value or b"") for record in read(settings, topics.names(settings)["inbox"])]


def test_a_restarted_poll_goes_on_where_it_was(
    broker: RunningBroker,
    prefix: str,
    double: Double,
    token_settings: Salesforce,
    http: requests.Session,
    tmp_path: Path,
) -> None:
    settings = settings_on(broker.bootstrap, prefix)
    topics.ensure(settings)

    def poll(at: float) -> int:
        # all of it anew, as after a restart: only the bookmark is kept
        connection = SalesforceConnection(token_settings, http)
        (round,) = Poll([connection], Publisher(settings), Bookmarks(tmp_path / "bookmarks")).round(day(at))
        assert (round.problem, round.refused) == (None, 0)
        return round.sent

    double.until = 2
    first = poll(2)
    events = [event for event in inbox(settings) if event["type"] != HEARTBEAT]
    assert len(events) == first
    assert poll(2.01) == 0
    double.until = 2.15
    poll(2.15)
    news = [event for event in inbox(settings) if event not in events and event["type"] != HEARTBEAT]
    assert {event["subject"] for event in news} == {id_of("Opportunity", 1)}
    beats = sorted(str(event["time"]) for event in inbox(settings) if event["type"] == HEARTBEAT)
    assert beats == [f"{day(at):%Y-%m-%dT%H:%M:%S}Z" for at in (2, 2.01, 2.15)]
