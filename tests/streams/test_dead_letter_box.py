"""Dead letters on a real Kafka: found by what is asked for, and sent to the inbox again, each once."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from streams import dead_letter_box, topics
from streams.dead_letter_box import MOST_ATTEMPTS, Fate, Found, Wanted, find, letter, retry
from streams.dead_letters import MOST_BYTES, dead_letter
from streams.settings import Kafka, Settings
from streams.topics import KafkaUnavailable, TopicsError
from streams.wire import Clock, Headers, Record, Send, partition_of
from tests.conftest import RunningBroker
from tests.streams.kafka_records import PARTITIONS, read, settings_on, write
from tests.streams.sample_deals import crm

NOW = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.fixture
def settings(broker: RunningBroker, prefix: str) -> Settings:
    told = settings_on(broker.bootstrap, prefix)
    topics.ensure(told)
    return told


def raw(deal: str | None = "D-1", **more: Any) -> bytes:
    """An event that is good as things are, unless something is changed."""
    return orjson.dumps(crm(1, stage="Demo") | ({"subject": deal} if deal else {}) | more)


def refused(
    value: bytes, reason: str = "unknown_type", topic: str = "inbox", partition: int = 0, headers: Headers = ()
) -> Send:
    """The letter of what was refused by a worker that knew less."""
    record = Record(partition, b"any", value, headers, offset=17)
    return dead_letter(record, reason, f"why: {reason}", topic, PARTITIONS)


def buried(settings: Settings, *letters: Send) -> None:
    write(settings, topics.names(settings)["dead_letters"], letters)


def names(found: Iterable[Found]) -> list[str]:
    return [each.letter.name for each in found]


def inbox(settings: Settings) -> list[Record]:
    return read(settings, topics.names(settings)["inbox"])


def sent(settings: Settings, *wanted: str, force: bool = False, dry_run: bool = False) -> list[Fate]:
    chosen = [each.letter for each in find(settings, Wanted(wanted))]
    return list(retry(settings, chosen, NOW, force=force, dry_run=dry_run))


def test_a_letter_is_found_with_all_that_is_told_of_it_and_without_its_bytes(settings: Settings) -> None:
    buried(settings, refused(raw(), partition=2))
    [found] = find(settings, Wanted())
    told = found.letter
    assert (told.name, told.reason, told.message) == ("2/0", "unknown_type", "why: unknown_type")
    assert (told.topic, told.place, told.source, told.size) == ("inbox", "inbox 2/17", "test", len(raw()))
    assert (told.attempts, told.cut, told.value, found.was_sent) == (0, None, b"", False)
    assert abs(told.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_by_its_name_it_is_there_with_its_bytes_and_headers(settings: Settings) -> None:
    buried(settings, refused(raw()), refused(b"\xff\x00", "not_json", headers=(("traceparent", b"x"),)))
    told = letter(settings, "0/1")
    assert told is not None
    assert (told.value, told.key, told.headers) == (b"\xff\x00", b"any", (("traceparent", b"x"),))
    assert letter(settings, "0/2") is None
    assert letter(settings, "7/0") is None


def test_filters_leave_what_is_asked_for(settings: Settings) -> None:
    buried(
        settings,
        refused(raw(source="crm"), "time"),
        refused(raw(source="gmail"), "no_deal"),
        refused(raw(source="crm"), "no_deal", partition=1),
        refused(b"a row", "unreadable", topic="publish", partition=2),
    )
    assert sorted(names(find(settings, Wanted()))) == ["0/0", "0/1", "1/0", "2/0"]
    assert names(find(settings, Wanted(reason="time"))) == ["0/0"]
    assert sorted(names(find(settings, Wanted(source="crm")))) == ["0/0", "1/0"]
    assert names(find(settings, Wanted(source="crm", reason="no_deal"))) == ["1/0"]
    assert names(find(settings, Wanted(topic="publish"))) == ["2/0"]
    assert names(find(settings, Wanted(names=["1/0", "9/9"]))) == ["1/0"]


def test_filters_by_time_are_by_when_it_was_refused(settings: Settings) -> None:
    buried(settings, refused(raw()))
    [found] = find(settings, Wanted())
    at, instant = found.letter.at, timedelta(milliseconds=1)
    assert names(find(settings, Wanted(since=at, until=at))) == ["0/0"]
    assert find(settings, Wanted(since=at + instant)) == []
    assert find(settings, Wanted(until=at - instant)) == []


def test_they_come_in_the_order_in_which_they_were_refused(settings: Settings) -> None:
    for number in (2, 0, 1, 0):
        buried(settings, refused(raw(), partition=number))
    assert names(find(settings, Wanted())) == ["2/0", "0/0", "1/0", "0/1"]


def test_what_is_sent_again_is_in_its_deals_partition_of_the_inbox_and_is_found_no_more(settings: Settings) -> None:
    buried(settings, refused(raw("D-ü"), headers=(("traceparent", b"x"),)))
    assert [(fate.letter.name, fate.problem) for fate in sent(settings)] == [("0/0", None)]
    [record] = inbox(settings)
    assert (record.value, record.key) == (raw("D-ü"), "D-ü".encode())
    assert record.partition == partition_of("D-ü".encode(), PARTITIONS)
    assert record.headers == (("traceparent", b"x"), ("stallwatch.errors.attempt", b"1"))

    assert find(settings, Wanted()) == []
    [found] = find(settings, Wanted(sent_too=True))
    assert (found.letter.name, found.was_sent) == ("0/0", True)
    assert sent(settings) == []
    assert len(inbox(settings)) == 1


def test_what_stood_in_the_wrong_partition_is_sent_the_right_way(settings: Settings) -> None:
    buried(settings, refused(raw("D-ü"), "misrouted", topic="deal-events", partition=2))
    assert [fate.problem for fate in sent(settings)] == [None]
    [record] = inbox(settings)
    assert (record.key, record.partition) == ("D-ü".encode(), partition_of("D-ü".encode(), PARTITIONS))


def test_many_are_sent_a_part_at_a_time_and_none_twice(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter_box, "AT_ONCE", 3)
    buried(settings, *(refused(raw(f"D-{number}", id=f"{number}"), partition=number % 3) for number in range(10)))
    chosen = [each.letter for each in find(settings, Wanted())]
    run = retry(settings, chosen, NOW)
    next(run)
    # it is cut off here, as by Ctrl-C: what was sent is marked, and the rest is still there
    run.close()
    assert (len(inbox(settings)), len(find(settings, Wanted()))) == (3, 7)
    assert len(sent(settings)) == 7
    assert len({record.value for record in inbox(settings)}) == len(inbox(settings)) == 10


def test_a_dry_run_sends_nothing_and_says_the_same(settings: Settings) -> None:
    buried(settings, refused(raw()), refused(b"no json", "not_json"))
    told = {fate.letter.name: fate.problem is None for fate in sent(settings, dry_run=True)}
    assert told == {"0/0": True, "0/1": False}
    assert inbox(settings) == []
    assert len(find(settings, Wanted())) == 2


@pytest.mark.parametrize(
    ("letter", "problem"),
    [
        (refused(raw(deal=None), "no_deal"), "it would be refused again, no_deal: subject"),
        (refused(raw(type="crm.deal.exploded")), "it would be refused again, unknown_type: "),
        (refused(b'{"a": 1}' + b" " * MOST_BYTES, "invalid"), "a part of it was cut off"),
        (refused(b"a;row", "unreadable", topic="publish"), "it is no event, but what was given to publish: "),
        (refused(raw(), "time", topic="hooks/hubspot"), "it is no event, but what was given to hooks/hubspot: "),
        (refused(raw(), "time", headers=Clock.HEADERS), "it is no event, but a mark of stallwatch's own"),
        (
            refused(raw(), headers=(("stallwatch.errors.attempt", b"%d" % MOST_ATTEMPTS),)),
            "it was sent again 5 times already, and refused each time",
        ),
    ],
)
def test_what_cannot_be_mended_by_another_try_is_left_and_told_why(
    letter: Send, problem: str, settings: Settings
) -> None:
    buried(settings, letter)
    [fate] = sent(settings)
    assert fate.problem is not None
    assert fate.problem.startswith(problem)
    assert inbox(settings) == []
    assert len(find(settings, Wanted())) == 1


def test_by_force_goes_what_would_be_refused_and_what_was_tried_often_but_no_part_of_an_event(
    settings: Settings,
) -> None:
    often = (("stallwatch.errors.attempt", b"7"),)
    buried(settings, refused(raw(deal=None), "no_deal"), refused(raw(), headers=often))
    buried(settings, refused(b" " * (MOST_BYTES + 1)), refused(b"a;row", topic="publish"))
    fates = {fate.letter.name: fate.problem is None for fate in sent(settings, force=True)}
    assert fates == {"0/0": True, "0/1": True, "0/2": False, "0/3": False}
    attempts = sorted(dict(record.headers)["stallwatch.errors.attempt"] for record in inbox(settings))
    assert attempts == [b"1", b"8"]


def test_the_count_of_attempts_comes_back_with_what_is_refused_again(settings: Settings) -> None:
    buried(settings, refused(raw()))
    sent(settings)
    [record] = inbox(settings)
    buried(settings, dead_letter(record, "time", "still", "inbox", PARTITIONS))
    [found] = find(settings, Wanted())
    assert (found.letter.attempts, found.letter.reason) == (1, "time")


@pytest.mark.parametrize("attempt", [b"", b"many", b"-1", "²".encode(), b"9" * 5000, b"\xff"])
def test_a_count_that_somebody_made_up_is_none(attempt: bytes, settings: Settings) -> None:
    buried(settings, refused(raw(), headers=(("stallwatch.errors.attempt", attempt),)))
    [found] = find(settings, Wanted())
    assert found.letter.attempts == 0


def test_nobody_can_hide_a_letter_by_a_mark_that_came_from_outside(settings: Settings) -> None:
    mark = (("stallwatch-mark", b"retried"),)
    buried(settings, refused(b'{"retried": 0}', headers=mark), refused(b'{"retried": 0}', headers=mark))
    assert names(find(settings, Wanted())) == ["0/0", "0/1"]
    # nor does a broken one cost anybody the others
    buried(settings, Send("dead_letters", 0, None, b"{", mark), Send("dead_letters", 1, None, b"", ()))
    assert names(find(settings, Wanted())) == ["0/0", "0/1"]


def test_a_kafka_that_is_away_or_has_no_such_topic_is_told(broker: RunningBroker, settings: Settings) -> None:
    with pytest.raises(TopicsError, match=r"elsewhere\.dead-letters\.v1 is missing: run `stallwatch topics`"):
        find(settings_on(broker.bootstrap, "elsewhere"), Wanted())
    kafka = Kafka(bootstrap_servers="127.0.0.1:1", connect_timeout_seconds=0.5)
    away = settings.model_copy(update={"kafka": kafka})
    with pytest.raises(KafkaUnavailable, match=r"^Kafka at 127\.0\.0\.1:1: "):
        find(away, Wanted())


def test_progress_is_told_with_every_record(settings: Settings) -> None:
    buried(settings, refused(raw()), refused(raw()))
    told: list[int] = []
    find(settings, Wanted(), told.append)
    assert told == [1, 2]
