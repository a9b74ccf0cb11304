"""Child processes that surely end: with their owner, at `stop`, or when the kernel sees this process gone."""

import atexit
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from streams.demo import leash

POLL_SECONDS = 0.05
LOG_LINES = 15


class DemoUnavailable(Exception):
    """Something on this machine keeps a server of the demo from running. The text is one line, for a person."""


class ChildEnded(DemoUnavailable):
    """A child process ended although nobody stopped it; the last lines of its log are in the error's notes."""


class NotReady(DemoUnavailable):
    """A child process runs but did not become ready in time; the last lines of its log are in the error's notes."""


# The kernel's death signal is bound to the thread that started the child, not to the process. So one thread starts
# them all, and it lives as long as the interpreter. It keeps nobody waiting: an executor whose thread is just being
# made when Ctrl-C comes never ends.
_orders: SimpleQueue[tuple[Future[subprocess.Popen[bytes]], Callable[[], subprocess.Popen[bytes]]]] = SimpleQueue()


def _carry_out() -> None:
    while True:
        order, start = _orders.get()
        try:
            order.set_result(start())
        except BaseException as error:
            order.set_exception(error)


@cache
def _starter() -> threading.Thread:
    thread = threading.Thread(target=_carry_out, name="child-starter", daemon=True)
    thread.start()
    return thread


def _started(start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """What was started by the one thread; ended again if Ctrl-C comes while it is."""
    order: Future[subprocess.Popen[bytes]] = Future()
    _starter()
    _orders.put((order, start))
    try:
        return order.result()
    except KeyboardInterrupt:
        with order.result() as process:
            process.kill()
        raise


class Child:
    """A program in a session of its own (Ctrl-C does not reach it), writing all it says to one log file.

    Start, stop and start again as often as you like; the log grows. As a context it is started and stopped.
    """

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None  # None whenever it is known not to run
        self._status: int | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self._clear_away(self._process)
        return self._process is not None

    def start(self) -> Self:
        """Starts the program. Raises DemoUnavailable if it can't be run or its log can't be written."""
        if self.running:
            return self
        if shutil.which(self._command[0]) is None:
            raise DemoUnavailable(f"cannot start {self.name}: there is no program {self._command[0]}")
        command = self._command
        if sys.platform == "linux":
            command = [sys.executable, "-IS", leash.__file__, str(os.getpid()), *command]
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as log:
                self._log_start = log.tell()
                self._process = _started(
                    lambda: subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        env=self._env,
                        start_new_session=True,
                    )
                )
        except OSError as error:
            raise DemoUnavailable(f"cannot start {self.name}: {error}") from error
        atexit.register(self.kill)
        return self

    def wait_until(self, ready: Callable[[], bool], within: float) -> None:
        """Returns once `ready()` is true. Raises ChildEnded once the child is gone, NotReady after `within` seconds."""
        deadline = time.monotonic() + within
        while not ready():
            if not self.running:
                raise self._with_log(
                    ChildEnded(f"{self.name} ended ({self._end()}): {self.complaint()} (log: {self.log})")
                )
            if time.monotonic() > deadline:
                raise self._with_log(NotReady(f"{self.name} is not ready after {within:.0f} s (log: {self.log})"))
            time.sleep(POLL_SECONDS)

    def wait(self, within: float) -> int:
        """Waits for it to end by itself and returns its exit status. Raises NotReady after `within` seconds."""
        if self._process is not None:
            try:
                self._process.wait(within)
            except subprocess.TimeoutExpired:
                late = NotReady(f"{self.name} still runs after {within:.0f} s (log: {self.log})")
                raise self._with_log(late) from None
            self._clear_away(self._process)
        if self._status is None:
            raise ValueError(f"{self.name} was never started")
        return self._status

    def stop(self, grace: float = 10) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds, to it and all that it started. Harmless if it is gone."""
        if not self.running or self._process is None:
            return
        self._signal(self._process, signal.SIGTERM)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            pass
        finally:  # a second Ctrl-C too
            self.kill()

    def kill(self) -> None:
        """SIGKILL to it and all that it started. Harmless if it is gone."""
        if not self.running or self._process is None:
            return
        self._signal(self._process, signal.SIGKILL)
        self._process.wait()
        self._clear_away(self._process)

    def last_lines(self, count: int = LOG_LINES) -> list[str]:
        """The end of what it said since it was last started."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                return log.read().decode(errors="replace").splitlines()[-count:]
        except OSError:
            return []

    def complaint(self) -> str:
        """The line of its log that most likely tells why it ended."""
        lines = [line.strip() for line in self.last_lines(200)]
        lines = [line for line in lines if line and not line.startswith(("at ", "File "))]  # no stack traces
        complaints = [line for line in lines if any(word in line.lower() for word in ("error", "fatal", "exception"))]
        return (complaints or lines or ["it said nothing"])[-1][:300]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _clear_away(self, process: subprocess.Popen[bytes]) -> None:
        """Ends what a program that has just ended left behind; later its number may belong to somebody else."""
        self._signal(process, signal.SIGKILL)
        self._status, self._process = process.returncode, None
        atexit.unregister(self.kill)

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        # macOS refuses permission where Linux finds no process.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)

    def _end(self) -> str:
        if self._status is None:
            return "it was never started"
        return f"exit status {self._status}" if self._status >= 0 else f"signal {-self._status}"

    def _with_log(self, error: DemoUnavailable) -> DemoUnavailable:
        error.add_note("\n".join([f"{self.log} ends:", *self.last_lines()]))
        return error


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens.

    It lies below the range from which the kernel gives ports to outgoing connections: otherwise, while a server is
    restarted, a client that keeps trying can be given the server's own port and occupy it.
    """
    below = _first_outgoing_port()
    for _ in range(1000):
        port = random.randrange(max(below - 20_000, 1024), below)
        if port_is_free(port):
            return port
    raise DemoUnavailable("no free port on 127.0.0.1")


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1 at this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _first_outgoing_port() -> int:
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = 32_768
    return max(first, 2048)
