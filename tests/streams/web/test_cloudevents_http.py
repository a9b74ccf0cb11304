"""CloudEvents by HTTP come in three forms, and the same event comes out."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from detectors.core.events import Refused
from streams.web.cloudevents_http import BATCH, JSON, MOST_IN_A_BATCH, STRUCTURED, events_in
from streams.web.pushes import UnknownForm

EVENT = {
    "specversion": "1.0",
    "id": "17-4",
    "source": "salesforce",
    "type": "crm.deal.changed",
    "subject": "D-ü 1",
    "time": "2026-03-02T09:15:00.123456+01:00",
    "data": {"stage": "Proposal", "amount": 48000.5},
}
DATA = orjson.dumps(EVENT["data"])
BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "17-4",
    "ce-source": "salesforce",
    "ce-type": "crm.deal.changed",
    "ce-subject": "D-%C3%BC%201",
    "ce-time": "2026-03-02T09:15:00.123456+01:00",
}


def read(headers: dict[str, str], body: bytes) -> list[bytes]:
    return events_in(headers, body)


@pytest.mark.parametrize("form", [STRUCTURED, JSON, f"{STRUCTURED}; charset=UTF-8", "Application/JSON"])
def test_one_event_in_one_piece_stays_as_it_is(form: str) -> None:
    body = b'{"specversion":"1.0",\n "whatever": 1e9 }'
    assert read({"content-type": form}, body) == [body]


@pytest.mark.parametrize("form", [BATCH, JSON])
def test_a_batch_is_told_apart(form: str) -> None:
    other = {**EVENT, "id": "17-5"}
    assert [orjson.loads(raw) for raw in read({"content-type": form}, orjson.dumps([EVENT, other, 42]))] == [
        EVENT,
        other,
        42,
    ]
    assert read({"content-type": form}, b" []") == []


def test_attributes_in_headers_and_data_in_the_body_are_the_same_event() -> None:
    [raw] = read(BINARY, DATA)
    told = events.parse(raw)
    expected = events.parse(orjson.dumps(EVENT))
    assert told.model_dump(exclude={"datacontenttype"}) == expected.model_dump()
    assert told.ref == expected.ref


@pytest.mark.parametrize(("told", "expected"), [("true", True), ("false", False), ("no", "no")])
def test_that_a_change_was_one_of_many_can_stand_in_a_header(told: str, expected: object) -> None:
    [raw] = read({**BINARY, "ce-bulk": told}, DATA)
    assert orjson.loads(raw)["bulk"] == expected


@pytest.mark.parametrize("name", ["ce-id", "ce-time", "ce-specversion", "ce-source", "ce-type"])
def test_nothing_is_made_up_for_a_header_that_is_missing(name: str) -> None:
    with pytest.raises(Refused, match=f"the header {name} is missing") as refused:
        read({key: value for key, value in BINARY.items() if key != name}, DATA)
    assert refused.value.reason == "invalid"


@pytest.mark.parametrize(
    ("header", "reason", "words"),
    [
        ({"ce-time": "2026-03-02T09:15:00"}, "time", "aware"),
        ({"ce-time": "yesterday"}, "time", "time"),
        ({"ce-specversion": "2.0"}, "invalid", "specversion"),
        ({"ce-id": ""}, "invalid", "id"),
        ({"ce-my_own": "x"}, "invalid", "my_own"),
    ],
)
def test_what_is_wrong_with_a_header_is_said(header: dict[str, str], reason: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        read({**BINARY, **header}, DATA)
    assert refused.value.reason == reason


@pytest.mark.parametrize("body", [b"no json", b"", b"[1]", b"\xff\xfe", b'{"amount": NaN}', b'"text"'])
def test_data_that_are_no_fields_are_refused_like_any_others(body: bytes) -> None:
    [raw] = read(BINARY, body)
    with pytest.raises(Refused):
        events.parse(raw)


def test_brackets_without_end_are_refused() -> None:
    with pytest.raises(Refused) as binary:
        read(BINARY, b"[" * 100_000)
    with pytest.raises(Refused) as batch:
        read({"content-type": BATCH}, b"[" * 100_000)
    assert (binary.value.reason, batch.value.reason) == ("not_json", "not_json")


@pytest.mark.parametrize("body", [b"no json", b"", b"[1", b"[NaN]"])
def test_a_batch_that_is_no_json_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read({"content-type": BATCH}, body)
    assert refused.value.reason == "not_json"


def test_one_event_is_no_batch_and_a_batch_has_an_end() -> None:
    with pytest.raises(Refused, match="a batch is a list"):
        read({"content-type": BATCH}, orjson.dumps(EVENT))
    assert len(read({"content-type": BATCH}, orjson.dumps([1] * MOST_IN_A_BATCH))) == MOST_IN_A_BATCH
    with pytest.raises(Refused, match="at most 1,000") as refused:
        read({"content-type": BATCH}, orjson.dumps([1] * (MOST_IN_A_BATCH + 1)))
    assert refused.value.reason == "too_large"


@pytest.mark.parametrize("form", ["", "text/plain", "application/xml", "application/cloudevents+avro", "text/json"])
def test_other_forms_are_named(form: str) -> None:
    with pytest.raises(UnknownForm, match=STRUCTURED.replace("+", r"\+")):
        read({"content-type": form}, orjson.dumps(EVENT))


HEADERS = st.dictionaries(st.sampled_from([*BINARY, "ce-bulk", "ce-data", "ce-", "ce-dataschema"]), st.text())


@given(st.sampled_from([STRUCTURED, BATCH, JSON]), HEADERS, st.binary() | st.sampled_from([DATA, b"[{}]"]))
def test_whatever_comes_is_read_or_refused(form: str, headers: dict[str, str], body: bytes) -> None:
    for told in ({**headers, "content-type": form}, {**BINARY, **headers, "content-type": form}):
        try:
            for raw in events_in(told, body):
                events.parse(raw)
        except Refused:
            pass
