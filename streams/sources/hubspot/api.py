"""Polls HubSpot: deals, contacts, companies and activities that were modified since the last round, kind by kind.

A deal that was modified is read with the histories of its properties, its people and its company; of its own changes
those are told that are newer than the last round that came to its end. Contacts and companies that were modified by
themselves are told on their deals. All events have the ids that an export and a push give them.

The bookmark has, for each kind, `at`: up to which modification it was read, and `whole`: up to which one it was when it
had been read to its end last. A round begins a while before `at`, because the search shows some records late, and ends
a little before now, because what belongs to a record is often associated with it only after it was made.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import chain

from ..connection import Batch, Bookmark, Complete, SourceRefused
from ..item import Item
from ..section import secret_in
from . import activities, meetings
from .client import Client, Thing
from .modified import modified
from .portal import Portal, stages_of
from .reading import Reading
from .settings import HubSpot
from .values import EPOCH

log = logging.getLogger("stallwatch.sources.hubspot")

OVERLAP = timedelta(minutes=10)
SETTLED = timedelta(minutes=1)
COVERS = ("crm.deal.changed", "crm.contact.changed", "activity.call", "activity.meeting")
_BEGUN = "meetings that began"
_ON_DEALS = {"propertyName": "num_associated_deals", "operator": "GT", "value": "0"}


class HubSpotConnection:
    """The section `hubspot` of the connections file, polled; `backoff` is how many seconds the second retry waits."""

    name = "hubspot"

    def __init__(self, settings: HubSpot, backoff: float = 1.0) -> None:
        if settings.token_file is None:
            raise SourceRefused("hubspot: token_file is missing")
        self._settings, self._token_file, self._backoff = settings, settings.token_file, backoff
        self.source = settings.source

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        """Everything new since the bookmark."""
        # read anew in each round, so that a token can be changed
        token = secret_in(self._token_file)
        if not token.isascii():
            raise SourceRefused(f"{self._token_file}: holds no token of HubSpot")
        until = now.astimezone(UTC) - SETTLED
        until = until.replace(microsecond=until.microsecond // 1000 * 1000)
        client = Client(self._settings.api_url, token, self._settings.timeout_seconds, self._backoff)
        try:
            yield from _Round(client, self._settings, bookmark, until).batches()
        finally:
            client.close()
        yield Complete((*COVERS, "activity.email") if self._settings.mails else COVERS, until)


class _Round:
    def __init__(self, client: Client, settings: HubSpot, bookmark: Bookmark, until: datetime) -> None:
        self._client, self._settings, self._until = client, settings, until
        self._bookmark = dict(bookmark)
        self._portal = Portal.of(settings)

    def batches(self) -> Iterator[Batch]:
        self._learn_names()
        reading = Reading(self._client, self._portal, self._until)
        for kind in ("contacts", "companies"):
            if kind not in self._bookmark:  # as they are now, they come with the deals
                self._read_to(kind, self._until, ())
        if _BEGUN not in self._bookmark:  # those that began before are among the meetings
            self._read_to(_BEGUN, self._until - meetings.GRACE, ())
        told_before = self._whole("deals")
        if told_before is not None:
            yield from self._deleted(reading, told_before)
        yield from self._pass("deals", reading.deals)
        yield from self._pass("contacts", reading.contacts, filters=(_ON_DEALS,))
        yield from self._pass("companies", reading.companies, filters=(_ON_DEALS,))
        for kind in ("calls", "meetings", "emails"):
            if kind != "emails" or self._settings.mails:
                properties = (*activities.COMMON, *activities.PROPERTIES[kind])
                yield from self._pass(kind, reading.touches(kind), properties)
        if self._settings.meetings_are_held:
            yield from self._begun(reading)

    def _begun(self, reading: Reading) -> Iterator[Batch]:
        """Meetings that are over, and were not modified since they were booked."""
        at, until, read = self._at(_BEGUN), self._until - meetings.GRACE, reading.touches("meetings")
        since = at - OVERLAP if at is not None else until
        by = "hs_meeting_start_time"
        for page, through in modified(self._client, "meetings", since, until, (), by=by):
            yield self._read_to(_BEGUN, through, tuple(read(page, None)))

    def _learn_names(self) -> None:
        for archived in ("false", "true"):
            for page in self._client.pages("/crm/v3/owners", limit=100, archived=archived):
                self._portal = self._portal.with_owners(page)
        for page in self._client.pages("/crm/v3/pipelines/deals"):
            for pipeline in page:
                self._portal = self._portal.with_pipeline(pipeline)
                if not self._bookmark:
                    self._warn_of_other_names(pipeline)

    def _warn_of_other_names(self, pipeline: Thing) -> None:
        for stage in stages_of(pipeline):
            ours, theirs = self._portal.stage(stage["id"]), stage["label"]
            if ours != theirs and stage["id"] not in self._settings.stages:
                text = "hubspot: the stage %s is told as %r; if it is to be %r, name it so under hubspot.stages"
                log.warning(text, stage["id"], ours, theirs)

    def _deleted(self, reading: Reading, told_before: datetime) -> Iterator[Batch]:
        """Deals that were told, and were deleted since."""
        for page in self._client.pages("/crm/v3/objects/deals", archived="true", limit=100, properties="createdate"):
            items = tuple(chain.from_iterable(reading.deleted(deal, told_before - OVERLAP) for deal in page))
            if items:
                yield Batch(items, dict(self._bookmark))

    # -- how far each kind was read

    def _pass(
        self,
        kind: str,
        read: Callable[[list[Thing], datetime | None], Iterable[Item]],
        properties: Sequence[str] = (),
        filters: Sequence[Thing] = (),
    ) -> Iterator[Batch]:
        at, whole = self._at(kind), self._whole(kind)
        start = datetime.combine(self._settings.since, time(), UTC) if self._settings.since else EPOCH
        since = at - OVERLAP if at is not None else start
        after = whole - OVERLAP if whole is not None else None
        for page, through in modified(self._client, kind, since, self._until, properties, filters):
            yield self._read_to(kind, through, tuple(read(page, after)))

    def _read_to(self, kind: str, through: datetime, items: tuple[Item, ...]) -> Batch:
        at, whole = self._at(kind), self._whole(kind)
        position = {"at": max(at or through, through), "whole": through if through == self._until else whole}
        self._bookmark[kind] = {name: time.isoformat() for name, time in position.items() if time is not None}
        return Batch(items, dict(self._bookmark))

    def _at(self, kind: str) -> datetime | None:
        return self._position(kind, "at")

    def _whole(self, kind: str) -> datetime | None:
        return self._position(kind, "whole")

    def _position(self, kind: str, name: str) -> datetime | None:
        kept = self._bookmark.get(kind, {}).get(name)
        return datetime.fromisoformat(kept) if kept is not None else None
