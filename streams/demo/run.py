"""Plays a made-up company's half year through the real thing, and shows which deals stall, and why."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from time import monotonic, sleep
from types import FrameType

import orjson
from kafka import KafkaConsumer, TopicPartition
from rich.console import Console

from .. import topics
from ..answer import Answer, of_json
from ..history import Line
from ..publish import Publisher
from ..settings import Settings
from .company import Company
from .mailroom import Mailroom
from .processes import DemoUnavailable, free_port
from .screen import Screen
from .stage import Stage

TICK = timedelta(hours=6)
CATCH_UP_SECONDS = 90
MAIL_SECONDS = 30


def run(*, speed: float, port: int, folder: Path | None, seed: int) -> None:
    """Play at `speed` simulated days a second. On a terminal it stays up until Ctrl-C, else it ends by itself.

    `DemoUnavailable` says in a sentence what is in the way.
    """
    console = Console()
    # SIGINT too: a shell that starts it in the background has it ignored
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    where = folder or Path(tempfile.mkdtemp(prefix="stallwatch-demo-"))
    company = Company(seed=seed)
    try:
        with Stage(where, port or free_port(), company.rules(), lambda text: print(f"… {text}", flush=True)) as stage:
            print(f"playing {company.start} to {company.end}: {len(company.lives())} deals of {len(company.reps)} reps")
            screen = _play(stage, company, speed, console)
            _sum_up(stage, screen)
            if sys.stdin.isatty() and console.is_terminal:
                print("\nIt stays up for you to look around. Ctrl-C ends it.")
                while True:
                    stage.check()
                    sleep(1)
    except KeyboardInterrupt:
        print(f"\nThe demo is over; everything that it started has ended. What it wrote is in {where}")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _play(stage: Stage, company: Company, speed: float, console: Console) -> Screen:
    publisher = Publisher(stage.settings)
    findings = _Findings(stage.settings)
    began, first = monotonic(), None
    with Screen(console) as screen:
        for tick, lines in _ticks(company):
            first = first or tick
            for _ in publisher.send(lines):
                pass
            publisher.tell_time(tick)
            publisher.flush()
            due = began + (tick - first) / timedelta(days=1) / speed
            while True:
                for told in findings.newest(max(0.02, min(0.2, due - monotonic()))):
                    screen.take(told)
                if monotonic() >= due:
                    break
            screen.show(tick, stage.mailroom.count)
            stage.check()
        end = tick
        publisher.finish()
        deadline = monotonic() + CATCH_UP_SECONDS
        while stage.clock() < end.timestamp():
            for told in findings.newest(0.2):
                screen.take(told)
            stage.check()
            if monotonic() > deadline:
                raise DemoUnavailable(
                    f"the worker is still behind after {CATCH_UP_SECONDS} s (log: {stage.worker.log})"
                )
        for told in findings.newest(0.5):
            screen.take(told)
        if stage.alertmanager:
            with suppress(TimeoutError):
                stage.mailroom.wait_for(1, within=MAIL_SECONDS)
        screen.show(end, stage.mailroom.count)
    findings.close()
    return screen


def _ticks(company: Company) -> Iterator[tuple[datetime, list[Line]]]:
    """The history in steps of some hours, each with the moment at which it ends."""
    here = Path("history")

    def end_of(line: bytes) -> datetime:
        at = datetime.fromisoformat(orjson.loads(line)["time"])
        return datetime.fromtimestamp((at.timestamp() // TICK.total_seconds() + 1) * TICK.total_seconds(), at.tzinfo)

    for end, lines in groupby(company.lines(), key=lambda line: end_of(line).timestamp()):
        yield (
            datetime.fromtimestamp(end).astimezone(),
            [Line(here, number, line) for number, line in enumerate(lines, start=1)],
        )


class _Findings:
    """The findings topic, read from now on."""

    def __init__(self, settings: Settings) -> None:
        name = topics.names(settings)["findings"]
        self._consumer = KafkaConsumer(**settings.kafka.client(), group_id=None)
        places = [TopicPartition(name, number) for number in range(settings.topics.partitions)]
        self._consumer.assign(places)
        self._consumer.seek_to_beginning(*places)

    def newest(self, within: float) -> Iterator[Answer]:
        """The answers that came in this time, in seconds."""
        for records in self._consumer.poll(timeout_ms=int(within * 1000)).values():
            for record in records:
                # a rep's book is told there, too, under a mark
                if record.value and not record.headers:
                    yield of_json(record.value)

    def close(self) -> None:
        """Read no more."""
        self._consumer.close()


def _sum_up(stage: Stage, screen: Screen) -> None:
    deals = screen.pipeline.open_deals
    stalled = sorted((each for each in deals if each.stalls), key=lambda each: -(each.amount or 0))
    print(f"\n{len(screen.pipeline.answers)} deals were played; {len(deals)} are open, {len(stalled)} of them stalled:")
    for told in stalled[:10]:
        worst = told.stalls[0]
        amount = f"{told.amount:,.0f} {told.currency}" if told.amount is not None else "no amount"
        print(f"  {told.deal_id} {told.name}, {amount}, {told.owner}")
        for finding in told.stalls:
            print(
                f"      {finding.detector} ({finding.severity}) since {finding.since:%Y-%m-%d}:"
                f" {finding.evidence[-1].text}"
            )
        print(f"      clears when {worst.clears_when}")
    _mails(stage.mailroom)
    print("\nWhere to look:")
    print(f"  deals          {stage.pages}/deals")
    print(f"  metrics        {stage.pages}/metrics")
    if stage.prometheus and stage.alertmanager:
        print(f"  Prometheus     {stage.prometheus.url}/graph?g0.expr=stallwatch_findings&g0.tab=0")
        print(f"  Alertmanager   {stage.alertmanager.url}")
    print(f"  mails, logs    {stage.folder}")


def _mails(mailroom: Mailroom) -> None:
    mails = mailroom.mails()
    print(f"\n{len(mails)} mails went to reps, managers and ops.")
    if mails:
        newest = mails[-1]
        body = newest.get_body(("plain",))
        text = str(body.get_content()) if body else ""
        print(f"The newest, to {newest['To']}: {newest['Subject']}\n")
        for line in text.splitlines()[:24]:
            print(f"  | {line}")
