"""What all tests share: a real Kafka, and names that keep them apart on it."""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streams.demo.broker import Broker
from tests.shared_broker import PROPERTIES, shared_broker


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with most that is slow first, then all that run whole systems: so no worker waits long for another."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (-slow[item.path], item.path.parent.name != "end_to_end"))


@dataclass(frozen=True)
class RunningBroker:
    """A broker that others use too: give every topic and group the `prefix`, and do not stop it."""

    bootstrap: str


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[RunningBroker]:
    """One Kafka for the whole run, started when the first test asks for it."""
    base = tmp_path_factory.getbasetemp()
    with shared_broker((base if worker_id == "master" else base.parent) / "shared-broker") as bootstrap:
        yield RunningBroker(bootstrap)


@pytest.fixture
def prefix() -> str:
    """A short string that no other test has: the prefix of its topics and groups."""
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A Kafka of the test's own, to be killed and restarted as it likes."""
    with Broker(tmp_path / "own-broker", properties=PROPERTIES) as own:
        yield own
