"""Kafka's jars come once, whole, or not at all with a word why."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streams.demo import kafka_jars as module
from streams.demo.kafka_jars import kafka_jars
from streams.demo.processes import DemoUnavailable


def test_without_a_network_it_says_so_and_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")  # where nobody listens
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    said: list[str] = []
    with pytest.raises(DemoUnavailable, match="is there a network"):
        kafka_jars(said.append, cache=tmp_path)
    assert said == ["fetching Kafka 4.1.0 (44 MB, once) …"]
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DemoUnavailable, match=r"cannot keep Kafka's jars in .*/file/stallwatch: Not a directory"):
        kafka_jars(print)


def test_those_who_come_together_fetch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_fetch", lambda _, folder: folder.mkdir())  # would fail the second time
    said: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: kafka_jars(said.append, cache=tmp_path), range(4)))
    assert len(said) == 1
    assert all(answer == answers[0] for answer in answers)
