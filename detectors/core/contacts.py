"""The buyer's people as the CRM knows them: who they are, which roles they have, and who can decide."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from .answers import question
from .changes import Change
from .executives import decides
from .facts import Facts
from .log import PersonEntry


class Contacts(Facts):
    """A deal as far as the CRM tells of its people."""

    @question
    def contact_changes(self) -> dict[str, dict[str, list[Change]]]:
        """For each person on the buyer's side, by address, when each field took another value, oldest first."""
        told = {
            email: {name: [change] for name, change in fields.items()}
            for email, fields in self.earlier.contacts.items()
        }
        for entry in self.entries("person"):
            if isinstance(entry, PersonEntry):
                person = told.setdefault(entry.email, {})
                for name, value in entry.fields.items():
                    changes = person.setdefault(name, [])
                    if not changes or changes[-1].value != value:
                        changes.append(Change(entry.at, entry.event, value))
        return told

    @question
    def contacts(self) -> dict[str, dict[str, Any]]:
        """What the CRM says of each person on the buyer's side, by address."""
        return {
            email: {name: changes[-1].value for name, changes in told.items()}
            for email, told in self.contact_changes.items()
        }

    def with_role(self, *roles: str) -> list[str]:
        """The addresses of those who have any of these roles and have not left."""
        return [
            email
            for email, told in sorted(self.contacts.items())
            if set(roles) & set(told.get("roles") or ()) and not told.get("left")
        ]

    @question
    def champions(self) -> list[Change]:
        """When each of those who are champions and have not left was last made one, by address, which is the value."""
        named = []
        for email in self.with_role("champion"):
            turn = self.turns(email, _is_champion)[-1]
            named.append(Change(turn.at, turn.event, email))
        return named

    def turns(self, email: str, holds: Callable[[dict[str, Any]], bool]) -> list[Change]:
        """When something began (True) and ceased (False) to hold of what the CRM says of a person, oldest first."""
        told = [
            (change.at, change.event, name, change.value)
            for name, changes in self.contact_changes.get(email, {}).items()
            for change in changes
        ]
        known: dict[str, Any] = {}
        turns: list[Change] = []
        for (at, event), fields in groupby(sorted(told, key=lambda each: each[:3]), key=lambda each: each[:2]):
            known |= {name: value for _, _, name, value in fields}
            if holds(known) is not bool(turns and turns[-1].value):
                turns.append(Change(at, event, not turns or not turns[-1].value))
        return turns

    def called(self, email: str) -> str:
        """Somebody of the buyer as findings name them: the CRM's name and title, else the address up to the @."""
        return self._names.get(email) or _called(email, {})

    @question
    def _names(self) -> dict[str, str]:
        return {email: _called(email, told) for email, told in self.contacts.items()}

    def has_power(self, email: str) -> bool:
        """Whether a person can decide: by role, by the CRM's `executive` field, else by title."""
        return email in self._powers

    @question
    def _powers(self) -> set[str]:
        return {email for email, told in self.contacts.items() if decides(told)}


def _called(email: str, told: dict[str, Any]) -> str:
    name = str(told.get("name") or email.partition("@")[0])
    return f"{name} ({told['title']})" if told.get("title") else name


def _is_champion(told: dict[str, Any]) -> bool:
    return "champion" in (told.get("roles") or ()) and not told.get("left")
