"""What Pipedrive's ids stand for: stages, pipelines, owners, people, companies, and the options of its own fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from detectors.core.addresses import normalise
from detectors.core.events import Refused

from ..websites import domain_in
from .settings import Pipedrive
from .values import Thing, id_of, moment_of, own_id, text_of


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a customer's, as they were `updated` last."""

    id: str
    mail: str
    name: str | None = None
    title: str | None = None
    company: str | None = None
    updated: datetime | None = None


@dataclass
class Names:
    """Begins with what the settings say, which always counts, and learns more."""

    settings: Pipedrive
    stages: dict[str, str] = field(default_factory=dict)
    pipelines: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    people_by_name: dict[str, Person | None] = field(default_factory=dict)
    companies: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stages |= self.settings.stages
        self.pipelines |= self.settings.pipelines
        self.owners |= self.settings.owners

    def learn_stages(self, things: Iterable[Thing]) -> None:
        """From the list of stages."""
        _learn(self.stages, things)

    def learn_pipelines(self, things: Iterable[Thing]) -> None:
        """From the list of pipelines."""
        _learn(self.pipelines, things)

    def learn_owners(self, things: Iterable[Thing]) -> None:
        """From the list of users: by id, and by name as exports have it, if only one has it."""
        things = list(things)
        named = [text for thing in things if isinstance(text := thing.get("name"), str)]
        for thing in things:
            mail, name = thing.get("email"), thing.get("name")
            if isinstance(mail, str) and mail:
                if (id := own_id(thing)) is not None:
                    self.owners.setdefault(id, mail)
                if isinstance(name, str) and named.count(name) == 1:
                    self.owners.setdefault(name, mail)

    def learn_people(self, things: Iterable[Thing]) -> list[Person]:
        """From persons; those without an address that can be read are left out."""
        found = [person for thing in things if (person := person_of(thing)) is not None]
        for person in found:
            self.people[person.id] = person
            if person.name:
                # whom a name means is known only while one person has it
                first = self.people_by_name.setdefault(person.name, person)
                self.people_by_name[person.name] = first if first is not None and first.id == person.id else None
        return found

    def learn_companies(self, things: Iterable[Thing]) -> None:
        """From organizations: their names, and the domain of their website."""
        for thing in things:
            id, name = own_id(thing), thing.get("name")
            if id is not None:
                website = thing.get("website")
                domain = domain_in(website) if isinstance(website, str) else None
                account = {"id": id, "name": name if isinstance(name, str) and name else None}
                self.companies[id] = {key: each for key, each in account.items() if each} | (
                    {"domains": [domain]} if domain else {}
                )

    def learn_options(self, things: Iterable[Thing]) -> None:
        """From the list of a deal's fields: what the ids of their options stand for."""
        for thing in things:
            key, options = thing.get("field_code") or thing.get("key"), thing.get("options")
            if isinstance(key, str) and isinstance(options, list):
                self.options[key] = {
                    str(each["id"]): each["label"]
                    for each in options
                    if isinstance(each, Mapping) and "id" in each and isinstance(each.get("label"), str)
                }

    def stage(self, value: object) -> str | None:
        """A stage's name; `Refused` if it is an id that nobody named."""
        return _named("stage", value, self.stages)

    def pipeline(self, value: object) -> str | None:
        """A pipeline's name; `Refused` if it is an id that nobody named."""
        return _named("pipeline", value, self.pipelines)

    def owner(self, value: object) -> str | None:
        """An owner's address; `Refused` if nobody said whose id or name it is."""
        if isinstance(value, Mapping) and isinstance(value.get("email"), str):
            return _address(self.owners.setdefault(id_of(value) or value["email"], value["email"]))
        told = id_of(value) or text_of(value)
        if told is None:
            return None
        if told in self.owners:
            return _address(self.owners[told])
        if "@" in told:
            return _address(told)
        raise Refused("unmapped", f"nobody said whose address the owner {told} has")

    def person(self, value: object) -> Person | None:
        """Somebody by id, by a name that only one has, or by the whole object; None if no address is known."""
        if isinstance(value, Mapping) and (value.get("email") or value.get("emails")):
            return person_of(value)
        if isinstance(value, str) and value in self.people_by_name:
            return self.people_by_name[value]
        return self.people.get(id_of(value) or "")

    def account(self, value: object) -> dict[str, Any] | None:
        """A company as the contract has it."""
        id = id_of(value)
        if id is None:
            name = text_of(value) if not isinstance(value, Mapping) else None
            return {"name": name} if name else None
        name = value.get("name") if isinstance(value, Mapping) else None
        given = {"id": id, "name": name} if isinstance(name, str) and name else {"id": id}
        return given | self.companies.get(id, {})


def person_of(thing: Thing) -> Person | None:
    """A person with their first address that can be read, the primary one before others."""
    id = own_id(thing) or id_of(thing)
    told = thing.get("emails") or thing.get("email")
    mails = told if isinstance(told, list) else [told]
    ranked = sorted(mails, key=lambda each: not (isinstance(each, Mapping) and each.get("primary")))
    texts = [each.get("value") if isinstance(each, Mapping) else each for each in ranked]
    # exports write all of them into one cell
    split = [part.strip() for text in texts if isinstance(text, str) for part in text.split(",")]
    for mail in split:
        try:
            normalise(mail)
        except ValueError:
            continue
        name, title = thing.get("name"), thing.get("job_title")
        return Person(
            id or mail,
            mail,
            name if isinstance(name, str) and name else None,
            title if isinstance(title, str) and title else None,
            id_of(thing.get("org_id")),
            _updated(thing),
        )
    return None


def _updated(thing: Thing) -> datetime | None:
    try:
        return moment_of(thing.get("update_time") or thing.get("add_time"))
    except Refused:
        return None


def _learn(names: dict[str, str], things: Iterable[Thing]) -> None:
    for thing in things:
        id, name = own_id(thing), thing.get("name")
        if id is not None and isinstance(name, str) and name:
            names.setdefault(id, name)


def _named(what: str, value: object, names: Mapping[str, str]) -> str | None:
    given = value.get("name") if isinstance(value, Mapping) else None
    told = id_of(value) or (text_of(value) if not isinstance(value, Mapping) else None)
    if told is None or told in names or given:
        return names.get(told, given) if told else None
    if told.isdigit():
        raise Refused("unmapped", f"nobody named the {what} {told}")
    return told


def _address(text: str) -> str:
    try:
        return normalise(text)
    except ValueError as error:
        raise Refused("unreadable", f"owner: {error}") from None
