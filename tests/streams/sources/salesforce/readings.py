"""Salesforce's tables as this project's own files have them, and how their deals come out."""

from collections.abc import Iterable
from pathlib import Path

from detectors.core.deal import Deal
from detectors.core.rules import Rules
from streams.replay import Replay
from streams.sources import table
from streams.sources.in_order import in_order
from streams.sources.item import Item, Row
from streams.sources.salesforce import export
from streams.sources.salesforce.settings import Salesforce

GOLDEN = Path(__file__).parent / "golden"
ACME, BETA, GONE = "006Dn00000AcMe1IAF", "006Dn00000BeTa2IAF", "006Dn00000GoNe3IAF"
RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"]},
        "pipelines": {"New business": {"stages": ["Discovery", "Demo", "Proposal", "Closed Won"]}},
    }
)


def tables(folder: Path) -> dict[str, list[Row]]:
    """The tables in a folder's CSV files, told apart by their columns."""
    found: dict[str, list[Row]] = {}
    for path in sorted(folder.glob("*.csv")):
        name = export.table_of(table.columns(path))
        assert name is not None, path
        rows = table.rows(path, _refuse)
        found[name] = [Row(row.place.replace(str(folder) + "/", ""), row.fields) for row in rows]
    return found


def _refuse(item: Item) -> None:
    raise AssertionError(item)


def read(settings: Salesforce, **given: list[Row]) -> list[Item]:
    return list(export.read(given, settings))


def events_of(items: Iterable[Item]) -> list[bytes]:
    return [told.raw for told in in_order(items) if told.refusal is None]


def deals(items: Iterable[Item], rules: Rules = RULES) -> Replay:
    replay = Replay(rules)
    for _ in replay.run(in_order(items)):
        pass
    assert not replay.refusals
    return replay


def deal(items: Iterable[Item], id: str, rules: Rules = RULES) -> Deal:
    """One deal, folded from its events."""
    told = Deal(id, rules)
    for item in items:
        for event in item.events:
            if event.subject == id:
                told = told.apply(event)
    return told
