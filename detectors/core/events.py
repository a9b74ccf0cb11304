"""Events as they come: CloudEvents 1.0 envelopes and the types of the contract.

`parse` turns bytes into an event or raises `Refused` with a reason that fits a metric label and a detail for people.
Event time is the only time base here; the receiver's clock is an argument where it matters.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from .addresses import Address
from .complaints import complaint

MAX_BYTES = 1024 * 1024
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MAX_AHEAD = timedelta(days=1)
SHORTENED = 1000

Reason = Literal[
    "too_large",
    "not_json",
    "unknown_type",
    "invalid",
    "time",
    "no_deal",
    "misrouted",
    "unreadable",  # what a source gave is not in the form that it should be in
    "unmapped",  # it names an owner or a stage by an id that nobody has given a name
]


class Refused(ValueError):
    """An event that is not accepted: `reason` is one of a few, the text says what and where."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _text_only(value: object) -> object:
    # pydantic reads digits as a Unix time of a unit that it guesses
    if isinstance(value, str) and not value.lstrip("+-").replace(".", "").isdigit():
        return value
    raise ValueError("a time is RFC 3339 text with an offset, a date is YYYY-MM-DD")


def _within_range(moment: datetime) -> datetime:
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None
    if not 1900 < moment.year < 2200:
        raise ValueError("out of range")
    return moment


def _day_in_range(day: date) -> date:
    if not 1900 < day.year < 2200:
        raise ValueError("out of range")
    return day


# lax, because what a before-validator returns is no longer JSON, and strict Python takes no text
Moment = Annotated[AwareDatetime, Strict(False), BeforeValidator(_text_only), AfterValidator(_within_range)]
Day = Annotated[date, Strict(False), BeforeValidator(_text_only), AfterValidator(_day_in_range)]
People = tuple[Address, ...] | None  # exporters write null for nobody
Amount = Annotated[float, Field(ge=0, le=1e15)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
NameHash = Annotated[str, StringConstraints(pattern=r"^[1-9]-[0-9a-f]{32}$")]  # of how many words, and of what
Role = Literal[
    "economic_buyer",
    "decision_maker",
    "executive_sponsor",
    "champion",
    "influencer",
    "end_user",
    "procurement",
    "legal",
    "other",
]


class _Part(BaseModel):
    # unknown fields are kept; numbers are not read from texts nor texts from numbers
    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)


class Account(_Part):
    """The company that buys."""

    id: str | None = None
    name: str | None = None
    domains: tuple[str, ...] | None = None
    fit: Literal["good", "poor", "unknown"] | None = None


class DealFields(_Part):
    """What a CRM says of a deal. An absent field did not change; null clears it."""

    name: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    status: Literal["open", "won", "lost"] | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    close_date: Day | None = None
    owner: Address | None = None
    team: str | None = None
    segment: str | None = None
    account: Account | None = None
    forecast_category: Literal["omitted", "pipeline", "best_case", "commit", "closed"] | None = None
    next_step: str | None = None
    next_step_date: Day | None = None
    budget: Literal["unknown", "none", "confirmed"] | None = None
    need: Literal["unknown", "interesting", "important", "critical"] | None = None
    deadline: Day | None = None
    lost_reason: str | None = None
    paused_until: Day | None = None
    paused_reason: str | None = None


class ContactFields(_Part):
    """What a CRM says of a person on the buyer's side."""

    email: Address
    name: str | None = None
    title: str | None = None
    roles: tuple[Role, ...] | None = None
    executive: bool | None = None
    account_id: str | None = None
    joined_on: Day | None = None
    left: bool | None = None


class MilestoneFields(_Part):
    """A step of the close plan."""

    milestone_id: Name
    title: str | None = None
    due: Day | None = None
    side: Literal["buyer", "seller"] | None = None
    done: bool | None = None


