"""A person who is forgotten: from then on they are called by a pseudonym, wherever they stood and whatever comes.

`stallwatch forget` puts the event `privacy.contact.forgotten` into the inbox. It holds hashes of the person's address
and names, and a pseudonym at their own mail domain, and names nobody. The inbox passes it on to every partition, as it
does with heartbeats; the join and the deals each keep it as a small row, their tombstone, and write anew the rows in
which the person stands, and the answers that were told of them; compaction then takes what was there before. From then
on inbox, join and deals alike put the pseudonym in the person's place in all that comes, before they do anything else.

Why so, and not otherwise:

- A pseudonym, not a hole: who wrote to whom, whose side they are on, and how many they are stays as it was. So findings
  keep their sense, and none opens or clears because somebody is forgotten. It is the same for the same address, so
  that forgetting twice changes nothing. A person at a public mail provider is a company of their own to the join, whose
  rows must not have to move: there it has a tag with which it belongs to the same partition.
- The hash stays. Kafka gives events again, sources tell the same contact again, and somebody may answer a mail next
  month: without it each of these would bring the person back. Whoever guesses an address can check it against the hash;
  that is the price, and docs/privacy.md says it.
- In what order the mark and the events come does not matter: what is put in place of the person in a row, and in an
  event before it becomes a row, is the same. So a replay from the beginning of the topics ends without the person, too.
- What is already on the inbox, the event topics and the dead letters cannot be changed: Kafka's records are not.
  `stallwatch forget` says where the person still stands there and until when, and with `--now` truncates the topics.

Names are looked for in texts by what the CRM called the person: all words of a name next to each other, in any order.
Pure: no clock is read and nothing is written.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import orjson
from pydantic import TypeAdapter

from detectors.core import events
from detectors.core.addresses import domain_of, normalise
from detectors.core.events import Hash, Moment, NameHash
from detectors.core.log import KEYED, thread_key

from .join.companies import company_of
from .wire import COMPANIES, FORGOTTEN_HEADERS, Headers, Record, Send, partition_of

MOST_NAMES = 20
MOST_WORDS = 9
LONGEST_ADDRESS = 320
# of one text, as much is looked through for names; a deal keeps far less of any
MOST_OF_A_TEXT = 10_000
# what is no longer is often told again
SHORT_TEXT = 200
# a shorter word before the @ may be any word
SHORTEST_WORD = 3
# one in as many partitions is the right one: it is found by then
MOST_TAGS = 1_000_000
# what decides where a record belongs, and is no text about anybody
_AS_IT_IS = frozenset({"deal", "deal_id", "source", "type", "kind", "detector", "rules", "row"})
_IDS = frozenset(
    {"id", "event", "meeting_id", "meeting", "call_id", "document_id", "document", "milestone_id", "milestone"}
)
_MESSAGES = frozenset({"message_id", "in_reply_to", "references"})
_LOCAL = re.compile(r"[^\s@<>()\[\]{},;:\"'\\|/]{1,64}$")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*")
# whoever is called the same has an address of their own: it is one word
_WORD = re.compile(r"[\w.+-]{1,64}@[\w.-]*|[^\W_]+")
_BETWEEN = re.compile(r"[\s,._'’-]{1,3}")
# told at once of most texts, which are times and ids: they hold no name of two words or more
_TWO_WORDS = re.compile(r"[^\W\d_][\s,._'’-]{1,3}[^\W\d_]")


def hash_of(address: str) -> str:
    """By what a forgotten address, in its normal form, is known."""
    return blake2b(address.encode(), digest_size=16, person=b"stallwatch").hexdigest()


def hash_of_name(name: str) -> str | None:
    """By what a name is known, in whatever order its words stand; None if it has none, or very many."""
    words = [word.casefold() for word in _WORD.findall(name)]
    return _hash_of_words(words) if 0 < len(words) <= MOST_WORDS else None


def pseudonym_of(address: str, partitions: int) -> str:
    """The address that stands for a person from now on; for a company of their own, one of the same partition."""
    called, domain = _called_by(hash_of(address)), domain_of(address)
    if company_of(address) != address:
        return f"{called}@{domain}"
    home = partition_of(address.encode(), partitions)
    tags = ("", *(f"+{number}" for number in range(1, MOST_TAGS)))
    pseudonyms = (f"{called}{tag}@{domain}" for tag in tags)
    return next(each for each in pseudonyms if partition_of(each.encode(), partitions) == home)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a person: hashes of their address and names, their pseudonym, and when they were forgotten."""

    address: Hash
    pseudonym: str
    at: Moment
    names: tuple[NameHash, ...] = ()

    @classmethod
    def by(cls, event: events.Forgotten) -> "Tombstone":
        """What an event says."""
        told = event.data
        return cls(told.address, told.pseudonym, event.time, tuple(sorted(told.names)))

    @classmethod
    def of(cls, value: bytes) -> "Tombstone":
        """The tombstone in a row or a mark; `ValueError` if there is none."""
        return _TOMBSTONE.validate_json(value)

    def to_json(self) -> bytes:
        """A row's or a mark's value."""
        return _TOMBSTONE.dump_json(self)

    def marks(self, topic: Any, partitions: int) -> list[Send]:
        """The word to every partition of a topic."""
        value = self.to_json()
        return [Send(topic, number, None, value, FORGOTTEN_HEADERS) for number in range(partitions)]

    def plus(self, other: "Tombstone") -> "Tombstone":
        """Both: forgotten since the first, by all the names."""
        names = tuple(sorted({*self.names, *other.names})[:MOST_NAMES])
        return replace(self, at=min(self.at, other.at), names=names)

    @property
    def called(self) -> str:
        """What stands for the person's names."""
        return _called_by(self.address)


