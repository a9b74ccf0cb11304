"""`python -m bench.hosts HOST WORKLOAD FOLDER`: a host works off an inbox, and writes FOLDER/outcome.json.

Settings come from the environment, as a worker's do.
"""

import gc
import logging
import sys
from importlib import import_module
from pathlib import Path

from streams import rules_file
from streams.cli import SELDOM
from streams.settings import load

from .job import Job


def main(host: str, workload: str, folder: str) -> None:
    """Run a host until it is done."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    gc.set_threshold(*SELDOM)  # as a worker's process does; the others shall not be worse off
    settings = load()
    job = Job(settings, rules_file.read(settings.rules), Path(folder))
    getattr(import_module(f"{__package__}.{host}"), workload)(job)
    job.stopwatch.write(job.folder / "outcome.json")


if __name__ == "__main__":
    main(*sys.argv[1:])
