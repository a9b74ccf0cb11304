"""The same week, exported, polled or pushed, gives the same deals."""

from collections.abc import Iterable
from typing import Any

import pytest
import requests

from detectors.core.rules import Rules
from streams.sources.connection import Batch, Connection
from streams.sources.item import Item, Row
from streams.sources.salesforce import export
from streams.sources.salesforce.change_events import changes
from streams.sources.salesforce.known import Known
from streams.sources.salesforce.rest import SalesforceConnection
from streams.sources.salesforce.settings import Salesforce
from tests.conftest import RunningBroker
from tests.streams.sources.salesforce.readings import deal, deals
from tests.streams.sources.salesforce.salesforce_double import Double
from tests.streams.sources.salesforce.test_change_topics import ChangeTopics, Topic
from tests.streams.sources.salesforce.week import a_week, day, id_of

CAPTURED = ("Opportunity", "OpportunityContactRole", "Task", "Event")
DEALS = [id_of("Opportunity", number) for number in range(1, 5)]
RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"]},
        "pipelines": {"default": {"stages": ["Discovery", "Demo", "Proposal"]}},
    }
)
FIELDS = ("name", "stage", "status", "amount", "close_date", "owner", "next_step", "account.name", "lost_reason")
# moments at which is polled: some changes come together, some alone
MOMENTS = (0.05, 0.35, 0.45, 1.15, 1.4, 1.7, 2.02, 2.08, 2.15, 2.3, 3.05, 3.15, 3.5, 4.01, 20)


def exported(settings: Salesforce) -> list[Item]:
    return list(export.read(a_week().exported(), settings))


def rounds(connection: Connection, double: Double) -> list[Item]:
    items: list[Item] = []
    bookmark: dict[str, Any] = {}
    for moment in MOMENTS:
        double.until = moment
        for each in connection.round(bookmark, day(moment)):
            if isinstance(each, Batch):
                items += each.items
                bookmark = dict(each.bookmark)
    return items


def found(items: Iterable[Item]) -> list[tuple[object, ...]]:
    """What the detectors find, apart from the names of the events that show it."""
    told = deals(items, RULES).findings()
    assert len({each.detector for each in told}) > 5
    return [(each.deal_id, each.detector, each.state, each.severity, each.since, each.until) for each in told]


def facts(items: list[Item], id: str) -> dict[str, list[tuple[object, object]]]:
    """When each field took which value; what was never told and what was empty all along is the same."""
    told = deal(items, id, RULES)
    found = {name: [(change.at, change.value) for change in told.changes(name)] for name in FIELDS}
    return {name: each[1:] if each and each[0][1] is None else each for name, each in found.items()}


@pytest.fixture
def settings(token_settings: Salesforce) -> Salesforce:
    """Those of every channel."""
    return token_settings


def test_an_export_and_polls_give_the_same_deals(settings: Salesforce, double: Double, http: requests.Session) -> None:
    polled = rounds(SalesforceConnection(settings, http), double)
    for id in DEALS[:2]:
        assert facts(polled, id) == facts(exported(settings), id)
    ids = [event.id for item in polled for event in item.events]
    assert len(ids) == len(set(ids))


def test_change_events_alone_tell_of_a_deal_what_an_export_does(settings: Salesforce) -> None:
    week, known = a_week(), Known(settings)
    for table in ("User", "Account", "OpportunityStage"):
        known.learn(table, (Row(table, row) for row in week.tables()[table]))
    pushed = [changes(raw, "topic/0@0", settings, known) for raw in week.changes("Opportunity")]
    assert not [item.refusal for item in pushed if item.refusal]
    for id in DEALS[:2]:
        assert facts(pushed, id) == facts(exported(settings), id)
    # an export knows neither that a deal was deleted and came back, nor when it was
    assert [value for _, value in facts(pushed, DEALS[3])["status"]] == ["open", "lost", "open"]


def test_exported_polled_or_pushed_the_findings_are_the_same(
    settings: Salesforce, double: Double, http: requests.Session, broker: RunningBroker, prefix: str
) -> None:
    polled = rounds(SalesforceConnection(settings, http), double)
    topic = Topic(broker, f"{prefix}.changes")
    topic.write(*a_week().changes(*CAPTURED))
    pushed = rounds(ChangeTopics(topic.settings(settings), topic.kafka, SalesforceConnection(settings, http)), double)
    by_export = [each for each in found(exported(settings)) if each[0] not in DEALS[2:]]
    assert [each for each in found(polled) if each[0] not in DEALS[2:]] == by_export
    assert [each for each in found(pushed) if each[0] not in DEALS[2:]] == by_export
    # of deals that were deleted for a while, those who saw it know more than an export, and the same
    assert found(polled) == found(pushed)
