"""What a company's own HubSpot must be told of: names for its ids, its own properties, and how it is reached."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator

from detectors.core import events
from detectors.core.addresses import Address

from ..section import Section, near

API_URL = "https://api.hubapi.com"

# YAML reads an id as a number
Id = Annotated[str, Field(coerce_numbers_to_str=True)]


def _known(name: str | None, known: set[str], what: str) -> str | None:
    if name is None or name in known:
        return name
    raise ValueError(f"{name} is no field of a {what}{near(name, known)}")


def _deal_field(name: str | None) -> str | None:
    return _known(name, set(events.DealFields.model_fields) - {"account"}, "deal")


def _contact_field(name: str | None) -> str | None:
    return _known(name, set(events.ContactFields.model_fields) - {"email", "account_id"}, "contact")


class HubSpot(Section):
    """The section `hubspot` of the connections file. Ids are HubSpot's internal ones.

    `stages`, `pipelines` and `owners` say what ids are called; a poll learns from HubSpot what they leave open, pushes
    and files cannot. `won` and `lost` are the stages that close a deal. `properties` and `contact_properties` put own
    properties onto the contract's fields, or take one of ours away (null); `values` translates what they hold.
    """

    source: str = "hubspot"
    public_url: str | None = Field(None, description="The whole URL of the webhook as HubSpot knows it; it is signed.")
    secret_file: Path | None = Field(None, description="Holds the app's client secret, with which pushes are signed.")
    token_file: Path | None = Field(None, description="Holds the private app's access token, with which is polled.")
    api_url: str = Field(API_URL, description="Another host, for tests.")
    timeout_seconds: float = Field(30, gt=0, description="How long the poll waits for an answer.")
    since: date | None = Field(None, description="How far back the first poll goes; without it, to the beginning.")
    mails: bool = Field(
        True, description="Poll the mails that HubSpot logs. Those that a mailbox gives too count once, by Message-ID."
    )
    meetings_are_held: bool = Field(
        True, description="A day after it began, a meeting whose outcome nobody set counts as held; else it never does."
    )
    time_zone: ZoneInfo = Field(
        ZoneInfo("UTC"), description="The account's: of times in its CSV exports, and of the day of a close date."
    )
    date_order: Literal["mdy", "dmy"] = Field("mdy", description="What 3/4/2026 is; HubSpot itself writes 2026-03-04.")
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", description="Of all amounts, where deals have no currency of their own."
    )
    stages: Mapping[Id, str] = Field(default_factory=dict)
    won: tuple[Id, ...] = ()
    lost: tuple[Id, ...] = ()
    pipelines: Mapping[Id, str] = Field(default_factory=dict)
    owners: Mapping[Id, Address] = Field(default_factory=dict, description="By id, or by name as in CSV exports.")
    properties: Mapping[str, Annotated[str | None, AfterValidator(_deal_field)]] = Field(default_factory=dict)
    contact_properties: Mapping[str, Annotated[str | None, AfterValidator(_contact_field)]] = Field(
        default_factory=dict
    )
    values: Mapping[str, Mapping[Id, str]] = Field(
        default_factory=dict, description="Of a property: what HubSpot has, and what it means in the contract."
    )

    @field_validator("public_url", "api_url")
    @classmethod
    def _is_safe(cls, url: str | None) -> str | None:
        parts = urlsplit(url or API_URL)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")):
            return url
        raise ValueError("a web address begins with https://; without it others can read along")
