"""What these tests share: one company's settings, and goldens: inputs beside what is expected of them."""

from collections.abc import Iterable
from pathlib import Path

import orjson

from detectors.core import events
from streams.sources.item import Item
from streams.sources.pipedrive.settings import Pipedrive

GOLDEN = Path(__file__).parent / "golden"
SEGMENT = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
OURS = Pipedrive.model_validate(
    {
        "stages": {1: "Discovery", 2: "Demo", 3: "Proposal"},
        "pipelines": {1: "Sales"},
        "owners": {7: "rep@us.example", "Rae Pratt": "rep@us.example", 9: "amy@us.example"},
        "fields": {SEGMENT: "segment", "Deal - Segment": "segment"},
        "values": {"segment": {41: "enterprise", "Enterprise": "enterprise"}},
    }
)


def told(items: Iterable[Item]) -> list[dict[str, object]]:
    """The events of items as plain objects, and each refusal as one."""
    out: list[dict[str, object]] = []
    for item in items:
        out += [orjson.loads(events.to_json(event)) for event in item.events]
        if item.refusal is not None:
            out.append({"refused": item.refusal.reason, "because": str(item.refusal)})
    return out


def expected(name: str) -> list[dict[str, object]]:
    """The lines of a golden file."""
    return [orjson.loads(line) for line in (GOLDEN / f"{name}.events.jsonl").read_bytes().splitlines()]
