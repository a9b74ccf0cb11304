"""The deals of a partition: those that were touched last are at hand, all others packed, as they are in the table.

Most deals of a company are quiet: nothing touches them for days, and nobody looks at them before their deadline. One
that is packed costs no more than its row, of which the table holds the very same bytes.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping

from detectors.core import state
from detectors.core.assessment import Watched

AT_HAND = 1_000
"""So many deals of a partition are left unpacked. A deal takes some 50 kB then, and a millisecond or two to unpack."""


class Deals(MutableMapping[str, Watched]):
    """Deals by id, in the order in which they came; whoever asks for one gets it as it was.

    `unpack` reads a row. `let_go` is told of each that is packed because so many others were asked for since.
    """

    def __init__(
        self, unpack: Callable[[bytes], Watched], let_go: Callable[[str], None] = lambda _: None, most: int = AT_HAND
    ) -> None:
        self._unpack = unpack
        self._let_go = let_go
        self._most = most
        # longest untouched first
        self._at_hand: OrderedDict[str, Watched] = OrderedDict()
        # None where the deal at hand is another than it was packed
        self._rows: dict[str, bytes | None] = {}

    def restore(self, deal_id: str, row: bytes) -> None:
        """Take back a deal's row."""
        self._at_hand.pop(deal_id, None)
        self._rows[deal_id] = row

    def row(self, deal_id: str) -> bytes:
        """A deal as it is kept in the table."""
        row = self._rows[deal_id]
        if row is None:
            row = self._rows[deal_id] = state.pack(self._at_hand[deal_id])
        return row

    def __getitem__(self, deal_id: str) -> Watched:
        watched = self._at_hand.get(deal_id)
        if watched is None:
            row = self._rows[deal_id]
            assert row is not None  # it would be at hand
            watched = self._at_hand[deal_id] = self._unpack(row)
            self._clear_up()
        else:
            self._at_hand.move_to_end(deal_id)
        return watched

    def __setitem__(self, deal_id: str, watched: Watched) -> None:
        before = self._at_hand.get(deal_id)
        if before is None or not _has_same_row(before, watched):
            self._rows[deal_id] = None
        self._at_hand[deal_id] = watched
        self._at_hand.move_to_end(deal_id)
        self._clear_up()

    def __delitem__(self, deal_id: str) -> None:
        del self._rows[deal_id]
        self._at_hand.pop(deal_id, None)

    def __contains__(self, deal_id: object) -> bool:
        return deal_id in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _clear_up(self) -> None:
        while len(self._at_hand) > self._most:
            deal_id = next(iter(self._at_hand))
            self.row(deal_id)
            del self._at_hand[deal_id]
            self._let_go(deal_id)


def _has_same_row(one: Watched, other: Watched) -> bool:
    """Whether nothing that a row holds is another."""
    return (
        one.deal.log is other.deal.log
        and one.deal.earlier is other.deal.earlier
        and one.past is other.past
        and one.returns is other.returns
    )