_TOMBSTONE = TypeAdapter(Tombstone)


class Forgotten:
    """Everybody who is forgotten, as far as it is known somewhere, by how many partitions there are.

    It never changes: `plus` makes another one.
    """

    def __init__(self, people: Iterable[Tombstone] = (), partitions: int = 1) -> None:
        self._partitions = partitions
        self._people = {each.address: each for each in people}
        self._names = {name: each.called for each in self._people.values() for name in each.names}
        self._domains = tuple({domain_of(each.pseudonym) for each in self._people.values()})
        # the longest first: Anna Maria Rossi is not left as Anna and somebody
        self._sizes = sorted({int(name.partition("-")[0]) for name in self._names}, reverse=True)
        self._known = lru_cache(65_536)(self._tombstone_of)
        self._by_names = lru_cache(16_384)(self._without_names)

    def __bool__(self) -> bool:
        return bool(self._people)

    def __iter__(self) -> Iterator[Tombstone]:
        return iter(self._people.values())

    def plus(self, tombstone: Tombstone) -> "Forgotten":
        """With one more; the very same if that is no news."""
        known = self._people.get(tombstone.address)
        told = known.plus(tombstone) if known else tombstone
        people = self._people | {told.address: told}
        return self if told == known else Forgotten(people.values(), self._partitions)

    # -- in what is told

    def address(self, address: str) -> str:
        """An address, or the pseudonym of whose it is."""
        found = self._tombstone(address)
        return found.pseudonym if found else address

    def record(self, record: Record) -> Record:
        """A record of an event or a mark, without those who are forgotten; the very same if none of them is in it."""
        key, value = record.key, self.event(record.value) if record.value else record.value
        if key is not None and b"@" in key:
            key = self._raw(key)
        headers: Headers = tuple(
            (name, self.json(told)) if name == COMPANIES and told else (name, told) for name, told in record.headers
        )
        if (key, value, headers) == (record.key, record.value, record.headers):
            return record
        return replace(record, key=key, value=value, headers=headers, event=None)

    def event(self, raw: bytes) -> bytes:
        """An event's JSON. Of a contact no more is left than what the contract names; what is no JSON is a text."""
        try:
            told = orjson.loads(raw) if len(raw) <= events.MAX_BYTES else None
            if not isinstance(told, dict):
                return self._raw(raw)
            now = told | {name: self._told(value, name) for name, value in told.items() if name != "subject"}
            data = told.get("data")
            if (
                told.get("type") == "crm.contact.changed"
                and isinstance(data, dict)
                and self._tombstone(str(data.get("email")))
            ):
                now["data"] = {name: now["data"][name] for name in events.ContactFields.model_fields if name in data}
            return raw if now == told else orjson.dumps(now)
        except (ValueError, TypeError, RecursionError):
            return self._raw(raw)

    def json(self, raw: bytes) -> bytes:
        """Any JSON of our own."""
        told = orjson.loads(raw)
        now = self._told(told)
        return raw if now == told else orjson.dumps(now)

    def deal(self, raw: bytes) -> bytes:
        """A watched deal's JSON (see `detectors.core.state`). Its id stays: by it the deal is known elsewhere."""
        told = orjson.loads(raw)
        now = told | {part: self._told(told[part]) for part in ("log", "earlier", "past", "returns") if part in told}
        if now == told:
            return raw
        # past findings name people as the CRM does, else by what stands before the @
        called = dict(self._called(told["log"])) | dict(self._called(told["earlier"]))
        for finding in now["past"]:
            finding["clears_when"] = _in_place_of(called, finding["clears_when"])
            for fact in finding["evidence"]:
                fact["text"] = _in_place_of(called, fact["text"])
        return orjson.dumps(now)

    def text(self, text: str) -> str:
        """A text that people wrote."""
        now = self._in_text(text) if "@" in text else text
        if not self._sizes or (self._sizes[-1] > 1 and not _TWO_WORDS.search(now)):
            return now
        if len(now) <= SHORT_TEXT:
            return self._by_names(now)
        return self._without_names(now[:MOST_OF_A_TEXT]) + now[MOST_OF_A_TEXT:]

    # -- how

    def _told(self, told: Any, name: str = "") -> Any:
        if isinstance(told, str):
            return self._string(told, name)
        if isinstance(told, list):
            return [self._told(each, name) for each in told]
        return self._object(told) if isinstance(told, dict) else told

    def _string(self, text: str, name: str) -> str:
        if name in _AS_IT_IS:
            return text
        if found := self._tombstone(text):
            return found.pseudonym
        if name in _MESSAGES:
            # what answers it finds it all the same
            return KEYED + thread_key(text) if "@" in text and self._in_text(text, is_id=True) != text else text
        if name in _IDS:
            return self._in_text(text, is_id=True) if "@" in text else text
        return self.text(text)

    def _object(self, told: dict[str, Any]) -> dict[str, Any]:
        now: dict[str, Any] = {}
        for name, value in told.items():
            each = self._told(value, name)
            found = self._tombstone(name)
            if "@" in name and isinstance(each, dict) and isinstance(known := each.get("name"), dict):
                # a contact in a summary; others may be called the same
                known["value"] = found.called if found and known.get("value") else value["name"].get("value")
            now[found.pseudonym if found else name] = each
        if isinstance(email := told.get("email"), str):
            found = self._tombstone(email)
            known, was = (each["fields"] if isinstance(each.get("fields"), dict) else each for each in (now, told))
            if "name" in known:
                known["name"] = found.called if found and was["name"] else was["name"]
        return now

    def _called(self, told: Any) -> Iterator[tuple[str, str]]:
        """How a deal may have called those who are forgotten, and what they are called now."""
        if isinstance(told, str) and (found := self._tombstone(told)):
            if len(local := told.rpartition("@")[0]) >= SHORTEST_WORD:
                yield local, found.called
        elif isinstance(told, list):
            for each in told:
                yield from self._called(each)
        elif isinstance(told, dict):
            email, fields = told.get("email"), told.get("fields")
            if isinstance(email, str) and isinstance(fields, dict) and (found := self._tombstone(email)):
                yield from _named(fields.get("name"), found)
            for name, value in told.items():
                if (found := self._tombstone(name)) and isinstance(value, dict):
                    yield from self._called(name)
                    known = value.get("name")
                    yield from _named(known.get("value") if isinstance(known, dict) else None, found)
                yield from self._called(value)

    def _tombstone(self, text: str) -> Tombstone | None:
        """Whose address a text is."""
        return self._known(text) if "@" in text and len(text) <= LONGEST_ADDRESS else None

    def _tombstone_of(self, text: str) -> Tombstone | None:
        address = text.casefold()
        if not address.isascii():
            try:
                address = normalise(text)
            except ValueError:
                return None
        found = self._people.get(hash_of(address))
        # the word may be of a system with another number of partitions
        return found and replace(found, pseudonym=pseudonym_of(address, self._partitions))

    def _raw(self, raw: bytes) -> bytes:
        text = raw.decode(errors="surrogateescape")
        return self.text(self.address(text)).encode(errors="surrogateescape")

    def _in_text(self, text: str, *, is_id: bool = False) -> str:
        """A text with pseudonyms for addresses. In an id an address may be stuck to other parts by a dot or a dash."""
        parts, done = [], 0
        at = text.find("@")
        while at >= 0:
            beyond = text[at + 1 : at + 256].casefold()
            if beyond.isascii() and not beyond.startswith(self._domains):
                at = text.find("@", at + 1)
                continue
            local, domain = _LOCAL.search(text, max(done, at - 64), at), _DOMAIN.match(text, at + 1, at + 256)
            for start, end in _spans(text, local, domain, is_id=is_id):
                if found := self._tombstone(text[start:end]):
                    parts += [text[done:start], found.pseudonym]
                    done = end
                    break
            at = text.find("@", max(done, at + 1))
        return "".join([*parts, text[done:]])

    def _without_names(self, text: str) -> str:
        words = list(_WORD.finditer(text))
        parts, done, first = [], 0, 0
        while first < len(words):
            for size in self._sizes:
                named = words[first : first + size]
                if len(named) == size and _are_together(text, named):
                    called = self._names.get(_hash_of_words([word[0].casefold() for word in named]))
                    if called is not None:
                        parts += [text[done : named[0].start()], called]
                        done, first = named[-1].end(), first + size - 1
                        break
            first += 1
        return "".join([*parts, text[done:]])


