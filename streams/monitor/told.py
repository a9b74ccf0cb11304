"""What was last told of each deal: whole, or in short of those that nobody has touched for long."""

from collections.abc import Iterator, MutableMapping

from ..answer import Answer
from ..outline import Glance, Outline, phrases_of

# so many are packed with the first phrases; then there are better ones, each time that there are twice as many deals
FIRST_PHRASES = 500


class Told(MutableMapping[str, Answer]):
    """Answers by deal, in the order in which the deals came. One that was let go is found again, as it was."""

    def __init__(self) -> None:
        self._known: dict[str, Glance] = {}
        self._phrases = b""
        self._packed = 0
        self._look_for_phrases_at = 0

    def glances(self) -> Iterator[Glance]:
        """All of them, as far as they are counted."""
        yield from self._known.values()

    def glance(self, deal_id: str) -> Glance | None:
        """One of them; None if nothing was told of this deal."""
        return self._known.get(deal_id)

    def let_go(self, deal_id: str) -> None:
        """Keep what was told of a deal in short."""
        told = self._known.get(deal_id)
        if not isinstance(told, Answer):
            return
        if self._packed >= self._look_for_phrases_at:
            self._phrases = phrases_of(each for each in self._known.values() if isinstance(each, Answer))
            self._look_for_phrases_at = max(FIRST_PHRASES, 2 * self._packed)
        self._packed += 1
        self._known[deal_id] = Outline.of(told, self._phrases)

    def __getitem__(self, deal_id: str) -> Answer:
        return self._known[deal_id].whole()

    def __setitem__(self, deal_id: str, told: Answer) -> None:
        self._known[deal_id] = told

    def __delitem__(self, deal_id: str) -> None:
        del self._known[deal_id]

    def __contains__(self, deal_id: object) -> bool:
        return deal_id in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
