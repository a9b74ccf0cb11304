"""What was refused is kept as it was, with the reason and its coordinates."""

from datetime import UTC, datetime

from streams.dead_letters import MOST_BYTES, Letter, dead_letter, letter_of, refusal_of
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import HEARTBEAT_HEADERS, Record, Send


def told(letter: Send) -> dict[str, str]:
    return {name.removeprefix("stallwatch.errors."): value.decode() for name, value in letter.headers}


def test_bytes_key_and_headers_stay_and_the_reason_stands_in_headers() -> None:
    record = Record(3, b"D-1", b"\xff\x00{", (("traceparent", b"x"), *HEARTBEAT_HEADERS), offset=17)
    letter = dead_letter(record, "not_json", "expected value", "inbox", 8)
    assert (letter.topic, letter.partition, letter.key, letter.value) == ("dead_letters", 3, b"D-1", b"\xff\x00{")
    assert letter.headers == (
        ("traceparent", b"x"),
        *HEARTBEAT_HEADERS,
        ("stallwatch.errors.reason", b"not_json"),
        ("stallwatch.errors.message", b"expected value"),
        ("stallwatch.errors.topic", b"inbox"),
        ("stallwatch.errors.partition", b"3"),
        ("stallwatch.errors.offset", b"17"),
    )
    assert refusal_of(letter.headers) == (17, "not_json", "expected value")


def test_a_null_is_kept_as_an_empty_value_since_it_would_be_a_tombstone() -> None:
    letter = dead_letter(Record(0, None, None), "not_json", "", "inbox", 1)
    assert (letter.key, letter.value) == (None, b"")


def test_what_is_large_is_cut_and_its_length_kept() -> None:
    exact = dead_letter(Record(0, b"k", b"x" * MOST_BYTES), "too_large", "", "inbox", 1)
    assert exact.value == b"x" * MOST_BYTES
    assert "truncated" not in told(exact)
    cut = dead_letter(Record(0, b"k", b"x" * (MOST_BYTES + 1)), "too_large", "", "inbox", 1)
    assert cut.value == b"x" * MOST_BYTES
    assert told(cut)["truncated"] == str(MOST_BYTES + 1)


def test_a_dead_letter_can_always_be_written_however_large_key_and_headers_are() -> None:
    hostile = Record(0, b"k" * (MAX_MESSAGE_BYTES // 2), b"v" * MOST_BYTES, (("h", b"x" * (MAX_MESSAGE_BYTES // 2)),))
    letter = dead_letter(hostile, "not_json", "\U0001f4a5" * 5000, "inbox", 1)
    assert told(letter)["truncated-key"] == str(MAX_MESSAGE_BYTES // 2)
    assert told(letter)["truncated-headers"] == str(MAX_MESSAGE_BYTES // 2 + 1)
    size = len(letter.key or b"") + len(letter.value or b"") + sum(len(n) + len(v) for n, v in letter.headers)
    assert size < MAX_MESSAGE_BYTES * 0.6


def test_a_letter_that_was_refused_again_tells_the_newest_refusal() -> None:
    first = dead_letter(Record(0, b"k", b"{", offset=1), "not_json", "first", "inbox", 1)
    again = dead_letter(Record(0, first.key, first.value, first.headers, offset=9), "time", "second", "inbox", 1)
    assert refusal_of(again.headers) == (9, "time", "second")


def lying(letter: Send) -> Letter:
    """The letter as it is found in Kafka."""
    record = Record(letter.partition, letter.key, letter.value, letter.headers, offset=4)
    found = letter_of(record, datetime(2026, 3, 2, tzinfo=UTC))
    assert found is not None
    return found


def test_what_came_from_no_topic_has_no_place_there_and_keeps_the_source_that_its_reader_knows() -> None:
    row = Record(5, None, b'{"Deal No": "A-1"}')
    known = lying(dead_letter(row, "unreadable", "deals.csv:2: no time", "publish", 8, "acme-crm"))
    assert (known.place, known.source, known.headers) == ("publish", "acme-crm", ())
    assert lying(dead_letter(row, "unreadable", "", "publish", 8)).source == "unknown"
    assert lying(dead_letter(Record(5, None, b"{", offset=0), "not_json", "", "inbox", 8)).place == "inbox 5/0"


def test_a_message_that_no_encoding_can_hold_is_told_as_far_as_it_can_be() -> None:
    letter = dead_letter(Record(0, None, b""), "invalid", "a\ud800b", "inbox", 1)
    assert refusal_of(letter.headers)[2] == "a?b"
