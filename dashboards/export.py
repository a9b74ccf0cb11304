"""Write every dashboard as a file, for Grafana's provisioning: `python -m dashboards.export [FOLDER]`."""

import json
import sys
from pathlib import Path

from dashboards.catalogue import boards

PROVISIONED = Path("deploy/grafana/dashboards")


def export(folder: Path = PROVISIONED) -> list[Path]:
    """Write the dashboards into `folder`, one file each, and take away files of dashboards that are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for uid, board in boards().items():
        path = folder / f"{uid}.json"
        path.write_text(as_text(board), encoding="utf-8")
        written.append(path)
    for old in set(folder.glob("stallwatch-*.json")) - set(written):
        old.unlink()
    return written


def as_text(board: dict[str, object]) -> str:
    """One dashboard as it stands in its file."""
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path in export(*map(Path, sys.argv[1:2])):
        print(path)
