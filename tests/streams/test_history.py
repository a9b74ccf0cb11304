"""Files of events, line by line."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from streams.history import HistoryError, lines


def test_lines_come_in_order_with_their_places_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_bytes(b'{"a":1}\n\n  \r\n{"a":2}\r\n')
    two.write_bytes(b'{"a":3}')
    found = list(lines([one, two]))
    assert [line.raw for line in found] == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    assert [line.place for line in found] == [f"{one}:1", f"{one}:4", f"{two}:1"]


def test_a_gzipped_file_is_read_as_a_plain_one(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl.gz"
    file.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert [line.raw for line in lines([file])] == [b"one", b"two"]


def test_a_dash_is_standard_input() -> None:
    program = "from pathlib import Path; from streams.history import lines; print([l.raw for l in lines([Path('-')])])"
    root = Path(__file__).parents[2]
    told = subprocess.run([sys.executable, "-c", program], input=b"one\n\ntwo", capture_output=True, cwd=root)
    assert told.stdout == b"[b'one', b'two']\n", told.stderr


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: b"no gzip at all",
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed[:12] + b"\xff\xff" + packed[14:],
        lambda packed: packed[:-8] + b"\0" * 8,
    ],
    ids=["other format", "cut off", "damaged", "checksum"],
)
def test_a_damaged_file_is_named(spoil, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "history.jsonl.gz"
    file.write_bytes(spoil(gzip.compress(b"".join(b"%d\n" % number for number in range(999)))))
    with pytest.raises(HistoryError) as told:
        list(lines([file]))
    assert str(told.value).startswith(f"{file}: ")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"none\.jsonl: No such file or directory$"):
        list(lines([tmp_path / "none.jsonl"]))
    with pytest.raises(HistoryError, match=r"Is a directory$"):
        list(lines([tmp_path]))


def test_what_could_be_read_before_is_handed_on(tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    good.write_bytes(b"one\n")
    told = lines([good, tmp_path / "none.jsonl"])
    assert next(told).raw == b"one"
    with pytest.raises(HistoryError):
        next(told)
