"""What the log says while Kafka's libraries say the same thing again and again."""

import logging

from streams.worker.repeats import Repeats


def record(text: str, *args: object, name: str = "aiokafka", level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, args, None)


def test_what_is_said_a_hundred_times_a_second_stands_there_once_a_minute_with_its_number() -> None:
    now = 0.0
    repeats = Repeats(lambda: now)
    told = []
    for second in range(61):
        for node in (0, 1):
            now = float(second)
            each = record("Unable connect to node with id %s: %s", node, "refused")
            if repeats.filter(each):
                told.append(each.getMessage())
    assert told == [
        "Unable connect to node with id 0: refused",
        "Unable connect to node with id 0: refused (and 119 times more since it was last told)",
    ]


def test_what_is_another_thing_is_told_at_once() -> None:
    repeats = Repeats(lambda: 0.0)
    assert repeats.filter(record("Unable connect to %s", "kafka-1.us.example"))
    assert repeats.filter(record("Unable connect to %s", "kafka-b.us.example"))
    assert repeats.filter(record("Unable connect to %s", "kafka-1.us.example", name="faust"))
    assert not repeats.filter(record("Unable connect to %s", "kafka-2.us.example"))


def test_a_group_that_is_just_beginning_is_no_error_to_anybody_unless_it_lasts() -> None:
    now = 0.0
    repeats = Repeats(lambda: now)
    told = []
    for second in range(61):
        now = float(second)
        each = record("Group Coordinator Request failed: %s", "[Error 15] GroupCoordinatorNotAvailableError")
        if repeats.filter(each):
            told.append((second, each.getMessage().partition(" (")[2]))
    assert told == [(60, "and 60 times more since it was last told)")]
