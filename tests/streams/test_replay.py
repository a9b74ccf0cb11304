"""The same findings without Kafka."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import registry
from detectors.core.breach import Finding
from detectors.core.deal import Deal
from detectors.ghosted import Ghosted
from streams import replay as module
from streams.history import Line
from streams.replay import Replay
from tests.streams.sample_deals import RULES, crm, day, event, inbound, outbound, ping_pong

Told = dict[str, Any]


def lines(*told: Told | bytes) -> list[Line]:
    raw = (each if isinstance(each, bytes) else orjson.dumps(each) for each in told)
    return [Line(Path("history.jsonl"), number, each) for number, each in enumerate(raw, start=1)]


def of(deal: str, *told: Told) -> list[Told]:
    return [each | {"subject": deal} for each in told]


def replayed(*told: Told | bytes, until: datetime | None = None) -> Replay:
    replay = Replay(RULES, until)
    for _ in replay.run(lines(*told)):
        pass
    return replay


def states(replay: Replay) -> dict[tuple[str, str], str]:
    return {(each.deal_id, each.detector): each.state for each in replay.findings()}


CONTACT = event("crm.contact.changed", day(0), email="cfo@buyer.example")
CHASED = [*of("D-1", crm(0, stage="Demo"), CONTACT), outbound(1, "m-1"), outbound(2, "m-2")]


def test_mails_that_name_no_deal_are_joined_and_judged() -> None:
    told = states(replayed(*CHASED, until=day(20)))
    assert told["D-1", "ghosted"] == "open"


def test_it_looks_from_the_newest_event_and_what_lies_ahead_is_pending() -> None:
    assert states(replayed(*CHASED))["D-1", "ghosted"] == "pending"
    other = of("D-2", crm(20, stage="Demo"))
    assert states(replayed(*CHASED, *other))["D-1", "ghosted"] == "open"


def test_what_comes_after_the_moment_of_looking_has_not_happened() -> None:
    reply = inbound(10, "answer", in_reply_to="m-2")
    assert states(replayed(*CHASED, reply, until=day(30))).get(("D-1", "ghosted")) == "resolved"
    assert replayed(*CHASED, reply, until=day(9.9)).findings() == replayed(*CHASED, until=day(9.9)).findings()
    assert replayed(*CHASED, reply, until=day(10)).accepted == 5


def test_each_finding_is_told_once_in_order_of_its_start() -> None:
    replay = replayed(*CHASED, *of("D-2", crm(0, stage="Demo", owner="rep@us.example"), *ping_pong(5)), until=day(60))
    found = replay.findings()
    assert [each.since for each in found] == sorted(each.since for each in found)
    assert len({(each.deal_id, each.detector, each.since) for each in found}) == len(found)
    assert {each.deal_id for each in found} == {"D-1", "D-2"}


def test_a_line_that_is_refused_is_told_with_its_place_and_the_rest_goes_on() -> None:
    replay = replayed(b"{", *CHASED, crm(1), until=day(20))
    assert [(each.place, each.reason) for each in replay.refusals] == [
        ("history.jsonl:1", "not_json"),
        ("history.jsonl:6", "no_deal"),
    ]
    assert replay.accepted == 4
    assert states(replay)["D-1", "ghosted"] == "open"


def test_a_refused_line_beyond_the_first_batch_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    replay = replayed(*CHASED, b"{", until=day(0))
    assert [each.place for each in replay.refusals] == ["history.jsonl:5"]


def test_without_heartbeats_sources_count_as_complete_and_with_them_as_far_as_they_reported() -> None:
    beat = event("source.heartbeat", day(3), covers=["activity.email"], through=day(3).isoformat())
    assert states(replayed(*CHASED, beat, until=day(20)))["D-1", "ghosted"] == "unknown"
    later = event("source.heartbeat", day(19), covers=["activity.email"], through=day(19).isoformat())
    assert states(replayed(*CHASED, beat, later, until=day(20)))["D-1", "ghosted"] == "open"


def test_a_mail_that_is_dated_ahead_is_joined_when_the_time_of_looking_has_come_to_it() -> None:
    now = datetime.now(UTC)
    ahead = outbound(1, "m-3") | {"time": (now + timedelta(hours=2)).isoformat()}
    replay = replayed(*CHASED, ahead, until=now + timedelta(days=1))
    assert len(replay.partition.deals["D-1"].deal.touches) == 3


def test_progress_is_told_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    assert list(Replay(RULES).run(lines(*CHASED))) == [3, 4]
    assert list(Replay(RULES).run([])) == []


class Failing(Ghosted):
    """A detector with a fault."""

    def assess(self, deal: Deal) -> None:
        raise ZeroDivisionError(deal.id)


def test_a_detector_that_fails_is_counted_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.catalogue(), "ghosted", Failing)
    monkeypatch.setattr(RULES, "_detectors", {})
    replay = replayed(*CHASED, until=day(60))
    assert replay.errors["ghosted"] > 0
    assert states(replay)["D-1", "gone_quiet"] == "open"


HISTORY = [
    *of("D-1", crm(0, stage="Demo", owner="rep@us.example", close_date="2026-04-01"), CONTACT),
    *of("D-1", crm(20, close_date="2026-05-01"), crm(30, close_date="2026-06-01"), crm(50, stage="Proposal")),
    *of("D-2", crm(1, stage="Discovery", owner="rep@us.example"), CONTACT | {"id": "second"}, crm(40, status="lost")),
    outbound(2, "m-1"),
    inbound(3, "m-2", in_reply_to="m-1"),
    outbound(4, "m-3", in_reply_to="m-2"),
    outbound(9, "m-4"),
    outbound(12, "m-5"),
    outbound(33, "m-6", subject="Hello again"),
    inbound(34, "m-7", in_reply_to="m-6"),
]
EXPECTED: list[Finding] = replayed(*HISTORY, until=day(90)).findings()


@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY), max_size=4))
def test_whatever_the_order_of_the_lines_and_however_often_they_stand_there_the_findings_are_the_same(
    shuffled: list[Told], again: list[Told]
) -> None:
    assert {each.state for each in EXPECTED} >= {"open", "resolved"}
    assert replayed(*shuffled, *again, until=day(90)).findings() == EXPECTED


@given(st.integers(1, 20))
def test_how_a_history_is_cut_makes_no_difference(size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH", size)
        in_order = sorted(HISTORY, key=lambda told: str(told["time"]))
        assert replayed(*in_order, until=day(90)).findings() == EXPECTED
