"""A running system lets go of closed deals after their time."""

from pathlib import Path

import orjson
import pytest

from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS
from tests.end_to_end.system import System
from tests.streams.sample_deals import crm, day, inbound


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_lost_deal_is_gone_ten_days_later_from_topics_and_pages(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    rep = "rep@us.example"
    told = [
        crm(0, stage="Demo", owner=rep) | {"subject": "D-1"},
        inbound(1, "m-1") | {"subject": "D-1"},
        crm(2, status="lost") | {"subject": "D-1"},
        crm(0, stage="Demo", owner=rep) | {"subject": "D-2"},
    ]
    with System(broker.bootstrap, prefix, tmp_path, OURS, retention__closed_deals_days="10") as system:
        system.start()
        system.publish(map(orjson.dumps, told), at=day(11))
        system.wait_until_done()
        assert set(system.answers()) == {"D-1", "D-2"}
        assert system.worker.ask("/deals/D-1")[0] == 200

        system.publish([orjson.dumps(inbound(12.1, "m-2") | {"subject": "D-1"})], at=day(12.2))
        system.wait_until_done()

        assert set(system.answers()) == {"D-2"}
        assert system.worker.ask("/deals/D-1")[0] == 404
        books = {read.key: read.value for read in system.read(system.topics["books"])}
        assert (books[f"{rep}\tD-1".encode()], books[f"{rep}\tD-2".encode()] is None) == (None, False)
        # who takes over does not know it either
        system.worker.kill()
        system.add_worker().wait_ready()
        assert system.workers[1].ask("/deals/D-1")[0] == 404
        assert system.workers[1].ask("/deals/D-2")[0] == 200
