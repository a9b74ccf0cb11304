"""A real Alertmanager for the tests, and what it has."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streams.demo.servers import Alertmanager
from tests.needs import require

# nobody is notified: what counts here is which alerts it knows
# whoever wants to see all that is open at once
PLENTY = {"alerts": {"per_owner_per_day": 10_000}}
CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def alertmanager(folder: Path) -> Iterator[Alertmanager]:
    """One that runs for as long as the context."""
    require(*Alertmanager.programs)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "alertmanager.yml"
    config.write_text(CONFIG)
    with Alertmanager(config, folder / "alertmanager") as server:
        yield server


def active(server: Alertmanager) -> list[dict[str, str]]:
    """The labels of each alert that it holds for active and that is for a rep, in one order."""
    with _OPENER.open(f"{server.url}/api/v2/alerts?active=true", timeout=10) as answer:
        labels = [alert["labels"] for alert in json.load(answer) if "manager_email" not in alert["labels"]]
    return sorted(labels, key=lambda each: (each["deal_id"], each["detector"]))


def stalls(answers: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What an Alertmanager must have by these answers: (deal, detector, severity, owner) of each stall, sorted."""
    return sorted(
        (deal_id, finding["detector"], finding["severity"], told["owner"])
        for deal_id, told in answers.items()
        if told["status"] == "open"
        for finding in told["findings"]
        if finding["state"] == "open" and finding["severity"] != "info"
    )


def told(server: Alertmanager) -> list[tuple[str, str, str, str]]:
    """What it has, in the form of `stalls`."""
    return sorted(
        (labels["deal_id"], labels["detector"], labels["severity"], labels.get("owner_email", ""))
        for labels in active(server)
    )
