"""Files of any kind are told apart by what is in them, and come in the order of their times."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from detectors.core.rules import Rules
from streams.history import HistoryError, lines
from streams.sources.connections import Connections
from streams.sources.files import Reading, read
from streams.sources.item import Item
from streams.sources.mapped_csv import load as load_mapping
from tests.streams.sample_deals import crm

RULES = Rules.of({"organization": {"domains": ["us.example"]}})
MAIL = """From: Rep <rep@us.example>
To: Buyer <buyer@customer.example>
Subject: Our offer
Date: Tue, 3 Mar 2026 10:00:00 +0100
Message-ID: <m-1@us.example>

As agreed, our offer.
"""
OPPORTUNITY = """Id,Name,StageName,CloseDate,IsClosed,IsWon,CreatedDate,LastModifiedDate,OwnerId
006000000000001AAA,Press,Demo,2026-06-30,FALSE,FALSE,2026-03-02T08:00:00Z,2026-03-02T08:00:00Z,005000000000001AAA
"""
USERS = "Id,Username,Email,Name,IsActive\n005000000000001AAA,rep@us.example,rep@us.example,Rep,TRUE\n"
OWN = "Deal No;Phase;Changed\nA-1;2 - Demo;04.03.2026 09:15\n"
MAPPING = """
source: acme-crm
type: crm.deal.changed
columns: {subject: Deal No, time: Changed, stage: Phase}
values: {stage: {2 - Demo: Demo}}
formats: {time: "%d.%m.%Y %H:%M"}
time_zone: Europe/Berlin
"""


def told(paths: Iterable[Path], **more: Any) -> list[dict[str, Any]]:
    return [orjson.loads(each.raw) for each in read(paths, Reading(RULES, **more))]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_cloudevents_alone_come_as_they_lie_good_or_not(tmp_path: Path) -> None:
    for name in ("history.jsonl", "history.json", "history"):
        path = written(tmp_path, name, f"{orjson.dumps(crm(1)).decode()}\nno json\n\n{orjson.dumps(crm(0)).decode()}\n")
        assert list(read([path], Reading(RULES))) == list(lines([path]))


def test_mail_exports_and_events_come_together_in_the_order_of_their_times(tmp_path: Path) -> None:
    mapped = load_mapping(written(tmp_path, "acme.yaml", MAPPING))
    history = written(tmp_path, "history.jsonl", orjson.dumps(crm(9) | {"subject": "D-1"}).decode())
    mbox = written(tmp_path, "sales.mbox", f"From rep@us.example Tue Mar  3 10:00:00 2026\n{MAIL}\n")
    own = written(tmp_path, "deals.csv", OWN)
    found = told([history, own, mbox], mapping=mapped, mail_source="gmail")
    assert [each["source"] for each in found] == ["gmail", "acme-crm", crm(9)["source"]]
    assert [each["time"] for each in found] == sorted(each["time"] for each in found)
    assert found[0]["data"]["from"] == "rep@us.example"
    assert (found[1]["subject"], found[1]["data"]) == ("A-1", {"stage": "Demo"})


def test_a_vendors_tables_explain_each_other_whichever_is_named_first(tmp_path: Path) -> None:
    paths = [written(tmp_path, "a.csv", OPPORTUNITY), written(tmp_path, "b.csv", USERS)]
    assert told(paths) == told(paths[::-1]) == told([tmp_path])
    assert {each["source"] for each in told(paths)} == {"salesforce"}
    assert "rep@us.example" in {each["data"].get("owner") for each in told(paths)}


def test_the_connections_file_says_what_a_vendors_source_is_called(tmp_path: Path) -> None:
    named = Connections.model_validate({"salesforce": {"source": "crm-emea"}})
    found = told([written(tmp_path, "a.csv", OPPORTUNITY), written(tmp_path, "b.csv", USERS)], connections=named)
    assert {each["source"] for each in found} == {"crm-emea"}


def test_what_each_thing_was_taken_for_is_told(tmp_path: Path) -> None:
    heard: list[Item] = []
    eml = written(tmp_path, "one.eml", MAIL)
    broken = written(tmp_path, "b.csv", USERS + "a,b\n")
    refusals = [
        each.refusal for each in read([eml, broken], Reading(RULES, on_item=heard.append)) if each.refusal is not None
    ]
    assert [(each.place, each.kind) for each in heard if each.events] == [(str(eml), "mail")]
    assert [str(each) for each in refusals if each] == [str(each.refusal) for each in heard if each.refusal]
    assert len(refusals) == 1


def test_columns_that_nobody_knows_are_named_before_anything_is_read(tmp_path: Path) -> None:
    eml, own = written(tmp_path, "one.eml", MAIL), written(tmp_path, "deals.csv", OWN)
    with pytest.raises(HistoryError, match=r"deals\.csv: .*Deal No, Phase, Changed.*--mapping"):
        read([eml, own], Reading(RULES))


def test_a_folder_with_mail_and_exports_stands_for_both(tmp_path: Path) -> None:
    written(tmp_path, "export/sales.mbox", f"From rep@us.example Tue Mar  3 10:00:00 2026\n{MAIL}\n")
    written(tmp_path, "export/a.csv", OPPORTUNITY)
    written(tmp_path, "export/b.csv", USERS)
    found = told([tmp_path / "export"])
    assert {each["source"] for each in found} == {"mail", "salesforce"}
    assert "rep@us.example" in {each["data"].get("owner") for each in found}


@pytest.mark.parametrize("name", ["export.xlsx", "export.txt", "export"])
def test_a_file_of_no_known_form_is_refused_as_a_whole_and_not_line_by_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(HistoryError, match=f"{name}: neither mail nor a table .* save a spreadsheet as CSV"):
        read([written(tmp_path, name, OPPORTUNITY)], Reading(RULES))


def test_a_pipe_of_events_is_read_from_its_first_line(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        pool.submit(pipe.write_bytes, orjson.dumps(crm(1)))
        assert len(list(read([pipe], Reading(RULES)))) == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dump.json", "[1, 2", "not JSON"),
        ("dump.json", '[{"neither": 1}]', "no dump of a CRM that is known"),
        ("folder/notes.doc", "", "neither mail nor an export"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(HistoryError, match=said):
        read([path.parent if "/" in name else path], Reading(RULES))
