"""Hardly a thought: what a host costs shows when the batch function does next to nothing.

An event is parsed, about ten fields are kept of each deal, and a silence of two weeks, one event in a hundred, is told
with all that is known of the deal: so hosts that tell the same have kept the same.
"""

from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson

DEALS = 5_000
REPS = 200
LONG = 14 * 86_400  # seconds
BEGAN = datetime(2025, 1, 6, 9, tzinfo=UTC)

Known = dict[str, Any]


@dataclass
class Moved:
    """What a batch came to: the state of each deal that changed, once, and what is told, as keys and values."""

    rows: dict[str, bytes] = field(default_factory=dict)
    alerts: list[tuple[bytes, bytes]] = field(default_factory=list)


def advance(known: MutableMapping[str, Known], values: Iterable[bytes]) -> Moved:
    """Take a batch of events; `known` is the state of the deals, and is changed."""
    out = Moved()
    changed: dict[str, Known] = {}
    for value in values:
        event = orjson.loads(value)
        deal_id, told = event["subject"], event["data"]
        at = datetime.fromisoformat(event["time"]).timestamp()
        deal = known.get(deal_id)
        if deal is None:
            deal = known[deal_id] = {
                "deal": deal_id,
                "owner": told["owner"],
                "contact": told["contact"],
                "began": at,
                "last": at,
                "last_inbound": None,
                "touches": 0,
                "inbound": 0,
                "longest_silence": 0.0,
                "bytes": 0,
            }
        silence = at - deal["last"]
        deal["last"] = at
        deal["touches"] += 1
        deal["bytes"] += told["size"]
        if told["is_inbound"]:
            deal["inbound"] += 1
            deal["last_inbound"] = at
        if silence > deal["longest_silence"]:
            deal["longest_silence"] = silence
        if silence > LONG:
            out.alerts.append((deal_id.encode(), orjson.dumps({"silence": silence, **deal})))
        changed[deal_id] = deal
    out.rows = {deal_id: orjson.dumps(deal) for deal_id, deal in changed.items()}
    return out


def events(count: int) -> Iterator[tuple[bytes, bytes]]:
    """So many events as keys and values, each deal's in the order of time; the same each time."""
    chance = Random(7)
    last: dict[int, datetime] = {}
    for number in range(count):
        deal = chance.randrange(DEALS)
        pause = timedelta(days=20) if chance.random() < 0.01 else timedelta(minutes=chance.randrange(1, 4_320))
        at = last[deal] = last.get(deal, BEGAN) + pause
        event = {
            "specversion": "1.0",
            "id": f"e-{number}",
            "source": "bench",
            "type": "activity.email",
            "subject": f"D-{deal}",
            "time": at.isoformat(),
            "data": {
                "owner": f"rep-{deal % REPS}@us.example",
                "contact": f"anna.berg@buyer-{deal}.example",
                "is_inbound": chance.random() < 0.5,
                "size": chance.randrange(200, 9_000),
            },
        }
        yield f"D-{deal}".encode(), orjson.dumps(event)
