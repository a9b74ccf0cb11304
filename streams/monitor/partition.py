"""The heart: one partition of deals, and what a batch of its records comes to.

It reads no clock and touches nothing outside: the Faust agent, `replay` and the tests call the same `advance`. Time
is what the partition's clock records say; a deal is looked at when an event names it or when its deadline is due.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

import orjson

from detectors.core import events, state
from detectors.core.assessment import Watched
from detectors.core.breach import Finding
from detectors.core.deal import Deal
from detectors.core.registry import catalogue
from detectors.core.rules import Rules

from ..alignment import Alignment
from ..answer import Answer, answer, to_json
from ..books import book_record, withdrawal
from ..dead_letters import dead_letter
from ..forgetting import Forgotten, Tombstone
from ..outline import Glance
from ..wire import FORGOTTEN_MARK, Clock, Record, Send, partition_of
from . import coverage, held, over, wins
from .at_hand import AT_HAND, Deals
from .coverage import REPORT_KEY, Asked, Heartbeats, Report
from .held import HELD_KEY, Held
from .over import OVER_KEY, Over
from .told import Told
from .watchlist import Watchlist
from .wins import WIN_KEY, WIN_MARK, Wins

log = logging.getLogger("stallwatch.monitor")

TOLD_ERRORS = frozenset(10**power for power in range(10))
LEDGER_KEY = "\x00ledger"
FORGOTTEN_KEY = "\x00forgotten\x00"
# with each batch, so many of the deals that are told anew without an event or a deadline of their own
ANEW_AT_ONCE = 500


@dataclass
class Advanced:
    """What a batch came to: changed deals to keep, records to write, and, once those are safe, the ledger to keep."""

    rows: dict[str, bytes | None] = field(default_factory=dict)
    sends: list[Send] = field(default_factory=list)
    ledger: dict[str, bytes | None] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    repeated: Counter[tuple[str, str]] = field(default_factory=Counter)
    applied_at: list[datetime] = field(default_factory=list)


class Partition:
    """The deals of one partition, their deadlines, the partition's time and what is known of the sources."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        rules: Rules,
        keep_closed: timedelta | None = None,
        at_hand: int = AT_HAND,
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        self.rules = rules
        self._kept = Deals(self._unpacked, self._let_go, at_hand)
        self._told = Told()
        self.deals: MutableMapping[str, Watched] = self._kept
        self.answers: MutableMapping[str, Answer] = self._told
        self.errors: Counter[str] = Counter()
        self._alignment = Alignment()
        self._heartbeats = Heartbeats(partition, rules)
        self._watchlist = Watchlist()
        self._held = Held(partition)
        self._wins = Wins(partition, partitions)
        self._forgotten = Forgotten((), partitions)
        self._over = Over(partition, keep_closed)
        self._asked: dict[str, Asked] = {}
        self._unknown: set[str] = set()
        # those that are to be told anew, and whether only if that is news
        self._anew: dict[str, bool] = {}
        self._told_under: str | None = None
        self._newest: datetime | None = None

    @property
    def time(self) -> datetime | None:
        """The event time that the partition has reached; None before its first clock."""
        return self._alignment.time

    def glances(self) -> Iterator[Glance]:
        """What is told of each deal, as far as it is counted; those that are quiet for long stay packed."""
        yield from self._told.glances()

    def standing(self) -> Iterator[Answer]:
        """Each deal as it stands now: an answer holds until the deal's next deadline, which would have renewed it."""
        for told in self.answers.values():
            yield told if self.time is None else told.still_at(self.time)

    def standing_of(self, deal_id: str) -> Answer | None:
        """One deal as it stands now; None if it is not of this partition."""
        told = self.answers.get(deal_id)
        return told.still_at(self.time) if told and self.time else told

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        if row.startswith(LEDGER_KEY):
            kept = orjson.loads(value)
            self._alignment = Alignment.of(kept["clocks"], self.partitions)
            self._told_under = kept.get("rules")
        elif row.startswith(REPORT_KEY):
            self._heartbeats.restore(value)
        elif row.startswith(HELD_KEY):
            self._held.put(events.parse(value), value)
        elif row.startswith(WIN_KEY):
            self._wins.restore(row, value)
        elif row.startswith(OVER_KEY):
            self._over.restore(row, value)
        elif row.startswith(FORGOTTEN_KEY):
            self._forgotten = self._forgotten.plus(Tombstone.of(value))
        else:
            self._kept.restore(row, value)

    def resume(self) -> None:
        """After the last `restore`: put every deal back under watch."""
        for _ in self.resuming():
            pass

    def resuming(self) -> Iterator[str]:
        """The same, a deal at a time, and which: they are unpacked and judged, and most of them packed again."""
        self._wins.come_into_force(self.time)
        for deal_id in self.deals:
            watched = self.deals[deal_id]
            if (at := watched.deal.last_at) is not None:
                self._newest = max(self._newest or at, at)
            self._tell(deal_id, self._as_of(watched), None)
            yield deal_id

    def advance(self, records: Iterable[Record]) -> Advanced:
        """Take a batch of records; each deal that it concerns is told of once, as it stands after the batch."""
        out = Advanced()
        touched: dict[str, None] = {}
        changed: dict[str, None] = {}
        arrived: dict[str, bytes] = {}
        moved = clocked = False
        batch, forgotten = list(records), self._forgotten
        # whoever is forgotten behind them is forgotten in them
        changed |= self._forget((record for record in batch if record.mark == FORGOTTEN_MARK), out)
        for raw in batch:
            if raw.mark == FORGOTTEN_MARK:
                continue
            record = self._forgotten.record(raw) if self._forgotten else raw
            try:
                if record.mark == b"clock":
                    moved |= self._alignment.advance(self._clock_in(record))
                    clocked = True
                    continue
                if record.mark == WIN_MARK:
                    out.ledger |= self._wins.hear(record, self._newest)
                    continue
                if record.mark == b"heartbeat":
                    self._heartbeats.take(self._report_in(record))
                    continue
                event = self._event_in(record)
            except events.Refused as refusal:
                self._refuse(record, refusal, out)
                continue
            if record.value and (row := self._held.put(event, record.value)):
                arrived[row] = record.value
        # in any order they give the same deals; in order of time they need not be told anew
        for row, event in self._held.near(self.time):
            assert event.subject is not None  # others are not held
            deal_id = event.subject
            if self._apply(deal_id, event, out):
                changed[deal_id] = None
            if deal_id in self.deals:
                touched[deal_id] = None
            self._newest = max(self._newest or event.time, event.time)
            if isinstance(event, events.DealChanged) and deal_id in self.deals:
                self._see_win(deal_id, self._newest, out)
            if row not in arrived:
                out.ledger[row] = None
        changed |= self._retold(changed)
        # what others know was perhaps said under other rules: by this worker before it was started anew, or by another
        judged_anew = self._told_under != self.rules.hash
        self._told_under = self.rules.hash
        anew = dict.fromkeys(self._reported_on(), True)
        waited = bool(self._anew)
        anew |= self._due_anew(judged_anew)
        if moved and self.time is not None:
            touched |= dict.fromkeys(self._watchlist.due(self.time))
        for deal_id in self._drop(touched | changed, out):
            for concerned in (touched, changed):
                concerned.pop(deal_id, None)
        for deal_id in changed:
            out.rows[deal_id] = self._row_of(deal_id)
        out.rows |= {row: value for row, value in arrived.items() if row in self._held}
        for deal_id in touched | changed:
            self._anew.pop(deal_id, None)
            self._tell(deal_id, self._as_of(self.deals[deal_id]), out)
        for deal_id, only_news in anew.items():
            if deal_id in self.deals and deal_id not in touched and deal_id not in changed:
                self._tell(deal_id, self._as_of(self.deals[deal_id]), out, only_news=only_news)
        out.ledger |= self._heartbeats.rows()
        if self._forgotten is not forgotten:
            for each in self._forgotten:
                out.ledger[f"{FORGOTTEN_KEY}{self.partition}\x00{each.address}"] = each.to_json()
        # a clock that moved nothing counts too: it will not be read again
        if clocked or judged_anew or waited != bool(self._anew):
            out.ledger[f"{LEDGER_KEY}{self.partition}"] = self._kept_ledger()
        return out

    @property
    def has_more_to_tell(self) -> bool:
        """Whether deals wait to be told anew, by other rules or another baseline."""
        return bool(self._anew)

    def tell_more(self) -> Advanced:
        """Tell some of the deals that wait for it; nothing has to come for that."""
        out = Advanced()
        for deal_id, only_news in self._due_anew(judged_anew=False).items():
            if deal_id in self.deals:
                self._tell(deal_id, self._as_of(self.deals[deal_id]), out, only_news=only_news)
        out.ledger[f"{LEDGER_KEY}{self.partition}"] = self._kept_ledger()
        return out

    def reload(self, rules: Rules) -> Advanced:
        """Judge every open deal by other rules."""
        self.rules = rules
        self._heartbeats.under(rules)
        self._told_under = rules.hash
        out = Advanced()
        for deal_id in self.deals:
            self.deals[deal_id] = watched = self.deals[deal_id].under(rules)
            if watched.deal.is_open:
                self._tell(deal_id, self._as_of(watched), out)
        self._anew.clear()
        out.ledger[f"{LEDGER_KEY}{self.partition}"] = self._kept_ledger()
        return out

    def _refuse(self, record: Record, refusal: events.Refused, out: Advanced) -> None:
        out.refused["unknown", refusal.reason] += 1
        out.sends.append(dead_letter(record, refusal.reason, str(refusal), "deal-events", self.partitions))

    def _forget(self, marks: Iterable[Record], out: Advanced) -> dict[str, None]:
        """Take the word on who is forgotten; the deals that are written and told anew without them, if it is news.

        The rows that say it are kept last of all: whoever goes on from a part of it reads the word again.
        """
        before = self._forgotten
        for record in marks:
            try:
                self._forgotten = self._forgotten.plus(Tombstone.of(record.value or b""))
            except ValueError as error:
                self._refuse(record, events.Refused("invalid", str(error)), out)
        if self._forgotten is before:
            return {}
        changed: dict[str, None] = {}
        for deal_id in self.deals:
            watched = self.deals[deal_id]
            kept = state.to_json(watched)
            if (now := self._forgotten.deal(kept)) != kept:
                anew = state.from_json(now, self.rules)
                self.deals[deal_id] = replace(watched, deal=anew.deal, past=anew.past, returns=anew.returns)
            elif not any(each.called.encode() in kept for each in self._forgotten):
                continue
            # also where it is written already, but was perhaps not told before the worker ended
            changed[deal_id] = None
        out.ledger |= self._held.rewrite(self._forgotten.event)
        self._heartbeats.rewrite(self._forgotten.json)
        return changed

    def _drop(self, deals: Iterable[str], out: Advanced) -> list[str]:
        """Those of these deals that are closed for so long that they are kept no more; others hear of it."""
        due = []
        for deal_id in deals:
            deal = self.deals[deal_id].deal
            at = self._over.dropped_at(deal)
            if at is None or self.time is None or at > self.time:
                continue
            due.append(deal_id)
            key = deal_id.encode()
            out.sends.append(Send("findings", partition_of(key, self.partitions), key, None))
            for owner in sorted(deal.past_owners | {deal.owner}, key=str):
                out.sends.append(withdrawal(owner, deal_id, self.partitions))
            # once the others have heard
            out.ledger |= self._over.drop(deal)
            del self.deals[deal_id]
            for known in (self.answers, self._asked):
                known.pop(deal_id, None)
            self._unknown.discard(deal_id)
            self._watchlist.put(deal_id, None)
        return due

    def _due_anew(self, judged_anew: bool) -> dict[str, bool]:
        """Some of the deals that may be told otherwise now, by other rules or by another baseline; others wait.

        All of them at once would keep a partition of many deals from its events for minutes.
        """
        self._anew = dict.fromkeys(self._measured_anew(), True) | self._anew
        if judged_anew:
            self._anew |= dict.fromkeys((told.deal_id for told in self._told.glances() if told.is_open), False)
        due = dict(islice(self._anew.items(), ANEW_AT_ONCE))
        for deal_id in due:
            del self._anew[deal_id]
        return due

    def _reported_on(self) -> Iterator[str]:
        """The deals that hang on what a source has told since; all, where one is watched that was not before."""
        reported, limits = self._heartbeats.settle(self.time)
        for deal_id in sorted(self._asked if limits else self._unknown if reported else ()):
            if self._asked[deal_id].is_outdated:
                yield deal_id

    def _clock_in(self, record: Record) -> Clock:
        try:
            clock = Clock.of(record.value or b"")
        except ValueError as error:
            raise events.Refused("not_json", str(error)) from None
        if clock.origins != self.partitions:
            raise events.Refused("invalid", f"a clock of {clock.origins} streams, there are {self.partitions}")
        return clock

    def _report_in(self, record: Record) -> Report:
        try:
            return Report.of(record.value or b"")
        except ValueError as error:
            raise events.Refused("invalid", str(error)) from None

    def _event_in(self, record: Record) -> events.Event:
        event = record.read()
        if event.subject is None:
            raise events.Refused("no_deal", "subject: an event must name its deal here")
        right = partition_of(event.subject.encode(), self.partitions)
        if right != self.partition:
            # its deal would be in two places, and each would know a half
            raise events.Refused("misrouted", f"the deal {event.subject} is of partition {right}, not {self.partition}")
        return event

    def _apply(self, deal_id: str, event: events.Event, out: Advanced) -> bool:
        known = self.deals.get(deal_id)
        if self._over.hides(event, deal_id, is_kept=known is not None):
            return False
        if known is None:
            known = Watched(Deal(deal_id, self.rules), (), self._on_error, self._wins.baselines)
        grown = known.apply(event)
        # what is told for the first time makes the log longer, but where something falls off it
        if len(grown.deal.log) <= len(known.deal.log) and (again := known.deal.was_told(event)):
            out.repeated[event.source, again] += 1
        if grown is known:
            return False
        self.deals[deal_id] = grown
        out.applied_at.append(event.time)
        if isinstance(event, events.Feedback):
            out.verdicts[event.data.detector, event.data.verdict] += 1
        return True

    def _see_win(self, deal_id: str, judged_up_to: datetime, out: Advanced) -> None:
        """What the deal adds to the baseline, for this partition and all others."""
        row, marks = self._wins.see(self.deals[deal_id].deal, judged_up_to)
        out.ledger |= row
        out.sends += marks

    def _retold(self, changed: Iterable[str]) -> dict[str, None]:
        """The deals whose past is another one since it became known late what was won; those are told anew."""
        retold: dict[str, None] = {}
        for pipeline, since in self._wins.learned_late():
            # of others there is nothing to be told since then
            for deal_id in dict.fromkeys([*self._told_since(since), *changed]):
                watched = self.deals[deal_id]
                if watched.deal.pipeline == pipeline and (anew := watched.retold(since)).past != watched.past:
                    self.deals[deal_id] = anew
                    retold[deal_id] = None
        return retold

    def _told_since(self, moment: datetime) -> Iterator[str]:
        return (told.deal_id for told in self._told.glances() if told.as_of >= moment)

    def _measured_anew(self) -> Iterator[str]:
        """The open deals of the pipelines in which another baseline is in force than before."""
        pipelines = self._wins.come_into_force(self.time)
        if pipelines:
            yield from (told.deal_id for told in self._told.glances() if told.is_open and told.pipeline in pipelines)

    def _tell(self, deal_id: str, as_of: datetime, out: Advanced | None, *, only_news: bool = False) -> None:
        watched = self.deals[deal_id]
        self._asked[deal_id] = asked = Asked(self._heartbeats)
        told = answer(watched, as_of, asked)
        before = self._told.glance(deal_id)
        self.answers[deal_id] = told
        ends = (watched.next_deadline(as_of, asked), self._over.dropped_at(watched.deal))
        self._watchlist.put(deal_id, min((at for at in ends if at is not None), default=None))
        if any(finding.waits_for_a_source(as_of) or _is_of_a_source(finding) for finding in told.findings):
            self._unknown.add(deal_id)
        else:
            self._unknown.discard(deal_id)
        if out is not None and not (only_news and before and before.whole().findings == told.findings):
            out.answers.append(told)
            past_owners = watched.deal.past_owners | ({before.owner} if before else set())
            out.sends += self._sends(told, past_owners - {told.owner})

    def _row_of(self, deal_id: str) -> bytes:
        return self._kept.row(deal_id)

    def _unpacked(self, row: bytes) -> Watched:
        return state.unpack(row, self.rules, self._on_error, self._wins.baselines)

    def _let_go(self, deal_id: str) -> None:
        """Nobody has touched this deal for long: what is known of it takes as little room as it can."""
        self._told.let_go(deal_id)
        if (asked := self._asked.get(deal_id)) is not None:
            asked.let_go()

    def _sends(self, told: Answer, past_owners: set[str | None]) -> Iterator[Send]:
        value = to_json(told)
        key = told.deal_id.encode()
        yield Send("findings", partition_of(key, self.partitions), key, value)
        yield book_record(told, self.partitions)
        for owner in sorted(past_owners, key=str):
            yield withdrawal(owner, told.deal_id, self.partitions)

    def _as_of(self, watched: Watched) -> datetime:
        """The partition's time, or the deal's own newest event where that is ahead of it."""
        newest = watched.deal.last_at or events.EARLIEST
        return newest if self.time is None else max(self.time, newest)

    def _kept_ledger(self) -> bytes:
        # whoever goes on from here tells those anew that wait
        rules = None if self._anew else self._told_under
        return orjson.dumps({"clocks": self._alignment.to_dict(), "rules": rules})

    def _on_error(self, detector: str, deal_id: str, error: Exception) -> None:
        self.errors[detector] += 1
        # the first of many says it all
        if self.errors[detector] in TOLD_ERRORS:
            log.error("%s failed on deal %s", detector, deal_id, exc_info=error)


def _is_of_a_source(finding: Finding) -> bool:
    return finding.state == "open" and catalogue()[finding.detector].by_coverage


def partition_of_row(row: str, partitions: int) -> int:
    """The partition that a row of the table belongs to."""
    if row.startswith(REPORT_KEY):
        return coverage.partition_of_row(row)
    if row.startswith(HELD_KEY):
        return held.partition_of_row(row)
    if row.startswith(WIN_KEY):
        return wins.partition_of_row(row)
    if row.startswith(OVER_KEY):
        return over.partition_of_row(row)
    if row.startswith(FORGOTTEN_KEY):
        return int(row.removeprefix(FORGOTTEN_KEY).partition("\x00")[0])
    return int(row.removeprefix(LEDGER_KEY)) if row.startswith(LEDGER_KEY) else partition_of(row.encode(), partitions)
