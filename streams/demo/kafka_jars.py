"""Apache Kafka's jars, fetched from Maven Central once and kept in the user's cache, each checked by its SHA-256."""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import requests
from filelock import FileLock
from jgo.env import EnvironmentBuilder, LinkStrategy
from jgo.maven import MavenContext

from streams.demo.processes import DemoUnavailable

VERSION = "4.1.0"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"  # the latter so that Kafka can log
DIGESTS = Path(__file__).with_name(f"kafka-{VERSION}.sha256")  # in sha256sum's format
FETCH_SECONDS = 60  # of silence of the network


def cache_folder() -> Path:
    """Where fetched things survive: `$XDG_CACHE_HOME/stallwatch`, else `~/.cache/stallwatch`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stallwatch"


def kafka_jars(say: Callable[[str], None], cache: Path | None = None) -> list[Path]:
    """The jars of a Kafka broker, fetched if this cache (default: the user's) has none. `say` is told of the fetching.

    Raises DemoUnavailable if they can't be fetched or stored, or are not what they should be.
    """
    cache = cache or cache_folder()
    # Named by what is in it: another list of jars is another folder.
    folder = cache / f"kafka-{VERSION}-{hashlib.sha256(DIGESTS.read_bytes()).hexdigest()[:8]}"
    jars = [folder / name for name in _digests()]
    if folder.exists():
        return jars
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):
            if not folder.exists():  # nobody fetched it while we waited
                say(f"fetching Kafka {VERSION} (44 MB, once) …")
                _fetch(cache, folder)
    except requests.RequestException as error:
        raise DemoUnavailable(f"cannot fetch Kafka's jars, is there a network? ({type(error).__name__})") from error
    except OSError as error:
        raise DemoUnavailable(f"cannot keep Kafka's jars in {cache}: {error.strerror or error}") from error
    except RuntimeError as error:
        raise DemoUnavailable(f"cannot fetch Kafka's jars: {error}") from error
    return jars


def _fetch(cache: Path, folder: Path) -> None:
    """Fetches beside the final place, then moves: what lies there is always complete."""
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as name:
        work = Path(name)
        maven = MavenContext(repo_cache=work / "maven", timeout=FETCH_SECONDS)
        jgo_log = logging.getLogger("jgo")
        level = jgo_log.level
        jgo_log.setLevel(logging.ERROR)  # it warns of what Kafka's own build leaves open
        try:
            builder = EnvironmentBuilder(maven, cache_dir=work, link_strategy=LinkStrategy.COPY)
            fetched = {jar.name: jar for jar in builder.from_endpoint(ENDPOINT).path.rglob("*.jar")}
        finally:
            jgo_log.setLevel(level)
        complete = work / "complete"
        complete.mkdir()
        for jar, digest in _digests().items():
            if jar not in fetched or hashlib.sha256(fetched[jar].read_bytes()).hexdigest() != digest:
                raise RuntimeError(f"{jar} is missing or not the one that was published")
            shutil.move(fetched[jar], complete / jar)
        complete.rename(folder)


def _digests() -> dict[str, str]:
    lines = (line.split() for line in DIGESTS.read_text().splitlines())
    return {name: digest for digest, name in lines}
