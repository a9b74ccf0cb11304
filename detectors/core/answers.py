"""A deal answers a question once, and anew only when something that the answer was read from has changed.

Nobody declares what an answer hangs on. Whoever is asked, a question of the deal or a detector, looks at it through a
`View`, and that notes what is looked at: *strands* of the history (the entries of a kind, or what was told of a
field), and other questions. An event touches few strands; an answer that hangs on none of them stands. So does one of
which every question that it was read from comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, overload

from .strands import NONE, Strands, strand

if TYPE_CHECKING:
    from .breach import Breach
    from .detector import Detector, Verdict

T = TypeVar("T")

_BASELINE, _COVERAGE = strand("baseline"), strand("coverage")


class Known(NamedTuple):
    """An answer, the strands and questions that it was read from, and all strands that it hangs on through those."""

    value: Any
    strands: Strands
    questions: tuple[str, ...]
    hangs_on: Strands
    asked: object = None


@lru_cache(maxsize=4096)
def _shared(questions: tuple[str, ...]) -> tuple[str, ...]:
    """The very same for all deals: who is asked asks much the same of each."""
    return questions


class Memory:
    """What was asked of one history, and what was touched since; both grow until everything is `settled`."""

    __slots__ = ("baseline", "breaches_told", "changed", "coverage", "fresh", "known", "touched")

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.breaches_told: dict[str, Known] = {}
        self.touched = NONE
        # questions with another answer than those who asked them saw, and those that were asked since
        self.changed: set[str] = set()
        self.fresh: set[str] = set()
        self.baseline: object = None
        self.coverage: object = None

    def after(self, touched: Strands) -> Memory:
        """What is still known of the history after these strands were touched."""
        then = Memory()
        then.known, then.breaches_told = self.known.copy(), self.breaches_told.copy()
        then.touched = self.touched | touched
        then.changed, then.baseline, then.coverage = self.changed.copy(), self.baseline, self.coverage
        return then

    def standing(self) -> dict[str, Any]:
        """The answers to questions that hang on nothing that was touched."""
        touched = self.touched
        return {name: known.value for name, known in self.known.items() if not known.hangs_on & touched}

    def of_the_history(self, *but: str) -> Memory:
        """What is known of the history, but for some questions, to be asked by other detectors."""
        then = self.after(NONE)
        then.breaches_told = {}
        for name in but:
            then.known.pop(name, None)
        return then

    def beside(self, baseline: object, coverage: object) -> Memory:
        """The same, beside what is not of the history."""
        if self.baseline is not baseline:
            self.baseline, self.touched = baseline, self.touched | _BASELINE
        if self.coverage is not coverage:
            self.coverage, self.touched = coverage, self.touched | _COVERAGE
        return self

    def answer(self, deal: Asked, name: str, ask: Callable[[Any], T]) -> T:
        """The answer to a question of the deal."""
        was = self.known.get(name)
        if was is not None:
            if not was.hangs_on & self.touched or name in self.fresh:
                return was.value  # type: ignore[no-any-return]
            if self._stands(deal, was):
                self.fresh.add(name)
                return was.value  # type: ignore[no-any-return]
        now = self._asked(deal, ask, was)
        if was is None or now.value is not was.value or now.hangs_on != was.hangs_on:
            self.changed.add(name)
        self.known[name] = now
        self.fresh.add(name)
        return now.value  # type: ignore[no-any-return]

    def breaches(
        self, deal: Asked, detectors: Iterable[tuple[str, Detector]], failed: Callable[[str, Exception], None]
    ) -> dict[str, Breach]:
        """What detectors say of the deal. They ask questions, and are asked by nobody; who fails is asked again."""
        told, touched, found = self.breaches_told, self.touched, {}
        for name, detector in detectors:
            was = told.get(name)
            if was is None or was.asked is not detector or (was.hangs_on & touched and not self._stands(deal, was)):
                try:
                    was = told[name] = self._asked(deal, detector.assess, was, detector)
                except Exception as error:
                    told.pop(name, None)
                    failed(name, error)
                    continue
            if was.value is not None:
                found[name] = was.value
        return found

    def judgements(
        self,
        deal: Asked,
        verdicts: Iterable[tuple[str, Verdict]],
        breaches: Mapping[str, Breach],
        failed: Callable[[str, Exception], None],
    ) -> dict[str, Breach]:
        """What verdicts say of the deal and of the breaches that others found in it."""
        told, found = self.breaches_told, {}
        for name, verdict in verdicts:
            was = told.get(name)
            if was is None or was.asked is not verdict or not self._stands(deal, was):
                looked_at = _LookedAt(breaches)
                try:
                    was = self._asked(deal, partial(verdict.judge, breaches=looked_at), was, verdict)
                except Exception as error:
                    told.pop(name, None)
                    failed(name, error)
                    continue
                # breaches are another each time: who looks at them is asked each time
                told[name] = was._replace(asked=None) if looked_at.by_somebody else was
            if was.value is not None:
                found[name] = was.value
        return found

    def extended(self, name: str, value: object) -> None:
        """Know a question's answer that was told from the one before it, read from the same."""
        self.known[name] = self.known[name]._replace(value=value)
        self.changed.add(name)
        self.fresh.add(name)

    def became(self, name: str, was: object, now: object) -> None:
        """The same, or know that it stands because it is the very same."""
        if now is was:
            self.stays(name)
        else:
            self.extended(name, now)

    def stays(self, name: str) -> None:
        """Know that a question's answer stands although it was touched."""
        self.fresh.add(name)

    def is_known(self, name: str) -> bool:
        """Whether the answer to a question stands untouched."""
        known = self.known.get(name)
        return known is not None and (not known.hangs_on & self.touched or name in self.fresh)

    def settled(self, detectors: Mapping[str, object]) -> None:
        """Each of these was asked: what nobody looked at any more is let go, and what others said before."""
        touched, fresh = self.touched, self.fresh
        if touched:
            if not self.breaches_told.keys() <= detectors.keys():
                self.breaches_told = {name: told for name, told in self.breaches_told.items() if name in detectors}
            known = self.known
            for name in [name for name, answer in known.items() if answer.hangs_on & touched and name not in fresh]:
                del known[name]
            self.touched = NONE
        self.changed.clear()
        fresh.clear()

    def _stands(self, deal: Asked, was: Known) -> bool:
        """Whether all that an answer was read from is as it was, asked in the same order."""
        touched, changed, fresh, known = self.touched, self.changed, self.fresh, self.known
        if was.strands & touched:
            return False
        for name in was.questions:
            if name not in fresh and ((answer := known.get(name)) is None or answer.hangs_on & touched):
                getattr(deal, name)
            if name in changed:
                return False
        return True

    def _asked(self, deal: Asked, ask: Callable[[Any], T], was: Known | None, asked: object = None) -> Known:
        """What is answered now: the very same value as before, if it is an equal one."""
        view = deal.view()
        value: object = ask(view)
        strands, questions = view.noted()
        hangs_on, known = strands, self.known
        for name in questions:
            hangs_on |= known[name].hangs_on
        if was is not None and is_equal(was.value, value):
            value = was.value
        return Known(value, strands, _shared(questions), hangs_on, asked)


