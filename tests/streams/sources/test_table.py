"""CSV files as they come: encodings, separators, quotes, and rows that do not fit."""

import csv
import gzip
import io
import logging
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.sources import table
from streams.sources.item import Item, Row
from streams.sources.table import TableError, columns, rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deals.csv"


def read(file: Path, text: str | bytes) -> tuple[list[Row], list[Item]]:
    """The rows of a file with this text, and what was refused, by places without the folder."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused: list[Item] = []
    found = list(rows(file, refused.append))
    return found, refused


def problem(file: Path, text: str | bytes) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(TableError) as told:
        read(file, text)
    return str(told.value).replace(str(file), "deals.csv")


def fields(found: tuple[list[Row], list[Item]]) -> list[dict[str, str]]:
    assert not found[1]
    return [dict(row.fields) for row in found[0]]


ONE = [{"Deal No": "17", "Phase": "Angebot", "Wert": "1.200,50"}]


@pytest.mark.parametrize("separator", list(",;\t|"), ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_whatever_parts_the_cells_is_found(separator: str, end: str, file: Path) -> None:
    lines = [["Deal No", "Phase", "Wert"], ["17", "Angebot", '"1.200,50"']]
    assert fields(read(file, end.join(separator.join(line) for line in lines) + end)) == ONE


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark", "utf-32", "cp1252"]
)
def test_a_text_is_read_in_the_encoding_that_it_was_written_in(encoding: str, file: Path) -> None:
    mark = "\ufeff" if encoding.endswith("-mark") else ""
    raw = (mark + "Größe;Name\n9;Müller – Söhne\n").encode(encoding.removesuffix("-mark"))
    assert fields(read(file, raw)) == [{"Größe": "9", "Name": "Müller – Söhne"}]
    assert columns(file) == ("Größe", "Name")


def test_an_encoding_that_is_only_supposed_is_said(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "stallwatch"):
        read(file, "No;Name\n1;Meyer\n2;Müller\n".encode("cp1252"))
    (said,) = caplog.messages
    assert said.replace(str(file), "deals.csv") == "deals.csv:3: not UTF-8, so all of the file is read as Windows-1252"


def test_bytes_that_no_encoding_has_are_an_error(file: Path) -> None:
    assert problem(file, b"No;Name\n1;\x81\n").startswith("deals.csv: the text cannot be read: ")


def test_a_character_cut_in_two_between_two_reads_is_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "CHUNK", 3)
    assert fields(read(file, "No;Name\n1;üüüü€€\n")) == [{"No": "1", "Name": "üüüü€€"}]


def test_a_packed_file_is_read_as_a_plain_one_whatever_its_name(file: Path) -> None:
    assert fields(read(file, gzip.compress(b"No,Name\n1,Meyer\n"))) == [{"No": "1", "Name": "Meyer"}]


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-9], lambda raw: raw[:12] + b"\xff\xff" + raw[14:]])
def test_a_damaged_packed_file_is_named(spoil, file: Path) -> None:  # type: ignore[no-untyped-def]
    raw = gzip.compress(b"No,Name\n" + b"".join(b"%d,Meyer\n" % number for number in range(999)))
    assert problem(file, spoil(raw)).startswith("deals.csv: ")


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(TableError, match="No such file"):
        columns(file)


def test_the_place_of_a_row_is_the_line_where_it_begins(file: Path) -> None:
    found, _ = read(file, 'No,Note\n1,"two\nlines, and ""quotes"""\n\n,\n2,short\n')
    assert [(row.place.rpartition("/")[2], row.fields) for row in found] == [
        ("deals.csv:2", {"No": "1", "Note": 'two\nlines, and "quotes"'}),
        ("deals.csv:6", {"No": "2", "Note": "short"}),
    ]


def test_what_excel_says_of_the_separator_is_heard_and_the_lines_still_count(file: Path) -> None:
    found, refused = read(file, "sep=|\nNo|Name, First\n1|Meyer, Ann\n2|a|b\n")
    assert [(row.place.rpartition("/")[2], row.fields) for row in found] == [
        ("deals.csv:3", {"No": "1", "Name, First": "Meyer, Ann"})
    ]
    assert refused[0].place.endswith("deals.csv:4")


