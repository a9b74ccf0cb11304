"""What other records are looked up for: users and contacts by their address, accounts, record types, stages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from detectors.core.addresses import normalise
from detectors.core.events import Refused

from ..item import Row
from .settings import Salesforce
from .values import record_id, truth

# the record type of those that have none
MASTER = "012000000000000AAA"
USER, CONTACT = "005", "003"
# how stages are called in an org that nobody renamed them in, and its likes
_CLOSED = {"closed won": "won", "won": "won", "closed lost": "lost", "lost": "lost"}


@dataclass
class Known:
    """What is known by now; ids are whole ones, of eighteen characters."""

    settings: Salesforce
    users: dict[str, str | None] = field(default_factory=dict)
    names: dict[str, str | None] = field(default_factory=dict)
    contacts: dict[str, Row] = field(default_factory=dict)
    accounts: dict[str, Row] = field(default_factory=dict)
    record_types: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)

    def learn(self, table: str, rows: Iterable[Row]) -> None:
        """Take in a table that others refer to."""
        for row in rows:
            if table == "OpportunityStage":
                self.stage_is(row.fields.get("MasterLabel") or row.fields.get("ApiName"), row.fields)
                continue
            id = record_id(row.fields.get("Id"))
            if id is None:
                continue
            if table in ("User", "Contact"):
                # a table of ids, names and addresses may be of either
                self._person(id, row)
            elif table == "Account":
                self.accounts[id] = row
            elif table == "RecordType":
                self.record_types[id] = str(row.fields.get("Name") or row.fields.get("DeveloperName") or "")

    def _person(self, id: str, row: Row) -> None:
        if id.startswith(CONTACT):
            self.contacts[id] = row
        elif id.startswith(USER):
            mail = address(row.fields.get("Email"))
            self.users[id] = mail
            name = full_name(row.fields)
            if name:
                # of two with the same name neither is meant
                self.names[name] = mail if self.names.get(name, mail) == mail else None

    def learn_beside(self, row: Row) -> None:
        """Take in what an opportunity's own row has of others: a query can ask for Owner.Email and Account.Name."""
        fields = row.fields
        owner, account, kind = (record_id(fields.get(name)) for name in ("OwnerId", "AccountId", "RecordTypeId"))
        if owner and (mail := address(fields.get("Owner.Email"))):
            self.users.setdefault(owner, mail)
        if kind and fields.get("RecordType.Name"):
            self.record_types.setdefault(kind, str(fields["RecordType.Name"]))
        company = {name.removeprefix("Account."): each for name, each in fields.items() if name.startswith("Account.")}
        if account and company:
            self.accounts.setdefault(account, Row(row.place, company))

    def stage_is(self, stage: object, flags: Mapping[str, Any]) -> None:
        """Remember whether a stage is won or lost, as a row that has both says."""
        if isinstance(stage, str) and "IsClosed" in flags:
            self.statuses[stage.casefold()] = status_by(flags)

    def owner(self, who: object, field: str) -> str:
        """A user's address; `Refused` names a user that nobody gave one."""
        name = str(who).strip()
        id = record_id(name)
        for told in (self.settings.owners, self.users, self.names):
            if mail := told.get(id or name) or told.get(name):
                return mail
        if mail := address(name):
            return mail
        raise Refused(
            "unmapped", f"{field}: no address is known of {name[:80]}; give the User table, or name it in owners"
        )

    def pipeline(self, record_type: object, field: str) -> str | None:
        """The pipeline of a record type; None if it is that of those that have none."""
        name = str(record_type).strip()
        id = record_id(name)
        if id == MASTER:
            return None
        called = self.record_types.get(id, "") if id else name
        for each in (id, name, called):
            if each and each in self.settings.pipelines:
                return self.settings.pipelines[each]
        if not called:
            raise Refused("unmapped", f"{field}: no name is known of the record type {name[:80]}; name it in pipelines")
        return called

    def status(self, stage: str) -> str:
        """Whether a deal in this stage is open, won or lost."""
        name = stage.casefold()
        return self.settings.closed.get(name) or self.statuses.get(name) or _CLOSED.get(name, "open")


def status_by(flags: Mapping[str, Any]) -> str:
    """What IsClosed and IsWon say."""
    if not truth(flags.get("IsClosed")):
        return "open"
    return "won" if truth(flags.get("IsWon")) else "lost"


def address(value: object) -> str | None:
    """A mail address in the form in which they are compared; None if it is none."""
    try:
        # no address is longer, and to find out what is wrong with a book takes long
        return normalise(value.strip()) if isinstance(value, str) and len(value) <= 320 else None
    except ValueError:
        return None


def full_name(fields: Mapping[str, Any]) -> str:
    """A person's name as it is shown."""
    name = fields.get("Name")
    if isinstance(name, str) and name.strip():
        return name.strip()
    return " ".join(str(fields[part]).strip() for part in ("FirstName", "LastName") if fields.get(part))


def domains(website: object) -> list[str]:
    """The mail domain that a company's website suggests."""
    text = str(website).strip()[:2048]
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        domain = normalise(f"x@{host.removeprefix('www.')}").partition("@")[2]
    except ValueError:
        return []
    return [domain] if "." in domain else []
