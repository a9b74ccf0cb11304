"""Any CSV through a mapping: what it says of a row, and what is said where a row or the mapping is wrong."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import events
from streams.sources import table
from streams.sources.item import Item, Row
from streams.sources.mapped_csv import Mapping, MappingError, check, load, read

DEALS = """\
source: acme-crm
type: crm.deal.changed
columns: {subject: Deal No, id: [Deal No, Changed at], time: Changed at, stage: Phase, status: Ausgang, amount: Value,
  close_date: Close, owner: Rep, account.domains: Web}
constants: {currency: EUR}
values: {stage: {1 - Neu: Discovery}, status: {gewonnen: won}, owner: {Pratt: rep@us.example}}
formats: {date: "%d.%m.%Y", time: "%d.%m.%Y %H:%M", decimal: ","}
time_zone: Europe/Berlin
"""
HEAD = "Deal No;Changed at;Phase;Ausgang;Value;Close;Rep;Web\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def mapping(folder: Path, text: str = DEALS) -> Mapping:
    file = folder / "acme.yaml"
    file.write_text(text)
    return load(file)


def problems(folder: Path, text: str) -> list[str]:
    """What is said of a mapping that cannot be used, without the file's folder."""
    with pytest.raises(MappingError) as told:
        mapping(folder, text)
    return str(told.value).replace(str(folder / "acme.yaml"), "acme.yaml").splitlines()


def items(folder: Path, text: str, of: str = DEALS) -> list[Item]:
    file = folder / "deals.csv"
    file.write_text(text)
    refused: list[Item] = []
    found = list(read(mapping(folder, of), table.rows(file, refused.append)))
    assert not refused
    return found


def event_of(item: Item) -> dict[str, Any]:
    (event,) = item.events
    told: dict[str, Any] = orjson.loads(events.to_json(event))
    return told


def refusal(item: Item) -> str:
    """What is said of a row, with its place, as the command line says it."""
    assert item.refusal is not None
    return f"{Path(item.place).name}: {item.refusal}"


def test_a_row_is_an_event_in_the_words_of_the_contract(folder: Path) -> None:
    (item,) = items(
        folder,
        HEAD + "17;02.03.2026 09:15;1 - Neu;gewonnen;1.200,50 €;31.03.2026;Pratt;https://www.Customer.example/shop\n",
    )
    assert item.refusal is None
    assert event_of(item) == {
        "specversion": "1.0",
        "id": "17/02.03.2026 09:15",
        "source": "acme-crm",
        "subject": "17",
        "time": "2026-03-02T08:15:00Z",
        "type": "crm.deal.changed",
        "data": {
            "stage": "Discovery",
            "status": "won",
            "amount": 1200.5,
            "currency": "EUR",
            "close_date": "2026-03-31",
            "owner": "rep@us.example",
            "account": {"domains": ["customer.example"]},
        },
    }


def test_summer_time_is_the_zone_s(folder: Path) -> None:
    (item,) = items(folder, HEAD + "17;01.07.2026 09:15;Demo;;;;;\n")
    assert event_of(item)["time"] == "2026-07-01T07:15:00Z"


def test_what_an_empty_cell_says_is_a_matter_of_the_mapping(folder: Path) -> None:
    text = HEAD + "17;01.07.2026 09:15;Demo;;;;;\n"
    assert event_of(items(folder, text)[0])["data"] == {"stage": "Demo", "currency": "EUR"}
    cleared = event_of(items(folder, text, DEALS + "empty: cleared\n")[0])["data"]
    assert (cleared["close_date"], cleared["amount"], cleared["account"]) == (None, None, {"domains": None})


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            "17;02.03.2026 09:15;Demo;;;31.02.2026;;",
            "deals.csv:2: close_date (column Close): '31.02.2026' is no date (%d.%m.%Y)",
        ),
        ("17;02.03.2026 09:15;Demo;;viel;;;", "deals.csv:2: amount (column Value): 'viel' is no number (decimal ,)"),
        ("17;02.03.2026 09:15;Demo;;1.20;;;", "deals.csv:2: amount (column Value): '1.20' is no number (decimal ,)"),
        (
            f"17;02.03.2026 09:15;Demo;;1{' ' * 100_000}x;;;",
            f"deals.csv:2: amount (column Value): {'1' + ' ' * 59!r} is too long",
        ),
        (
            "17;02.03.2026 09:15;Demo;halb;;;;",
            "deals.csv:2: status (column Ausgang): Input should be 'open', 'won' or 'lost'",
        ),
        (
            "17;02.03.2026 09:15;Demo;;-5;;;",
            "deals.csv:2: amount (column Value): Input should be greater than or equal to 0",
        ),
    ],
)
def test_a_cell_that_cannot_be_read_takes_only_its_own_field_along(cells: str, told: str, folder: Path) -> None:
    (item,) = items(folder, HEAD + cells + "\n")
    assert refusal(item) == told
    assert event_of(item)["data"] == {"stage": "Demo", "currency": "EUR"}


