"""Reading the samples of this folder, and what was made of them in words that are easily compared."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from detectors.core import events
from streams.sources import table
from streams.sources.hubspot import export
from streams.sources.hubspot.settings import HubSpot
from streams.sources.item import Item, Row

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = HubSpot.model_validate(
    {
        "time_zone": "Europe/Berlin",
        "owners": {"Rita Price": "rep@us.example", 70: "rep@us.example"},
        "properties": {"Budget Status": "budget"},
        "values": {"Budget Status": {"Approved": "confirmed"}},
        "stages": {"Partners": "Partners"},
    }
)


def tables(folder: Path) -> dict[str, list[Row]]:
    """The tables and dumps of a folder, as whoever reads files groups them."""
    found: dict[str, list[Row]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".csv":
            refused: list[Item] = []
            name, rows = export.table_of(table.columns(path)), list(table.rows(path, refused.append))
            assert not refused
        elif path.suffix == ".json":
            content = orjson.loads(path.read_bytes())
            name, rows = export.objects_of(content), dump(content, path.name)
        else:
            continue
        assert name is not None, path
        rows = [Row(f"{path.name}{row.place.removeprefix(str(path))}", row.fields) for row in rows]
        found.setdefault(name, []).extend(rows)
    return found


def dump(content: Any, name: str) -> list[Row]:
    """The objects of a dump."""
    told = content.get("results", content) if isinstance(content, dict) else content
    each = told if isinstance(told, list) else [told]
    return [Row(f"[{number}]", one) for number, one in enumerate(each)]


def told(items: Iterable[Item]) -> Iterator[dict[str, Any]]:
    """The events of items in order of time, and what was refused behind them, each in one line."""
    items = list(items)
    found = sorted((event for item in items for event in item.events), key=lambda event: (event.time, event.id))
    for event in found:
        yield orjson.loads(events.to_json(event))
    for item in items:
        if item.refusal is not None:
            yield {"refused": item.place, "reason": item.refusal.reason, "why": str(item.refusal)}
        elif not item.events:
            yield {"nothing told": item.place, "kind": item.kind, "why": item.why}
