"""A deal as somebody looks at it who is asked something: what they look at is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .answers import question
from .facts import Facts
from .strands import NONE, Strands, fields, strand, strands, told

if TYPE_CHECKING:
    from .changes import Change
    from .deal import Deal
    from .log import Entry

T = TypeVar("T")


class _Noted:
    """A field of the deal that is a strand by itself."""

    def __init__(self, name: str) -> None:
        self.strand = strand(name)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, view: Viewing, owner: type | None = None) -> Any:
        mine = view.__dict__
        mine["_strands"] |= self.strand
        value = mine[self.name] = getattr(view._deal, self.name)
        return value


class Viewing(Facts):
    """Everything that is asked of it is asked of its deal, and noted by strand or question."""

    _deal: Deal
    _strands: Strands
    _questions: dict[str, None]

    log = _Noted("log")
    earlier = _Noted("earlier")
    baseline = _Noted("baseline")
    coverage = _Noted("coverage")
    _told = _Noted("deal")

    def __init__(self, deal: Deal) -> None:
        mine = self.__dict__
        mine["_deal"], mine["id"], mine["rules"] = deal, deal.id, deal.rules
        mine["_strands"], mine["_questions"] = NONE, {}

    def look_up(self, asked: question[T]) -> T:
        """The answer to one of the deal's questions."""
        name, deal = asked.name, self._deal
        self._questions[name] = None
        known = deal.__dict__
        return known[name] if name in known else asked.__get__(deal)

    def noted(self) -> tuple[Strands, tuple[str, ...]]:
        """The strands and questions that were looked at, these in order."""
        return self._strands, tuple(self._questions)

    def entries(self, *names: str) -> tuple[Entry, ...]:
        self.__dict__["_strands"] |= strands(*names)
        return self._deal.entries(*names)

    def told(self, name: str) -> list[Change]:
        self.__dict__["_strands"] |= told(name)
        return self._deal.told(name)

    def changes(self, name: str) -> list[Change]:
        self.__dict__["_strands"] |= fields(name)
        return self._deal.changes(name)

    def fact(self, name: str) -> Any:
        self.__dict__["_strands"] |= fields(name)
        return self._deal.fact(name)
