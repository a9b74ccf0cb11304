"""A deal as somebody looks at it who is asked something: what they look at is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .answers import question
from .facts import Facts

if TYPE_CHECKING:
    from .changes import Change
    from .deal import Deal
    from .log import Entry

T = TypeVar("T")


class _Noted:
    """A field of the deal that is a strand by itself."""

    def __init__(self, strand: str) -> None:
        self.strand = strand

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, view: Viewing, owner: type | None = None) -> Any:
        view._strands[self.strand] = None
        value = view.__dict__[self.name] = getattr(view._deal, self.name)
        return value


class Viewing(Facts):
    """Everything that is asked of it is asked of its deal, and noted by strand or question."""

    _deal: Deal
    _strands: dict[str, None]
    _questions: dict[str, None]

    log = _Noted("log")
    earlier = _Noted("earlier")
    baseline = _Noted("baseline")
    coverage = _Noted("coverage")
    _told = _Noted("deal")

    def __init__(self, deal: Deal) -> None:
        self.__dict__.update(_deal=deal, _strands={}, _questions={}, id=deal.id, rules=deal.rules)

    def look_up(self, asked: question[T]) -> T:
        """The answer to one of the deal's questions."""
        name, deal = asked.name, self._deal
        self._questions[name] = None
        known = deal.__dict__
        return known[name] if name in known else asked.__get__(deal)

    def noted(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The strands and questions that were looked at, in order."""
        return tuple(self._strands), tuple(self._questions)

    def entries(self, *strands: str) -> tuple[Entry, ...]:
        self._strands.update(dict.fromkeys(strands))
        return self._deal.entries(*strands)

    def told(self, name: str) -> list[Change]:
        self._strands[f"told {name}"] = None
        return self._deal.told(name)

    def changes(self, name: str) -> list[Change]:
        self._strands[f"field {name}"] = None
        return self._deal.changes(name)

    def fact(self, name: str) -> Any:
        self._strands[f"field {name}"] = None
        return self._deal.fact(name)
