"""A history in the order of its times; what changed on many deals at once is marked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from detectors.core.events import Event, Refused
from streams.sources.in_order import MASS, in_order
from streams.sources.item import Item, event

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def changed(deal: str, at: datetime, **data: Any) -> Event:
    return event("acme", f"{deal}-{at.isoformat()}", "crm.deal.changed", at, data, deal)


def item(*events: Event, place: str = "deals.csv:2") -> Item:
    return Item(place, b"", "deal", events=events)


def told(*items: Item) -> list[dict[str, Any]]:
    return [orjson.loads(each.raw) for each in in_order(items)]


def test_events_come_by_time_and_those_of_one_moment_as_they_lay() -> None:
    late, early = changed("D-1", MONDAY + timedelta(days=1), stage="Demo"), changed("D-1", MONDAY, stage="Discovery")
    twin = changed("D-2", MONDAY, stage="Discovery")
    assert [each["subject"] + each["data"]["stage"] for each in told(item(late), item(early, twin))] == [
        "D-1Discovery",
        "D-2Discovery",
        "D-1Demo",
    ]


def test_what_was_refused_comes_at_once_with_its_reason_and_its_bytes() -> None:
    refusal = Refused("unreadable", "close_date: '31.02.2026' is no date")
    broken = Item("deals.csv:3", b'{"Close":"31.02.2026"}', "deal", refusal=refusal)
    first, _ = in_order([item(changed("D-1", MONDAY, stage="Demo")), broken])
    assert (first.place, first.raw, first.refusal) == ("deals.csv:3", b'{"Close":"31.02.2026"}', refusal)


def import_of(deals: int, at: datetime = MONDAY, **data: Any) -> Item:
    return item(*(changed(f"D-{n}", at, **data) for n in range(deals)))


def test_a_field_that_changes_on_many_deals_in_one_second_is_nobodys_push() -> None:
    assert all(each["bulk"] is True for each in told(import_of(MASS, close_date="2026-06-30")))
    assert not any("bulk" in each for each in told(import_of(MASS - 1, close_date="2026-06-30")))


def test_many_changes_of_one_deal_or_of_several_seconds_are_no_mass() -> None:
    one = item(*(changed("D-1", MONDAY + timedelta(milliseconds=n), amount=n) for n in range(MASS)))
    several = item(*(changed(f"D-{n}", MONDAY + timedelta(seconds=n), amount=n) for n in range(MASS)))
    assert not any("bulk" in each for each in told(one, several))


def test_another_field_of_the_same_second_is_still_somebodys() -> None:
    own = item(changed("D-0", MONDAY, next_step="call"))
    marked = [each for each in told(import_of(MASS, amount=1.0), own) if "bulk" in each]
    assert len(marked) == MASS
    assert all("next_step" not in each["data"] for each in marked)


def test_two_sources_do_not_make_a_mass_together() -> None:
    half = MASS // 2
    other = item(*(event("other", f"{n}", "crm.deal.changed", MONDAY, {"amount": 1}, f"E-{n}") for n in range(half)))
    assert not any("bulk" in each for each in told(import_of(MASS - half, amount=1.0), other))
