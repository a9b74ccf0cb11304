"""What a deal remembers of its events: small entries, each with the time and the identity of its event.

An entry keeps what a question of some detector needs and drops the rest, so that a deal stays small in Kafka.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, zip_longest
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Tag, TypeAdapter

from . import events
from .addresses import domain_of
from .phrases import Phrases

MOST_VALUES = 20
MOST_CHARACTERS = 120
# of all addresses on one event, in characters: a hundred ordinary ones; a full log of such crowds fits into a record
ROOM_FOR_PEOPLE = 2_500
# of a subject, as much is looked through for phrases: some texts take time with the square of their length
MOST_OF_A_SUBJECT = 1_000
# what stands before a thread's key in the place of a Message-ID that may no longer be told
KEYED = "stallwatch-thread:"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event's time and identity (source/id)."""

    at: datetime
    event: str

    @property
    def thing(self) -> str | None:
        """The meeting, call or milestone that it is a word on; None for what is not told in parts."""
        return None

    @property
    def as_told(self) -> Self:
        """What its event said by itself."""
        return self

    def after(self, before: Self) -> Self:
        """The same word, completed by the word before it on the same thing."""
        return self


@dataclass(frozen=True, slots=True)
class _Word(Entry):
    """A word on a thing that is told in parts.

    Its fields are what is known by then; of those in `unsaid` its event said nothing: they are as they were before.
    """

    unsaid: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def as_told(self) -> Self:
        blank: dict[str, Any] = {name: self.__dataclass_fields__[name].default for name in self.unsaid}
        return replace(self, **blank)

    def after(self, before: Self) -> Self:
        return replace(self, **{name: getattr(before, name) for name in self.unsaid})


@dataclass(frozen=True, slots=True)
class DealEntry(Entry):
    """Fields of the deal that changed; dates as ISO text, the account's fields as `account.<field>`.

    In `bulk` they were written to many deals at once: by nobody's move of this one.
    """

    fields: dict[str, Any]
    kind: Literal["deal"] = "deal"
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class PersonEntry(Entry):
    """Fields of a person on the buyer's side that changed."""

    email: str
    fields: dict[str, Any]
    kind: Literal["person"] = "person"


@dataclass(frozen=True, slots=True)
class MilestoneEntry(Entry):
    """Fields of a milestone that changed, and what was known of it before."""

    milestone: str
    fields: dict[str, Any]
    kind: Literal["milestone"] = "milestone"
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, Any]:
        """All its fields as they are by then."""
        return self.before | self.fields

    @property
    def thing(self) -> str:
        return f"milestone {self.milestone}"

    @property
    def as_told(self) -> Self:
        return replace(self, before={})

    def after(self, before: Self) -> Self:
        return replace(self, before=before.known)


@dataclass(frozen=True, slots=True)
class MailEntry(Entry):
    """A mail; `thread` holds short hashes of its own id, the id that it answers and its thread's first id.

    `phrases` are those of the rules' lists that it has: its words themselves are not kept.
    """

    sender: str
    to: tuple[str, ...]
    thread: tuple[str, ...]
    subject: str | None = None
    automatic: bool = False
    returns_on: date | None = None
    phrases: tuple[str, ...] = ()
    kind: Literal["mail"] = "mail"


@dataclass(frozen=True, slots=True)
class MeetingEntry(_Word):
    """A meeting's new status, and what is known of it."""

    meeting: str
    status: Literal["booked", "held", "cancelled", "no_show"]
    starts_at: datetime | None = None
    organizer: str | None = None
    attendees: tuple[str, ...] = ()
    type: Literal["discovery", "demo", "review", "executive", "other"] | None = None
    kind: Literal["meeting"] = "meeting"

    @property
    def thing(self) -> str:
        return f"meeting {self.meeting}"


@dataclass(frozen=True, slots=True)
class CallEntry(_Word):
    """A call; `call` is a short hash of its id, which has it in common with other words on it."""

    direction: Literal["inbound", "outbound"]
    people: tuple[str, ...] = ()
    connected: bool | None = None
    kind: Literal["call"] = "call"
    call: str | None = None

    @property
    def thing(self) -> str | None:
        return self.call and f"call {self.call}"