def test_a_row_with_more_or_fewer_cells_is_refused_and_the_others_are_taken(file: Path) -> None:
    found, refused = read(file, "No,Name,Phase\n1,Meyer\n2,Meyer,Demo\n3,Meyer,Demo,Berlin\n")
    assert [row.fields["No"] for row in found] == ["2"]
    assert [(item.place.rpartition("/")[2], str(item.refusal), item.raw) for item in refused] == [
        ("deals.csv:2", "2 cells, where the first line names 3 columns", b"1,Meyer\n"),
        ("deals.csv:4", "4 cells, where the first line names 3 columns", b"3,Meyer,Demo,Berlin\n"),
    ]
    assert {item.refusal.reason for item in refused if item.refusal} == {"unreadable"}


def test_a_row_with_broken_quotes_or_a_nul_byte_is_refused_and_the_others_are_taken(file: Path) -> None:
    found, refused = read(file, 'No,Name\n1,"Mey"er\n2,Me\0yer\n3,Meyer 5" tall\n')
    assert [row.fields for row in found] == [{"No": "3", "Name": 'Meyer 5" tall'}]
    assert [(item.place.rpartition("/")[2], str(item.refusal)) for item in refused] == [
        ("deals.csv:2", "no CSV: ',' expected after '\"'"),
        ("deals.csv:3", "a NUL byte in it"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "deals.csv: empty, not even names of columns"),
        ("\n\n", "deals.csv: empty, not even names of columns"),
        ("No,Name,No\n1,2,3\n", "deals.csv:1: the column 'No' stands here twice"),
        ("No,,Name\n1,2,3\n", "deals.csv:1: column 2 of 3 has no name"),
        ("No,Name,\n1,2,\n", "deals.csv:1: column 3 of 3 has no name"),
        ("PK\x03\x04\0\0,a\n", "deals.csv:1: a NUL byte in it: no CSV file"),
        ("No,Value; EUR\n", "deals.csv:1: the cells may be parted by ';' or by ',': nothing shows which"),
        ('No,Name\n1,"Meyer\n2,Schmidt\n', "deals.csv:2: a quote in this row is never closed"),
    ],
)
def test_what_is_no_table_is_told_with_its_line(text: str, told: str, file: Path) -> None:
    assert problem(file, text) == told


def test_rows_show_the_separator_where_the_names_leave_it_open(file: Path) -> None:
    assert fields(read(file, "No,Value; EUR\n1,5\n")) == [{"No": "1", "Value; EUR": "5"}]


def test_what_has_one_column_is_one_column(file: Path) -> None:
    assert fields(read(file, "Deal No\n17\n")) == [{"Deal No": "17"}]


@pytest.mark.parametrize("text", ["No,Name\n" + "x" * 99, 'No,Name\n1,"' + "x\n" * 99], ids=["line", "quote"])
def test_what_grows_without_end_is_cut_off(text: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_CHARACTERS", 64)
    assert problem(file, text) == (
        "deals.csv:2: a line of more than 64 characters"
        if "xx" in text
        else "deals.csv:2: a quote in this row is never closed"
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.text('ab,;\t|"\n\r\0ü\ufeff', max_size=80).map(str.encode)))
def test_whatever_bytes_a_file_has_they_are_rows_refusals_or_an_error(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    refused: list[Item] = []
    with suppress(TableError):
        for row in rows(file, refused.append):
            assert all(isinstance(cell, str) and cell for cell in row.fields.values())
    assert all(item.refusal is not None for item in refused)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=9), st.sampled_from(",;\t|"))
def test_what_a_spreadsheet_writes_comes_back(file: Path, cells: list[list[str]], separator: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([["No", "Name", "Note"], *cells])
    found, refused = read(file, out.getvalue())
    stripped = [[cell.strip() for cell in line] for line in cells]
    wanted = [{k: v for k, v in zip(("No", "Name", "Note"), line, strict=True) if v} for line in stripped if any(line)]
    assert (fields((found, refused))) == wanted
