"""What was fetched and is not handed over yet."""

from streams.worker.backlog import Backlog


def of(**fetched: list[int]) -> Backlog[str, int]:
    backlog: Backlog[str, int] = Backlog()
    backlog.add(fetched)
    return backlog


def test_each_partition_gives_the_same() -> None:
    assert of(a=[1, 2, 3, 4], b=[5, 6, 7, 8]).take(4) == {"a": [1, 2], "b": [5, 6]}


def test_what_a_short_one_leaves_of_its_share_the_long_ones_have() -> None:
    assert of(a=[1, 2, 3, 4, 5, 6], b=[7], c=[8, 9, 10, 11]).take(7) == {"b": [7], "a": [1, 2, 3], "c": [8, 9, 10]}


def test_a_long_one_does_not_keep_others_waiting_and_nothing_is_passed_over() -> None:
    backlog = of(a=list(range(10)))
    assert backlog.take(4) == {"a": [0, 1, 2, 3]}
    backlog.add({"b": [100, 101]})
    assert backlog.take(4) == {"b": [100, 101], "a": [4, 5]}
    assert backlog.take(100) == {"a": [6, 7, 8, 9]}
    assert not backlog


def test_what_comes_later_stands_behind_what_waits() -> None:
    backlog = of(a=[1, 2])
    backlog.add({"a": [3]})
    assert [backlog.take(5), backlog.take(5), backlog.take(5)] == [{"a": [1, 2]}, {"a": [3]}, {}]


def test_many_partitions_give_one_each_at_least() -> None:
    assert of(a=[1, 2], b=[3, 4], c=[5, 6]).take(2) == {"a": [1], "b": [3], "c": [5]}


def test_an_empty_list_is_nothing_that_waits() -> None:
    assert not of(a=[])


def test_what_is_forgotten_does_not_come() -> None:
    backlog = of(a=[1])
    backlog.clear()
    assert not backlog
    assert backlog.take(1) == {}