@dataclass(frozen=True, slots=True)
class DocumentEntry(Entry):
    """A document's new status."""

    document: str
    type: Literal["proposal", "quote", "contract", "other"]
    status: Literal["sent", "viewed", "signed", "declined"]
    kind: Literal["document"] = "document"


@dataclass(frozen=True, slots=True)
class FeedbackEntry(Entry):
    """A verdict on a finding of this deal."""

    detector: str
    verdict: Literal["useful", "noise", "snooze"]
    until: datetime | None = None
    kind: Literal["feedback"] = "feedback"
    reason: str | None = None
    by: str | None = None


def _kind(value: Any) -> str:
    kind = value["kind"] if isinstance(value, dict) else value.kind
    return str(kind)


AnyEntry = Annotated[
    Annotated[DealEntry, Tag("deal")]
    | Annotated[PersonEntry, Tag("person")]
    | Annotated[MilestoneEntry, Tag("milestone")]
    | Annotated[MailEntry, Tag("mail")]
    | Annotated[MeetingEntry, Tag("meeting")]
    | Annotated[CallEntry, Tag("call")]
    | Annotated[DocumentEntry, Tag("document")]
    | Annotated[FeedbackEntry, Tag("feedback")],
    Discriminator(_kind),
]
_ENTRY: TypeAdapter[Entry] = TypeAdapter(AnyEntry)


def entry_of(event: events.Event, phrases: Phrases | None = None) -> Entry | None:
    """What a deal remembers of an event; None for what says nothing of it.

    That is a heartbeat, and what a machine wrote, unless it tells until when somebody is away.
    """
    at, ref = event.time, event.ref
    match event:
        case events.DealChanged(data=fields):
            return DealEntry(at, ref, _changes(fields), bulk=bool(event.bulk))
        case events.ContactChanged(data=person):
            return PersonEntry(at, ref, person.email, _changes(person, leave="email"))
        case events.MilestoneChanged(data=milestone):
            return MilestoneEntry(at, ref, milestone.milestone_id, _changes(milestone, leave="milestone_id"))
        case events.Email(data=mail) if mail.automatic and mail.returns_on is None:
            return None
        case events.Email(data=mail):
            people = _people((*(mail.to or ()), *(mail.cc or ())))
            thread = _thread(mail, ref)
            text = f"{(mail.subject or '')[:MOST_OF_A_SUBJECT]}\n{mail.snippet or ''}"
            found = phrases.in_text(text) if phrases and not mail.automatic else ()
            subject = _short(mail.subject)
            return MailEntry(
                at, ref, mail.sender, people, thread, subject, bool(mail.automatic), mail.returns_on, found
            )
        case events.Meeting(data=meeting):
            return MeetingEntry(
                at,
                ref,
                meeting.meeting_id,
                meeting.status,
                meeting.starts_at,
                meeting.organizer,
                _people(meeting.attendees or ()),
                meeting.kind,
                unsaid=_unsaid(meeting, "starts_at", "organizer", "attendees", type="kind"),
            )
        case events.Call(data=call):
            return CallEntry(
                at,
                ref,
                call.direction,
                _people(call.with_ or ()),
                call.connected,
                call=_short_hash(call.call_id),
                unsaid=_unsaid(call, "connected", people="with_"),
            )
        case events.Document(data=document):
            return DocumentEntry(at, ref, document.document_id, document.kind, document.status)
        case events.Feedback(data=verdict):
            reason, by = _short(verdict.reason), _short(verdict.by)
            return FeedbackEntry(at, ref, verdict.detector, verdict.verdict, verdict.until, reason=reason, by=by)
        case _:
            return None


def order(entry: Entry) -> tuple[datetime, str]:
    """Where in a log an entry stands: by time, then by identity."""
    return entry.at, entry.event


def is_touch(entry: Entry) -> bool:
    """Whether it may be a touch between the two sides."""
    match entry:
        case MailEntry(automatic=automatic):
            return not automatic
        case MeetingEntry(status=status):
            return status == "held"
        case _:
            return isinstance(entry, CallEntry)


