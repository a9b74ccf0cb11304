"""Whatever stands in a table or a topic: events or refusals come of it, and nothing else."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.events import Refused
from streams.sources.in_order import in_order
from streams.sources.item import Item, Row
from streams.sources.salesforce import export
from streams.sources.salesforce.change_events import ENTITIES, changes, parse
from streams.sources.salesforce.reading import COLUMNS
from streams.sources.salesforce.settings import Salesforce
from tests.streams.sources.salesforce.readings import ACME, BETA

SETTINGS = Salesforce(
    fields={"Need__c": "need", "Deadline__c": "deadline", "Why__c": "lost_reason"},
    contact_fields={"Gone__c": "left", "Since__c": "joined_on"},
    account_fields={"Fit__c": "fit"},
    meeting_status="Outcome__c",
    mails=True,
)
OWN = (
    "Need__c",
    "Deadline__c",
    "Why__c",
    "Gone__c",
    "Since__c",
    "Fit__c",
    "Outcome__c",
    "OwnerId",
    "AccountId",
    "Owner",
)
IDS = st.sampled_from([ACME, BETA[:15], "005Dn00000RePaa", "001Dn00000AcMeX", "003Dn00000CfoAn", "00UDn00000MeEt1"])
TIMES = st.sampled_from(
    ["2026-03-02T08:00:00.000Z", "2026-03-02", "03/02/26 08:55 PM", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"]
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats() | st.sampled_from([0, 1772442000000, 20000])
WORDS = st.sampled_from(["TRUE", "false", "$1,000", "-5", "Call", "StageName", "Owner"])
CELLS = st.text(max_size=30) | IDS | TIMES | WORDS
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | CELLS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(CELLS, each, max_size=3),
    max_leaves=5,
)
NAMES = sorted({*OWN, *(name for names in COLUMNS.values() for name in names)})
ROWS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)
FIRM = st.fixed_dictionaries({"Id": IDS, "OpportunityId": IDS, "CreatedDate": TIMES, "Field": st.sampled_from(NAMES)})
WHOLE = st.tuples(ROWS, FIRM).map(lambda parts: parts[0] | parts[1])
TABLES = st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.lists(ROWS | WHOLE, max_size=4), max_size=5)


def clean(value: Any) -> Any:
    """What can stand in JSON: a row comes out of JSON or of a file of text."""
    return orjson.loads(orjson.dumps(value))


def assert_sound(items: list[Item]) -> None:
    for item in items:
        assert item.refusal is None or isinstance(item.refusal, Refused)
    list(in_order(items))


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_whatever_stands_in_tables(tables: dict[str, list[dict[str, Any]]]) -> None:
    rows = {name: [Row(f"{name}:{n}", clean(row)) for n, row in enumerate(some)] for name, some in tables.items()}
    items = list(export.read(rows, SETTINGS))
    assert_sound(items)
    again = list(export.read(rows, SETTINGS))
    assert [item.events for item in items] == [item.events for item in again]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_are_on_a_topic(value: bytes) -> None:
    assert_sound([changes(value, "topic/0@0", SETTINGS)])


HEADERS = st.fixed_dictionaries(
    {
        "entityName": st.sampled_from(ENTITIES) | CELLS,
        "changeType": st.sampled_from(["CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_UPDATE", "GAP_OVERFLOW"]) | CELLS,
        "recordIds": st.lists(IDS | CELLS, max_size=3),
        "commitTimestamp": st.integers(0, 2**53),
    },
    optional={
        "changedFields": st.lists(st.sampled_from(NAMES) | CELLS, max_size=4) | VALUES,
        "nulledFields": st.lists(st.sampled_from(NAMES) | CELLS, max_size=4) | VALUES,
        "diffFields": st.lists(st.sampled_from(NAMES), max_size=2),
        "transactionKey": CELLS,
        "sequenceNumber": NUMBERS,
        "commitNumber": NUMBERS,
    },
)


@settings(max_examples=150, deadline=None)
@given(HEADERS | VALUES, ROWS)
def test_whatever_a_change_event_says(header: Any, fields: dict[str, Any]) -> None:
    value = orjson.dumps({"ChangeEventHeader": header} | fields)
    item = changes(value, "topic/0@0", SETTINGS)
    assert_sound([item])
    if item.refusal is None and not item.events:
        # what tells nothing and needs no fetching says why
        assert item.why or parse(value, SETTINGS).to_fetch


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=10))
def test_whatever_columns_a_table_has(columns: list[str]) -> None:
    export.table_of(columns)