def test_every_cell_that_cannot_be_read_is_named(folder: Path) -> None:
    (item,) = items(folder, HEAD + "17;02.03.2026 09:15;Demo;halb;viel;bald;;\n")
    assert [part.partition(" (")[0] for part in refusal(item).removeprefix("deals.csv:2: ").split("; ")] == [
        "amount",
        "close_date",
        "status",
    ]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("17;;Demo;;;;;", "deals.csv:2: id (column Changed at): empty"),
        (
            "17;gestern;Demo;;;;;",
            "deals.csv:2: time (column Changed at): 'gestern' is no time (%d.%m.%Y %H:%M)",
        ),
        ("17;02.03.1826 09:15;Demo;;;;;", "deals.csv:2: time (column Changed at): Value error, out of range"),
        (";02.03.2026 09:15;Demo;;;;;", "deals.csv:2: id (column Deal No): empty"),
    ],
)
def test_without_deal_or_time_there_is_no_event(cells: str, told: str, folder: Path) -> None:
    (item,) = items(folder, HEAD + cells + "\n")
    assert not item.events
    assert refusal(item).startswith(told.replace("Value error, ", ""))


PLAIN = "source: acme\ntype: crm.deal.changed\ncolumns: {subject: Nr, time: At, stage: Phase, close_date: Close}\n"


def test_without_columns_for_an_id_the_same_row_is_the_same_event_wherever_it_stands(folder: Path) -> None:
    one = items(folder, "Nr,At,Phase,Close,More\n1,2026-03-02T09:00:00Z,Demo,,x\n2,2026-03-02,Demo,,x\n", PLAIN)
    two = items(folder, "More,Nr,At,Phase,Close\nx,2,2026-03-02,Demo,\n\nx,1,2026-03-02T09:00:00Z,Demo,\n", PLAIN)
    assert [event_of(item) for item in one] == [event_of(item) for item in reversed(two)]
    assert len({event_of(item)["id"] for item in one}) == 2
    changed = items(folder, "Nr,At,Phase,Close,More\n1,2026-03-02T09:00:00Z,Offer,,x\n", PLAIN)
    assert event_of(changed[0])["id"] != event_of(one[0])["id"]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-03-02", "2026-03-02T00:00:00Z"),
        ("2026-03-02 09:15:30", "2026-03-02T09:15:30Z"),
        ("2026-03-02T09:15:30+05:30", "2026-03-02T03:45:30Z"),
    ],
)
def test_without_formats_and_zone_times_are_iso_and_utc(at: str, told: str, folder: Path) -> None:
    (item,) = items(folder, f"Nr,At,Phase,Close\n1,{at},Demo,2026-04-30\n", PLAIN)
    event = event_of(item)
    assert (event["time"], event["data"]["close_date"]) == (told, "2026-04-30")


@pytest.mark.parametrize(
    ("point", "cell", "amount"),
    [
        (".", "1200", 1200),
        (".", "1,200.50", 1200.5),
        (".", "USD 1,200", 1200),
        (".", "$0.5", 0.5),
        (",", "1.200", 1200),
        (",", "1 200 000,5", 1200000.5),
        (",", "1'200,00 CHF", 1200),
        (",", "€ 12,30", 12.3),
        (".", "1.200,50", None),
        (".", "12,00", None),
        (",", "1.20.000", None),
        (".", "1e3", None),
        (".", "NaN", None),
        (".", "5 %", None),
    ],
)
def test_numbers_are_read_by_the_decimal_sign_and_never_guessed(
    point: str, cell: str, amount: float | None, folder: Path
) -> None:
    of = f'{PLAIN.replace("close_date: Close", "amount: Close")}formats: {{decimal: "{point}"}}\n'
    (item,) = items(folder, f"Nr|At|Phase|Close\n1|2026-03-02|Demo|{cell}\n", of)
    assert event_of(item)["data"].get("amount") == amount
    assert (item.refusal is None) == (amount is not None)


def test_a_call_and_a_mail_can_be_mapped_and_name_no_deal(folder: Path) -> None:
    call = """\
source: phone
type: activity.call
columns: {id: Call, call_id: Call, time: At, with: Who, connected: Answered}
constants: {direction: outbound}
"""
    (item,) = items(
        folder, 'Call,At,Who,Answered\n9,2026-03-02,"boss@customer.example; cfo@customer.example",ja\n', call
    )
    told = event_of(item)
    assert "subject" not in told
    assert told["data"] == {
        "call_id": "9",
        "direction": "outbound",
        "with": ["boss@customer.example", "cfo@customer.example"],
        "connected": True,
    }
    mail = """\
source: archive
type: activity.email
columns: {time: At, message_id: Id, from: From, data.subject: Re, subject: Deal}
"""
    (item,) = items(folder, "At,Id,From,Re,Deal\n2026-03-02,<a@b>,boss@customer.example,Price?,17\n", mail)
    told = event_of(item)
    assert (told["subject"], told["data"]["subject"], told["data"]["from"]) == ("17", "Price?", "boss@customer.example")


