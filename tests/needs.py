"""What a test needs of the machine."""

import os
from pathlib import Path

import pytest

from streams.demo.servers import program


def require(*names: str) -> str:
    """The path of a program, known by any of these names.

    Where it could be had (in CI, and on Debian as root: `make install` brings it), its absence fails the test;
    elsewhere the test is skipped.
    """
    path = program(*names)
    if path is not None:
        return path
    reason = f"{names[0]} is not installed (`make install` brings it on Debian as root)"
    if os.environ.get("CI") or (Path("/etc/debian_version").exists() and os.geteuid() == 0):
        pytest.fail(reason)
    pytest.skip(reason)
