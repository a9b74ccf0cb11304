"""What a CRM's words on a deal mean for the join: whether it is open, and whose account it is.

Nobody knows which partition joins the mail that they matter to, not even the one that the last word mattered to: so
each word goes to all of them, and each keeps what concerns it, in rows of its own.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import TypeAdapter

from detectors.core.events import EARLIEST, DealChanged, Moment

from ..wire import partition_of
from .companies import companies_of

MOST_KNOWN = 100_000
MOST_COMPANIES = 50
Order = tuple[Moment, str]


@dataclass(frozen=True, slots=True)
class DealWord:
    """An event said that a deal is closed or open, or which companies its account is; None where it said nothing."""

    deal: str
    at: Moment
    event: str
    closed: bool | None = None
    companies: tuple[str, ...] | None = None

    @classmethod
    def by(cls, event: DealChanged, ours: tuple[str, ...]) -> "DealWord | None":
        """What an event says that matters to the join; None if nothing."""
        told, account = event.data.model_fields_set, event.data.account
        closed = event.data.status in ("won", "lost") if "status" in told else None
        companies = None
        # a null takes the account away, or its domains; what is absent did not change
        if "account" in told and (account is None or "domains" in account.model_fields_set):
            companies = tuple(companies_of((account and account.domains) or (), ours)[:MOST_COMPANIES])
        if closed is None and companies is None:
            return None
        return cls(event.subject or "", event.time, event.ref, closed, companies)

    @classmethod
    def of(cls, value: bytes) -> "DealWord":
        """The word in a record's value; `ValueError` if there is none."""
        return _WORD.validate_json(value)

    def to_json(self) -> bytes:
        """The record's value."""
        return _WORD.dump_json(self)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a deal: since when it is closed, its companies and since when, and the newest words on it."""

    status: Order = (EARLIEST, "")
    closed: Moment | None = None
    account: Order = (EARLIEST, "")
    companies: dict[str, Moment] = field(default_factory=dict)

    def plus(self, word: DealWord) -> "Known":
        """What is known with another word: of each kind the newest counts, of closings in a row the first."""
        known, order = self, (word.at, word.event)
        if word.closed and known.closed is not None and word.at < known.closed:
            known = replace(known, closed=word.at)
        if word.closed is not None and order > known.status:
            known = replace(known, status=order, closed=(known.closed or word.at) if word.closed else None)
        if word.companies is not None:
            earliest = {each: min(word.at, known.companies.get(each, word.at)) for each in word.companies}
            if order > known.account:
                known = replace(known, account=order, companies=earliest)
            else:
                still = {each: earliest.get(each, since) for each, since in known.companies.items()}
                known = replace(known, companies=still)
        return known


_WORD = TypeAdapter(DealWord)
_KNOWN = TypeAdapter(Known)


class Deals:
    """The deals that were ever closed, or ever of a company whose mail meets in this partition."""

    def __init__(self, partition: int, partitions: int) -> None:
        self._partition = partition
        self._partitions = partitions
        self._known: dict[str, Known] = {}
        self._of_company: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def hear(self, word: DealWord) -> dict[str, bytes | None]:
        """Take a word; what to keep of which deal (None: nothing more).

        One that comes after a newer one counts no more, unless that one was none of this partition's concern.
        """
        if word.companies is not None:
            here = tuple(each for each in word.companies if self._is_here(each))
            word = replace(word, companies=here)
        before = self._known.get(word.deal)
        known = (before or Known()).plus(word)
        if known == before or (before is None and known.closed is None and not known.companies):
            return {}
        self._put(word.deal, known)
        kept: dict[str, bytes | None] = {word.deal: _KNOWN.dump_json(known)}
        while len(self._known) > MOST_KNOWN:
            oldest = next(iter(self._known))
            self._drop(oldest)
            kept[oldest] = None
        return kept

    def restore(self, deal: str, value: bytes) -> None:
        """Take back what was kept, in the order in which it was."""
        self._put(deal, _KNOWN.validate_json(value))

    def is_open(self, deal: str, moment: datetime) -> bool:
        """Whether nobody said that it was closed by then."""
        known = self._known.get(deal)
        return known is None or known.closed is None or known.closed > moment

    def closed_before(self, moment: datetime) -> set[str]:
        """The deals that were closed before a moment, and are."""
        return {deal for deal, known in self._known.items() if known.closed is not None and known.closed < moment}

    def of_company(self, company: str, by: datetime) -> list[str]:
        """The deals whose account a company is, and was by then; the one that was told of last at the end."""
        return [deal for deal in self._of_company.get(company, ()) if self._known[deal].companies[company] <= by]

    def since(self, company: str) -> list[datetime]:
        """The moments at which a company became the account of those whose account it is."""
        return [self._known[deal].companies[company] for deal in self._of_company.get(company, ())]

    def _is_here(self, company: str) -> bool:
        return partition_of(company.encode(), self._partitions) == self._partition

    def _put(self, deal: str, known: Known) -> None:
        self._drop(deal)
        self._known[deal] = known
        for company in known.companies:
            self._of_company[company][deal] = None

    def _drop(self, deal: str) -> None:
        known = self._known.pop(deal, Known())
        for company in known.companies:
            del self._of_company[company][deal]
            if not self._of_company[company]:
                del self._of_company[company]
