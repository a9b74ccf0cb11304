"""What no event can be made of, in the inbox of a running worker: it becomes one dead letter, and nothing else happens.

The cases are put in as any producer could, straight into the topic. How long anything may take is told by good events
that were put in the same way a moment before: this machine may do other things.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from streams.dead_letters import MOST_BYTES
from streams.publish import Publisher
from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS, event
from tests.end_to_end.system import System, until

AT = "2026-03-02T09:15:00+01:00"
MANY = 1500
TIMES = 9
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def system(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One worker, which must live through all of this."""
    folder = tmp_path_factory.mktemp("bad-input")
    clock = {"clock": "wall", "clock_seconds": "1"}
    with System(broker.bootstrap, f"t{uuid.uuid4().hex[:8]}", folder, OURS, **clock) as system:
        yield system.start()


def deal_event(**changed: Any) -> bytes:
    """A good event but for what is changed; `fields` are its data."""
    told = json.loads(event("crm.deal.changed", uuid.uuid4().hex, AT, "D-bad", **changed.pop("fields", {})))
    return json.dumps({**told, **changed}).encode()


def with_amount(written: str) -> bytes:
    """A deal's event whose amount is written like this."""
    return deal_event(fields={"amount": 4711}).replace(b"4711", written.encode())


BAD: dict[str, tuple[bytes | None, str, str]] = {
    "E6 not JSON": (b"Dear Sir or Madam", "not_json", "Invalid JSON"),
    "E6 cut off": (deal_event()[:-20], "not_json", "EOF"),
    "E6 a list": (b"[1, 2]", "invalid", "object"),
    "E6 a number": (b"42", "invalid", "object"),
    "E6 nothing": (b"", "not_json", "EOF"),
    "E6 a tombstone": (None, "not_json", "EOF"),
    "E6 binary": (bytes(range(256)), "not_json", "Invalid JSON"),
    "E6 no UTF-8": (deal_event().replace(b"D-bad", b"D-\xff"), "not_json", "Invalid JSON"),
    "E6 a field of a wrong type": (deal_event(fields={"stage": 3}), "invalid", "data.stage"),
    "E6 no type": (b"{}", "invalid", "type"),
    "E6 a type that nobody knows": (deal_event(type="crm.deal.exploded"), "unknown_type", "type"),
    "E6 no deal": (deal_event(subject=None), "no_deal", "subject"),
    "E6 no id": (deal_event(id=""), "invalid", "id"),
    "E6 another version": (deal_event(specversion="2.0"), "invalid", "specversion"),
    "E6 half a character": (deal_event().replace(b"D-bad", rb"D-\ud800"), "not_json", "hex escape"),
    "E6 a deal with a line break": (deal_event(subject="D-1\nX-Evil: 1"), "invalid", "subject"),
    "E6 two owners": (deal_event(fields={"owner": "a@us.example, b@us.example"}), "invalid", "data.owner"),
    "E8 more than 1 MiB": (deal_event(fields={"name": "x" * MEGABYTE}), "too_large", "at most 1,048,576"),
    "E9 a hundred thousand fields": (deal_event(fields={f"f{n}": n for n in range(100_000)}), "too_large", "at most"),
    "E9 a hundred thousand brackets": (b"[" * 100_000, "not_json", "recursion"),
    "E9 a hundred thousand objects": (deal_event().replace(b'"D-bad"', b'{"a":' * 100_000), "not_json", "recursion"),
    "E10 not a number": (with_amount("NaN"), "invalid", "data.amount"),
    "E10 infinite": (with_amount("Infinity"), "invalid", "data.amount"),
    "E10 infinite below": (with_amount("-Infinity"), "invalid", "data.amount"),
    "E10 more than a float holds": (with_amount("1e400"), "invalid", "data.amount"),
    "E10 a number as text": (with_amount('"1E+999999"'), "invalid", "data.amount"),
    "E11 less than nothing": (with_amount("-1"), "invalid", "data.amount"),
    "E11 no currency": (deal_event(fields={"currency": "euro"}), "invalid", "data.currency"),
    "E13 no offset": (deal_event(time="2026-03-02T09:15:00"), "time", "time"),
    "E14 seconds since 1970": (deal_event(time=1_772_442_900), "time", "RFC 3339"),
    "E14 milliseconds as text": (deal_event(time="1772442900000"), "time", "RFC 3339"),
    "E14 a time without a value": (deal_event(time=None), "time", "RFC 3339"),
    "E15 the year 1": (deal_event(time="0001-01-01T00:00:00Z"), "time", "out of range"),
    "E15 before the year 1": (deal_event(time="0001-01-01T00:00:00+14:00"), "time", "out of range"),
    "E15 after the year 9999": (deal_event(time="9999-12-31T23:59:59-14:00"), "time", "out of range"),
    "E15 before 1990": (deal_event(time="1989-12-31T23:59:59Z"), "time", "before 1990"),
    "E15 days ahead": (deal_event(time="2150-01-01T00:00:00Z"), "time", "more than a day ahead"),
    "E16 a day that does not exist": (deal_event(fields={"close_date": "2024-02-30"}), "invalid", "data.close_date"),
    "E16 an empty day": (deal_event(fields={"close_date": ""}), "invalid", "data.close_date"),
    "E15 a date of the year 9999": (deal_event(fields={"close_date": "9999-12-31"}), "invalid", "data.close_date"),
}  # fmt: skip

