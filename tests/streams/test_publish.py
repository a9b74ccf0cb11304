"""A history goes into the inbox of a real Kafka."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
import pytest

from detectors.core.events import MAX_BYTES
from streams import topics
from streams.demo.broker import Broker
from streams.history import Line
from streams.publish import Published, Publisher, PublishError
from streams.settings import Settings, Topics
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import CLOCK_EVERY, Clock, Record, partition_of
from tests.conftest import RunningBroker
from tests.streams.kafka_records import PARTITIONS, read, settings_on
from tests.streams.sample_deals import crm, day, inbound

FILE = Path("history.jsonl")


@pytest.fixture
def settings(broker: RunningBroker, prefix: str) -> Settings:
    told = settings_on(broker.bootstrap, prefix)
    topics.ensure(told)
    return told


def raw(told: dict[str, Any], deal: str | None = None) -> bytes:
    return orjson.dumps(told | ({"subject": deal} if deal else {}))


def published(settings: Settings, *told: bytes) -> Published:
    publisher = Publisher(settings)
    lines = [Line(FILE, number, each) for number, each in enumerate(told, start=1)]
    assert list(publisher.send(lines)) == lines
    return publisher.finish()


def inbox(settings: Settings) -> list[Record]:
    return read(settings, topics.names(settings)["inbox"])


def test_each_line_goes_to_its_deals_partition_as_it_is_and_in_order(settings: Settings) -> None:
    history = [raw(crm(n, id=f"{deal}-{n}"), deal) for n in range(5) for deal in ("D-1", "D-2", "D-ü", "D-4")]
    result = published(settings, *history)
    assert (result.sent, result.refused, result.newest) == (20, [], day(4))
    for deal in ("D-1", "D-2", "D-ü", "D-4"):
        found = [record for record in inbox(settings) if record.key == deal.encode()]
        assert [record.value for record in found] == [raw(crm(n, id=f"{deal}-{n}"), deal) for n in range(5)]
        assert {record.partition for record in found} == {partition_of(deal.encode(), PARTITIONS)}
        assert not any(record.mark for record in found)


def test_an_event_without_a_deal_has_its_own_identity_for_a_key(settings: Settings) -> None:
    published(settings, raw(inbound(1, "m-1")))
    assert [record.key for record in inbox(settings)] == [b"test/m-1"]


def test_what_the_worker_would_refuse_is_told_with_its_place_and_goes_all_the_same(settings: Settings) -> None:
    result = published(settings, b"no json", raw(crm(1), "D-1"), raw(crm(1)))
    assert result.sent == 1
    assert [(place, reason) for place, reason, _ in result.refused] == [
        ("history.jsonl:1", "not_json"),
        ("history.jsonl:3", "no_deal"),
    ]
    assert {record.value for record in inbox(settings)} == {b"no json", raw(crm(1), "D-1"), raw(crm(1))}


def test_what_no_topic_would_take_is_told_and_stays_behind(settings: Settings) -> None:
    larger, too_large = b"x" * (MAX_BYTES + 1), b"x" * MAX_MESSAGE_BYTES
    result = published(settings, larger, too_large, raw(crm(1), "D-1"))
    assert [reason for _, reason, _ in result.refused] == ["too_large", "too_large"]
    assert result.unsent == 1
    assert sorted(len(record.value or b"") for record in inbox(settings)) == [len(raw(crm(1), "D-1")), len(larger)]


def clocks(settings: Settings) -> list[tuple[int, datetime]]:
    return [(each.partition, Clock.of(each.value or b"").at) for each in inbox(settings) if each.mark == b"clock"]


def test_only_where_time_is_what_the_publisher_says_it_says_so_behind_the_events(settings: Settings) -> None:
    history = [raw(crm(3), "D-1"), raw(crm(1, id="late"), "D-2")]
    published(settings, *history)
    assert clocks(settings) == []
    published(settings.model_copy(update={"clock": "events"}), *history)
    assert clocks(settings) == [(number, day(3)) for number in range(PARTITIONS)]
    assert all(record.mark == b"clock" for record in {each.partition: each for each in inbox(settings)}.values())


def test_in_a_long_history_the_time_is_told_again_and_again(settings: Settings) -> None:
    count = 2 * CLOCK_EVERY + 1
    history = [raw(crm(n / 100, id=str(n)), f"D-{n % 7}") for n in range(count)]
    published(settings.model_copy(update={"clock": "events"}), *history)
    of_one = [at for partition, at in clocks(settings) if partition == 0]
    assert of_one == [day(n / 100) for n in (CLOCK_EVERY - 1, 2 * CLOCK_EVERY - 1, count - 1)]
    # no event stands behind a clock that has passed it
    for number in range(PARTITIONS):
        at = day(-1)
        for record in (each for each in inbox(settings) if each.partition == number):
            if record.mark:
                at = Clock.of(record.value or b"").at
            else:
                assert datetime.fromisoformat(orjson.loads(record.value or b"")["time"]) > at


def test_an_event_that_is_dated_ahead_does_not_make_time_run_ahead(settings: Settings) -> None:
    ahead = crm(1) | {"time": (datetime.now(UTC) + timedelta(hours=3)).isoformat()}
    result = published(settings.model_copy(update={"clock": "events"}), raw(crm(1), "D-1"), raw(ahead, "D-2"))
    assert (result.sent, result.newest) == (2, day(1))
    assert {at for _, at in clocks(settings)} == {day(1)}


def test_nothing_at_all_is_a_history_too(settings: Settings) -> None:
    assert published(settings.model_copy(update={"clock": "events"})) == Published()
    assert inbox(settings) == []


def test_an_inbox_that_is_missing_or_has_other_partitions_is_told_before_anything_is_sent(
    settings: Settings, broker: RunningBroker
) -> None:
    with pytest.raises(PublishError, match=r"^elsewhere\.inbox\.v1 is missing: run `stallwatch topics`$"):
        Publisher(settings_on(broker.bootstrap, "elsewhere"))
    more = settings.topics.model_copy(update={"partitions": 8})
    with pytest.raises(PublishError, match="has 3 partitions, must have 8"):
        Publisher(settings.model_copy(update={"topics": Topics.model_validate(more.model_dump())}))
    assert inbox(settings) == []


def test_a_kafka_that_goes_away_is_told_once_and_given_up_in_the_end_with_what_it_has(
    own_broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("streams.publish.TELL_SECONDS", 1.0)
    monkeypatch.setattr("streams.publish.MOST_SECONDS", 4.0)
    settings = settings_on(own_broker.bootstrap, prefix)
    topics.ensure(settings)
    publisher = Publisher(settings)
    list(publisher.send([Line(FILE, 1, raw(crm(1), "D-1"))]))
    publisher.flush()
    own_broker.kill()
    list(publisher.send([Line(FILE, 2, raw(crm(2), "D-2"))]))
    with pytest.raises(PublishError, match=r": .*; it has 1 event for certain, and publishing all again does no harm$"):
        publisher.finish()
    told = [each.getMessage() for each in caplog.records if each.name == "stallwatch.publish"]
    assert [each.partition(";")[0] for each in told] == [f"Kafka at {own_broker.bootstrap} does not answer"]


@pytest.mark.slow
def test_a_publish_that_is_interrupted_says_how_much_was_sent_and_that_it_may_be_done_again(settings: Settings) -> None:
    env = os.environ | {
        "STALLWATCH_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "STALLWATCH_TOPICS__PREFIX": settings.topics.prefix,
        "STALLWATCH_TOPICS__PARTITIONS": str(PARTITIONS),
    }
    command = [sys.executable, "-m", "streams", "publish", "-"]
    # a run of the tests in the background ignores Ctrl-C, and a child would inherit that
    listens = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=env, preexec_fn=listens) as run:
        assert run.stdin is not None
        run.stdin.write(raw(crm(1), "D-1") + b"\n")
        run.stdin.flush()
        # its input goes on, so it waits for more
        deadline = monotonic() + 60
        while not inbox(settings):
            assert monotonic() < deadline
        run.send_signal(signal.SIGINT)
        told = run.stderr.read().decode() if run.stderr else ""
        assert run.wait(30) == 130
    assert told == "interrupted: 1 event sent; publishing all again does no harm\n"
