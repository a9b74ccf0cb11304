"""The connections file: how a company's mailboxes and CRMs are reached and read. YAML, named by STALLWATCH_CONNECTIONS.

Secrets do not stand in it: it names the files that hold them.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from detectors.core.complaints import complaint

from .. import yaml_file
from ..yaml_file import Keys, YamlFileError
from .hubspot.settings import HubSpot
from .mail.settings import Mailbox
from .pipedrive.settings import Pipedrive
from .salesforce.settings import Salesforce
from .section import Section, near


class ConnectionsError(ValueError):
    """A connections file that cannot be used; one problem a line, each with its place in the file."""


class Connections(Section):
    """Everything that a connections file can say."""

    mailboxes: dict[str, Mailbox] = Field(default_factory=dict)
    salesforce: Salesforce = Salesforce()
    hubspot: HubSpot = HubSpot()
    pipedrive: Pipedrive = Pipedrive()


def read(path: Path | None) -> Connections:
    """The connections of a file; without one, none, and what CRMs call things by default."""
    if path is None:
        return Connections()
    try:
        file = yaml_file.read(path)
    except YamlFileError as error:
        raise ConnectionsError(str(error)) from None
    try:
        return Connections.model_validate(file.content or {})
    except ValidationError as error:
        problems = [file.problem(place, text) for place, text in _problems(error)]
        raise ConnectionsError("\n".join(problems)) from None


def _problems(error: ValidationError) -> Iterator[tuple[Keys, str]]:
    for each in error.errors(include_url=False, include_context=False):
        place, text = each["loc"], complaint(each)
        if each["type"] == "extra_forbidden":
            text = f"is no known name{near(str(place[-1]), _names(Connections))}"
        yield place, text


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _names(kind)