def weight(entry: Entry) -> tuple[bool, datetime, int, bytes]:
    """Of two contents under one identity the weightier counts, whichever came first.

    That is what a person wrote, before a copy that a machine passed on; then the later word; then the mail that names
    more people, because only some copies know of those on Bcc.
    """
    automatic, people = (entry.automatic, len(entry.to)) if isinstance(entry, MailEntry) else (False, 0)
    return not automatic, entry.at, people, content(entry)


def content(entry: Entry) -> bytes:
    """What an entry says, to be compared: the same whether it has just come or was kept."""
    return _ENTRY.dump_json(entry)


def completed(log: Iterable[Entry], things: Collection[str]) -> list[Entry]:
    """The log, each word on one of these things completed by the words before it: what is absent did not change.

    The first one stays as it is: what it has from before is from words that fell off.
    """
    newest: dict[str, Entry] = {}
    told = []
    for entry in log:
        thing, word = entry.thing, entry
        if thing is not None and thing in things:
            word = newest[thing] = entry.after(newest[thing]) if thing in newest else entry
        told.append(word)
    return told


def _unsaid(part: BaseModel, *fields: str, **renamed: str) -> tuple[str, ...]:
    """The fields of an entry of which its event says nothing; `renamed` have another name there."""
    named = dict(zip(fields, fields, strict=True)) | renamed
    return tuple(mine for mine, its in named.items() if its not in part.model_fields_set)


def _people(addresses: Iterable[str]) -> tuple[str, ...]:
    """Everybody once; where there is no room for all, some of each mail domain, lest our own crowd hide the buyer."""
    people = tuple(dict.fromkeys(addresses))
    if sum(map(len, people)) <= ROOM_FOR_PEOPLE:
        return people
    colleagues: defaultdict[str, list[str]] = defaultdict(list)
    for person in people:
        colleagues[domain_of(person)].append(person)
    kept, room = [], ROOM_FOR_PEOPLE
    for person in filter(None, chain.from_iterable(zip_longest(*colleagues.values()))):
        room -= len(person)
        if room < 0:
            break
        kept.append(person)
    return tuple(kept)


def _changes(part: BaseModel, leave: str = "") -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name in type(part).model_fields:
        if name not in part.model_fields_set or name == leave:
            continue
        value = getattr(part, name)
        if name == "account":
            names = type(value).model_fields if value else events.Account.model_fields
            nested = _changes(value) if value else dict.fromkeys(names)
            changed |= {f"account.{key}": each for key, each in nested.items()}
        elif isinstance(value, date):
            changed[name] = value.isoformat()
        elif isinstance(value, tuple):
            changed[name] = [_short(each) for each in value[:MOST_VALUES]]
        else:
            changed[name] = _short(value) if isinstance(value, str) else value
    return changed


def _short(text: str | None) -> str | None:
    return text and text[:MOST_CHARACTERS]


def _thread(mail: events.EmailFields, ref: str) -> tuple[str, ...]:
    references = [named for each in mail.references or () if (named := _bare(each))]
    own = _bare(mail.message_id) or ref
    answered = _bare(mail.in_reply_to or "") or (references[-1] if references else "")
    first = references[0] if references else answered
    return tuple(thread_key(each) for each in ((own, answered, first) if answered else (own,)))


def thread_key(message_id: str) -> str:
    """A short, stable name of a Message-ID, however its angle brackets were kept."""
    bare = _bare(message_id)
    return bare.removeprefix(KEYED) if bare.startswith(KEYED) else _short_hash(bare)


def _bare(message_id: str) -> str:
    """A Message-ID without its angle brackets; empty if it names nothing."""
    return message_id.strip("<> \t\r\n")


# a mail's id is asked for by what it opens, by what answers it, and by whoever looks for its thread
@lru_cache(maxsize=16_384)
def _short_hash(name: str) -> str:
    return blake2b(name.encode(), digest_size=6).hexdigest()
