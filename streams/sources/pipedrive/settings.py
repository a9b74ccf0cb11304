"""What a company's own Pipedrive must be told of: names for its ids, its own fields, and how it is reached."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from detectors.core.addresses import Address
from detectors.core.events import Account, DealFields

from ..section import Section, near

CONTRACT = (
    *(name for name in DealFields.model_fields if name != "account"),
    *(f"account.{name}" for name in Account.model_fields),
)


def _as_text(value: Any) -> Any:
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else value


def _known(field: str) -> str:
    if field in CONTRACT:
        return field
    raise ValueError(f"{field!r} is no field of a deal{near(field, CONTRACT)}")


# ids are numbers, and are written as numbers
_ById = BeforeValidator(_as_text)
ContractField = Annotated[str, BeforeValidator(_known)]


class Pipedrive(Section):
    """The section `pipedrive` of the connections file.

    `token_file` and `company_domain` (the first part of `acme.pipedrive.com`) are for the poll, `user` and
    `password_file` for what Pipedrive pushes; `api_url` replaces `https://<company_domain>.pipedrive.com`.

    `stages`, `pipelines` and `owners` name ids; the poll looks up those that are not named here, a push cannot. An
    export has names where the API has ids: `owners` takes either. `fields` puts a company's own fields (by their keys
    of 40 hexadecimal digits; in exports by their columns) onto those of the contract, and `values` puts their values
    (by the contract's field) onto values of the contract.

    What a done activity was is told by its type: `calls`, `meetings`; `milestones` belong to the close plan; all
    others are next steps while they are open. With `mails`, a done activity of type email counts as a mail that we
    wrote: only where no mailbox is read, or each would count twice.

    Without `history`, the poll does not ask for each deal's log of changes (a request for each deal that changed): it
    then sees what changed, but not when, if more than one thing did. The first round goes back to `since`, without it
    to the beginning.
    """

    source: str = Field(default="pipedrive", min_length=1)
    user: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    company_domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")] | None = None
    api_url: Annotated[str, StringConstraints(pattern=r"^https?://[^/?#@\s]+$")] | None = None
    timeout_seconds: float = Field(default=30, gt=0)
    history: bool = True
    since: date | None = None
    stages: Annotated[dict[str, str], _ById] = Field(default_factory=dict)
    pipelines: Annotated[dict[str, str], _ById] = Field(default_factory=dict)
    owners: Annotated[dict[str, Address], _ById] = Field(default_factory=dict)
    fields: dict[str, ContractField] = Field(default_factory=dict)
    values: dict[ContractField, Annotated[dict[str, str], _ById]] = Field(default_factory=dict)
    calls: tuple[str, ...] = ("call",)
    meetings: tuple[str, ...] = ("meeting", "lunch")
    milestones: tuple[str, ...] = ("deadline",)
    mails: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file go together")
        if self.user is not None and ":" in self.user:
            raise ValueError("user: a colon would end it, where it is sent")
        if self.api_url is not None and self.api_url.startswith("http://") and not _is_this_machine(self.api_url):
            raise ValueError("api_url: without https others can read the token")
        return self

    @property
    def base_url(self) -> str | None:
        """Where the API is; None if nobody said."""
        return self.api_url or (f"https://{self.company_domain}.pipedrive.com" if self.company_domain else None)


def _is_this_machine(url: str) -> bool:
    return url.removeprefix("http://").partition(":")[0] in ("localhost", "127.0.0.1")
