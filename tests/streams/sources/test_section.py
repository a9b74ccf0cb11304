"""Secrets are named by files."""

from pathlib import Path

import pytest

from streams.sources.connection import SourceRefused
from streams.sources.section import secret_in


def test_a_secret_is_the_one_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("gänse füßchen\n")
    assert secret_in(file) == "gänse füßchen"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "is no text"), (b"one\ntwo", "holds more than one line")],
)
def test_a_file_without_a_secret_is_named_and_what_it_holds_is_not(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(SourceRefused) as refused:
        secret_in(file)
    assert str(refused.value) == f"{file}: {problem}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match=r"secret: No such file"):
        secret_in(tmp_path / "secret")
