"""Prometheus and Alertmanager, run by ourselves from the system's programs, on ports and in folders of our own."""

import http.client
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from streams.demo.processes import Child, DemoUnavailable, free_port, port_is_free

START_SECONDS = 30
HOW_TO_GET = "on Debian: apt-get install prometheus prometheus-alertmanager; elsewhere from prometheus.io/download"


def program(*names: str) -> str | None:
    """The path of the first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name))), None)


class _Server(ABC):
    """One of the two servers. `url` is known before it starts, so that others can be configured with it."""

    name: ClassVar[str]
    programs: ClassVar[Sequence[str]]

    def __init__(self, config: Path, folder: Path, port: int = 0) -> None:
        self.config = config.absolute()
        self.folder = folder.absolute()
        self.port = port or free_port()
        self.log = self.folder / f"{self.name.lower()}.log"
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @classmethod
    def installed(cls) -> bool:
        return program(*cls.programs) is not None

    def start(self) -> Self:
        """Returns when the server says that it is ready. Raises DemoUnavailable, saying why, if it can't be had."""
        if self.running:
            return self
        path = program(*self.programs)
        if path is None:
            raise DemoUnavailable(f"{self.name} is not installed; {HOW_TO_GET}")
        if not port_is_free(self.port):
            raise DemoUnavailable(f"port {self.port} of 127.0.0.1, which {self.name} was to have, is taken")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DemoUnavailable(f"cannot write to {self.folder}: {error.strerror or error}") from error
        self._child = Child(self.name, [path, *self._arguments()], self.log).start()
        try:
            self._child.wait_until(lambda: self._ask("GET", "/-/ready"), within=START_SECONDS)
        except BaseException:
            self._child.kill()
            raise
        return self

    def reload(self) -> None:
        """Makes it read its configuration again. Raises DemoUnavailable if it refuses."""
        if not self._ask("POST", "/-/reload"):
            raise DemoUnavailable(f"{self.name} refused {self.config} (log: {self.log})")

    def stop(self) -> None:
        """Ends it; what it stored in its folder stays, and `start` goes on from there."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would end it."""
        if self._child is not None:
            self._child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def _arguments(self) -> list[str]: ...

    def _ask(self, method: str, path: str) -> bool:
        # Not urllib or requests: they would send it through a proxy that the environment names.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class Prometheus(_Server):
    """A Prometheus that scrapes and judges as `config` says."""

    name = "Prometheus"
    programs = ("prometheus",)

    def _arguments(self) -> list[str]:
        return [
            f"--config.file={self.config}",
            f"--storage.tsdb.path={self.folder / 'series'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-lifecycle",
            "--log.level=warn",
        ]


class Alertmanager(_Server):
    """A single Alertmanager, without peers."""

    name = "Alertmanager"
    programs = ("prometheus-alertmanager", "alertmanager")  # Debian's name, upstream's name

    def _arguments(self) -> list[str]:
        return [
            f"--config.file={self.config}",
            f"--storage.path={self.folder / 'alerts'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",  # else it also listens for peers, on all addresses
            "--log.level=warn",
        ]
