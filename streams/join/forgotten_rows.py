"""The rows of the join's table, without the people who are forgotten.

Somebody at a public mail provider is a company of their own: then it is the rows' company that changes its name. Their
partition stays the same, for a pseudonym is chosen so.
"""

from collections.abc import Mapping

import orjson

from detectors.core import events

from ..forgetting import Forgotten
from .deal_words import DealWord
from .kept import Kept
from .rows import SEPARATOR, kind_of, name_of

Rows = dict[str, bytes]


def rewritten(rows: Mapping[str, bytes], forgotten: Forgotten) -> Rows:
    """The rows in the same order; where two come to the same contact, what both say."""
    found: Rows = {}
    for row, value in rows.items():
        now, told = _rewritten(row, value, forgotten)
        if kind_of(now) == "contact" and now in found:
            told = _both(found.pop(now), told)
        found[now] = told
    return found


def _rewritten(row: str, value: bytes, forgotten: Forgotten) -> tuple[str, bytes]:
    company, kind, name = row.split(SEPARATOR, 2)
    match kind:
        case "contact":
            return _row(company, kind, name, forgotten), value
        case "thread" | "own" | "answer" | "thing":
            return _row(company, kind, name, forgotten, is_person=False), value
        case "elsewhere":
            since, *companies = orjson.loads(value)
            others = [forgotten.address(each) for each in companies]
            value = value if others == companies else orjson.dumps((since, *others))
            return _row(company, kind, name, forgotten, is_person=False), value
        case "report":
            return row, forgotten.json(value)
        case "word":
            kept = Kept.of(value)
            told = forgotten.json(kept.value)
            if told == kept.value:
                return row, value
            word = DealWord.of(told)
            partition = name.partition(SEPARATOR)[0]
            name = SEPARATOR.join((partition, word.deal, name_of(word.event, told)))
            return SEPARATOR.join((company, kind, name)), Kept(kept.since, told, kept.companies).to_row()
        case _:
            kept = Kept.of(value)
            now = Kept(kept.since, forgotten.event(kept.value), tuple(map(forgotten.address, kept.companies)))
            if now == kept and forgotten.address(company) == company:
                return row, value
            own = name_of(events.parse(now.value).ref, now.value)
            if not company:
                own = SEPARATOR.join((name.partition(SEPARATOR)[0], own))
            return SEPARATOR.join((forgotten.address(company), kind, own)), now.to_row()


def _row(company: str, kind: str, name: str, forgotten: Forgotten, *, is_person: bool = True) -> str:
    return SEPARATOR.join((forgotten.address(company), kind, forgotten.address(name) if is_person else name))


def _both(one: bytes, other: bytes) -> bytes:
    """Whose contact somebody is, by two rows: of each deal since the first."""
    known, told = orjson.loads(one), orjson.loads(other)
    since = {deal: min(at, known.get(deal, at)) for deal, at in told.items()}
    return orjson.dumps(known | since)
