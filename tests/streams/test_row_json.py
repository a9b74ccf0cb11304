"""What a row's JSON takes."""

import tracemalloc

import orjson

from streams.row_json import row_json


def test_it_is_the_same_json_in_no_more_room_than_it_needs() -> None:
    tracemalloc.start()
    try:
        rows = [row_json([f"D-{number}", number]) for number in range(100)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows == [orjson.dumps([f"D-{number}", number]) for number in range(100)]
    assert taken < 100 * 500
