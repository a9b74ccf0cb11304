"""Writes many records as few batches, each partition's in order, where a producer would keep a promise for each record.

Half of what a record cost went into its own future, its own look at the metadata and its own place in a queue.
"""

import asyncio
from collections.abc import Callable, Iterable
from time import time
from typing import Any

from aiokafka import AIOKafkaProducer

from ..wire import Send


async def write(producer: AIOKafkaProducer, records: Iterable[tuple[str, Send]], check: Callable[[], None]) -> None:
    """Write records to the topics they are named with, in order within each partition; returns when Kafka has them all.

    `check` is called before each batch goes. What is not delivered is raised: then some of the others may be there.
    """
    batches: dict[tuple[str, int], list[Any]] = {}
    now = round(time() * 1000)
    for name, send in records:
        of_place = batches.setdefault((name, send.partition), [])
        headers = list(send.headers)
        if of_place and of_place[-1].append(timestamp=now, key=send.key, value=send.value, headers=headers):
            continue
        # into an empty batch a record fits whatever its size: what is too large is refused by Kafka
        batch = producer.create_batch()
        batch.append(timestamp=now, key=send.key, value=send.value, headers=headers)
        of_place.append(batch)
    await asyncio.gather(*(_send(producer, *place, of_place, check) for place, of_place in batches.items()))


async def _send(
    producer: AIOKafkaProducer, topic: str, partition: int, batches: Iterable[Any], check: Callable[[], None]
) -> None:
    under_way = []
    for batch in batches:
        check()
        # a closed batch does not linger for more
        batch.close()
        under_way.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*under_way)
