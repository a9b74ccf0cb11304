"""What a company's own Salesforce must be told of: names for its ids, its own fields, and how it is reached."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from detectors.core import events
from detectors.core.addresses import Address

from ..section import Section, near
from .values import record_id


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        raise ValueError(f"{name!r} is no time zone; write it like Europe/Berlin") from None
    return name


def _known(names: Mapping[str, str], known: set[str], what: str) -> Mapping[str, str]:
    for name in names.values():
        if name not in known:
            raise ValueError(f"{name} is no field of {what}{near(name, known)}")
    twice = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is told by more than one field")
    return names


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValueError(f"{url!r} is no https address")
    return url.rstrip("/")


def words_of(model: type[Any], field: str) -> tuple[str, ...]:
    """The words that a field of the contract can hold; none if it can hold any."""
    return tuple(_words(model.model_fields[field].annotation))


def _words(annotation: Any) -> Iterator[str]:
    for each in get_args(annotation):
        if isinstance(each, str):
            yield each
        else:
            yield from _words(each)


class ChangeEvents(Section):
    """The topics into which Kafka Connect writes Salesforce's change events as JSON, and where to begin in them."""

    topics: tuple[str, ...] = Field(min_length=1)
    bootstrap_servers: str | None = Field(
        None, description="Of another Kafka than stallwatch's own; how it is logged in at is the same."
    )


class Salesforce(Section):
    """The section `salesforce` of the connections file.

    `owners` gives users (by id or full name) their address where no User table is at hand. `fields` puts own fields of
    the opportunity onto the contract's; `contact_fields` and `account_fields` do so for the buyer's people and company.
    `values` gives what such a field can hold the contract's word: {Need__c: {Must have: critical}}. `stages` and
    `pipelines` (by record type, id or name) rename; `closed` says which stages are won or lost where no table tells.

    Ways to log in: `access_token_file` with `instance_url`; `username` with `password_file` and `security_token_file`;
    `username` with `consumer_key_file` and `private_key_file` (JWT); or `consumer_key_file` and `consumer_secret_file`
    of a connected app, with the org's own `domain`.
    """

    source: str = "salesforce"
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Of times that an export writes without an offset, as reports do."
    )
    date_order: Literal["mdy", "dmy"] = Field("mdy", description="How an export writes 02/03/26.")
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="Of an org that has one currency only.")
    owners: Mapping[str, Address] = {}
    fields: Mapping[str, str] = {}
    contact_fields: Mapping[str, str] = {}
    account_fields: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}
    stages: Mapping[str, str] = {}
    closed: Mapping[str, Literal["won", "lost"]] = {}
    pipelines: Mapping[str, str] = {}
    meeting_status: str | None = Field(
        None, description="An own field of Event that says held, no_show, …; without it, what is over was held."
    )
    mails: bool = Field(
        False, description="Tell the mails that Salesforce keeps; where mailboxes are read, each would count twice."
    )

    activity_days: int = Field(400, ge=1, description="How far back a first poll asks for tasks and meetings.")

    instance_url: Annotated[str, AfterValidator(_https)] | None = None
    access_token_file: Path | None = None
    domain: str = Field(
        "login", pattern=r"^[A-Za-z0-9.-]+$", description="login, test, or us.my of us.my.salesforce.com."
    )
    username: str | None = None
    password_file: Path | None = None
    security_token_file: Path | None = None
    consumer_key_file: Path | None = None
    consumer_secret_file: Path | None = None
    private_key_file: Path | None = None
    api_version: str = Field("59.0", pattern=r"^\d{2}\.0$")
    change_events: ChangeEvents | None = None

    @field_validator("owners")
    @classmethod
    def _whole_ids(cls, owners: Mapping[str, str]) -> Mapping[str, str]:
        return {record_id(each) or each: mail for each, mail in owners.items()}

    @field_validator("closed")
    @classmethod
    def _in_any_letters(cls, closed: Mapping[str, str]) -> Mapping[str, str]:
        return {stage.casefold(): status for stage, status in closed.items()}

    @field_validator("fields")
    @classmethod
    def _deal_fields(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        return _known(fields, set(events.DealFields.model_fields) - {"account", "stage", "status"}, "a deal")

    @field_validator("contact_fields")
    @classmethod
    def _contact_fields(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        return _known(fields, set(events.ContactFields.model_fields) - {"email", "roles", "account_id"}, "a contact")

    @field_validator("account_fields")
    @classmethod
    def _account_fields(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        return _known(fields, {"fit"}, "an account")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.access_token_file and not self.instance_url:
            raise ValueError("access_token_file needs the instance_url that the token is for")
        return self

    @model_validator(mode="after")
    def _words_of_the_contract(self) -> Self:
        for model, names in (
            (events.DealFields, self.fields),
            (events.ContactFields, self.contact_fields),
            (events.Account, self.account_fields),
        ):
            for name, mine in names.items():
                words = words_of(model, mine)
                wrong = [word for word in self.values.get(name, {}).values() if words and word not in words]
                if wrong:
                    raise ValueError(f"values.{name}: {wrong[0]} is none of {', '.join(words)}, which {mine} can be")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times without an offset."""
        return ZoneInfo(self.time_zone)

    @property
    def is_reached(self) -> bool:
        """Whether the section says how to log in."""
        return bool(self.access_token_file or self.username or (self.consumer_key_file and self.consumer_secret_file))
