"""Twenty-odd mails of one deal as their programs write them, beside what is read of them.

`STALLWATCH_GOLDEN=write` writes the expectations anew; look at each line that changes.
"""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from detectors.core.events import to_json
from tests.streams.sources.mail.written import item

GOLDEN = Path(__file__).parent / "golden"
MAILS = sorted(GOLDEN.glob("*.eml"))


def told(path: Path) -> list[dict[str, Any]]:
    """What a mail was taken for, then each of its events."""
    read = item(path.read_bytes(), now=None)
    first = {"kind": read.kind, "why": read.why}
    if read.refusal is not None:
        first["refused"] = f"{read.refusal.reason}: {read.refusal}"
    return [first, *(orjson.loads(to_json(event)) for event in read.events)]


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_each_mail_is_read_as_a_careful_person_would(path: Path) -> None:
    expected = path.with_suffix(".jsonl")
    if os.environ.get("STALLWATCH_GOLDEN") == "write":
        expected.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in told(path)))
    assert told(path) == [orjson.loads(line) for line in expected.read_bytes().splitlines()]


def test_there_are_mails() -> None:
    assert len(MAILS) > 20
