"""How much memory an open deal takes, and how large its row in Kafka is."""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from resource import getpagesize

from detectors.core import state
from streams.monitor.partition import Partition

from .apart import apart
from .figures import Figure
from .plain_deals import RULES, deal, put

BEGAN = datetime(2025, 1, 6, 9, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TOUCHES = 10
ROWS = (10, 50, 200, 1000)
STATM = Path("/proc/self/statm")  # Linux tells there how much memory a process has


def measure(deals: int) -> Iterator[Figure]:
    """Memory for each of so many open deals that have gone quiet after some mails, and rows after more and more."""
    topic = "size of an open deal"
    if STATM.exists():
        memory = apart(memory_per_deal, deals)
        yield Figure(topic, f"memory, {TOUCHES} touches, {deals:,} deals", "kB", (memory / 1000,))
        yield Figure(topic, f"memory to row, {TOUCHES} touches", "×", (memory / row_size(TOUCHES),))
    for touches in ROWS:
        yield Figure(topic, f"row in Kafka, {touches:,} touches", "kB", (row_size(touches) / 1000,))


def memory_per_deal(deals: int) -> float:
    """By how many bytes this process grows for each deal; it should be a fresh one."""
    partition = Partition(0, 1, RULES)
    put(partition, deal(0, BEGAN, TOUCHES), NOW)  # what the first deal alone brings in: imports, caches
    before = _resident()
    put(partition, (record for number in range(1, deals + 1) for record in deal(number, BEGAN, TOUCHES)), NOW)
    return (_resident() - before) / deals


def _resident() -> int:
    gc.collect()
    return int(STATM.read_text().split()[1]) * getpagesize()


def row_size(touches: int) -> int:
    """Bytes of a deal's row in the table after so many mails."""
    partition = Partition(0, 1, RULES)
    put(partition, deal(0, BEGAN, touches), NOW)
    return len(state.pack(partition.deals["D-0"]))
