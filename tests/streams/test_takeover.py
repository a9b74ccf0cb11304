"""A worker may die at any write, and whoever takes its partitions over may read again what was done: nothing is lost.

The pure functions are run here as a worker runs them, four partitions each, on logs in memory; a death leaves any part
of what was being written, and another goes on from the changelog and from an offset that was committed before.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from detectors.core import events
from detectors.core.breach import Finding
from detectors.core.rules import Rules
from streams.answer import finding_line
from streams.books import Books
from streams.demo.company import Company
from streams.history import Line
from streams.ingest import ingest
from streams.join.directory import Directory
from streams.monitor.partition import Partition
from streams.replay import Replay
from streams.wire import CLOCK_EVERY, SHARED_DEALS, Clock, Headers, Record, Send, Topic, partition_of
from tests.streams.sample_deals import RULES, crm, day, event, inbound, meeting

PARTITIONS = 4
NOW = datetime.now(UTC)
STAGES = ("inbox", "mail", "deal_events", "books")
Place = tuple[str, int]
Rows = dict[str, bytes | None]


class Logs:
    """Topics in memory."""

    def __init__(self) -> None:
        self.records: defaultdict[Place, list[tuple[bytes | None, bytes | None, Headers]]] = defaultdict(list)

    def publish(self, lines: list[bytes]) -> None:
        """As the publisher does: the time behind every few events, in every partition."""
        newest = None
        for number, line in enumerate(lines, start=1):
            event = events.parse(line)
            newest = max(newest or event.time, event.time)
            key = (event.subject or event.ref).encode()
            self.write([Send("inbox", partition_of(key, PARTITIONS), key, line)])
            if number % CLOCK_EVERY == 0 or number == len(lines):
                self.write(Clock(newest, 0, 1).send("inbox", range(PARTITIONS)))

    def write(self, sends: list[Send]) -> None:
        for send in sends:
            self.records[send.topic, send.partition].append((send.key, send.value, send.headers))

    def read(self, topic: Topic, partition: int, offset: int, most: int) -> list[Record]:
        found = self.records[topic, partition][offset : offset + most]
        return [Record(partition, *record, offset=offset + n) for n, record in enumerate(found)]


class Cluster:
    """All partitions of all stages, run in any order by workers who may die."""

    def __init__(self, rules: Rules, logs: Logs, chance: Random, deaths: float) -> None:
        self.rules, self.logs, self.chance, self.deaths = rules, logs, chance, deaths
        self.changelogs: defaultdict[Place, Rows] = defaultdict(dict)
        self.positions = {(topic, n): 0 for topic in STAGES for n in range(PARTITIONS)}
        self.directories = {n: self.make("mail", n) for n in range(PARTITIONS)}
        self.deals = {n: self.make("deal_events", n) for n in range(PARTITIONS)}
        self.books = {n: self.make("books", n) for n in range(PARTITIONS)}
        self.died = 0

    def make(self, topic: str, number: int) -> Any:
        """A partition's state as its changelog has it."""
        state: Any = {
            "mail": lambda: Directory(number, PARTITIONS),
            "deal_events": lambda: Partition(number, PARTITIONS, self.rules),
            "books": lambda: Books(number, PARTITIONS, lambda: self.rules, failed),
        }[topic]()
        for row, value in self.changelogs[topic, number].items():
            if value is not None:
                state.restore(row, value)
        state.resume()
        return state

    def run(self, stages: Sequence[str] = STAGES) -> None:
        """Until everything is read that is for these stages."""
        while behind := [
            (topic, n)
            for (topic, n), at in self.positions.items()
            if topic in stages and at < len(self.logs.records[topic, n])
        ]:
            topic, number = self.chance.choice(sorted(behind))
            offset = self.positions[topic, number]
            records = self.logs.read(topic, number, offset, self.chance.choice([1, 10, 200, 1000]))  # type: ignore[arg-type]
            if self.write(topic, number, self.steps(topic, number, records)):
                self.positions[topic, number] = offset + len(records)
                if topic == "deal_events":
                    self.pass_time()
            else:
                self.died += 1
                committed = max(0, offset - self.chance.choice([0, 0, 5, 300]))
                self.positions[topic, number] = committed
                if topic != "inbox":
                    states = {"mail": self.directories, "deal_events": self.deals, "books": self.books}[topic]
                    states[number] = self.make(topic, number)

    def steps(self, topic: str, number: int, records: list[Record]) -> list[list[Send] | Rows]:
        """What a batch has to write, step by step, each when the one before it is safe: as the worker does."""
        if topic == "inbox":
            told = ingest(records, self.rules, PARTITIONS, NOW, self.directories[number].forgotten)
            return [told.sends, told.marks]
        if topic == "mail":
            joined = self.directories[number].advance(records)
            return [joined.sends, joined.marks, joined.rows]
        if topic == "books":
            shelved = self.books[number].advance(records, self.time)
            return [shelved.rows, shelved.sends]
        out = self.deals[number].advance(records)
        return [out.rows, out.sends, out.ledger]

    @property
    def time(self) -> datetime | None:
        """The event time that all deals have reached."""
        times = [deals.time for deals in self.deals.values()]
        return min(times) if all(times) else None

    def pass_time(self) -> None:
        """As a worker does behind each batch of deals."""
        if self.time is not None:
            for number, books in self.books.items():
                shelved = books.pass_time(self.time)
                self.changelogs["books", number] |= shelved.rows
                self.logs.write(shelved.sends)

    def write(self, topic: str, number: int, steps: list[list[Send] | Rows]) -> bool:
        """Write all, unless the worker dies before: then of one step some of each partition's, and nothing after it."""
        last = self.chance.randrange(len(steps)) if self.chance.random() < self.deaths else None
        for at, step in enumerate(steps):
            if isinstance(step, dict):
                kept = list(step.items())
                for row, value in kept[: self.chance.randint(0, len(kept)) if at == last else None]:
                    self.changelogs[topic, number].pop(row, None)
                    self.changelogs[topic, number][row] = value
            else:
                in_place = sorted(step, key=lambda send: (send.topic, send.partition))
                for _, group in groupby(in_place, key=lambda send: (send.topic, send.partition)):
                    sends = list(group)
                    self.logs.write(sends[: self.chance.randint(0, len(sends)) if at == last else None])
            if at == last:
                return False
        return True

    def findings(self) -> list[str]:
        """What the newest answers on the findings topic say."""
        newest = {key: value for n in range(PARTITIONS) for key, value, _ in self.logs.records["findings", n] if value}
        told = [each for value in newest.values() for each in orjson.loads(value)["findings"]]
        return sorted(finding_line(TypeAdapter(Finding).validate_python(each, strict=False)) for each in told)


