"""Reads the topics into which Kafka Connect writes Salesforce's change events.

A round reads each partition up to its end at the round's beginning. The bookmark has the `offsets` to go on at;
`fetch`: the records that must be fetched, with the time since when; and `newest`: the time of the newest change of each
object.

What an event does not tell is fetched through the REST API, if the section says how to log in. Where there is no way
to, nothing is claimed of the events' types that it concerns: what is missing is unknown, not silent. Where an offset
has fallen off its topic, or a record cannot be read, changes were lost: every deal is fetched.

That a topic has come to its end does not show that its connector is alive. So Salesforce is asked what was modified
after the newest change that was read, and that is fetched, too; at first (`begun`) that is everything. Without the API,
all is claimed to be told up to the newest change only; and of meetings nothing, because they are over without a change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError

from detectors.core.events import MAX_AHEAD, Refused

from ..connection import Batch, Bookmark, Complete, SourceRefused, SourceUnavailable
from .change_events import DEAL, EVERY, Change, changes, every_reference, parse
from .rest import SalesforceConnection
from .settings import Salesforce

MOST_RECORDS = 500
PATIENCE_MS = 30_000
# of an object, so many records are named that must be fetched; of more, all that were modified since are
MOST_NAMED = 1000
TYPES = {
    DEAL: "crm.deal.changed",
    "Account": "crm.deal.changed",
    "OpportunityContactRole": "crm.contact.changed",
    "Contact": "crm.contact.changed",
    "Task": "activity.call",
    "Event": "activity.meeting",
    "EmailMessage": "activity.email",
}
# no group: where to go on stands in the bookmark, and what is not there any more is not skipped
_ALONE = {"group_id": None, "enable_auto_commit": False, "allow_auto_create_topics": False, "auto_offset_reset": "none"}
_A_MOMENT = timedelta(seconds=1)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class ChangeTopics:
    """The part `change_events` of the section `salesforce`. `kafka` are the arguments of kafka-python's clients."""

    name = "salesforce.change_events"

    def __init__(
        self, settings: Salesforce, kafka: Mapping[str, Any], rest: SalesforceConnection | None = None
    ) -> None:
        if settings.change_events is None:
            raise SourceRefused("salesforce: the section names no topics of change events")
        self.settings = settings
        self.source = settings.source
        self._topics = settings.change_events.topics
        other = settings.change_events.bootstrap_servers
        self._kafka = {**kafka, **({"bootstrap_servers": other.split(",")} if other else {})}
        self._rest = rest

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        """The changes since the bookmark, then what must be fetched; `Complete` for what is known to be whole."""
        state = _State.of(bookmark)
        try:
            with closing(KafkaConsumer(**self._kafka, **_ALONE)) as consumer:
                yield from self._changes(consumer, state, now)
        except (SaslAuthenticationFailedError, AuthorizationError) as error:
            raise SourceRefused(f"{self.name}: Kafka refuses us: {error}") from None
        except KafkaError as error:
            raise SourceUnavailable(f"{self.name}: Kafka: {type(error).__name__}: {error}") from None
        if self._rest is not None:
            yield from self._fetched(self._rest, state, now)
        yield from self._complete(state, now)

    def _changes(self, consumer: KafkaConsumer, state: "_State", now: datetime) -> Iterator[Batch]:
        places = self._places(consumer)
        ends: dict[TopicPartition, int] = consumer.end_offsets(places)
        consumer.assign(places)
        for place, offset in self._begin(consumer, places, ends, state).items():
            consumer.seek(place, offset)
        lookups = self._rest.lookups() if self._rest is not None else None
        total = sum(ends[place] - consumer.position(place) for place in places)
        while behind := [place for place in places if consumer.position(place) < ends[place]]:
            before = {place: consumer.position(place) for place in behind}
            consumer.pause(*(place for place in places if place not in behind))
            polled = consumer.poll(timeout_ms=PATIENCE_MS, max_records=MOST_RECORDS)
            if not polled and all(consumer.position(place) == at for place, at in before.items()):
                raise SourceUnavailable(f"{self.name}: Kafka gives nothing of {behind[0].topic}, though more is there")
            # what was written since belongs to the next round
            records = [each for place, some in polled.items() for each in some if each.offset < ends[place]]
            found = list(self._parsed((each.value for each in records if each.value is not None), state))
            for change in found:
                state.take(change, now)
            if lookups is not None:
                lookups.stages_and_types()
                lookups.fetch(every_reference(found))
            known = lookups.known if lookups is not None else None
            items = tuple(
                changes(each.value, f"{each.topic}/{each.partition}@{each.offset}", self.settings, known)
                for each in records
                if each.value is not None
            )
            for place in behind:
                state.offsets[_name(place)] = min(consumer.position(place), ends[place])
            yield Batch(items, state.kept(), total)

    def _places(self, consumer: KafkaConsumer) -> list[TopicPartition]:
        places = []
        for topic in self._topics:
            partitions = consumer.partitions_for_topic(topic)
            if not partitions:
                raise SourceRefused(f"{self.name}: there is no topic {topic}")
            places += [TopicPartition(topic, number) for number in sorted(partitions)]
        return places

    def _begin(
        self, consumer: KafkaConsumer, places: list[TopicPartition], ends: Mapping[TopicPartition, int], state: "_State"
    ) -> dict[TopicPartition, int]:
        """Where to go on; where something was lost, every deal must be fetched."""
        begin: dict[TopicPartition, int] = dict(consumer.beginning_offsets(places))
        kept = {place: state.offsets.get(_name(place)) for place in places}
        for place, offset in kept.items():
            if offset is not None and begin[place] <= offset <= ends[place]:
                begin[place] = offset
            elif offset is not None:
                state.fetch_all()
        state.offsets |= {_name(place): offset for place, offset in begin.items()}
        return begin

    def _parsed(self, values: Iterable[bytes], state: "_State") -> Iterator[Change]:
        for value in values:
            try:
                yield parse(value, self.settings)
            except Refused:
                # why is told by `changes`, of which deal nobody knows
                state.fetch_all()

    def _fetched(self, rest: SalesforceConnection, state: "_State", now: datetime) -> Iterator[Batch]:
        for entity in TYPES:
            modified, read = rest.newest(entity), state.newest.get(entity)
            if modified is None or (entity == "EmailMessage" and not self.settings.mails):
                continue
            begin = read or _EVER if state.begun else self._first(entity, now)
            if begin is not None and modified > begin + _A_MOMENT:
                state.fetch.setdefault(entity, {}).setdefault(EVERY, begin)
            state.newest[entity] = max(modified, read or modified)
        state.begun = True
        for entity, ids in list(state.fetch.items()):
            for items, total in rest.refetch(entity, ids, now):
                yield Batch(items, state.kept(), total)
            del state.fetch[entity]
        items = rest.ended(state.meetings or now, now)
        state.meetings = now
        yield Batch(items, state.kept())

    def _first(self, entity: str, now: datetime) -> datetime | None:
        """Since when an object is fetched at first; contacts and accounts are with their deals."""
        if entity in ("Contact", "Account"):
            return None
        is_activity = TYPES[entity].startswith("activity.")
        return now - timedelta(days=self.settings.activity_days) if is_activity else _EVER

    def _complete(self, state: "_State", now: datetime) -> Iterator[Complete]:
        if self._rest is not None:
            covers = {type for entity, type in TYPES.items() if self._rest.has(entity)}
            if not self.settings.mails:
                covers.discard(TYPES["EmailMessage"])
            yield Complete(tuple(sorted(covers)), now)
            return
        covered: defaultdict[datetime, list[str]] = defaultdict(list)
        for entity in (DEAL, "Task"):
            if entity in state.newest and entity not in state.fetch:
                covered[state.newest[entity]].append(TYPES[entity])
        # one word on each moment: a heartbeat is known by its time
        for through, types in covered.items():
            yield Complete(tuple(sorted(types)), through)


