"""What a worker does with batches that meet; the whole worker is tried end to end on a real Kafka."""

import asyncio
from pathlib import Path
from typing import Any, Self

import orjson

from detectors.core.rules import Rules
from streams.settings import Settings, Topics
from streams.wire import Clock, Record, Send, Topic
from streams.worker.worker import Worker
from tests.streams.sample_deals import RULES, crm, day


class OnPaper(Worker):
    """A worker of one partition that writes into a list, and lets others go on between any two records."""

    def __init__(self, settings: Settings, rules: Rules) -> None:
        super().__init__(settings, rules)
        self.written: list[tuple[str, Send]] = []

    async def begin(self) -> Self:
        """Take over its partition, of which nothing is known."""
        await self.deals.recovered()
        self._gate.open()
        return self

    def assigned(self, topic: Topic) -> set[int]:
        return {0}

    async def _write(self, records: list[tuple[str, Send]]) -> None:
        for record in records:
            self.written.append(record)
            await asyncio.sleep(0)


def record(told: dict[str, Any], deal: str) -> Record:
    return Record(0, None, orjson.dumps(told | {"subject": deal}))


async def test_a_batch_that_comes_while_other_rules_are_told_is_not_overtaken_by_what_was_said_before_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("detectors: {gone_quiet: {warn_business_days: 1}}")
    worker = await OnPaper(Settings(rules=file, topics=Topics(partitions=1)), RULES).begin()
    deals = [f"D-{number}" for number in range(50)]
    clock = Clock(day(1), 0, 1)
    await worker._take_deal_events(
        0,
        [*(record(crm(0, stage="Demo"), deal) for deal in deals), Record(0, None, clock.to_json(), Clock.HEADERS)],
    )
    told = asyncio.create_task(worker.reload())
    await asyncio.sleep(0)
    # of the last deal, for which the reload has long found its words, and not yet said them
    await worker._take_deal_events(0, [record(crm(0, stage="Proposal", id="later"), deals[-1])])
    assert await told is None
    newest = {send.key: orjson.loads(send.value or b"") for name, send in worker.written if "findings" in name}
    assert {key.decode(): answer["stage"] for key, answer in newest.items() if key} == {
        **dict.fromkeys(deals, "Demo"),
        deals[-1]: "Proposal",
    }
    assert {answer["rules"] for answer in newest.values()} == {worker.rules.hash}
    assert worker.rules.hash != RULES.hash


async def test_bad_rules_change_nothing_and_are_told(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("detectors: {gone_quite: {}}")
    worker = await OnPaper(Settings(rules=file, topics=Topics(partitions=1)), RULES).begin()
    problem = await worker.reload()
    assert problem is not None
    assert "did you mean 'gone_quiet'" in problem
    assert (worker.rules, worker.written, worker.counts.reload_succeeded) == (RULES, [], False)
    file.write_text("{}")
    assert await worker.reload() is None
    assert worker.counts.reload_succeeded
