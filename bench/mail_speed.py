"""A mailbox on its way into Kafka: mails per second, beside the standard library's parser alone, and memory."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from random import Random
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory

from detectors.core.rules import Rules
from streams import topics
from streams.demo.broker import Broker
from streams.publish import Publisher
from streams.settings import Kafka, Settings, Topics
from streams.sources.files import Reading, read
from streams.sources.mail.files import messages

from .apart import apart
from .figures import Figure
from .rounds import Cost, cost_of, interleaved, ratios

MONDAY = datetime(2025, 3, 3, 9, tzinfo=UTC)
RULES = {"organization": {"domains": ["us.example"]}}
WORDS = "we looked at your offer and the board will decide when the pilot has run for a month in both plants".split()


def measure(mails: int, rounds: int) -> Iterator[Figure]:
    """Speed, CPU and memory of `publish` on an mbox."""
    with TemporaryDirectory(prefix="stallwatch-bench-") as folder, Broker(Path(folder) / "kafka", java=()) as broker:
        full, tenth = Path(folder) / "full.mbox", Path(folder) / "tenth.mbox"
        write_mbox(full, mails)
        write_mbox(tenth, mails // 10)
        peaks: list[int] = []

        def publish() -> Cost:
            cost, peak = apart(published, full, broker.bootstrap)
            peaks.append(peak)
            return cost

        costs = interleaved({"publish": publish, "parser": lambda: cost_of(lambda: parsed(full))}, rounds)
        _, small = apart(published, tenth, broker.bootstrap)
    topic = f"an mbox of {mails:,} mails into a real Kafka"
    yield Figure(topic, "speed", "mails/s", tuple(mails / cost.wall for cost in costs["publish"]))
    yield Figure(topic, "CPU, to the standard library's parser alone", "×", ratios(costs["publish"], costs["parser"]))
    yield Figure(topic, "memory at its peak", "MB", tuple(peak / 1024 for peak in peaks))
    yield Figure(topic, "that, to the peak with a tenth of the mails", "×", tuple(peak / small for peak in peaks))


def published(path: Path, bootstrap: str) -> tuple[Cost, int]:
    """What publishing a mailbox cost this process, and its greatest memory in KiB."""
    name = f"mail-{uuid.uuid4().hex[:8]}"
    settings = Settings(app_id=name, kafka=Kafka(bootstrap_servers=bootstrap), topics=Topics(prefix=name))
    topics.ensure(settings)
    publisher = Publisher(settings)

    def work() -> None:
        for _ in publisher.send(read([path], Reading(Rules.of(RULES)))):
            pass
        publisher.finish()

    cost = cost_of(work)
    return cost, getrusage(RUSAGE_SELF).ru_maxrss


def parsed(path: Path) -> int:
    """How many mails there are, each parsed by the standard library alone."""
    parser = BytesParser(policy=policy.default)
    return sum(1 for _ in map(parser.parsebytes, (raw for _, raw in messages(path))))


def write_mbox(path: Path, mails: int) -> None:
    """Mails of a few hundred people, in threads, quoting each other; the same each time."""
    chance = Random(7)
    with path.open("w") as file:
        for number in range(mails):
            thread = number // 4
            at = MONDAY + timedelta(minutes=7 * number)
            people = [f"rep{thread % 40}@us.example", f"buyer{thread % 900}@customer{thread % 300}.example"]
            sender, to = people if number % 2 else people[::-1]
            said = "\n".join(" ".join(chance.choices(WORDS, k=12)) for _ in range(8))
            quoted = "\n".join("> " + " ".join(chance.choices(WORDS, k=12)) for _ in range(20))
            answers = f"In-Reply-To: <{number - 1}@mail.example>\nReferences: <{thread * 4}@mail.example>\n"
            file.write(
                f"From {sender} {at:%a %b %d %H:%M:%S %Y}\n"
                f"From: {sender}\nTo: {to}\nSubject: {'Re: ' if number % 4 else ''}Offer {thread}\n"
                f"Date: {at:%a, %d %b %Y %H:%M:%S +0000}\nMessage-ID: <{number}@mail.example>\n"
                f"{answers if number % 4 else ''}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
                f"{said}\n\nOn Monday somebody wrote:\n{quoted}\n\n"
            )
