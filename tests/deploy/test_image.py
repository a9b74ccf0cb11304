"""The image's recipe. No engine runs it here; what can be told from its text is told."""

import re
from pathlib import Path

DOCKERFILE = Path("deploy/Dockerfile").read_text()
INSTRUCTIONS = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).splitlines()


def locked(path: str) -> dict[str, set[str]]:
    """Of each pinned package ("name==version"), its hashes."""
    packages: dict[str, set[str]] = {}
    for line in Path(path).read_text().splitlines():
        if pinned := re.match(r"([a-z0-9][\w.-]*==\S+)", line):
            packages[pinned[1]] = hashes = set[str]()
        elif found := re.search(r"--hash=(\S+)", line):
            hashes.add(found[1])
    return packages


def test_what_is_shipped_is_the_lock_without_the_tools_of_its_making() -> None:
    everything, shipped = locked("requirements.lock"), locked("deploy/requirements.lock")
    assert shipped.items() <= everything.items()
    assert {name.partition("==")[0] for name in shipped}.isdisjoint({"pytest", "mypy", "ruff", "hatchling"})
    assert all(shipped.values())


def test_every_package_is_checked_by_its_hash() -> None:
    installs = [part for line in INSTRUCTIONS for part in line.split("&&") if "pip install" in part]
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps --no-index" in install


def test_every_base_has_a_version() -> None:
    bases = [line.split()[1] for line in INSTRUCTIONS if line.startswith("FROM")]
    assert len(bases) == 2
    for base in bases:
        assert re.fullmatch(r"python:3\.13-slim-\w+", base)


def test_it_does_not_run_as_root() -> None:
    last = [line for line in INSTRUCTIONS if line.startswith("USER")][-1]
    assert not last.split()[1].startswith(("0", "root"))


def test_every_file_that_is_copied_exists_and_is_let_through() -> None:
    let_through = Path("deploy/Dockerfile.dockerignore").read_text().splitlines()
    for line in INSTRUCTIONS:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert Path(source).exists(), source
                assert f"!{Path(source).parts[0]}" in let_through, source
