"""How much memory an open deal takes, at hand and quiet, and how large its row in Kafka is."""

import gc
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from resource import getpagesize

from detectors.core import state
from streams.monitor.partition import Partition
from streams.wire import Record

from .apart import apart
from .figures import Figure
from .plain_deals import RULES, deal, put

BEGAN = datetime(2025, 1, 6, 9, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TOUCHES = 10
ROWS = (10, 50, 200, 1000)
# so few are left at hand where the quiet ones are measured
AT_HAND = 100
STATM = Path("/proc/self/statm")  # Linux tells there how much memory a process has


def measure(deals: int) -> Iterator[Figure]:
    """Memory for each of so many open deals that have gone quiet after some mails, and rows after more and more."""
    topic = "size of an open deal"
    if STATM.exists():
        at_hand, quiet = apart(memory_at_hand, deals), apart(memory_quiet, deals)
        row = len(row_after(TOUCHES))
        yield Figure(topic, f"memory at hand, {TOUCHES} touches, {deals:,} deals", "kB", (at_hand / 1000,))
        yield Figure(topic, f"memory quiet, {TOUCHES} touches, {deals:,} deals", "kB", (quiet / 1000,))
        yield Figure(topic, "that beside its row", "kB", ((quiet - row) / 1000,))
        yield Figure(topic, f"memory at hand, to quiet, {TOUCHES} touches", "×", (at_hand / quiet,))
    for touches in ROWS:
        yield Figure(topic, f"row in Kafka, {touches:,} touches", "kB", (len(row_after(touches)) / 1000,))


def memory_at_hand(deals: int) -> float:
    """By how many bytes this process grows for each deal that is at hand; it should be a fresh one."""
    partition = Partition(0, 1, RULES, at_hand=deals + 1)
    put(partition, deal(0, BEGAN, TOUCHES), NOW)  # what the first deal alone brings in: imports, caches
    return growth(partition, _deals(1, deals), deals)


def memory_quiet(deals: int) -> float:
    """By how many bytes this process grows for each deal that is packed, with its row; it should be a fresh one."""
    partition = Partition(0, 1, RULES, at_hand=AT_HAND)
    # as many before them: what a process remembers of mails and people is bounded, and nearly full then
    first = max(deals, 2 * AT_HAND)
    put(partition, _deals(0, first), NOW)
    return growth(partition, _deals(first, deals), deals)


def growth(partition: Partition, records: Iterable[Record], deals: int) -> float:
    """By how many bytes this process grows for each of so many deals that these records tell a partition of."""
    before = resident()
    put(partition, records, NOW)
    return (resident() - before) / deals


def resident() -> int:
    """Bytes of memory that this process has, and uses."""
    gc.collect()
    return int(STATM.read_text().split()[1]) * getpagesize() if STATM.exists() else 0


def row_after(touches: int) -> bytes:
    """A deal's row in the table after so many mails."""
    partition = Partition(0, 1, RULES)
    put(partition, deal(0, BEGAN, touches), NOW)
    return state.pack(partition.deals["D-0"])


def _deals(first: int, count: int) -> Iterator[Record]:
    return chain.from_iterable(deal(number, BEGAN, TOUCHES) for number in range(first, first + count))
