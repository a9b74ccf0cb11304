"""JSON that a table keeps: orjson leaves 4 kB of room to each of its results, however short it is."""

from typing import Any

import orjson


def row_json(value: Any) -> bytes:
    """The JSON in no more room than it needs."""
    return bytes(memoryview(orjson.dumps(value)))
