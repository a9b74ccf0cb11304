"""What grows with the deals and with their touches, and what does not. `python -m bench.growth` prints tables.

All sizes are measured in turns: what disturbs the machine disturbs all of them alike, and it is the ratios that tell
whether a cost is flat. Deals are plain (see plain_deals) where nothing else is said; the whole catalogue judges them.
"""

import gc
import os
import platform
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, cycle, islice
from pathlib import Path
from random import Random
from sys import getsizeof
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from detectors.core import state
from detectors.core.rules import Rules
from streams.metrics.counts import Counts
from streams.metrics.exporter import Exporter, State
from streams.monitor.partition import Partition
from streams.outline import Outline
from streams.wire import Record

from . import histories, report, worker_growth
from .apart import apart
from .deal_size import resident
from .figures import Figure
from .plain_deals import RULES, clock, deal, put
from .replay_speed import replay
from .rounds import Cost, cost_of, interleaved, ratios

MONDAY = datetime(2025, 2, 3, 9, tzinfo=UTC)
# the deals have been quiet for two days, and none of their deadlines is near
NOW = MONDAY + timedelta(days=2, hours=11)
OFTEN = timedelta(minutes=2)
SIZES = (1_000, 10_000, 100_000)
FULL = (*SIZES, 1_000_000)
# the others are copies of those
MOST_TOLD = 20_000
# fewer than by default, so that most of a thousand are quiet
AT_HAND = 500
TOUCHES = (10, 50, 200, 1_000)
# so many deals are touched in a round, and those that are at hand so often
TOUCHED, EACH = 50, 5
DEALS_OF_MANY_TOUCHES = 20
CLOCKS = 50
COMPANY, TAKEN_OVER, FEW = 400, 5_000, 100
# Linux tells the most memory since this was written to
FORGET_PEAK = Path("/proc/self/clear_refs")

out, err = Console(), Console(stderr=True)
app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


