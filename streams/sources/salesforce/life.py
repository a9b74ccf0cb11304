"""An opportunity's life, told from its row of today and its histories.

What a deal was at its creation is the oldest value that a history has for each field. A field without any history was
never changed if the history keeps others' changes of it, and so is told from the creation on; so is what the deal is
and whose. Else today's value is known of the moment at which the row was last touched, and told then: that may be too
late, but never too early. Where a history ends on another value than today's, today's is told at that moment too.

`OpportunityHistory` tells stage, amount, close date and forecast; `OpportunityFieldHistory` tells the same moves again,
and is heard on them only where the former is not at hand. What changed in one second is one event. Its id is made of
the opportunity, the time in milliseconds, what the event is (created, history, now) and the fields it tells: so an
export and a poll tell the same change under the same name, whichever of the two histories they have it from, and events
that have the same id differ at most in what was dated back. The ids sort as it happened: what is so now stands behind
the history of the same second, and the creation before it.

The contract has no word for a deal that was deleted: it is lost, with a reason that says so. So its alerts end. When it
is undeleted, it has the status of its stage again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from detectors.core.events import Refused

from ..item import Item, Row
from .fields import STANDING, Fields, merged
from .known import status_by
from .telling import Draft
from .values import is_bare, milliseconds, moment, record_id, truth

DELETED = {"status": "lost", "lost_reason": "deleted in Salesforce"}
CHANGED = "crm.deal.changed"
SNAPSHOT = ("StageName", "Amount", "CloseDate", "ForecastCategoryName")
_AT_ONCE = timedelta(seconds=1)


@dataclass
class Records:
    """What there is of one opportunity: a row from each export, and the rows of its histories; oldest first."""

    id: str
    rows: list[Row] = field(default_factory=list)
    states: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)

    @property
    def row(self) -> Row | None:
        """Its newest row."""
        return self.rows[-1] if self.rows else None


@dataclass(frozen=True, slots=True)
class Move:
    """A field took a value; `before` is what it was, if that was told."""

    at: datetime
    field: str
    before: Any
    after: Any
    row: Row


def told(
    records: Records, fields: Fields, tracked: Iterable[str], since: datetime | None = None, polled: bool = False
) -> Iterator[Item]:
    """The deal's events, creation first. With `since`, what came before was told by an earlier poll.

    What is `polled` may have been deleted when it was told last: that it is open, if so, is said again. The same holds
    for an export that says of its rows whether they are deleted.
    """
    return _Life(records, fields, frozenset(tracked), since, polled).items()


def field_of(row: Row, fields: Fields) -> str | None:
    """The field that a row of the history of fields is about, if it is one that is told."""
    name = row.fields.get("Field")
    return fields.named(name.removeprefix("Opportunity.")) if isinstance(name, str) else None


class _Life:
    def __init__(
        self, records: Records, fields: Fields, tracked: frozenset[str], since: datetime | None, polled: bool
    ) -> None:
        self.records = records
        self.fields = fields
        self.local = fields.settings
        self.since = since
        # who tells what is deleted may have told that this one was
        self.tells_deleted = polled or (records.row is not None and "IsDeleted" in records.row.fields)
        self.tracked = tracked
        self.broken: dict[str, tuple[Row, Refused]] = {}
        self.current = fields.current(records.row.fields) if records.row else {}
        self.moves = self._moves()
        self.created = self._created()
        self.touched = self._touched()
        self.account_changed = self._account_changed()

    def items(self) -> Iterator[Item]:
        row = self.records.row or next(iter([*self.records.states, *self.records.changes]))
        draft = self._draft()
        changes: list[Item] = []
        if self.created is not None:
            last = self._tell_creation(draft) if self.since is None or self.created >= self.since else {}
            changes += self._histories(last)
            if self.records.row is not None:
                self._tell_now(draft, last)
        elif not self.broken:
            draft.problems.append(
                Refused("unreadable", "CreatedDate: neither this nor when it was modified is in the row")
            )
        if draft.told or draft.problems:
            yield draft.item(row.place, row.raw, "Opportunity", f"opportunity {self.records.id}")
        yield from changes
        for where, problem in self.broken.values():
            yield self._draft(problem).item(where.place, where.raw, "Opportunity")

    def _draft(self, *problems: Refused) -> Draft:
        return Draft(self.local.source, self.records.id, problems=list(problems))

    # -- when

    def _read(self, row: Row, *names: str) -> datetime | None:
        for name in names:
            if (value := row.fields.get(name)) is not None:
                try:
                    return moment(value, name, self.local)
                except Refused as refusal:
                    self.broken[f"{row.place} {refusal}"] = row, refusal
        return None

    def _created(self) -> datetime | None:
        row = self.records.row
        first = min((move.at for moves in self.moves.values() for move in moves), default=None)
        created = self._read(row, "CreatedDate") if row else None
        if created is None:
            return first or (self._read(row, "SystemModstamp", "LastModifiedDate") if row else None)
        if row and is_bare(row.fields["CreatedDate"]) and first and timedelta(0) <= first - created < timedelta(days=1):
            return first
        return created

    def _touched(self) -> datetime | None:
        row = self.records.row
        at = self._read(row, "SystemModstamp", "LastModifiedDate") if row else None
        return max(at, self.created) if at and self.created else at or self.created

    # -- what the histories say

    def _moves(self) -> dict[str, list[Move]]:
        moves = _by_field(self._of_rows()) | _by_field(self._of_changes()) | _by_field(self._of_states())
        stage = self.current.get("StageName")
        if self.records.row is not None and stage is not None and "StageName" not in moves:
            at = self._read(self.records.row, "LastStageChangeDate")
            if at is not None:
                moves["StageName"] = [Move(at, "StageName", None, stage, self.records.row)]
        return moves

    def _of_rows(self) -> Iterator[Move]:
        """What differs from one export to the next."""
        before: dict[str, Any] = {}
        for row in self.records.rows if len(self.records.rows) > 1 else ():
            touched = self._read(row, "SystemModstamp", "LastModifiedDate")
            for name, value in self.fields.current(row.fields).items():
                at = (self._read(row, "LastStageChangeDate") if name == "StageName" else None) or touched
                if at is not None and (name not in before or before[name] != value):
                    is_standing = self.fields.names[name] in STANDING
                    yield Move(at, name, before.get(name, value if is_standing else None), value, row)
                    before[name] = value

    def _of_states(self) -> Iterator[Move]:
        rows = self.records.states
        columns = {self.fields.named(name) for row in rows for name in row.fields}
        before: dict[str, Any] = {}
        dated = ((self._read(row, "CreatedDate", "SystemModstamp"), row) for row in rows)
        for at, row in sorted(((at, row) for at, row in dated if at is not None), key=lambda each: each[0]):
            state = self.fields.current(row.fields)
            for name in SNAPSHOT:
                if name in columns and (name not in before or before[name] != state.get(name)):
                    yield Move(at, name, before.get(name), state.get(name), row)
                    before[name] = state.get(name)

    def _of_changes(self) -> Iterator[Move]:
        for row in self.records.changes:
            name = field_of(row, self.fields)
            if name is None:
                continue
            at = self._read(row, "CreatedDate")
            if at is not None:
                yield Move(at, name, row.fields.get("OldValue"), row.fields.get("NewValue"), row)

    def _histories(self, last: dict[str, Any]) -> Iterator[Item]:
        """The changes, those of one moment together; `last` is what each field was last told to be."""
        moments: defaultdict[datetime, list[Move]] = defaultdict(list)
        for moves in self.moves.values():
            for move in moves:
                moments[move.at].append(move)
        for at, moves in sorted(moments.items()):
            draft, parts = self._draft(), {}
            for move in sorted(moves, key=lambda move: move.field):
                part = self._part(draft, move.field, move.after, at)
                if part is not None and last.get(move.field) != part:
                    parts[move.field] = last[move.field] = part
            if self.since is not None and at < self.since:
                continue
            if parts:
                draft.say(CHANGED, self._id(at, "history", parts), at, merged(parts.values()))
            if parts or draft.problems:
                row = moves[-1].row
                yield draft.item(
                    row.place, row.raw, "Opportunity history", f"a change of opportunity {self.records.id}"
                )

    # -- what the row says

    def _tell_creation(self, draft: Draft) -> dict[str, Any]:
        assert self.created is not None
        parts: dict[str, Any] = {}
        untouched = self.touched is not None and self.touched - self.created <= _AT_ONCE
        for name in self.fields.names:
            moves = self.moves.get(name)
            if moves:
                first = moves[0]
                value = first.after if first.at - self.created <= _AT_ONCE else first.before
            elif untouched or name in self.tracked or self._is_dated_back(name):
                value = self.current.get(name)
            else:
                continue
            if value is not None and (part := self._part(draft, name, value, self.created)) is not None:
                parts[name] = part
        data = {"status": "open"} | merged(parts.values())
        if untouched and self.records.row is not None and "IsClosed" in self.records.row.fields:
            data["status"] = status_by(self.records.row.fields)
        draft.say(CHANGED, self._id(self.created, "created", parts), self.created, data)
        return parts

    def _tell_now(self, draft: Draft, last: dict[str, Any]) -> None:
        row, at = self.records.row, self.touched
        assert row is not None
        assert at is not None
        parts: dict[str, Any] = {}
        is_later = self.created is not None and at - self.created > _AT_ONCE
        for name, value in self.current.items():
            newest = self.moves.get(name, [])[-1:]
            if newest and newest[0].at > at:
                # the row was read before the history was
                continue
            part = self._part(draft, name, value, at)
            # what was dated back for want of a history may have been different when it was last told
            again = (self.tells_deleted and name == "StageName") or (is_later and self._is_dated_back(name))
            if part is not None and (again or last.get(name) != part):
                parts[name] = part
        data = merged(parts.values())
        if "status" in data and "IsClosed" in row.fields:
            data["status"] = status_by(row.fields)
        if truth(row.fields.get("IsDeleted")):
            parts["IsDeleted"] = DELETED
            data |= DELETED
        elif self.tells_deleted and data.get("status") == "open" and "lost_reason" not in data:
            data["lost_reason"] = None
        if parts and (self.since is None or at >= self.since):
            draft.say(CHANGED, self._id(at, "now", parts), at, data)
        self._tell_account(draft, at)

    def _tell_account(self, draft: Draft, at: datetime) -> None:
        """The account of a deal may have changed since the deal did."""
        changed = self.account_changed
        if changed is None or changed <= at or (self.since is not None and changed < self.since):
            return
        if (part := self._part(draft, "AccountId", self.current["AccountId"], changed)) is not None:
            draft.say(CHANGED, self._id(changed, "now", ["Account"]), changed, part)

    def _account_changed(self) -> datetime | None:
        id = record_id(self.current.get("AccountId"))
        row = self.fields.known.accounts.get(id) if id else None
        return self._read(row, "SystemModstamp", "LastModifiedDate") if row else None

    def _part(self, draft: Draft, name: str, value: Any, at: datetime) -> dict[str, Any] | None:
        try:
            part = self.fields.part(name, value)
        except Refused as refusal:
            draft.problems.append(refusal)
            return None
        known_from = self.account_changed or self.touched
        if name == "AccountId" and part["account"] and known_from and at < known_from:
            # what a company is does not change; whether it fits was found out by when it was last modified
            part["account"].pop("fit", None)
        return part

    def _is_dated_back(self, name: str) -> bool:
        return self.fields.names[name] in STANDING and name not in self.moves and name not in self.tracked

    def _id(self, at: datetime, what: str, names: Iterable[str]) -> str:
        return f"{self.records.id}/{milliseconds(at)}/{what}/{'+'.join(sorted(names))}"


def _by_field(moves: Iterable[Move]) -> dict[str, list[Move]]:
    found: defaultdict[str, list[Move]] = defaultdict(list)
    for move in moves:
        found[move.field].append(move)
    return {name: _net(each) for name, each in found.items()}


def _net(moves: list[Move]) -> list[Move]:
    """What a field came to in each second: of several changes the last, and of a name and an id the id."""
    moments: defaultdict[datetime, list[Move]] = defaultdict(list)
    for move in moves:
        moments[move.at].append(move)
    net = []
    for at, several in sorted(moments.items()):
        with_ids = [move for move in several if _is_reference(move)] or several
        first, last = with_ids[0], with_ids[-1]
        net.append(Move(at, last.field, first.before, last.after, last.row))
    return net


def _is_reference(move: Move) -> bool:
    return move.field.endswith("Id") and record_id(move.after or move.before) is not None