def test_an_event_that_is_none_without_a_field_is_refused_by_it(folder: Path) -> None:
    contact = "source: c\ntype: crm.contact.changed\ncolumns: {subject: Nr, time: At, email: Mail, name: Who}\n"
    bad, none = items(folder, "Nr,At,Mail,Who\n1,2026-03-02,nobody,Ann\n1,2026-03-02,,Ann\n", contact)
    assert bad.events == none.events == ()
    assert refusal(bad).startswith("deals.csv:2: email (column Mail): not a mail address")
    assert refusal(none) == "deals.csv:3: email (column Mail): Field required"


FIELD = "is no field of crm.deal.changed; did you mean"
FLAGS = "yes, no, on and off are flags to YAML: write"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("stage: Phase", "stagee: Phase", f"3: columns.stagee: {FIELD} stage?"),
        ("time: Changed at, ", "", "3: columns: time is missing: which column says when it happened?"),
        ("subject: Deal No, ", "", "3: columns: subject is missing: which column says which deal it is?"),
        ("stage: Phase", "stage: [Phase, Value]", "3: columns.stage: only an id may be made of several columns"),
        ("stage: Phase", "stage: No", f"3: columns.stage: {FLAGS} a column of this name in quotes"),
        ("stage: Phase", "stage: []", "3: columns.stage: Value should have at least 1 item after validation, not 0"),
        ("formats: {date", "formats: {dates", "7: formats.dates: is no known name; did you mean date?"),
        ('"%d.%m.%Y",', "tt.mm.jj,", "7: formats.date: 'tt.mm.jj' does not tell a day; one that does is %d.%m.%Y"),
        ("Europe/Berlin", "Europe/Belin", "8: time_zone: 'Europe/Belin' is no time zone; did you mean Europe/Berlin?"),
        ("crm.deal.changed", "crm.deal.change", "2: type: Input should be 'crm.deal.changed', 'crm.contact.changed', "),
        ("{gewonnen: won}", "{yes: won}", f"6: values.status: {FLAGS} such a value in quotes"),
        ("empty: cleared", "emty: cleared", "9: emty: is no known name; did you mean empty?"),
        ("source: acme-crm\n", "", "1: source: Field required"),
        ("stage: {1", "stagge: {1", f"6: values.stagge: {FIELD} stage?"),
        ("currency: EUR", "id: 1", "5: constants.id: differs from row to row: name its column"),
        ("currency: EUR", "currencie: EUR", f"5: constants.currencie: {FIELD} currency?"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_its_line(
    before: str, after: str, told: str, folder: Path
) -> None:
    good = DEALS + "empty: cleared\n"
    assert before in good
    (found,) = problems(folder, good.replace(before, after))
    assert found.startswith(f"acme.yaml:{told}")


def test_every_problem_of_a_mapping_is_named(folder: Path) -> None:
    found = problems(
        folder, DEALS.replace("stage: Phase", "stagee: Phase").replace("time: Changed at", "tyme: Changed at")
    )
    assert [line.partition(": is")[0] for line in found] == [
        "acme.yaml:3: columns.tyme",
        "acme.yaml:3: columns.stagee",
        "acme.yaml:3: columns: time is missing: which column says when it happened?",
    ]


@pytest.mark.parametrize("text", ["", "[]", "x", "columns: {", "\0"])
def test_what_is_no_mapping_is_refused(text: str, folder: Path) -> None:
    assert all(line.startswith("acme.yaml") for line in problems(folder, text))


def test_a_column_that_a_file_has_not_is_named_with_what_may_be_meant(folder: Path) -> None:
    columns = ["Deal No", "Changed at", "Fase", "Ausgang", "Value", "Close", "Rep"]
    with pytest.raises(MappingError) as told:
        check(mapping(folder), columns, "deals.csv")
    assert str(told.value).splitlines() == [
        "deals.csv: stage is mapped to the column 'Phase', which is not there; did you mean Fase?",
        "deals.csv: account.domains is mapped to the column 'Web', which is not there",
    ]
    check(mapping(folder), [*columns, "Phase", "Web"], "deals.csv")


def test_a_column_with_nothing_in_any_row_is_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", "stallwatch"):
        items(folder, "Nr,At,Fase,Close\n1,2026-03-02,Demo,2026-04-30\n", PLAIN)
    assert caplog.messages == ["stage: the column 'Phase' has nothing in any row; did you mean Fase?"]


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["17", "02.03.2026", "02.03.2026 09:15", "1.200,5", "won", "rep@us.example", "0,0", "31.12.9999 23:59"]
    ),
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(HEAD.strip().split(";")), CELLS, max_size=8), max_size=5))
def test_whatever_stands_in_the_cells_each_row_is_an_item(rows: list[dict[str, str]]) -> None:
    of = Mapping.model_validate(yaml.safe_load(DEALS))
    found = list(read(of, [Row(f"deals.csv:{number}", row) for number, row in enumerate(rows, start=2)]))
    assert len(found) == len(rows)
    assert all(item.events or item.refusal for item in found)