class Deals:
    """One partition's deals, nearly all of them quiet, and what is done with them."""

    def __init__(self, count: int, rounds: int) -> None:
        self.partition = Partition(0, 1, RULES, at_hand=AT_HAND)
        self._count = count
        told = min(count, MOST_TOLD)
        begun = chain.from_iterable(deal(number, MONDAY - timedelta(minutes=number % 600)) for number in range(told))
        # those that are at hand take more memory
        put(self.partition, islice(begun, 2 * AT_HAND), NOW)
        before, quiet = resident(), told - 2 * AT_HAND
        put(self.partition, begun, NOW)
        self.memory = (resident() - before) / quiet if quiet else None
        for number in range(told, count):
            self._copy(TOUCHED + number % (told // 2), number)
        self._busy = [_mails(number, rounds * EACH) for number in range(TOUCHED)]
        self._quiet = Random(1).sample(range(TOUCHED, count - AT_HAND), rounds * TOUCHED)

    def touch_again(self) -> Cost:
        """Some mails of deals that are at hand, for each mail."""
        for number in range(TOUCHED):
            self.partition.deals[f"D-{number}"].breaches_at(NOW)  # as they are once they were touched
        return self._take([next(mails) for _ in range(EACH) for mails in self._busy])

    def touch_quiet(self) -> Cost:
        """A mail of each of some deals that were quiet for long, for each mail."""
        return self._take([mail for _ in range(TOUCHED) for mail in _mails(self._quiet.pop(), 1)])

    def pass_time(self) -> Cost:
        """A clock record, when nothing is due."""

        def tick() -> None:
            at = (self.partition.time or NOW) + timedelta(milliseconds=100)
            assert not self.partition.advance([clock(at)]).answers, "nothing was due"

        return cost_of(tick, CLOCKS)

    def scrape(self) -> Cost:
        """What Prometheus is told of all of them, for each deal."""
        exporter = Exporter(self._state, Counts(), 0)
        return _for_each(cost_of(exporter.text), self._count)

    def _copy(self, pattern: int, number: int) -> None:
        """One more quiet deal, as another one is, but for its name: a million told one by one take half an hour."""
        partition, of, deal_id = self.partition, f"D-{pattern}", f"D-{number}"
        kept = zlib.decompress(partition._kept.row(of))
        row = kept.replace(b'"id":"%b"' % of.encode(), b'"id":"%b"' % deal_id.encode(), 1)
        outline = partition._told.glance(of)
        assert isinstance(outline, Outline)
        partition.restore(deal_id, zlib.compress(row, level=3))
        partition._told._known[deal_id] = replace(outline, deal_id=deal_id, packed=bytes(bytearray(outline.packed)))
        partition._asked[deal_id] = copy(partition._asked[of])
        partition._watchlist.put(deal_id, partition._watchlist._next[of])

    def _state(self) -> State:
        return State(self.partition.glances(), (), (), Counter(), self.partition.time, {}, 0, RULES)

    def _take(self, records: Sequence[Record]) -> Cost:
        return _for_each(cost_of(lambda: self.partition.advance(records)), len(records))


def of_deals(sizes: Sequence[int], rounds: int) -> list[Figure]:
    """What it costs that there are more and more deals."""
    deals = {}
    for size in sizes:
        err.print(f"{size:,} deals come to be")
        deals[size] = Deals(size, rounds)
    # what lives on is no garbage, and need not be looked through before each measurement
    gc.freeze()
    topic = "a partition of more and more open deals"
    figures = []
    for what, work in (
        ("an event of a deal at hand", Deals.touch_again),
        ("an event of a quiet deal", Deals.touch_quiet),
        ("a clock record, none due", Deals.pass_time),
        ("a scrape, for a deal", Deals.scrape),
    ):
        err.print(f"measuring: {what}")
        costs = interleaved({f"{size:,} deals": partial(work, deals[size]) for size in sizes}, rounds)
        figures += list(_compared(topic, what, costs, "the most deals to the fewest"))
    for size, each in deals.items():
        if each.memory is not None:
            what = f"memory of a quiet deal with its row, {size:,} deals"
            figures.append(Figure(topic, what, "kB", (each.memory / 1000,)))
    return figures


def of_touches(rounds: int) -> list[Figure]:
    """What it costs that a deal has more and more touches."""
    mails, partitions = {}, {}
    for touches in TOUCHES:
        err.print(f"deals of {touches:,} touches come to be")
        mails[touches] = [_mails(number, touches + rounds * EACH) for number in range(DEALS_OF_MANY_TOUCHES)]
        partitions[touches] = partition = Partition(0, 1, RULES)
        begun = chain.from_iterable(deal(number, MONDAY) for number in range(DEALS_OF_MANY_TOUCHES))
        put(partition, chain(begun, *(islice(some, touches) for some in mails[touches])), NOW)

    def touch(touches: int) -> Cost:
        records = [next(some) for _ in range(EACH) for some in mails[touches]]
        return _for_each(cost_of(lambda: partitions[touches].advance(records)), len(records))

    costs = interleaved({f"{touches:,} touches": partial(touch, touches) for touches in TOUCHES}, rounds)
    topic = "deals of more and more touches"
    return list(_compared(topic, "an event of a deal", costs, "the most touches to the fewest"))


def of_taking_over(deals: int) -> list[Figure]:
    """What a partition costs whoever takes it over, with as many rows like those of a made-up company's open deals."""
    year = histories.year(COMPANY)
    # by then most of its deals have begun, and many are open
    told = replay(histories.History(year.name, year.lines[: len(year.lines) * 3 // 5], year.rules)).partition
    opened = [each for each in told.deals.values() if each.deal.is_open]
    findings = tuple(float(len(told.answers[each.deal.id].findings)) for each in opened)
    rows = [state.to_json(each) for each in opened]
    rules = year.rules.file.model_dump(mode="json", exclude_unset=True)
    cpu, row, quiet, meanwhile = apart(_taken_over, deals, rows, rules, told.time or NOW)
    topic = f"taking over a partition of {deals:,} open deals, as those of a made-up company"
    return [
        Figure(topic, "what is told of a deal: over, open and ahead", "findings", findings),
        Figure(topic, "CPU for a deal", "ms", (cpu * 1000,)),
        Figure(topic, "its row", "kB", (row / 1000,)),
        Figure(topic, "memory of a quiet deal, beside its row", "kB", (quiet / 1000,)),
        Figure(topic, "memory that is needed only meanwhile, for all", "MB", (meanwhile / 1e6,)),
    ]


def _taken_over(
    deals: int, rows: Sequence[bytes], rules: dict[str, Any], now: datetime
) -> tuple[float, float, float, float]:
    """For a deal: seconds of CPU, bytes of its row and of memory beside it. For all: memory needed only meanwhile."""
    partition = Partition(0, 1, Rules.of(rules), at_hand=FEW)
    partition.advance([clock(now)])
    sizes: list[int] = []

    def restore(first: int, most: int) -> None:
        for number, row in islice(enumerate(cycle(rows)), first, most):
            named = row.replace(b'"id":"D-', b'"id":"D-%d-' % number, 1)
            kept = zlib.compress(named, level=3)
            sizes.append(getsizeof(kept))
            partition.restore(orjson.loads(named)["id"], kept)

    restore(0, 2 * FEW)
    partition.resume()
    sizes.clear()
    before = resident()
    restore(2 * FEW, deals)
    FORGET_PEAK.write_text("5")
    cost, of_rows, more = cost_of(partition.resume), sum(sizes), len(sizes)
    peak, after = _peak(), resident()
    return cost.cpu / deals, of_rows / more, (after - before - of_rows) / more, peak - after


def _peak() -> int:
    """The most bytes of memory that this process had, since that was forgotten."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(told["VmHWM"].split()[0]) * 1024


def _compared(topic: str, what: str, costs: dict[str, list[Cost]], compared: str) -> Iterator[Figure]:
    """CPU time of each, and of the last to the first."""
    for name, told in costs.items():
        yield Figure(topic, f"{what}, {name}", "µs", tuple(cost.cpu * 1e6 for cost in told))
    first, *_, last = costs.values()
    yield Figure(topic, f"{what}, {compared}", "×", ratios(last, first))


def _mails(number: int, count: int) -> Iterator[Record]:
    """Mails of a deal, none of them ahead of the time."""
    return islice(deal(number, MONDAY, count, OFTEN), 1, None)


def _for_each(cost: Cost, count: int) -> Cost:
    return Cost(cost.wall / count, cost.cpu / count)


@app.command()
def main(
    full: Annotated[bool, typer.Option("--full", help=f"Up to {FULL[-1]:,} deals: takes 3 GB.")] = False,
    events: Annotated[int, typer.Option(min=1, help="Events that workers take.")] = 8_000,
    rounds: Annotated[int, typer.Option(min=1, max=8, help="How often each is measured; workers twice.")] = 5,
    only: Annotated[list[str] | None, typer.Option(help="Measure only: touches, takeover, deals, workers.")] = None,
) -> None:
    """Measure, and print what came of it."""
    measurements: dict[str, Callable[[], Iterable[Figure]]] = {
        "touches": lambda: apart(of_touches, rounds),
        "takeover": lambda: of_taking_over(TAKEN_OVER),
        "deals": lambda: apart(of_deals, FULL if full else SIZES, rounds),
        "workers": lambda: worker_growth.measure(histories.year(COMPANY, events), min(rounds, 2)),
    }
    if unknown := set(only or ()) - measurements.keys():
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(measurements)}")
    load = os.getloadavg()[0]
    figures = [figure for name, measure in measurements.items() if not only or name in only for figure in measure()]
    machine = (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    out.print(report.table(figures))
    out.print(escape(report.markdown(figures, machine)), soft_wrap=True, highlight=False)


if __name__ == "__main__":
    app()
