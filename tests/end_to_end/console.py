"""Commands as a person gives them, and a small history to give them."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from streams.cli import main

OURS: dict[str, Any] = {"organization": {"domains": ["us.example"]}}


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str


def stallwatch(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Told:
    """What a command says in this process; `env` is the whole environment. For those that end by themselves."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, env if env is not None else untouched(), clear=True),
        patch.object(sys, "argv", ["stallwatch", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
            status: Any = 0
        except SystemExit as ended:
            status = ended.code
    return Told(status or 0, out.getvalue(), err.getvalue())


def stallwatch_process(
    *arguments: str | Path, env: Mapping[str, str] | None = None, stdin: bytes = b"", within: float = 90
) -> Told:
    """What a command says in a process of its own."""
    command = [sys.executable, "-m", "streams", *map(str, arguments)]
    told = subprocess.run(
        command, env=env if env is not None else untouched(), input=stdin, capture_output=True, timeout=within
    )
    return Told(told.returncode, told.stdout.decode(), told.stderr.decode())


def untouched() -> dict[str, str]:
    """The environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STALLWATCH_")}


def refusal(told: Told) -> str:
    """The one line in which a command said why it does not do it."""
    assert told.status == 2, told
    lines = told.err.splitlines()
    assert len(lines) == 1, told.err
    assert lines[0].startswith("stallwatch: ")
    return lines[0].removeprefix("stallwatch: ")


def event(kind: str, number: int | str, at: str, deal: str | None, **fields: Any) -> bytes:
    """An event of the contract as a line; `at` is RFC 3339."""
    told = {"specversion": "1.0", "id": f"{number}", "source": "crm", "type": kind, "time": at, "data": fields}
    if deal is not None:
        told["subject"] = deal
    return json.dumps(told).encode()


def quiet_deal(deal: str, owner: str = "ann@us.example") -> list[bytes]:
    """A deal whose buyer has written once, on 3 March 2026, and then no more up to May."""
    return [
        event(
            "crm.deal.changed", f"{deal}-1", "2026-03-02T09:15:00+01:00", deal,
            name=f"Deal {deal}", stage="Demo", status="open", amount=48000, currency="EUR", owner=owner,
        ),
        event(
            "activity.email", f"{deal}-2", "2026-03-03T09:15:00+01:00", deal,
            **{"message_id": f"<{deal}@them.example>", "from": "bo@them.example", "to": [owner]},
        ),
        event("crm.deal.changed", f"{deal}-3", "2026-05-04T09:15:00+02:00", deal, next_step="call Bo"),
    ]  # fmt: skip


def written(path: Path, lines: Iterable[bytes]) -> Path:
    """The file with these lines in it."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
