"""Plain deals for measurements of size: told by the CRM once, and then as many mails as it takes."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from detectors.core.rules import Rules
from streams.monitor.partition import Partition
from streams.wire import Clock, Record

RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"], "time_zone": "Europe/Berlin", "holidays": "DE"},
        "pipelines": {"default": {"stages": ["Discovery", "Demo", "Proposal", "Negotiation"]}},
    }
)
REPS = 250
BATCH = 500
TWICE_A_DAY = timedelta(hours=12)


def deal(number: int, began: datetime, touches: int = 0, every: timedelta = TWICE_A_DAY) -> Iterator[Record]:
    """A deal's events as records: its beginning, and mails to and fro in one thread."""
    deal_id, owner, buyer = f"D-{number}", f"rep-{number % REPS}@us.example", f"anna.berg@buyer-{number}.example"
    facts = {
        "name": f"Buyer {number}, platform",
        "pipeline": "default",
        "stage": "Discovery",
        "status": "open",
        "amount": 10_000.0 + number % 90_000,
        "currency": "EUR",
        "close_date": (began + timedelta(days=300)).date().isoformat(),
        "owner": owner,
    }
    yield _record(deal_id, "crm.deal.changed", f"{number}-0", began, facts)
    ids = [f"<{number}-{mail}@mail.example>" for mail in range(touches)]
    for mail, message_id in enumerate(ids):
        sender, to = (buyer, owner) if mail % 2 else (owner, buyer)
        told = {"message_id": message_id, "from": sender, "to": [to], "subject": "Re: Platform for Buyer"}
        if mail:
            told |= {"in_reply_to": ids[mail - 1], "references": [ids[0], ids[mail - 1]]}
        at = began + every * (mail + 1)
        yield _record(deal_id, "activity.email", f"{number}-{mail + 1}", at, told)


def clock(at: datetime) -> Record:
    """The time of a partition that one stream feeds."""
    return Record(0, None, Clock(at, 0, 1).to_json(), Clock.HEADERS)


def put(partition: Partition, records: Iterable[Record], now: datetime) -> None:
    """Give records of up to now to a partition, in batches as a worker would."""
    batch = [clock(now)]
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            partition.advance(batch)
            batch = []
    partition.advance(batch)


def _record(deal_id: str, kind: str, event_id: str, at: datetime, fields: dict[str, Any]) -> Record:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "bench",
        "type": kind,
        "subject": deal_id,
        "time": at.isoformat(),
        "data": fields,
    }
    return Record(0, deal_id.encode(), orjson.dumps(event))