class _LookedAt(Mapping[str, "Breach"]):
    """Breaches of others, and whether somebody has looked at them."""

    def __init__(self, breaches: Mapping[str, Breach]) -> None:
        self._breaches = breaches
        self.by_somebody = False

    def __getitem__(self, name: str) -> Breach:
        self.by_somebody = True
        return self._breaches[name]

    def __iter__(self) -> Iterator[str]:
        self.by_somebody = True
        return iter(self._breaches)

    def __len__(self) -> int:
        self.by_somebody = True
        return len(self._breaches)

    def items(self) -> ItemsView[str, Breach]:
        self.by_somebody = True
        return self._breaches.items()


def is_equal(one: object, other: object) -> bool:
    return one is other or (type(one) is type(other) and one == other)


class Asked:
    """Whose questions are answered once."""

    def memory(self) -> Memory:
        """What was asked so far."""
        memory: Memory | None = self.__dict__.get("_memory")
        if memory is None:
            memory = self.__dict__["_memory"] = Memory()
        return memory

    def view(self) -> Any:
        """Itself, as somebody looks at it of whom it is noted."""
        raise NotImplementedError

    def look_up(self, asked: question[T]) -> T:
        """The answer to one of its questions."""
        return self.memory().answer(self, asked.name, asked.ask)


class question(Generic[T]):  # noqa: N801 - it is used as `cached_property` is
    """A question that is answered once, as `cached_property` is computed once, and again when it may have changed."""

    def __init__(self, ask: Callable[[Any], T]) -> None:
        self.ask = ask
        self.__doc__ = ask.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, deal: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, deal: Asked, owner: type | None = None) -> T: ...

    def __get__(self, deal: Asked | None, owner: type | None = None) -> Self | T:
        if deal is None:
            return self
        value = deal.__dict__[self.name] = deal.look_up(self)
        return value
