"""The kinds of pushes, as STALLWATCH_PUSHES names them, each with the secret that its senders have."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hmac import compare_digest
from pathlib import Path

from detectors.core import events
from detectors.core.events import Refused

from ..dead_letters import dead_letter, source_of
from ..settings import Settings, SettingsError
from ..sources import connections
from ..sources.connection import SourceRefused
from ..sources.hubspot import webhook as hubspot
from ..sources.hubspot.settings import HubSpot
from ..sources.item import Item
from ..sources.pipedrive import webhook as pipedrive
from ..sources.pipedrive.settings import Pipedrive
from ..sources.section import secret_in
from ..topics import MAX_MESSAGE_BYTES
from ..wire import Record, Send, partition_of
from . import cloudevents_http
from .inbox import key_of
from .pushes import Headers, Push, Pushed, UnknownForm

log = logging.getLogger("stallwatch.pushes")

LEAST_TOKEN = 16
MOST_BYTES = 8 * 1024 * 1024


def kinds(settings: Settings) -> list[Push]:
    """Those that the settings name.

    `SettingsError` says which secret is missing, `ConnectionsError` what is wrong with the connections file.
    """
    return [_MAKE[name](settings) for name in dict.fromkeys(settings.pushes)]


class Events:
    """CloudEvents of the contract, from whoever bears the token."""

    name = "events"
    path = "/events"
    most_bytes = MOST_BYTES
    challenge = "Bearer"
    gives_back = True

    def __init__(self, token: str, partitions: int) -> None:
        self._token = token.encode()
        self._partitions = partitions

    def may(self, headers: Headers) -> bool:
        """Whether it is the token; told in a time that does not depend on how much of it is right."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return compare_digest(token.strip().encode(errors="replace"), self._token) and scheme.lower() == "bearer"

    def signed(self, headers: Headers, body: bytes, now: datetime) -> bool:
        """Always: nobody else's body is read."""
        return True

    def read(self, headers: Headers, body: bytes, now: datetime) -> Sequence[Pushed]:
        """Every event for the inbox as it came; what is refused there too, where it becomes a dead letter."""
        told = cloudevents_http.events_in(headers, body)
        if any(len(raw) > MAX_MESSAGE_BYTES - 1024 for raw in told):
            raise Refused("too_large", f"an event may have at most {events.MAX_BYTES:,} bytes")
        return [self._pushed(number, raw, now) for number, raw in enumerate(told)]

    def _pushed(self, number: int, raw: bytes, now: datetime) -> Pushed:
        try:
            event, _ = events.clamp(events.parse(raw), now)
        except Refused as refusal:
            return Pushed(f"{number}", source_of(raw), _to_inbox(b"refused", raw, self._partitions), refusal)
        if isinstance(event, events.Forgotten):
            # it cannot be undone, so it takes more than a source's token; nor does the inbox get it with the others
            raise Refused("invalid", "type: nobody is forgotten from here, but by `stallwatch forget`")
        return Pushed(f"{number}", event.source, _to_inbox(key_of(event), raw, self._partitions))


class Hook:
    """What a CRM pushes in its own form; it mends nothing, so what is refused is kept here."""

    most_bytes = events.MAX_BYTES
    gives_back = False

    def __init__(self, name: str, challenge: str, source: str, partitions: int) -> None:
        self.name = name
        self.path = f"/hooks/{name}"
        self.challenge = challenge
        self._source = source
        self._partitions = partitions

    def may(self, headers: Headers) -> bool:
        """Whether to read on."""
        return True

    def signed(self, headers: Headers, body: bytes, now: datetime) -> bool:
        """Whether it comes from the CRM."""
        return True

    def items(self, body: bytes, place: str) -> Iterable[Item]:
        """What the CRM says."""
        raise NotImplementedError

    def read(self, headers: Headers, body: bytes, now: datetime) -> Sequence[Pushed]:
        """Its events for the inbox, and dead letters of what could not be read."""
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise UnknownForm("send it as application/json")
        return [each for item in self.items(body, self.path) for each in self._pushed(item)]

    def _pushed(self, item: Item) -> Iterator[Pushed]:
        for event in item.events:
            send = _to_inbox(key_of(event), events.to_json(event), self._partitions)
            yield Pushed(item.place, event.source, send)
        if item.refusal is not None:
            record = Record(partition_of(item.raw, self._partitions), None, item.raw)
            message = f"{item.place}: {item.refusal}"
            letter = dead_letter(record, item.refusal.reason, message, self.path.lstrip("/"), self._partitions)
            yield Pushed(item.place, self._source, letter, item.refusal)


