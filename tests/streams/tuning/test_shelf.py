"""Closed deals are packed, and come back as they were."""

import pytest

from streams.tuning.seen import Seen
from streams.tuning.shelf import Shelf
from tests.streams.sample_deals import RULES, crm, day, watched

OPEN = [crm(0, stage="Demo"), crm(30, name="Still there")]
CLOSED = [*OPEN, crm(40, status="lost")]


def shelf(**deals: list[dict[str, object]]) -> Shelf:
    found = Shelf()
    for deal_id, told in deals.items():
        grown = Seen.of(watched(told[:1], deal_id))
        for each in told[1:]:
            grown = watched_with(grown, each)
        found[deal_id] = grown
    return found


def watched_with(seen: Seen, told: dict[str, object]) -> Seen:
    (entry,) = watched([told], seen.deal.id).deal.log
    grown = seen._then(seen.deal.plus(entry), entry.at)
    assert isinstance(grown, Seen)
    return grown


def packed(found: Shelf, most: int = 0) -> list[str]:
    return [each.deal.id for each in found.clear_up(most)]


def test_closed_deals_are_packed_and_come_back_as_they_were() -> None:
    found = shelf(A=CLOSED)
    before = found["A"]
    assert packed(found) == ["A"]
    assert found["A"] == before
    assert found["A"] is not before
    (finding,) = [each for each in found["A"].answer(day(50)) if each.detector == "gone_quiet"]
    again = found["A"]
    assert isinstance(again, Seen)
    assert again.sight_of(finding, day(50)).at == day(14)


def test_open_deals_and_those_that_were_put_here_last_are_not_packed() -> None:
    found = shelf(A=OPEN, B=CLOSED, C=CLOSED, D=CLOSED)
    found["B"] = found["B"]
    assert packed(found, most=2) == ["C"]
    assert {each.deal.id for each in found.at_hand()} == {"A", "B", "D"}
    assert packed(found) == ["D", "B"]


def test_one_that_is_only_asked_for_is_not_packed_as_news() -> None:
    found = shelf(A=CLOSED)
    assert packed(found) == ["A"]
    assert found["A"].deal.id == "A"
    assert list(found.at_hand()) == []
    assert packed(found) == []
    found["A"] = watched_with_more(found["A"])
    assert packed(found) == ["A"]
    assert found["A"].deal.name == "Afterwards"


def watched_with_more(known: object) -> Seen:
    assert isinstance(known, Seen)
    return watched_with(known, crm(60, name="Afterwards"))


def test_it_is_a_mapping_of_all_of_them() -> None:
    found = shelf(A=OPEN, B=CLOSED, C=CLOSED)
    packed(found, most=1)
    assert (sorted(found), len(found), "B" in found, "X" in found, found.get("X")) == (
        ["A", "B", "C"],
        3,
        True,
        False,
        None,
    )
    assert found["B"].deal.id == "B"
    assert (sorted(found), len(found)) == (["A", "B", "C"], 3)
    for deal_id in "ABC":
        del found[deal_id]
    assert (list(found), len(found)) == ([], 0)
    with pytest.raises(KeyError):
        del found["A"]
    with pytest.raises(KeyError):
        found["A"]


def test_who_is_put_here_as_watched_is_seen_from_then_on() -> None:
    found = Shelf()
    found["A"] = watched(OPEN[:1], "A", RULES)
    assert isinstance(found["A"], Seen)