# Odd, but events: name, what it is written like, and what is then known of the deal.
ODD: dict[str, tuple[bytes, dict[str, Any]]] = {
    "E9 fifty thousand fields": (deal_event(fields={f"f{n}": n for n in range(50_000)}), {"status": "open"}),
    "E11 for nothing": (with_amount("0"), {"amount": 0.0}),
    "E12 the same name twice": (with_amount('1, "amount": 2'), {"amount": 2.0}),
    "E15 the far east": (deal_event(time="2026-03-02T09:15:00+14:00"), {"status": "open"}),
    "E15 the far west": (deal_event(time="2026-03-02T09:15:00-12:00"), {"status": "open"}),
}  # fmt: skip


def known(system: System, deal: str) -> dict[str, Any] | None:
    """What the worker says of a deal now."""
    status, text = system.worker.ask(f"/deals/{deal}", Accept="application/json")
    return json.loads(text) if status == 200 else None


def put_before_a_good_one(system: System, *values: bytes | None) -> list[int]:
    """The offsets of what was put in; returns when a good event right behind it is taken."""
    deal = f"D-{uuid.uuid4().hex[:8]}"
    *offsets, _ = system.put(*values, event("crm.deal.changed", deal, AT, deal, stage="Demo"))
    until(lambda: known(system, deal), "the good event behind it is known")
    return offsets


