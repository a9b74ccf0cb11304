"""A child process ends with its owner, whatever happens to either."""

import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from streams.demo.processes import Child, ChildEnded, DemoUnavailable, NotReady, free_port, port_is_free

SLEEPER = "import time; time.sleep(1000)"
# Holds a pipe open for as long as it lives: who reads the pipe sees its end when the kernel does.
ALIVE = "import sys, time; pipe = open(sys.argv[1], 'w'); pipe.write('.'); pipe.flush(); time.sleep(1000)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + ALIVE
PARENT_OF_ALIVE = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ALIVE!r}, sys.argv[1]])"
# Starts a child that is ALIVE, and ends when it is told anything.
OWNER = (
    "import sys; from pathlib import Path; from streams.demo.processes import Child; "
    "Child('it', [sys.executable, '-c', *sys.argv[1:3]], Path(sys.argv[3])).start(); input()"
)

# Is interrupted just when the first child is to be started, as by Ctrl-C, but surely there.
INTERRUPTED = """
import sys, threading
from pathlib import Path
from streams.demo.processes import Child

start = threading.Thread.start

def interrupted(thread):
    start(thread)
    threading.Thread.start = start
    raise KeyboardInterrupt

threading.Thread.start = interrupted
try:
    Child("it", [sys.executable, "-c", ""], Path(sys.argv[1])).start()
except KeyboardInterrupt:
    print("over")
"""


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def python(tmp_path: Path, code: str, *arguments: object) -> Child:
    return Child("the child", [sys.executable, "-c", code, *map(str, arguments)], tmp_path / "child.log")


def owner(tmp_path: Path, pipe: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", OWNER, ALIVE, str(pipe), str(tmp_path / "child.log")]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def test_a_child_that_dies_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = python(tmp_path, "print('one'); print('two'); raise SystemExit('fatal: no room')").start()
    with pytest.raises(ChildEnded, match=r"the child ended \(exit status 1\): fatal: no room") as caught:
        child.wait_until(lambda: False, within=30)
    assert "\n" not in str(caught.value)
    assert "one\ntwo\nfatal: no room" in caught.value.__notes__[0]


def test_a_child_that_is_killed_is_told_with_the_signal(tmp_path: Path) -> None:
    child = python(tmp_path, "import os; os.kill(os.getpid(), 9)").start()
    with pytest.raises(ChildEnded, match=r"signal 9"):
        child.wait_until(lambda: False, within=30)


def test_a_child_that_is_not_ready_in_time_is_told_and_left_running(tmp_path: Path) -> None:
    with python(tmp_path, SLEEPER) as child:
        with pytest.raises(NotReady, match="not ready after 0 s"):
            child.wait_until(lambda: False, within=0.1)
        assert child.running


def test_a_program_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(DemoUnavailable, match="there is no program /nowhere/at-all"):
        Child("it", ["/nowhere/at-all"], tmp_path / "log").start()


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoUnavailable, match="cannot start it"):
        Child("it", [sys.executable], tmp_path / "file" / "log").start()


def test_stop_ends_a_child_that_ignores_it(tmp_path: Path, pipe: Path) -> None:
    child = python(tmp_path, STUBBORN, pipe).start()
    with pipe.open("rb") as life:
        assert life.read(1) == b"."
        child.stop(grace=0.1)
        assert life.read() == b""
    assert not child.running
    assert child.wait(within=0) == -signal.SIGKILL


def test_stop_ends_what_the_child_started(tmp_path: Path, pipe: Path) -> None:
    child = python(tmp_path, PARENT_OF_ALIVE, pipe).start()
    with pipe.open("rb") as life:
        assert life.read(1) == b"."
        child.stop()
        assert life.read() == b""


def test_what_a_child_left_behind_ends_when_the_child_is_seen_to_be_gone(tmp_path: Path, pipe: Path) -> None:
    leaves_behind = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {ALIVE!r}, sys.argv[1]])"
    child = python(tmp_path, leaves_behind, pipe).start()
    with pipe.open("rb") as life:
        assert life.read(1) == b"."
        assert child.wait(within=30) == 0
        assert life.read() == b""


def test_who_is_interrupted_while_the_first_child_is_started_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED, tmp_path / "log"]
    told = subprocess.run(command, capture_output=True, timeout=60)
    assert (told.returncode, told.stdout) == (0, b"over\n")


def test_a_child_that_is_just_being_started_at_an_interruption_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interruptions, started, result = [KeyboardInterrupt()], list[subprocess.Popen[bytes]](), Future.result

    def interrupted(order: "Future[subprocess.Popen[bytes]]") -> subprocess.Popen[bytes]:
        if interruptions:
            raise interruptions.pop()
        started.append(result(order))
        return started[0]

    monkeypatch.setattr(Future, "result", interrupted)
    child = python(tmp_path, SLEEPER)
    with pytest.raises(KeyboardInterrupt):
        child.start()
    assert not child.running
    assert started[0].returncode == -signal.SIGKILL


def test_stop_and_kill_are_harmless_before_and_after(tmp_path: Path) -> None:
    child = python(tmp_path, SLEEPER)
    child.stop()
    child.kill()
    child.start().kill()
    child.kill()
    child.stop()
    assert child.pid is None


def test_a_child_starts_again_and_goes_on_with_its_log(tmp_path: Path) -> None:
    child = python(tmp_path, "print('here')")
    assert [child.start().wait(within=30) for _ in range(2)] == [0, 0]
    assert child.log.read_text() == "here\nhere\n"
    assert child.last_lines() == ["here"]


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    child = python(tmp_path, SLEEPER)
    thread = threading.Thread(target=child.start)
    thread.start()
    thread.join()
    with pytest.raises(NotReady):
        child.wait_until(lambda: not child.running, within=0.5)
    child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_no_orphan_remains_when_the_parent_is_killed(tmp_path: Path, pipe: Path) -> None:
    parent = owner(tmp_path, pipe)
    with pipe.open("rb") as life:
        assert life.read(1) == b"."
        parent.kill()
        assert life.read() == b""
    parent.communicate()


def test_a_parent_that_just_ends_takes_its_child_along(tmp_path: Path, pipe: Path) -> None:
    parent = owner(tmp_path, pipe)
    with pipe.open("rb") as life:
        assert life.read(1) == b"."
        parent.communicate(b"\n")
        assert life.read() == b""
    assert parent.returncode == 0


def test_a_free_port_can_be_listened_on_and_is_not_given_to_outgoing_connections() -> None:
    port = free_port()
    assert port < 32_768
    with socket.create_server(("127.0.0.1", port)):
        assert not port_is_free(port)
    assert port_is_free(port)