class EmailFields(_Part):
    """One mail: who, when, in which thread; never its body."""

    message_id: Name
    in_reply_to: str | None = None
    references: tuple[str, ...] | None = None
    sender: Address = Field(alias="from")
    to: People = None
    cc: People = None
    subject: str | None = None
    snippet: Annotated[str, StringConstraints(max_length=500)] | None = None
    automatic: bool | None = None
    returns_on: Day | None = None


class MeetingFields(_Part):
    """A meeting, booked, held, cancelled or missed."""

    meeting_id: Name
    status: Literal["booked", "held", "cancelled", "no_show"]
    kind: Literal["discovery", "demo", "review", "executive", "other"] | None = None
    starts_at: Moment | None = None
    organizer: Address | None = None
    attendees: People = None


class CallFields(_Part):
    """A telephone call; `connected` absent means that nobody noted whether it was answered."""

    call_id: Name
    direction: Literal["inbound", "outbound"]
    with_: People = Field(default=None, alias="with")
    connected: bool | None = None


class DocumentFields(_Part):
    """A proposal, quote or contract on its way."""

    document_id: Name
    kind: Literal["proposal", "quote", "contract", "other"]
    status: Literal["sent", "viewed", "signed", "declined"]
    to: People = None


class HeartbeatFields(_Part):
    """A source's word that it has sent everything of the types in `covers` up to `through`."""

    covers: tuple[str, ...]
    through: Moment
    mailbox: Address | None = None


class FeedbackFields(_Part):
    """What a person thinks of a finding."""

    detector: Name
    verdict: Literal["useful", "noise", "snooze"]
    until: Moment | None = None
    reason: str | None = None
    by: str | None = None


class ForgottenFields(_Part):
    """Who is to be forgotten, told so that it names nobody: hashes, and what the person is called from now on."""

    address: Hash
    pseudonym: Annotated[Address, Field(pattern=r"^forgotten-[0-9a-f]+(\+[0-9]+)?@")]
    names: Annotated[tuple[NameHash, ...], Field(max_length=20)] = ()


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    specversion: Literal["1.0"]
    id: Name
    source: Name
    subject: Name | None = None
    time: Moment

    @property
    def ref(self) -> str:
        """The event's identity as evidence quotes it: source/id.

        A source may be a URI; a slash in an id is written %2F, so that only the last one parts the two.
        """
        return f"{self.source}/{self.id.replace('%', '%25').replace('/', '%2F')}"


class DealChanged(_Envelope):
    """A deal's fields changed.

    The extension attribute `bulk` says that an import, a migration or an edit of many deals at once wrote the values.
    They hold from then on, as any do: the stage was entered, the date is the date. But nobody moved this deal: it is no
    push and no pull-in, no cut, no stage advanced or lost, no step dated anew, no purposeful step and no progress.
    """

    type: Literal["crm.deal.changed"]
    data: DealFields
    bulk: bool | None = None


class ContactChanged(_Envelope):
    """A person of the deal changed."""

    type: Literal["crm.contact.changed"]
    data: ContactFields


class MilestoneChanged(_Envelope):
    """A milestone of the close plan changed."""

    type: Literal["crm.milestone.changed"]
    data: MilestoneFields


class Email(_Envelope):
    """A mail went out or came in."""

    type: Literal["activity.email"]
    data: EmailFields


class Meeting(_Envelope):
    """A meeting was booked, held, cancelled or missed."""

    type: Literal["activity.meeting"]
    data: MeetingFields


class Call(_Envelope):
    """A call took place or was tried."""

    type: Literal["activity.call"]
    data: CallFields


class Document(_Envelope):
    """A document was sent, viewed, signed or declined."""

    type: Literal["activity.document"]
    data: DocumentFields


class Heartbeat(_Envelope):
    """A source reports how far it has come."""

    type: Literal["source.heartbeat"]
    data: HeartbeatFields


class Feedback(_Envelope):
    """A person judged a finding."""

    type: Literal["finding.feedback"]
    data: FeedbackFields


