"""The same three weeks seen through exports, pushes and polls: the same deals, and the same findings."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from pytest_httpserver import HTTPServer

from detectors.core import events
from detectors.core.deal import Deal
from detectors.core.rules import Rules
from streams.replay import Replay
from streams.sources import table
from streams.sources.connection import Batch
from streams.sources.in_order import in_order
from streams.sources.item import Item, Row
from streams.sources.pipedrive import export
from streams.sources.pipedrive.api import PipedriveConnection
from streams.sources.pipedrive.webhook import pushed

from .company import FIELDS, PIPELINES, STAGES, TOKEN, USERS, Company, Served, a_quarter, days
from .reading import OURS

NOW = datetime(2026, 3, 23, 9, tzinfo=UTC)
RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"], "time_zone": "Europe/Berlin"},
        "pipelines": {"default": {"stages": ["Discovery", "Demo", "Proposal"]}},
    }
)
CHANGING = (
    "name stage status amount currency close_date owner segment lost_reason next_step next_step_date pipeline "
    "account.id".split()
)


def by_push(us: Company) -> list[Item]:
    return [item for push in us.pushes for item in pushed(orjson.dumps(push), OURS, "push")]


def tables(us: Company) -> dict[str, list[Row]]:
    lists: dict[str, Iterable[Any]] = {
        "deals": us.deals.values(),
        "flow": [entry for id in us.deals for entry in us.flow(id)],
        "activities": us.activities.values(),
        "persons": us.persons.values(),
        "organizations": us.organizations.values(),
        "users": USERS,
        "stages": STAGES,
        "pipelines": PIPELINES,
        "deal_fields": FIELDS,
    }
    plain = {name: orjson.loads(orjson.dumps(list(each))) for name, each in lists.items()}
    return {name: [Row(f"{name}.json[{n}]", each) for n, each in enumerate(content)] for name, content in plain.items()}


def by_export(us: Company) -> list[Item]:
    return list(export.read(tables(us), OURS))


@pytest.fixture
def by_poll(httpserver: HTTPServer, tmp_path: Path) -> Callable[[Company], list[Item]]:
    def poll(us: Company) -> list[Item]:
        (tmp_path / "token").write_text(TOKEN)
        httpserver.clear()
        httpserver.expect_request(re.compile(".*")).respond_with_handler(Served(us))
        where = {"api_url": httpserver.url_for("").rstrip("/"), "token_file": tmp_path / "token"}
        connection = PipedriveConnection(OURS.model_copy(update=where), backoff=0)
        return [item for part in connection.round({}, NOW) if isinstance(part, Batch) for item in part.items]

    return poll


def findings(items: Iterable[Item]) -> list[tuple[Any, ...]]:
    """What a replay finds, but for the events that it quotes."""
    replay = Replay(RULES, until=NOW)
    for _ in replay.run(in_order(items)):
        pass
    assert replay.refusals == []
    return [(f.deal_id, f.detector, f.state, f.since, f.critical_from, f.until, f.owner) for f in replay.findings()]


def folded(items: Iterable[Item]) -> dict[str, Deal]:
    deals: dict[str, Deal] = {}
    for item in items:
        for event in item.events:
            assert event.subject is not None
            deals[event.subject] = deals.get(event.subject, Deal(event.subject, RULES)).apply(event)
    return deals


def seen(deal: Deal, people: bool = True) -> dict[str, Any]:
    """A deal as detectors see it: what changed when, the touches, the close plan."""
    changes = {name: [(each.at, each.value) for each in deal.changes(name)] for name in CHANGING}
    touches = [(each.at, each.kind, each.direction, each.people if people else ()) for each in deal.touches]
    return {"created": deal.created.at, **changes, "touches": touches, "steps": deal.last_planned}


def test_export_and_poll_tell_the_same_events(by_poll: Callable[[Company], list[Item]]) -> None:
    us = a_quarter()
    told = [
        {event.id: events.to_json(event) for item in way(us) for event in item.events} for way in (by_export, by_poll)
    ]
    assert told[0] == told[1]


def test_pushes_tell_the_same_deals(by_poll: Callable[[Company], list[Item]]) -> None:
    us = a_quarter()
    pushes, polled = folded(by_push(us)), folded(by_poll(us))
    assert pushes.keys() == polled.keys() == {"8", "9", "10"}
    for id, deal in pushes.items():
        one, other = seen(deal, people=False), seen(polled[id], people=False)
        assert one == {**other, "steps": one["steps"]}
        assert (one["steps"] and one["steps"].until) == (other["steps"] and other["steps"].until)


def test_all_ways_together_are_no_more_than_one(by_poll: Callable[[Company], list[Item]]) -> None:
    us = a_quarter()
    one = folded(by_export(us))
    together = folded([*by_push(us), *by_export(us), *by_poll(us)])
    backwards = folded([*by_poll(us), *by_export(us), *reversed(by_push(us))])
    for id, deal in one.items():
        assert seen(deal) == seen(together[id]) == seen(backwards[id])


def test_whatever_way_they_come_the_findings_are_the_same(by_poll: Callable[[Company], list[Item]]) -> None:
    us = a_quarter()
    polled = findings(by_poll(us))
    assert findings(by_export(us)) == polled
    assert findings([*by_push(us), *by_poll(us)]) == polled
    assert {"close_date_slipping", "milestone_missed", "next_step_overdue"} <= {each[1] for each in polled}


def test_what_pushes_alone_find_lacks_only_what_hangs_on_people(by_poll: Callable[[Company], list[Item]]) -> None:
    us = a_quarter()
    on_people = set("no_executive_contact single_threaded users_only missing_roles missing_fields lose_early".split())
    polled = [each for each in findings(by_poll(us)) if each[1] not in on_people]
    assert [each for each in findings(by_push(us)) if each[1] not in on_people] == polled


def test_a_second_import_changes_nothing() -> None:
    us = a_quarter()
    first, second = by_export(us), by_export(us)
    assert [item.events for item in first] == [item.events for item in second]
    once, twice = folded(first), folded([*first, *second])
    assert once.keys() == twice.keys()
    assert all(once[id].log == twice[id].log for id in once)


def test_a_list_of_deals_alone_tells_how_they_stand(tmp_path: Path) -> None:
    us = a_quarter()
    file = tmp_path / "deals.csv"
    file.write_bytes(us.csv())
    refused: list[Item] = []
    assert export.table_of(table.columns(file)) == "deals"
    found = folded(export.read({"deals": table.rows(file, refused.append)}, OURS))
    whole = folded(by_export(us))
    assert refused == []
    for id, deal in found.items():
        assert deal.created.at == whole[id].created.at
        facts = [name for name in CHANGING if name not in ("account.id", "segment", "next_step", "next_step_date")]
        assert {name: deal.fact(name) for name in facts} == {name: whole[id].fact(name) for name in facts}
        assert [(each.at, each.value) for each in deal.changes("stage")][-1:] == [
            (each.at, each.value) for each in whole[id].changes("stage")
        ][-1:]
        assert list(deal.contacts) == list(whole[id].contacts)


def test_a_later_list_of_deals_tells_what_changed_and_what_was_emptied(tmp_path: Path) -> None:
    us, file, told = a_quarter(), tmp_path / "deals.csv", list[Item]()
    for change in ({}, {"value": 300, "expected_close_date": None}):
        if change:
            us.change("22 10:00", 9, **change)
        file.write_bytes(us.csv())
        told += export.read({"deals": table.rows(file, told.append)}, OURS)
    deal = folded(told)["9"]
    assert (deal.amount, deal.close_date) == (300, None)


def test_polled_as_it_happens_it_is_the_same_as_polled_at_the_end(httpserver: HTTPServer, tmp_path: Path) -> None:
    us, told, bookmark = Company(), list[Item](), dict[str, Any]()
    (tmp_path / "token").write_text(TOKEN)
    httpserver.expect_request(re.compile(".*")).respond_with_handler(Served(us))
    where = {"api_url": httpserver.url_for("").rstrip("/"), "token_file": tmp_path / "token"}
    for _ in days(us):
        for part in PipedriveConnection(OURS.model_copy(update=where), backoff=0).round(bookmark, NOW):
            if isinstance(part, Batch):
                bookmark = dict(part.bookmark)
                told += part.items
    whole = folded(by_export(us))
    found = folded(told)
    assert found.keys() == whole.keys()
    assert all(seen(found[id]) == seen(whole[id]) for id in whole)


def test_of_several_steps_a_push_knows_one_and_the_poll_puts_it_right(by_poll: Callable[[Company], list[Item]]) -> None:
    us = Company()
    us.deal("02 09:00", 8)
    us.activity("02 10:00", 1, 8, "task", "10")
    us.activity("03 10:00", 2, 8, "task", "30")
    pushes = by_push(us)
    assert folded(pushes)["8"].fact("next_step_date") == "2026-03-30"
    for items in ([*pushes, *by_poll(us)], [*by_poll(us), *pushes]):
        assert folded(items)["8"].fact("next_step_date") == "2026-03-10"