def failed(_detector: str, _owner: str, error: Exception) -> None:
    raise error


@pytest.mark.parametrize("seed", range(4))
def test_however_often_workers_die_the_findings_are_those_of_a_replay(seed: int) -> None:
    company = Company(seed=seed, deals=15, weeks=12, disorder=0.1)
    rules, lines = Rules.of(company.rules()), list(company.lines())
    replay = Replay(rules)
    for _ in replay.run(Line(Path("history"), number, line) for number, line in enumerate(lines, start=1)):
        pass
    logs = Logs()
    logs.publish(lines)
    cluster = Cluster(rules, logs, Random(seed), deaths=0.3)

    cluster.run()

    assert cluster.died > 5
    assert cluster.findings() == sorted(finding_line(each) for each in replay.findings())


def tangled(chance: Random, count: int) -> list[bytes]:
    """A few companies with several deals each, of which contacts, accounts and closings keep changing."""
    domains = [*(f"c{n}.example" for n in range(5)), "emea.c1.example", "gmail.com"]
    people = [f"p{n}@{domain}" for n in range(3) for domain in domains]
    told = []
    for number in range(count):
        at, deal = number / 10, f"D-{chance.randrange(8)}"
        match chance.choice(["mail"] * 6 + ["meeting", "contact", "contact", "account", "status"]):
            case "mail":
                more = {"from": chance.choice(people), "cc": chance.sample(people, chance.choice([0, 0, 1, 3]))}
                answers = f"m-{chance.randrange(max(1, number - 30), number + 2)}"
                each = inbound(at, f"m-{number}", **more, **({"in_reply_to": answers} if chance.random() < 0.5 else {}))
                each |= {"subject": deal} if chance.random() < 0.05 else {}
            case "meeting":
                each = meeting(at, id=f"m-{number}", attendees=chance.sample(people, 2))
                each["data"]["meeting_id"] = f"M-{number // 30}"
                if chance.random() < 0.5:
                    del each["data"]["attendees"]
            case "contact":
                person = chance.choice(people)
                each = event("crm.contact.changed", day(at), id=f"m-{number}", email=person) | {"subject": deal}
            case "account":
                account = {"domains": chance.sample(domains, chance.choice([0, 1, 2]))}
                each = crm(at, id=f"m-{number}", account=account) | {"subject": deal}
            case _:
                status = chance.choice(["won", "lost", "open"])
                each = crm(at, id=f"m-{number}", status=status) | {"subject": deal}
        told.append(each)
    # between two clocks they arrive in any order, and some again
    told = [each for each in told for _ in range(chance.choice([1, 1, 1, 2]))]
    batches = [told[at : at + CLOCK_EVERY] for at in range(0, len(told), CLOCK_EVERY)]
    return [orjson.dumps(each) for batch in batches for each in chance.sample(batch, len(batch))]


def placed(records: Iterable[tuple[bytes | None, bytes | None, Headers]]) -> set[tuple[str, str, int | None]]:
    """Which event was given to which deal, and how many share it."""
    told = [events.parse(value) for _, value, headers in records if value and not headers]
    return {(each.id, each.subject or "", (each.model_extra or {}).get(SHARED_DEALS)) for each in told}


@pytest.mark.parametrize("seed", range(6))
def test_however_often_workers_die_each_mail_is_given_to_the_deals_that_one_partition_gives_it_to(seed: int) -> None:
    lines = tangled(Random(seed), 2000)
    told = ingest([Record(0, None, line) for line in lines], RULES, 1, NOW).sends
    here = [Record(0, send.key, send.value, send.headers) for send in told if send.topic == "mail"]
    end = Clock(NOW, 0, 1).send("mail", [0])
    directory = Directory(0, 1)
    joined = directory.advance([*here, *(Record(0, None, mark.value, mark.headers) for mark in end)]).sends
    replies = [Record(0, send.key, send.value, send.headers) for send in joined if send.topic == "mail"]
    sends = [*told, *joined, *directory.advance(replies).sends]
    expected = placed((send.key, send.value, send.headers) for send in sends if send.topic == "deal_events")
    logs = Logs()
    logs.publish(lines)
    cluster = Cluster(RULES, logs, Random(seed), deaths=0.3)

    cluster.run(["inbox", "mail"])

    assert cluster.died > 5
    assert placed(record for n in range(PARTITIONS) for record in logs.records["deal_events", n]) == expected
    assert len(expected) > 2000
    assert len(replies) > 100
