"""What it costs that time passes over many silent deals: only those that are due should be looked at."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from streams.answer import answer
from streams.monitor.partition import Partition

from .apart import apart
from .figures import Figure
from .plain_deals import RULES, clock, deal, put
from .rounds import Cost, cost_of, interleaved, ratios

DUE = 100
CLOCKS = 200
# ten business days after it began, a deal without a touch has gone quiet
MONDAY = datetime(2025, 2, 3, 9, tzinfo=UTC)
NOW = MONDAY + timedelta(days=11)
FIRST_DUE = MONDAY + timedelta(days=14)
MOST_ROUNDS = 5
# a look at so many tells what a look at all of them would take: most are packed, and are so again
MOST_SWEPT = 2_000


def measure(deals: int, rounds: int) -> Iterator[Figure]:
    """Clock records over so many silent deals: with none due, with some due, and a look at each of them instead."""
    yield from apart(_measured, deals, min(rounds, MOST_ROUNDS))


def _measured(deals: int, rounds: int) -> list[Figure]:
    partition = _silent(deals, rounds)
    looked_at: list[int] = []
    due_days = iter(range(rounds))

    def nothing_due() -> None:
        assert not _tell(partition, (partition.time or NOW) + timedelta(seconds=5)), "nothing was due"

    def some_due() -> None:
        looked_at.append(_tell(partition, FIRST_DUE + timedelta(days=next(due_days), hours=1)))

    swept = min(deals, MOST_SWEPT)

    def sweep() -> Cost:
        ids = list(islice(partition.deals, swept))
        took = cost_of(lambda: [answer(partition.deals[deal_id], partition.time or NOW, None) for deal_id in ids])
        return Cost(took.wall * deals / swept, took.cpu * deals / swept)

    costs = interleaved(
        {
            "none": lambda: cost_of(nothing_due, CLOCKS),
            "due": lambda: cost_of(some_due),
            "sweep": sweep,
        },
        rounds,
    )
    topic = f"time passing over {deals:,} silent deals"
    return [
        Figure(topic, "a clock record, none due", "µs", tuple(cost.cpu * 1e6 for cost in costs["none"])),
        Figure(topic, f"a clock record, {DUE} due", "ms", tuple(cost.cpu * 1e3 for cost in costs["due"])),
        Figure(topic, f"deals looked at when {DUE} are due", "deals", tuple(map(float, looked_at))),
        Figure(topic, "a look at each deal instead", "ms", tuple(cost.cpu * 1e3 for cost in costs["sweep"])),
        Figure(topic, f"that look, to a clock record with {DUE} due", "×", ratios(costs["sweep"], costs["due"])),
        Figure(topic, "that look, to a clock record with none due", "×", ratios(costs["sweep"], costs["none"])),
    ]


def _silent(deals: int, rounds: int) -> Partition:
    """Deals that began and were not heard of again: each morning of one week some are due, the others long after."""
    partition = Partition(0, 1, RULES)
    early = (deal(number, MONDAY + timedelta(days=number // DUE)) for number in range(rounds * DUE))
    late = (deal(number, NOW - timedelta(minutes=number % 600)) for number in range(rounds * DUE, deals))
    put(partition, chain.from_iterable(chain(early, late)), NOW)
    return partition


def _tell(partition: Partition, at: datetime) -> int:
    """Give a partition a clock record; how many deals it looked at."""
    return len(partition.advance([clock(at)]).answers)