class _State:
    """What the bookmark has."""

    def __init__(self) -> None:
        self.offsets: dict[str, int] = {}
        self.fetch: dict[str, dict[str, datetime]] = {}
        self.newest: dict[str, datetime] = {}
        self.meetings: datetime | None = None
        self.begun = False

    @classmethod
    def of(cls, bookmark: Bookmark) -> "_State":
        state = cls()
        state.offsets = dict(bookmark.get("offsets", {}))
        state.fetch = {entity: _times(ids) for entity, ids in bookmark.get("fetch", {}).items()}
        state.newest = _times(bookmark.get("newest", {}))
        state.meetings = datetime.fromisoformat(bookmark["meetings"]) if bookmark.get("meetings") else None
        state.begun = bool(bookmark.get("begun"))
        return state

    def kept(self) -> dict[str, Any]:
        return {
            "offsets": dict(self.offsets),
            "fetch": {entity: _texts(ids) for entity, ids in self.fetch.items()},
            "newest": _texts(self.newest),
            "meetings": self.meetings.isoformat() if self.meetings else None,
            "begun": self.begun,
        }

    def take(self, change: Change, now: datetime) -> None:
        if change.at <= now + MAX_AHEAD:
            self.newest[change.entity] = max(self.newest.get(change.entity, change.at), change.at)
        for id in change.to_fetch:
            # a field of all deals can be converted without their being modified
            at = _EVER if (change.entity, id) == (DEAL, EVERY) else change.at
            known = self.fetch.setdefault(change.entity, {})
            known[id] = min(known.get(id, at), at)
            if len(known) > MOST_NAMED:
                begin = _EVER if change.entity == DEAL else min(known.values())
                self.fetch[change.entity] = {EVERY: begin}

    def fetch_all(self) -> None:
        self.fetch.setdefault(DEAL, {})[EVERY] = _EVER


def _times(texts: Mapping[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in texts.items()}


def _texts(times: Mapping[str, datetime]) -> dict[str, str]:
    return {name: at.isoformat() for name, at in times.items()}


def _name(place: TopicPartition) -> str:
    return f"{place.topic}/{place.partition}"