def seconds(work: Callable[[], Any]) -> float:
    """How long something takes."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


def seconds_at_the_inbox(system: System, metric: str, values: Sequence[bytes | None]) -> float:
    """How long the inbox takes until all of these are counted, as accepted or as refused."""

    def counted() -> float:
        return sum(system.worker.metrics(metric).values())

    before = counted()

    def take() -> None:
        system.put(*values)
        until(lambda: counted() >= before + len(values), f"{len(values)} more in {metric}")

    return seconds(take)


@pytest.mark.parametrize("case", BAD)
def test_it_becomes_one_dead_letter_and_the_next_event_is_taken(case: str, system: System) -> None:
    value, reason, words = BAD[case]
    pid = system.worker.pid

    [offset] = put_before_a_good_one(system, value)

    told = [letter for letter in system.dead_letters() if letter.headers["stallwatch.errors.offset"] == b"%d" % offset]
    assert len(told) == 1
    headers = {name.removeprefix("stallwatch.errors."): text.decode() for name, text in told[0].headers.items()}
    assert headers["reason"] == reason
    assert words in headers["message"]
    assert "inbox" in headers["topic"]
    assert (headers["partition"], headers["offset"]) == ("0", str(offset))
    original = value or b""
    assert told[0].key == b"any"
    assert told[0].value == original[:MOST_BYTES]
    assert headers.get("truncated") == (str(len(original)) if len(original) > MOST_BYTES else None)
    assert system.worker.pid == pid is not None


@pytest.mark.parametrize("case", ODD)
def test_odd_events_are_events(case: str, system: System) -> None:
    value, expected = ODD[case]
    deal = f"D-{uuid.uuid4().hex[:8]}"
    before = len(system.dead_letters())

    system.put(value.replace(b"D-bad", deal.encode()))

    told = until(lambda: known(system, deal), "the event is known")
    assert {name: told[name] for name in expected} == expected
    assert len(system.dead_letters()) == before


SMALL = [value for value, *_ in BAD.values() if len(value or b"") < 100_000]


def test_the_event_behind_it_is_known_as_soon_as_one_behind_a_good_event(system: System) -> None:
    """Within a second, where a machine has nothing else to do: the worker stops for neither."""
    put_before_a_good_one(system)
    good, bad = [], []
    for value in SMALL[:: len(SMALL) // TIMES]:
        good.append(seconds(lambda: put_before_a_good_one(system, deal_event())))
        bad.append(seconds(lambda value=value: put_before_a_good_one(system, value)))  # type: ignore[misc]
    assert median(bad) < 2 * median(good)


def test_fifteen_hundred_in_a_row_are_refused_at_half_the_usual_speed_at_least(system: System) -> None:
    poison = [SMALL[number % len(SMALL)] for number in range(MANY)]
    usual, refusing = [], []
    for _ in range(5):  # the best of some, since others on this machine only ever make it slower
        fine = [deal_event(subject=f"D-many-{number % 100}") for number in range(MANY)]
        usual.append(seconds_at_the_inbox(system, "stallwatch_events_total", fine))
        system.wait_until_done()
        refusing.append(seconds_at_the_inbox(system, "stallwatch_dead_letters_total", poison))
        if min(refusing) < 2 * min(usual):
            return
    pytest.fail(f"{MANY} took {min(usual):.2f} s, and refused {min(refusing):.2f} s")


def test_fifteen_hundred_in_a_row_do_not_stop_it_and_leave_no_memory_behind(system: System) -> None:
    before, rss, pid = len(system.dead_letters()), resident(system.worker.pid), system.worker.pid

    offsets = put_before_a_good_one(system, *(SMALL[number % len(SMALL)] for number in range(MANY)))

    told = system.dead_letters()[before:]
    assert [int(letter.headers["stallwatch.errors.offset"]) for letter in told] == offsets
    assert resident(system.worker.pid) - rss < 100 * MEGABYTE
    assert system.worker.pid == pid is not None
    counted = system.worker.metrics("stallwatch_dead_letters_total")
    assert sum(counted.values()) == before + MANY
    assert system.worker.ready


def test_ten_megabytes_are_refused_by_their_size_and_cut(system: System) -> None:
    """Which the broker lets in only where somebody allowed it."""
    size = str(12 * MEGABYTE)
    with KafkaAdminClient(**system.settings.kafka.client()) as admin:
        inbox = ConfigResource(ConfigResourceType.TOPIC, system.topics["inbox"], {"max.message.bytes": size})
        admin.alter_configs([inbox])
    rss, pid = resident(system.worker.pid), system.worker.pid
    value = deal_event(fields={"name": "x" * (10 * MEGABYTE)})

    [offset] = put_before_a_good_one(system, value)

    told = system.dead_letters()[-1]
    assert told.headers["stallwatch.errors.offset"] == b"%d" % offset
    assert told.headers["stallwatch.errors.reason"] == b"too_large"
    assert told.headers["stallwatch.errors.truncated"] == b"%d" % len(value)
    assert told.value == value[:MOST_BYTES]
    assert resident(system.worker.pid) - rss < 100 * MEGABYTE
    assert system.worker.pid == pid is not None


def test_a_clock_from_the_future_is_refused_and_time_goes_on(system: System) -> None:
    """Time never goes back: one such clock would open every deadline for good."""
    before = len(system.dead_letters())
    publisher = Publisher(system.settings)
    publisher.tell_time(datetime.now(UTC) + timedelta(days=400))
    publisher.flush()

    put_before_a_good_one(system)

    told = until(lambda: system.dead_letters()[before:], "the clock is refused")
    assert {letter.headers["stallwatch.errors.reason"] for letter in told} == {b"time"}
    [reached] = system.worker.metrics("stallwatch_clock_timestamp_seconds").values()
    assert reached < (datetime.now(UTC) + timedelta(days=1)).timestamp()


def resident(pid: int | None) -> int:
    """Bytes of memory that a process has now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