class HubSpotHook(Hook):
    """Signed with the app's secret, over the URL by which HubSpot knows us."""

    def __init__(self, secret: str, public_url: str, section: HubSpot, partitions: int) -> None:
        super().__init__("hubspot", "X-HubSpot-Signature-v3", section.source, partitions)
        self._secret = secret
        self._public_url = public_url
        self._section = section

    def signed(self, headers: Headers, body: bytes, now: datetime) -> bool:
        """Whether HubSpot signed it, in the last minutes."""
        signature, at = headers.get("x-hubspot-signature-v3"), headers.get("x-hubspot-request-timestamp")
        try:
            hubspot.verify(self._secret, "POST", self._public_url, body, signature, at, now)
        except hubspot.SignatureRefused as error:
            log.info("a push to %s is not HubSpot's: %s", self.path, error)
            return False
        return True

    def items(self, body: bytes, place: str) -> Iterable[Item]:
        """Each notification."""
        return hubspot.pushed(body, self._section, place)


class PipedriveHook(Hook):
    """With a user's name and a password."""

    def __init__(self, user: str, password: str, section: Pipedrive, partitions: int) -> None:
        super().__init__("pipedrive", 'Basic realm="stallwatch"', section.source, partitions)
        self._user = user
        self._password = password
        self._section = section

    def may(self, headers: Headers) -> bool:
        """Whether Pipedrive says the password."""
        try:
            pipedrive.verify(self._user, self._password, headers.get("authorization"))
        except pipedrive.Unverified as error:
            log.info("a push to %s is not Pipedrive's: %s", self.path, error)
            return False
        return True

    def items(self, body: bytes, place: str) -> Iterable[Item]:
        """The one change."""
        return pipedrive.pushed(body, self._section, place)


def _to_inbox(key: bytes, raw: bytes, partitions: int) -> Send:
    return Send("inbox", partition_of(key, partitions), key, raw)


def _events(settings: Settings) -> Push:
    token = settings.events_token.get_secret_value() if settings.events_token else ""
    if len(token) < LEAST_TOKEN:
        problem = f"pushes of events need a token of {LEAST_TOKEN} characters at least"
        raise SettingsError(f"STALLWATCH_EVENTS_TOKEN: {problem}")
    return Events(token, settings.topics.partitions)


def _hubspot(settings: Settings) -> Push:
    section = connections.read(settings.connections).hubspot
    if section.public_url is None:
        raise _missing("hubspot", "public_url")
    secret = _secret("hubspot", "secret_file", section.secret_file)
    return HubSpotHook(secret, section.public_url, section, settings.topics.partitions)


def _pipedrive(settings: Settings) -> Push:
    section = connections.read(settings.connections).pipedrive
    if section.user is None:
        raise _missing("pipedrive", "user")
    password = _secret("pipedrive", "password_file", section.password_file)
    return PipedriveHook(section.user, password, section, settings.topics.partitions)


def _secret(section: str, name: str, path: Path | None) -> str:
    if path is None:
        raise _missing(section, name)
    try:
        return secret_in(path)
    except SourceRefused as error:
        raise SettingsError(f"STALLWATCH_PUSHES: {section}: {error}") from None


def _missing(section: str, name: str) -> SettingsError:
    return SettingsError(f"STALLWATCH_PUSHES: {section} needs {section}.{name} in the file of STALLWATCH_CONNECTIONS")


_MAKE: dict[str, Callable[[Settings], Push]] = {"events": _events, "hubspot": _hubspot, "pipedrive": _pipedrive}
