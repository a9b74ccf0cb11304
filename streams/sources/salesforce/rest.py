"""Polls Salesforce's REST API: the tables of an export, as far as they were modified since the last round.

What was modified is asked by `SystemModstamp`, in its order. Of a deal that was modified, what happened before the last
round was told then; so a poll's events are those of an export, under the same names. The bookmark has a `Pass` for each
object.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import requests

from detectors.core.events import EARLIEST

from ..connection import Batch, Bookmark, Complete, SourceRefused
from ..item import Item, Row
from .change_events import EVERY
from .org import Org, literal
from .passes import OVERLAP, Pass, dated
from .reading import Lookups, Reading, some_of
from .settings import Salesforce

_PASSES = ("Opportunity", "OpportunityContactRole", "Task", "Event", "EmailMessage")
# what deals refer to, and meetings that are over: read for what was modified of them since the first round
_RELATED = ("Contact", "Account", "EventEnd")


class SalesforceConnection:
    """The section `salesforce` of the connections file, polled. `http` is the session to ask with, if not the usual."""

    name = "salesforce"

    def __init__(self, settings: Salesforce, http: requests.Session | None = None) -> None:
        self.settings = settings
        self.source = settings.source
        self._org = Org(settings, http)

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        """What was modified since the bookmark, object by object; `Complete` for what the org has of them."""
        passes = {name: Pass.of(bookmark.get(name)) for name in (*_PASSES, *_RELATED)}
        reading = Reading(self._org, self.settings, now)
        if not self._org.columns("Opportunity"):
            raise SourceRefused("salesforce: whoever we are logged in as may not see opportunities")
        self._begin(passes, now)
        for name in _PASSES:
            if name == "EmailMessage" and not self.settings.mails:
                continue
            for items, total in reading.modified(name, passes[name]):
                yield Batch(items, _kept(passes), total)
            passes[name].since = passes[name].at
        for name in _RELATED:
            for items, total in reading.related(name, passes[name]):
                yield Batch(items, _kept(passes), total)
            passes[name].since = passes[name].at
        # what was read whole is told last, so that a round that found nothing keeps it, too
        yield Batch((), _kept(passes))
        yield Complete(self._covers(), now)

    def refetch(self, table: str, ids: Mapping[str, datetime], now: datetime) -> Iterator[tuple[tuple[Item, ...], int]]:
        """Records as they are now, for changes that got lost on their way, with the time since when something was.

        Deals are told with all of their past; of EVERY record that was modified since, what happened since.
        """
        reading = Reading(self._org, self.settings, now)
        columns = reading.columns(table)
        if named := [id for id in ids if id != EVERY]:
            for some in some_of(named):
                rows = self._org.rows_of(table, columns, "Id", some)
                yield tuple(reading.refetched(table, rows, None)), len(named)
        if (begin := ids.get(EVERY)) is not None:
            is_whole = begin < EARLIEST
            where = "" if is_whole else f"SystemModstamp >= {literal(begin - OVERLAP)}"
            for page, total in self._org.pages(table, columns, where, "SystemModstamp, Id"):
                for some in some_of(page):
                    yield tuple(reading.refetched(table, some, None if is_whole else begin - OVERLAP)), total

    def ended(self, since: datetime, now: datetime) -> tuple[Item, ...]:
        """The meetings that are over since a time: nothing in Salesforce changes when they are."""
        reading = Reading(self._org, self.settings, now)
        if "EndDateTime" not in self._org.columns("Event"):
            return ()
        where = f"EndDateTime >= {literal(since)} AND EndDateTime <= {literal(now)}"
        rows = self._org.rows("Event", reading.columns("Event"), where, "EndDateTime, Id")
        return tuple(reading.refetched("Event", rows, since))

    def has(self, table: str) -> bool:
        """Whether there is an object that we may see."""
        return bool(self._org.columns(table))

    def newest(self, table: str) -> datetime | None:
        """When a record of an object was modified last; None if there is none that we may see."""
        if "SystemModstamp" not in self._org.columns(table):
            return None
        soql = f"SELECT SystemModstamp FROM {table} ORDER BY SystemModstamp DESC LIMIT 1"  # noqa: S608 - of our names
        found = [each for each in self._org.query(table, soql)["records"] if isinstance(each, dict)]
        return dated(Row(table, found[0]), "SystemModstamp") if found else None

    def lookups(self) -> "Lookups":
        """What other records are looked up for, asked for as it is needed."""
        return Lookups(self._org, self.settings)

    def _begin(self, passes: Mapping[str, Pass], now: datetime) -> None:
        """At first, contacts and accounts are read with their deals: of interest is what will be modified."""
        for name in ("Contact", "Account"):
            at = passes[name]
            if at.at is None:
                at.at = self.newest(name) or now
                where = f"SystemModstamp >= {literal(at.at - OVERLAP)}"
                lately = self._org.rows(name, ("Id", "SystemModstamp"), where, "SystemModstamp, Id")
                at.take(lately, "SystemModstamp", ())
                at.since = at.at
        if passes["EventEnd"].at is None:
            passes["EventEnd"].at = passes["EventEnd"].since = now

    def _covers(self) -> tuple[str, ...]:
        of = {
            "Opportunity": "crm.deal.changed",
            "OpportunityContactRole": "crm.contact.changed",
            "Task": "activity.call",
            "Event": "activity.meeting",
        }
        if self.settings.mails:
            of["EmailMessage"] = "activity.email"
        return tuple(type for name, type in of.items() if self._org.columns(name))


def _kept(passes: Mapping[str, Pass]) -> dict[str, Any]:
    return {name: each.kept() for name, each in passes.items() if each.at is not None}
