"""One Kafka for all of pytest-xdist's workers: the first to need it starts it, and ends it after the last has left."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from streams.demo.broker import Broker

# a dead worker is missed as soon as a test likes, and not only after the six seconds that Kafka asks for
PROPERTIES = {"group.min.session.timeout.ms": 1000}


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """Yields the bootstrap address of the broker that is shared by all who name the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    door = FileLock(folder / "door.lock")
    address = folder / "bootstrap"
    ours: Broker | None = None
    with door:
        if not address.exists():
            ours = Broker(folder / "kafka", properties=PROPERTIES).start()
            address.write_text(ours.bootstrap)
        bootstrap = address.read_text()
        guests = (folder / f"guests-{bootstrap}").open("w")
        fcntl.flock(guests, fcntl.LOCK_SH)  # released by the system, even if a worker crashes
    with guests:
        try:
            yield bootstrap
        finally:
            if ours is not None:
                with door:
                    address.unlink()  # who comes now starts another one
                fcntl.flock(guests, fcntl.LOCK_EX)  # waits for those who are still here
                ours.stop()
                shutil.rmtree(ours.folder)
