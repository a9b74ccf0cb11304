"""Polls Pipedrive's API: what changed since the last round, a page after the other, in the order of the changes.

Of a deal that changed, its log of changes and its persons are asked for, and everything is told from its beginning:
what was told before are the same events. Deals that were deleted or archived are among them. Of an activity that
changed, its people; and once in a round all activities of its deal, for they say together what the next step is. Of a
person that changed, their deals. An activity that was deleted is only told by a push.

The bookmark has, for each of these, the newest change that was read; a round begins a little before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from detectors.core.events import Refused

from ..connection import Batch, Bookmark, Complete, SourceRefused
from ..item import Item
from ..section import secret_in
from .activities import is_step, step_of, tell_activity, tell_steps
from .deals import change_of, people_on, tell_history
from .names import Names
from .people import tell_contact
from .rest import PAGE, Api
from .settings import Pipedrive
from .telling import Telling, raw
from .values import Thing, id_of, moment_of, own_id

OVERLAP = timedelta(minutes=1)
CLOCKS_DIFFER = timedelta(minutes=10)
COVERS = ("crm.deal.changed", "crm.contact.changed", "crm.milestone.changed", "activity.meeting", "activity.call")
_DEALS = {"deals": {"status": "open,won,lost,deleted"}, "deals/archived": {}}


class PipedriveConnection:
    """The section `pipedrive` of the connections file, polled; `backoff` is how many seconds the first retry waits."""

    name = "pipedrive"

    def __init__(self, settings: Pipedrive, backoff: float = 1.0) -> None:
        if settings.base_url is None:
            raise SourceRefused("pipedrive: company_domain says where to ask, and it is missing")
        if settings.token_file is None:
            raise SourceRefused("pipedrive: token_file is missing")
        self._settings, self._url, self._token_file = settings, settings.base_url, settings.token_file
        self._backoff = backoff
        self.source = settings.source

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        """Everything new since the bookmark."""
        # read anew in each round, so that a token can be changed
        api = Api(self._url, secret_in(self._token_file), self._settings.timeout_seconds, self._backoff)
        try:
            yield from _Round(api, self._settings, bookmark, now).batches()
        finally:
            api.close()
        covers = (*COVERS, "activity.email") if self._settings.mails else COVERS
        yield Complete(covers, now.replace(microsecond=0))


class _Round:
    def __init__(self, api: Api, settings: Pipedrive, bookmark: Bookmark, now: datetime) -> None:
        self._api, self._settings = api, settings
        self._bookmark, self._begun = dict(bookmark), now
        self._names = Names(settings)
        self._stepped: set[str] = set()

    def batches(self) -> Iterator[Batch]:
        names, api = self._names, self._api
        names.learn_owners(api.users())
        names.learn_stages(api.all("stages"))
        names.learn_pipelines(api.all("pipelines"))
        if self._settings.fields:
            names.learn_options(api.all("dealFields"))
        # the persons of all deals come with these: before them, no change of a person needs to be looked for
        is_first = "persons" not in self._bookmark
        for what, query in _DEALS.items():
            yield from self._changed(what, self._deals, query)
        yield from self._changed("activities", self._activities, {"include_fields": "attendees"})
        if is_first:
            self._bookmark["persons"] = (self._begun.astimezone(UTC) - CLOCKS_DIFFER).isoformat()
            yield Batch((), dict(self._bookmark))
        else:
            yield from self._changed("persons", self._persons, {})

    def _changed(
        self, what: str, told: Callable[[list[Thing]], Iterator[Item]], query: Mapping[str, Any]
    ) -> Iterator[Batch]:
        for page in self._api.changed(what, self._since(what), **query):
            items = tuple(told(page))
            newest = max((at for thing in page if (at := _updated(thing)) is not None), default=None)
            if newest is not None:
                self._bookmark[what] = newest.isoformat()
            yield Batch(items, dict(self._bookmark))

    def _since(self, what: str) -> datetime | None:
        kept = self._bookmark.get(what)
        if kept is not None:
            return datetime.fromisoformat(kept) - OVERLAP
        return datetime.combine(self._settings.since, time(), UTC) if self._settings.since else None

    def _deals(self, page: list[Thing]) -> Iterator[Item]:
        self._learn_companies(id for deal in page if (id := id_of(deal.get("org_id"))) is not None)
        for deal in page:
            out = Telling(self._settings.source)
            id, log = own_id(deal), None
            if id is not None:
                flow = self._api.flow(id) if self._settings.history else None
                log = self._log(flow, out) if flow is not None else None
                on_it = self._names.learn_people(self._api.all("persons", deal_id=id))
                tell_history(deal, log, self._names, out)
                since = dict.fromkeys(on_it, _added(deal)) | dict(people_on(deal, log, self._names))
                for person, at in since.items():
                    if at is not None:
                        tell_contact(person, id, at, out)
            yield out.item(f"{self._api.url}/deal/{id}", raw(deal), "deal", "changed")

    def _log(self, flow: Iterable[Thing], out: Telling) -> list[Any]:
        log = []
        for entry in flow:
            try:
                log.append(change_of(entry))
            except Refused as refusal:
                out.problems.append(refusal)
        return [change for change in log if change is not None]

    def _activities(self, page: list[Thing]) -> Iterator[Item]:
        people = {each for activity in page for each in _people_of(activity)}
        self._learn_people(each for each in people if each not in self._names.people)
        for activity in page:
            out = Telling(self._settings.source)
            tell_activity(activity, self._names, out)
            deal = id_of(activity.get("deal_id"))
            if deal is not None and deal not in self._stepped and is_step(activity, self._names):
                self._stepped.add(deal)
                others = (each for each in self._api.all("activities", deal_id=deal) if is_step(each, self._names))
                steps = [step for each in others if (step := step_of(each)) is not None]
                tell_steps(deal, steps, out)
            place = f"{self._api.url}/activities/{own_id(activity)}"
            yield out.item(place, raw(activity), "activity", str(activity.get("type"))[:40])

    def _persons(self, page: list[Thing]) -> Iterator[Item]:
        for thing, person in ((each, self._names.learn_people([each])) for each in page):
            out = Telling(self._settings.source)
            if person:
                for deal in self._api.all("deals", person_id=person[0].id):
                    id, since = own_id(deal), _added(deal)
                    if id is not None and since is not None:
                        tell_contact(person[0], id, since, out)
            yield out.item(f"{self._api.url}/person/{own_id(thing)}", raw(thing), "person", "changed")

    def _learn_people(self, ids: Iterable[str]) -> None:
        for part in _parts(ids):
            self._names.learn_people(self._api.all("persons", ids=",".join(part)))

    def _learn_companies(self, ids: Iterable[str]) -> None:
        for part in _parts({id for id in ids if id not in self._names.companies}):
            self._names.learn_companies(self._api.all("organizations", ids=",".join(part)))


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(ids)
    return (wanted[at : at + PAGE] for at in range(0, len(wanted), PAGE))


def _people_of(activity: Thing) -> Iterator[str]:
    listed = activity.get("participants")
    for each in (activity, *(listed if isinstance(listed, list) else ())):
        if isinstance(each, Mapping) and (id := id_of(each.get("person_id"))) is not None:
            yield id


def _updated(thing: Thing) -> datetime | None:
    return _moment(thing, "update_time") or _moment(thing, "add_time")


def _added(deal: Thing) -> datetime | None:
    return _moment(deal, "add_time") or _moment(deal, "update_time")


def _moment(thing: Thing, key: str) -> datetime | None:
    try:
        return moment_of(thing.get(key))
    except Refused:
        return None  # whoever tells the thing says that
