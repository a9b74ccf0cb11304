"""A worker's disk is full, is lost or is not there: it needs none, for all that it knows stands in Kafka."""

import os
from pathlib import Path
from typing import Any

from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS, event
from tests.end_to_end.system import System, until

DEALS = 20
FULL = Path("/dev/full")


def history(first: int) -> list[bytes]:
    """As many deals that begin."""
    at = "2026-03-02T09:15:00+01:00"
    numbers = range(first, first + DEALS)
    return [event("crm.deal.changed", number, at, f"D-{number}", stage="Demo") for number in numbers]


def known(system: System) -> float:
    """How many deals the worker knows."""
    return sum(system.worker.metrics("stallwatch_deals").values())


def on_a_disk_of_its_own(system: System, folder: Path) -> None:
    """What the workers write for themselves, they write there."""
    folder.mkdir()
    system.env["TMPDIR"] = str(folder)


def files_in(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if not each.is_dir()]


def written_by(pid: int | None) -> set[str]:
    """The files on a disk that a process has open for writing."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        flags = Path(f"/proc/{pid}/fdinfo/{link.name}").read_text().partition("flags:")[2].split()[0]
        file = link.readlink()
        if int(flags, 8) & (os.O_WRONLY | os.O_RDWR) and file.is_file():
            found.add(file.name)
    return found


def test_a_worker_that_lost_its_disk_has_everything_again_from_kafka(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    with System(broker.bootstrap, prefix, tmp_path, OURS) as system:
        on_a_disk_of_its_own(system, disk)
        system.start()
        system.publish(history(0))
        system.wait_until_done()
        assert known(system) == DEALS
        assert (files_in(disk), written_by(system.worker.pid)) == ([], {system.worker.log.name})
        before = told(system)

        system.worker.kill()
        for folder in sorted(disk.rglob("*"), reverse=True):
            folder.rmdir()
        disk.rmdir()
        disk.mkdir()
        system.worker.start()
        system.worker.wait_ready()
        until(lambda: known(system) == DEALS, "it knows what it knew")
        assert told(system) == before


def test_a_worker_whose_log_finds_no_room_goes_on(broker: RunningBroker, prefix: str, tmp_path: Path) -> None:
    with System(broker.bootstrap, prefix, tmp_path, OURS) as system:
        system.start()
        worker = system.worker
        worker.kill()
        worker.log = FULL
        worker.start()
        worker.wait_ready()
        # refused events and rules are complained of
        system.put(b"no event")
        system.publish(history(0))
        system.write_rules({"detectors": {"gone_quite": {}}})
        assert worker.ask("/-/reload", "POST")[0] == 500
        until(lambda: known(system) == DEALS, "the deals are there")
        assert len(system.dead_letters()) == 1
        assert worker.running


def told(system: System) -> dict[str, Any]:
    """What the pages say of each deal."""
    return {
        f"D-{number}": system.worker.ask(f"/deals/D-{number}", Accept="application/json") for number in range(DEALS)
    }
