"""What comes from outside is read as data: nothing of it names a class, is unpickled or run."""

import ast
import os
import pickle
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.ingest import ingest
from streams.settings import Kafka, Settings
from streams.wire import Record
from streams.worker.worker import Worker
from tests.streams.sample_deals import RULES, crm, day

ROOT = Path(__file__).parents[2]
SOURCES = sorted(file for folder in ("detectors", "streams", "dashboards") for file in (ROOT / folder).rglob("*.py"))
# each of them makes code, or objects of any class, of what it reads
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "unsafe_load", "full_load"}


class Bomb:
    """Whoever unpickles it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_a_record_that_is_a_pickled_object_is_a_dead_letter_and_nothing_comes_of_it(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    told = [pickle.dumps(Bomb(bomb), protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]

    records = [Record(0, b"any", value, offset=number) for number, value in enumerate(told)]

    sends = ingest(records, RULES, 1, day(30)).sends

    assert [send.topic for send in sends] == ["dead_letters"] * len(told)
    assert all(b"not_json" in dict(send.headers).values() for send in sends)
    assert not bomb.exists()
    pickle.loads(told[0])
    assert bomb.is_dir()


def test_an_event_that_names_a_class_to_be_made_of_it_is_the_event_that_it_is() -> None:
    plain = crm(0, stage="Demo") | {"subject": "D-1"}
    record = plain | {"__faust": {"ns": "os.system"}, "py/object": "os.system"}
    records = [Record(0, b"any", orjson.dumps(each), offset=0) for each in (plain, record)]
    [one], [other] = (
        [send for send in ingest([each], RULES, 1, day(30)).sends if send.topic == "deal_events"] for each in records
    )
    assert b"os.system" not in (one.value or b"")
    assert one.key == other.key == b"D-1"


def test_all_that_a_worker_takes_from_kafka_are_bytes_as_they_came() -> None:
    worker = Worker(Settings(kafka=Kafka(consumer="plain")), RULES)
    channels = [agent.channel for agent in worker.app.agents.values()]
    assert len(channels) == 4
    for channel in channels:
        assert (channel.schema.key_serializer, channel.schema.value_serializer) == ("raw", "raw")
        assert (channel.key_type, channel.value_type) == (bytes, bytes)
    for table in worker.app.tables.values():
        assert (table.key_type, table.value_type) == (bytes, bytes)


def test_so_are_whole_lists_which_pass_no_stream_of_faust_that_could_read_them() -> None:
    worker = Worker(Settings(kafka=Kafka(consumer="batches")), RULES)
    assert (len(worker.app.lanes), len(worker.app.agents)) == (4, 0)
    for table in worker.app.tables.values():
        assert (table.key_type, table.value_type) == (bytes, bytes)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_module_makes_code_of_data(file: Path) -> None:
    found = set()
    tree = ast.parse(file.read_text())
    imported = {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {each.name.partition(".")[0] for each in names} & UNSAFE_MODULES
            case ast.ImportFrom(module=str(module)):
                found |= {module.partition(".")[0]} & UNSAFE_MODULES
            case ast.Call(func=ast.Name(id=name)):
                found |= {name} & UNSAFE_CALLS
            case ast.Call(func=ast.Attribute(attr=name, value=ast.Name(id="yaml"))) if "yaml" in imported:
                found |= {name} & (UNSAFE_CALLS | {"load"})
            case ast.keyword(arg="typ", value=ast.Constant(value="unsafe" | "base")):
                found.add("ruamel.yaml")  # its own default makes no objects of any class
            case ast.Attribute(attr="Record", value=ast.Name(id="faust")):
                found.add("faust.Record")
    assert found == set()
