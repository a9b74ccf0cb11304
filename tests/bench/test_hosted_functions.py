"""The functions that hosts are given: what they come to does not depend on how a host cuts batches."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

import orjson
import pytest

from bench import histories
from bench.hosts import plumbing
from bench.hosts.pipeline import AtOnce
from bench.hosts.plumbing import advance
from bench.replay_speed import findings_of, replay
from streams.answer import finding_line, of_json
from streams.wire import Clock, Record

SUMMER = datetime(2025, 7, 1, 9, tzinfo=UTC)


def email(at: str, size: int = 100, *, is_inbound: bool = False) -> bytes:
    told = {"owner": "rep@us.example", "contact": "anna@buyer.example", "is_inbound": is_inbound, "size": size}
    return orjson.dumps({"subject": "D-1", "time": at, "data": told})


def records(raws: Iterable[bytes]) -> list[Record]:
    return [Record(0, None, raw) for raw in raws]


def clock(at: datetime) -> Record:
    return Record(0, None, Clock(at, 0, 1).to_json(), Clock.HEADERS)


def cut(values: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def test_a_deal_has_one_row_in_a_batch_as_it_stands_after_it() -> None:
    moved = advance({}, [email("2025-01-06T09:00:00Z", 100), email("2025-01-07T09:00:00Z", 50, is_inbound=True)])

    row = orjson.loads(moved.rows["D-1"])
    assert list(moved.rows) == ["D-1"]
    assert (row["touches"], row["inbound"], row["bytes"], row["longest_silence"]) == (2, 1, 150, 86_400)


def test_more_than_two_weeks_of_silence_are_told() -> None:
    moved = advance({}, [email("2025-01-06T09:00:00Z"), email("2025-01-20T09:00:01Z")])

    assert [(key, orjson.loads(value)["silence"]) for key, value in moved.alerts] == [(b"D-1", 14 * 86_400 + 1)]


def test_two_weeks_of_silence_are_not() -> None:
    assert advance({}, [email("2025-01-06T09:00:00Z"), email("2025-01-20T09:00:00Z")]).alerts == []


def test_about_one_event_in_a_hundred_is_told() -> None:
    moved = advance({}, (value for _, value in plumbing.events(60_000)))

    assert 0.007 < len(moved.alerts) / 60_000 < 0.012


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_plumbing_tells_the_same_however_batches_are_cut(size: int) -> None:
    values = [value for _, value in plumbing.events(20_000)]
    known: dict[str, plumbing.Known] = {}

    told = [alert for batch in cut(values, size) for alert in advance(known, batch).alerts]

    assert told == advance({}, values).alerts


@pytest.mark.parametrize("size", [1, 40, 1000])
def test_the_pipeline_in_one_call_finds_what_replay_finds_however_batches_are_cut(size: int) -> None:
    history = histories.year(5, 300)
    run = replay(history)
    company, last = AtOnce(history.rules), {}

    for batch in cut([line.raw for line in history.lines], size):
        for send in company.take(records(batch)).sends:
            last[send.key, send.headers] = send.value
    assert run.partition.time
    for send in company.take([clock(run.partition.time)]).sends:
        last[send.key, send.headers] = send.value

    answers = [of_json(value) for (_, headers), value in last.items() if value and not headers]
    told = sorted(finding_line(finding) for answer in answers for finding in answer.findings)
    assert told == findings_of([run.partition])
    assert told


def test_what_the_pipeline_comes_to_is_kept_as_rows_of_all_tables() -> None:
    history = histories.year(5, 300)

    taken = AtOnce(history.rules).take([*records(line.raw for line in history.lines), clock(SUMMER)])

    assert {row.partition("\t")[0] for row in taken.rows} == {"deals", "joins", "books"}
