"""The people file: who may look at the pages, and as what. YAML, named by STALLWATCH_HTTP__PEOPLE.

    ann@us.example: {role: rep, token: 5f0c2a6e4b1d…}
    ops@us.example: {role: ops}

A rep sees the deals that they own; a manager also those of the teams that the rules name them for; ops see everything.
Whoever has no token comes by a proxy that names them, and so may people who are not listed at all: those whom the rules
name as a team's manager are managers, all others reps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from detectors.core.addresses import Address
from detectors.core.rules import Rules

from .. import yaml_file
from ..outline import Glance
from ..settings import SettingsError
from ..yaml_file import YamlFileError

LEAST_TOKEN = 16

Role = Literal["rep", "manager", "ops"]


class PeopleFileError(SettingsError):
    """A people file that cannot be used; one problem a line, each with its place in the file."""


class Listed(BaseModel):
    """What the file says of somebody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    token: Annotated[SecretStr, Field(min_length=LEAST_TOKEN)] | None = None

    @property
    def fingerprint(self) -> bytes:
        """What their token is told by; empty if they have none."""
        return fingerprint(self.token.get_secret_value()) if self.token else b""


People = Mapping[str, Listed]
_PEOPLE: TypeAdapter[dict[str, Listed]] = TypeAdapter(dict[Address, Listed])


@dataclass(frozen=True)
class Person:
    """Who looks at a page, and what they may see there; without an address, where nobody is asked who they are."""

    address: str | None
    role: Role
    teams: frozenset[str] = field(default=frozenset())
    has_session: bool = False

    def sees(self, told: Glance) -> bool:
        """Whether a deal is theirs to see."""
        if self.role == "ops":
            return True
        is_own = self.address is not None and told.owner == self.address
        return is_own or (told.team is not None and told.team.casefold() in self.teams)


ANYBODY = Person(None, "ops")


def person(address: str, people: People, rules: Rules, *, has_session: bool = False) -> Person:
    """Somebody of whom it is known who they are."""
    teams = frozenset(name.casefold() for name, team in rules.file.teams.items() if team.manager == address)
    listed = people.get(address)
    role: Role = listed.role if listed else "manager" if teams else "rep"
    return Person(address, role, teams if role == "manager" else frozenset(), has_session)


def fingerprint(token: str) -> bytes:
    """By what tokens are compared: of one length whatever theirs is."""
    return sha256(token.encode(errors="replace")).digest()


def read(path: Path | None) -> People:
    """The people of a file; nobody without one."""
    if path is None:
        return {}
    try:
        file = yaml_file.read(path)
    except YamlFileError as error:
        raise PeopleFileError(str(error)) from None
    try:
        people = _PEOPLE.validate_python(file.content or {})
    except ValidationError as error:
        # the values are secrets: an error names their place only
        told = [(each["loc"], each["msg"]) for each in error.errors(include_url=False, include_input=False)]
        raise PeopleFileError(
            "\n".join(file.problem(_in_file(place), text.removeprefix("Value error, ")) for place, text in told)
        ) from None
    tokens = [listed.fingerprint for listed in people.values() if listed.token]
    if len(set(tokens)) < len(tokens):
        raise PeopleFileError(f"{path}: two people have the same token")
    return people


def _in_file(place: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where it stands, without pydantic's word for a key."""
    return tuple(part for part in place if part != "[key]")