NOBODY = Forgotten()


def _named(name: object, found: Tombstone) -> Iterator[tuple[str, str]]:
    if isinstance(name, str) and name.strip():
        yield name, found.called


def _called_by(address: Hash) -> str:
    return f"forgotten-{address[:12]}"


def _hash_of_words(words: list[str]) -> str:
    told = blake2b("\0".join(sorted(words)).encode(), digest_size=16, person=b"stallwatch").hexdigest()
    return f"{len(words)}-{told}"


def _are_together(text: str, words: list[re.Match[str]]) -> bool:
    return all(_BETWEEN.fullmatch(text, one.end(), other.start()) for one, other in pairwise(words))


def _spans(
    text: str, local: re.Match[str] | None, domain: re.Match[str] | None, *, is_id: bool
) -> Iterator[tuple[int, int]]:
    """Where in a text an address may stand, around an @."""
    if local is None or domain is None:
        return
    parts = "" if is_id else "_.+-"
    ends = [domain.end()]
    if is_id:
        ends += [end for end in range(domain.start() + 1, domain.end()) if not text[end].isalnum()]
    for start in range(local.start(), local.end()):
        before = text[start - 1] if start > local.start() else " "
        if not before.isalnum() and before not in parts:
            yield from ((start, end) for end in ends)


def _in_place_of(called: dict[str, str], text: str) -> str:
    for known in sorted(called, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.@-]){re.escape(known)}(?![\w@-])", called[known], text)
    return text
