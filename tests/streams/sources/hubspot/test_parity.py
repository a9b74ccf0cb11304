"""The same week, whichever way it is told."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from pytest_httpserver import HTTPServer

from detectors.core.breach import Finding
from detectors.core.deal import Deal
from detectors.core.events import Event
from detectors.core.rules import Rules
from streams.replay import Replay
from streams.sources.connection import Batch
from streams.sources.hubspot import export
from streams.sources.hubspot.api import HubSpotConnection
from streams.sources.hubspot.settings import HubSpot
from streams.sources.hubspot.webhook import pushed
from streams.sources.in_order import in_order
from streams.sources.item import Item, Row
from tests.streams.sources.hubspot.hubspot_api import TOKEN
from tests.streams.sources.hubspot.week import dumped, exported, pushes, week

RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"]},
        "pipelines": {"default": {"stages": ["Appointment Scheduled", "Qualified To Buy", "Security Review"]}},
    }
)
SETTINGS = HubSpot.model_validate(
    {
        "owners": {70: "rep@us.example", 71: "ron@us.example"},
        "stages": {2001: "Security Review", 2003: "Not this time"},
        "lost": [2003],
    }
)
LATER = datetime(2026, 4, 15, tzinfo=UTC)


def dump() -> list[Item]:
    return list(export.read(dumped(week()), HubSpot()))


def table() -> list[Item]:
    return list(export.read({"property history": exported(week())}, SETTINGS))


def push() -> list[Item]:
    return list(pushed(orjson.dumps(list(pushes(week()))), SETTINGS, "push"))


@pytest.fixture
def poll(httpserver: HTTPServer, tmp_path: Path) -> list[Item]:
    account = week()
    account.serve(httpserver)
    (tmp_path / "token").write_text(TOKEN)
    settings = HubSpot(token_file=tmp_path / "token", api_url=httpserver.url_for("/"))
    told = HubSpotConnection(settings).round({}, LATER)
    items = [item for batch in told if isinstance(batch, Batch) for item in batch.items]
    httpserver.check_assertions()
    return items


def events(items: Iterable[Item], *types: str) -> dict[str, Event]:
    assert not [item.refusal for item in items if item.refusal]
    found = [event for item in items for event in item.events if not types or event.type in types]
    return {event.id: event for event in found}


def of_properties(items: Iterable[Item]) -> dict[str, Event]:
    """What the histories of properties tell: neither people nor the company are in them."""
    changes = events(items, "crm.deal.changed")
    return {id: event for id, event in changes.items() if "-account-" not in id}


def findings(items: Iterable[Item]) -> list[Finding]:
    replay = Replay(RULES, LATER)
    for _ in replay.run(in_order(items)):
        pass
    assert not replay.refusals
    return replay.findings()


def folded(items: Iterable[Item], id: str) -> Deal:
    deal = Deal(id=id, rules=RULES)
    for item in items:
        for event in item.events:
            if event.subject == id:
                deal = deal.apply(event)
    return deal


def test_a_poll_tells_what_a_dump_tells(poll: list[Item]) -> None:
    assert events(poll) == events(dump())
    assert findings(poll) == findings(dump())
    assert len(findings(poll)) > 5


def test_pushes_and_tables_tell_what_a_poll_tells_of_properties(poll: list[Item]) -> None:
    assert of_properties(push()) == of_properties(table()) == of_properties(poll)
    assert findings(push()) == findings(table())


@pytest.mark.parametrize("id", ["17", "18", "19"])
def test_all_of_them_together_are_the_same_deal(poll: list[Item], id: str) -> None:
    told = [*push(), *dump(), *poll, *table(), *push()]
    assert folded(told, id) == folded(poll, id)
    random.Random(17).shuffle(told)
    assert folded(told, id) == folded(poll, id)


def test_all_of_them_together_lead_to_the_same_findings(poll: list[Item]) -> None:
    assert findings([*push(), *dump(), *poll, *table()]) == findings(poll)


def test_a_table_in_minutes_tells_the_deal_that_the_seconds_tell() -> None:
    account = week()
    for deal in account.records["deals"].values():
        for number, versions in enumerate(deal["history"].values()):
            for version in versions:
                version["timestamp"] = version["timestamp"].replace(":00.000Z", f":{17 + number}.250Z")
    exact = list(export.read({"deals": dumped(account)["deals"]}, SETTINGS))
    rough: list[Row] = exported(account)
    both = [*exact, *export.read({"property history": rough}, SETTINGS)]
    for name in ("stage", "amount", "close_date", "owner", "status", "next_step"):
        changes = [[change.value for change in folded(told, "17").changes(name)] for told in (exact, both)]
        assert changes[0] == changes[1], name
