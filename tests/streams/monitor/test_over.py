"""Closed deals are dropped after a while: others hear of it, what was won counts on, and nothing brings them back."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from detectors.core.rules import Rules
from streams.demo.company import Company
from streams.history import Line
from streams.join.directory import Directory
from streams.monitor.partition import Partition, partition_of_row
from streams.replay import Replay
from streams.wire import Clock, Record
from tests.streams.join.test_directory import contact, mail
from tests.streams.join.test_directory import records as mail_records
from tests.streams.monitor.test_partition import REP, clock, keep, record, restored
from tests.streams.sample_deals import RULES, crm, day, event, inbound
from tests.streams.test_takeover import PARTITIONS, Cluster, Logs

TEN_DAYS = timedelta(days=10)


def ten_days() -> Partition:
    return Partition(0, 1, RULES, TEN_DAYS)


def lost_on(at: float, status: str = "lost", **fields: Any) -> Record:
    return record(crm(at, status=status, **fields))


def a_lost_deal() -> list[Record]:
    return [record(crm(0, stage="Demo", owner=REP)), record(inbound(1, "m-1")), lost_on(2)]


def test_a_deal_is_kept_for_ten_days_after_its_end_and_then_gone_from_everywhere() -> None:
    partition = ten_days()
    partition.advance([*a_lost_deal(), clock(11.9)])
    assert list(partition.deals) == ["D-1"]
    out = partition.advance([clock(12)])
    assert (partition.deals, partition.answers) == ({}, {})
    assert {(send.topic, send.key, send.value) for send in out.sends} == {
        ("findings", b"D-1", None),
        ("books", f"{REP}\tD-1".encode(), None),
    }
    assert out.rows == {}
    assert out.ledger["D-1"] is None


def test_every_owner_that_it_ever_had_loses_it() -> None:
    partition = ten_days()
    partition.advance([*a_lost_deal(), record(crm(1.5, owner="other@us.example")), clock(3)])
    withdrawn = {send.key for send in partition.advance([clock(12)]).sends if send.topic == "books"}
    assert withdrawn == {f"{REP}\tD-1".encode(), b"other@us.example\tD-1"}


def test_an_open_deal_stays_however_old_it_is_and_without_a_setting_any_does() -> None:
    partition = ten_days()
    partition.advance([record(crm(0, stage="Demo")), clock(1000)])
    assert list(partition.deals) == ["D-1"]
    partition = Partition(0, 1, RULES)
    partition.advance([*a_lost_deal(), clock(1000)])
    assert list(partition.deals) == ["D-1"]


def test_a_deal_that_is_opened_again_in_time_stays() -> None:
    partition = ten_days()
    partition.advance([*a_lost_deal(), record(crm(11, status="open")), clock(1000)])
    assert list(partition.deals) == ["D-1"]


@pytest.mark.parametrize(
    "late",
    [
        inbound(1.5, "of before its end"),
        inbound(20, "of after it"),
        crm(0, stage="Demo", owner=REP),
        crm(2, status="lost"),
        crm(20, stage="Demo"),
        crm(20, status="won"),
        crm(1, id="opened before it ended", status="open"),
        event("crm.contact.changed", day(20), email="cfo@buyer.example"),
    ],
    ids=lambda told: f"{told['type']} {told['time']}",
)
def test_nothing_that_comes_later_brings_it_back(late: dict[str, Any]) -> None:
    partition = ten_days()
    partition.advance([*a_lost_deal(), clock(12)])
    out = partition.advance([record(late), clock(21)])
    assert (partition.deals, out.rows, out.sends) == ({}, {}, [])


def test_opened_again_by_the_crm_it_begins_anew_and_what_was_before_stays_forgotten() -> None:
    partition = ten_days()
    partition.advance([*a_lost_deal(), clock(12)])
    partition.advance([record(crm(20, status="open", stage="Demo")), record(inbound(21, "m-2")), clock(22)])
    partition.advance([record(inbound(1.5, "late")), clock(23)])
    [deal] = [each.deal for each in partition.deals.values()]
    assert [entry.at for entry in deal.log] == [day(20), day(21)]
    out = partition.advance([lost_on(24), clock(34)])
    assert partition.deals == {}
    assert out.ledger["D-1"] is None


def test_who_takes_the_partition_over_knows_what_was_dropped_and_what_is_to_be() -> None:
    rows: dict[str, bytes] = {}
    partition = ten_days()
    keep(rows, partition.advance([*a_lost_deal(), clock(3)]))

    def taken_over() -> Partition:
        again = ten_days()
        for row, value in rows.items():
            again.restore(row, value)
        again.resume()
        return again

    partition = taken_over()
    keep(rows, partition.advance([clock(12)]))
    assert partition.deals == {}
    assert all(partition_of_row(row, 1) == 0 for row in rows)
    partition = taken_over()
    partition.advance([record(inbound(20, "m-2")), clock(21)])
    assert partition.deals == {}


def test_a_setting_that_comes_later_drops_what_is_over_for_long() -> None:
    rows: dict[str, bytes] = {}
    keep(rows, Partition(0, 1, RULES).advance([*a_lost_deal(), clock(100)]))
    partition = ten_days()
    for row, value in rows.items():
        partition.restore(row, value)
    partition.resume()
    partition.advance([clock(100.1)])
    assert partition.deals == {}


def test_what_was_won_counts_on_when_its_deal_is_dropped() -> None:
    won = [
        each
        for number in range(10)
        for each in (
            record(crm(0, id=f"a-{number}", stage="Demo"), f"W-{number}"),
            record(crm(5, id=f"b-{number}", status="won"), f"W-{number}"),
        )
    ]
    rows: dict[str, bytes] = {}
    partition = ten_days()
    keep(rows, partition.advance([*won, clock(7)]))
    before = partition._wins.baselines.of("default", day(30))
    assert before is not None
    keep(rows, partition.advance([clock(20)]))
    assert partition.deals == {}
    assert partition._wins.baselines.of("default", day(30)) == before
    assert restored(rows)._wins.baselines.of("default", day(30)) == before


def test_however_workers_die_what_is_kept_at_the_end_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company(seed=2, deals=15, weeks=12, disorder=0.1)
    rules, lines = Rules.of(company.rules()), list(company.lines())
    replay = Replay(rules)
    for _ in replay.run(Line(Path("history"), number, line) for number, line in enumerate(lines, start=1)):
        pass
    time = replay.partition.time
    assert time is not None
    deals = {deal_id: watched.deal for deal_id, watched in replay.partition.deals.items()}
    ended = {name: told.at for name, deal in deals.items() if not deal.is_open and (told := deal.current("status"))}
    expected = {name for name in deals if name not in ended or ended[name] + TEN_DAYS > time}
    assert 0 < len(expected) < len(deals)

    def make(cluster: Cluster, topic: str, number: int) -> Any:
        state = {"mail": Directory, "deal_events": lambda *each: Partition(*each[:2], rules, each[2])}.get(topic)
        if state is None:
            return usual(cluster, topic, number)
        made = state(number, PARTITIONS, TEN_DAYS)
        for row, value in cluster.changelogs[topic, number].items():
            if value is not None:
                made.restore(row, value)
        made.resume()
        return made

    usual = Cluster.make
    monkeypatch.setattr(Cluster, "make", make)
    for seed, deaths in ((1, 0.0), (2, 0.3)):
        logs = Logs()
        logs.publish(lines)
        cluster = Cluster(rules, logs, Random(seed), deaths)
        cluster.run()
        assert {name for deals in cluster.deals.values() for name in deals.deals} == expected
        kept = {
            key for n in range(PARTITIONS) for key, value, _ in logs.records["findings", n] if (key or b"")[:1] == b"D"
        }
        newest = {key: value for n in range(PARTITIONS) for key, value, _ in logs.records["findings", n] if key in kept}
        assert {(key or b"").decode() for key, value in newest.items() if value} == expected


# -- the join


def closing(at: float, deal: str = "D-1") -> dict[str, Any]:
    return crm(at, id=f"lost-{deal}", status="lost") | {"subject": deal}


def test_whose_deals_are_all_closed_for_long_is_no_contact_any_more() -> None:
    directory = Directory(0, 1, TEN_DAYS)
    told = [contact(0, "D-1"), contact(0, "D-1", "ceo@buyer.example"), contact(1, "D-2", "ceo@buyer.example")]
    directory.advance([*mail_records(*told, mail(1.5, "m-1"), closing(2)), _clock(11)])
    assert {row for row, _ in directory._contacts.rows()} != set()
    out = directory.advance([_clock(12.1)])
    rows = dict(directory._contacts.rows())
    assert [row.rpartition("\x00")[2] for row in rows] == ["ceo@buyer.example"]
    assert b"D-1" not in next(iter(rows.values()))
    assert {row: value for row, value in out.rows.items() if "\x00contact\x00" in row} == rows | {
        "buyer.example\x00contact\x00cfo@buyer.example": None
    }


def test_of_a_person_who_is_a_company_of_their_own_nothing_is_left() -> None:
    directory = Directory(0, 1, TEN_DAYS)
    jane = "jane@gmail.com"
    told = [contact(0, "D-1", jane), mail(1, "m-1", **{"from": jane}), closing(2)]
    directory.advance([*mail_records(*told), _clock(3)])
    assert any(jane in row for row, _ in directory._rows())
    out = directory.advance([_clock(14)])
    assert not any(jane in row for row, _ in directory._rows())
    assert {value for row, value in out.rows.items() if jane in row} == {None}


def _clock(at: float) -> Record:
    return Record(0, None, Clock(day(at), 0, 1).to_json(), Clock.HEADERS)
