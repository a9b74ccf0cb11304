"""The demo as somebody starts it who has no terminal, and as somebody ends it who has seen enough."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from streams.demo.processes import free_port
from streams.demo.servers import Alertmanager, Prometheus
from tests.end_to_end.console import refusal, stallwatch_process, untouched
from tests.end_to_end.system import until
from tests.needs import require

WITHIN = 200


class Demo:
    """A demo that runs, and what it has printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._output = folder.with_suffix(".out")
        command = [sys.executable, "-m", "streams", "demo", "--port", "0", "--folder", str(folder), *arguments]
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=untouched()
            )

    @property
    def said(self) -> str:
        """All that it has printed so far."""
        return self._output.read_text(errors="replace")

    def wait_until_it_says(self, words: str) -> None:
        """Returns once it has printed this; fails if it ends before."""

        def is_said() -> bool:
            assert words in self.said or self.process.poll() is None, self.said
            return words in self.said

        until(is_said, f"the demo says {words!r}", WITHIN)

    def interrupt(self) -> int:
        """Ctrl-C; its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def orphans(self) -> list[str]:
        """The processes that know of its folder, by their command lines."""
        return [command for pid, command in processes() if pid != self.process.pid and str(self.folder) in command]


def processes() -> Iterator[tuple[int, str]]:
    """Each process that is not dead, with its command line and environment."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            told = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
        except OSError:  # it has ended, or is somebody else's
            continue
        if state != "Z":
            yield int(process.name), told.replace(b"\0", b" ").decode(errors="replace")


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    """A demo that is ended, whatever happens."""
    running = Demo(folder, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()  # what it has started ends with it
            running.process.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_without_a_terminal_it_plays_the_half_year_sums_up_and_leaves_only_mails_and_logs(tmp_path: Path) -> None:
    require(*Prometheus.programs)
    require(*Alertmanager.programs)
    folder = tmp_path / "a folder"
    with demo(folder, "--speed", "40") as running:
        assert running.process.wait(WITHIN) == 0, running.said
        said = running.said

    assert "Traceback" not in said
    assert "playing 2026-01-05 to 2026-07-06: 60 deals of 5 reps" in said
    for news in (" stalls ", " worse ", " clears "):
        assert news in said
    assert "60 deals were played; " in said
    assert "mails went to reps, managers and ops.\nThe newest, to " in said
    assert "Where to look:" in said
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in (folder / "mails").rglob("*.eml")]
    reps = {str(mail["To"]) for mail in mails if str(mail["To"]).endswith("@northbeam.example")}
    assert len(reps) > 1
    to_reps = r"\d+ deals? needs? you: "
    to_managers = r"\d+ (critical deals? (is|are) left unanswered|findings? on your reps' books)"
    assert all(re.match(f"{to_reps}|{to_managers}", str(mail["Subject"])) for mail in mails)
    assert not (folder / "kafka").exists()
    assert running.orphans() == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "moment", ["starting Kafka", "starting the worker", "playing 2026-01-05"], ids=["first", "start", "play"]
)
def test_ctrl_c_ends_it_at_any_moment_with_a_clear_word_and_without_orphans(moment: str, tmp_path: Path) -> None:
    with demo(tmp_path / "seen") as running:
        running.wait_until_it_says(moment)
        status = running.interrupt()

        assert running.said.splitlines()[-1] == (
            f"The demo is over; everything that it started has ended. What it wrote is in {tmp_path / 'seen'}"
        )
        assert "Traceback" not in running.said
        assert status == 0
        assert running.orphans() == []


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        told = stallwatch_process("demo", "--port", f"{port}", "--folder", tmp_path / "none")
    assert refusal(told) == f"port {port} of 127.0.0.1 is taken; give another with --port"
    assert not (tmp_path / "none").exists()


def no_folder(path: Path) -> Path:
    """A path below a file."""
    path.write_text("a file")
    return path / "below"


def a_file(path: Path) -> Path:
    """A path that is a file."""
    path.write_text("a file")
    return path


@pytest.mark.parametrize("place", [no_folder, a_file])
def test_a_folder_that_cannot_be_written_is_said_in_one_line(place: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = place(tmp_path / "taken")
    told = stallwatch_process("demo", "--port", "0", "--folder", folder)
    assert refusal(told).startswith(f"cannot write to {folder}: ")