class Forgotten(_Envelope):
    """A person of the buyer's is to be forgotten, of all deals; see docs/privacy.md."""

    type: Literal["privacy.contact.forgotten"]
    data: ForgottenFields


Event = (
    DealChanged
    | ContactChanged
    | MilestoneChanged
    | Email
    | Meeting
    | Call
    | Document
    | Heartbeat
    | Feedback
    | Forgotten
)
TYPES: tuple[str, ...] = tuple(get_args(model.model_fields["type"].annotation)[0] for model in get_args(Event))
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])

# types that say nothing without a deal; activities can find theirs by the people on them
_NEED_A_DEAL = (DealChanged, ContactChanged, MilestoneChanged, Feedback)


def parse(raw: bytes) -> Event:
    """The event in `raw`; `Refused` says why there is none, and where in it."""
    if len(raw) > MAX_BYTES:
        raise Refused("too_large", f"{len(raw):,} bytes, at most {MAX_BYTES:,} are taken")
    try:
        event = _EVENT.validate_json(raw)
    except ValidationError as error:
        raise _refused(error) from None
    if event.time < EARLIEST:
        raise Refused("time", f"time: {event.time.isoformat()} lies before {EARLIEST.year}")
    if event.subject is None and isinstance(event, _NEED_A_DEAL):
        raise Refused("no_deal", f"subject: a {event.type} event must name its deal")
    return event


def clamp(event: Event, now: datetime) -> tuple[Event, bool]:
    """The event as a receiver whose clock shows `now` takes it, and whether its time was set back.

    Times a little ahead are clocks that differ; `Refused` if it is more than a day ahead. What lies ahead is shortened
    to a thousandth, a millisecond to a microsecond: so what a source tells in order stays in order, taken at once or
    one after the other. An event that is taken again later is set back less; so is what Kafka gives again behind it.
    """
    ahead = event.time - now
    if ahead <= timedelta(0):
        return event, False
    if ahead > MAX_AHEAD:
        raise Refused("time", f"time: {event.time.isoformat()} lies more than a day ahead of {now.isoformat()}")
    return event.model_copy(update={"time": now + ahead // SHORTENED}), True


def to_json(event: Event) -> bytes:
    """The event as it was received: fields that were absent stay absent, unknown ones stay."""
    return event.model_dump_json(by_alias=True, exclude_unset=True).encode()


def people_on(event: Event) -> Iterator[str]:
    """Everybody's address on an activity, ours and theirs: who acts, whom it is for, who has a copy."""
    match event:
        case Email(data=mail):
            yield mail.sender
            yield from mail.to or ()
            yield from mail.cc or ()
        case Meeting(data=meeting):
            if meeting.organizer:
                yield meeting.organizer
            yield from meeting.attendees or ()
        case Call(data=call):
            yield from call.with_ or ()
        case Document(data=document):
            yield from document.to or ()
        case _:
            return


def _refused(error: ValidationError) -> Refused:
    first = error.errors(include_url=False, include_context=False)[0]
    where = _place(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"].startswith(("date_", "datetime_")):
        message = complaint(first)
    kind: Reason = "invalid"
    if first["type"] == "union_tag_not_found":
        where, message = "type", "is missing"
    elif first["type"] == "json_invalid":
        kind = "not_json"
    elif first["type"] == "union_tag_invalid":
        kind, where = "unknown_type", "type"
    elif where == "time":
        kind = "time"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return Refused(kind, f"{where}: {message}{more}" if where else f"{message}{more}")


def _place(location: tuple[int | str, ...]) -> str:
    if location and location[0] in TYPES:
        location = location[1:]
    return ".".join(str(part) for part in location)


def value_of(field: Any) -> Any:
    """A field's value as plain JSON-able data (dates as ISO text)."""
    return field.isoformat() if isinstance(field, date) else field
