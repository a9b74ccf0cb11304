"""Recording rules for tests, which do not wait for minutes."""

from pathlib import Path

import yaml


def hurried(rules: Path, path: Path) -> Path:
    """The same rules in a file where all are as fast as Prometheus."""
    content = yaml.safe_load(rules.read_text())
    for group in content["groups"]:
        group.pop("interval", None)
    path.write_text(yaml.safe_dump(content))
    return path
