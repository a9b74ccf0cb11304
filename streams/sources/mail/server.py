"""An IMAP server that one is logged in to, only ever read.

Every trouble is a `SourceError` that says what the server said, and never a secret. Folders are opened by EXAMINE and
mails fetched by PEEK: nothing counts as seen because of us.
"""

import logging
import re
import ssl
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from imaplib import IMAP4
from typing import Any

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
from imapclient.exceptions import LoginError, ProtocolError  # type: ignore[import-untyped]

from ..connection import SourceError, SourceRefused, SourceUnavailable
from ..section import secret_in
from . import folders, parts
from .folders import Folder, printable
from .settings import Mailbox

# at debug level it tells all that goes over the wire: people's mail
logging.getLogger("imapclient").setLevel(logging.WARNING)

CONNECT_SECONDS = 20
# of a mail, its beginning: that is most mails whole
CUT = 64 * 1024
LARGEST_HEADER = 256 * 1024
# one line of imaplib holds so many uids with ease
SEARCHED_AT_ONCE = 50_000
# a server that says so is to be asked again (RFC 5530, and Gmail's); or somebody must mend something
PASSING = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA", "THROTTLED"}
LASTING = {"NONEXISTENT", "NOPERM", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CANNOT"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder as it was when it was opened: its UIDs hold as long as its `validity`; None where `next` is not told."""

    validity: int
    next: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail as the server gave it, and when it came; `problem` is why it gave none."""

    raw: bytes
    came: datetime | None
    problem: str = ""


class BrokenOff(SourceUnavailable):
    """The server ended the connection in the middle of an answer."""


class Declined(SourceUnavailable):
    """The server did not do what it was asked, or not so that one could understand it.

    `for_good`, where it said that somebody must mend something.
    """

    @property
    def for_good(self) -> bool:
        return _code(str(self)) in LASTING


class Missing(Declined):
    """There is no such folder."""

    for_good = True


@contextmanager
def logged_in(section: Mailbox) -> Iterator["Server"]:
    """The server of a mailbox, for as long as the context lasts: one connection."""
    server = Server(section)
    try:
        server.log_in(section)
        yield server
        server.log_out()
    finally:
        server.hang_up()


class Server:
    """What of IMAP is needed to read a mailbox."""

    def __init__(self, section: Mailbox) -> None:
        self._host, port = section.address
        file = section.password_file or section.token_file
        assert file is not None
        self._secret = secret_in(file)
        self._written = _written(section.user, self._secret)
        timeout = SocketTimeout(min(CONNECT_SECONDS, section.timeout_seconds), section.timeout_seconds)
        trust = _trust(section)
        with self._asking("connecting", SourceUnavailable):
            self._client = IMAPClient(
                self._host, port, ssl=section.tls == "implicit", ssl_context=trust, timeout=timeout
            )
            self._client.normalise_times = False
            self._client.folder_encode = False  # one folder with a name that is no UTF-7 would hide all others

    def log_in(self, section: Mailbox) -> None:
        """By the section's password or token, over TLS if it says so."""
        client = self._client
        with self._asking("TLS", SourceRefused):
            if section.tls == "starttls":
                client.starttls(_trust(section))
        with self._asking("login", SourceRefused):
            if section.token_file is not None:
                client.oauth2_login(section.user, self._secret)
            elif client.has_capability("LOGINDISABLED"):
                raise SourceRefused(f"{self._host}: takes no password without TLS")
            elif client.has_capability("AUTH=PLAIN") or not f"{section.user}{self._secret}".isascii():
                client.plain_login(section.user, self._secret)
            else:
                client.login(section.user, self._secret)

    def log_out(self) -> None:
        """Say goodbye."""
        with suppress(SourceError), self._asking("logout"):
            self._client.logout()

    def hang_up(self) -> None:
        """Close the connection, if it is still there."""
        with suppress(Exception):
            self._client.shutdown()

    def folders(self) -> list[Folder]:
        """The folders whose mail is somebody's own and real."""
        return folders.own(self._listed(), self._of_others())

    def named(self, names: Sequence[str]) -> list[Folder]:
        """The folders of these names, whether or not they are there."""
        listed = {each.name: each for each in self._listed()}
        return [listed.get(name) or Folder.called(name) for name in names]

    def open(self, folder: Folder) -> Opened:
        """Go to a folder, to read only; `Declined` if it is not to be had, `Missing` if there is none."""
        try:
            with self._asking(f"folder {folder.name}"):
                told = self._client.select_folder(folder.raw, readonly=True)
                return Opened(told[b"UIDVALIDITY"], told.get(b"UIDNEXT"), told[b"EXISTS"])
        except Declined:
            if folder.raw not in (each.raw for each in self._listed()):
                raise Missing(f"{self._host}: there is no folder {folder.name}") from None
            raise

    def uids(self, opened: Opened, after: int, since: date) -> list[int]:
        """What stands in the open folder after a UID, and came since a day, in order; no drafts."""
        found: set[int] = set()
        # by numbers from the end: what goes away meanwhile moves the rest to where it is still looked for
        for first in reversed(range(1, opened.count + 1, SEARCHED_AT_ONCE)):
            last = first + SEARCHED_AT_ONCE - 1
            which = f"{first}:{last if last < opened.count else '*'}"
            with self._asking("search"):
                found.update(self._client.search([which, "UID", f"{after + 1}:*", "SINCE", since, "UNDRAFT"]))
        # n:* is never empty: it has the last mail, wherever n is
        return sorted(uid for uid in found if uid > after)

    def mails(self, uids: Sequence[int]) -> dict[int, Fetched]:
        """The mails of these UIDs in the open folder; those that are gone are left out."""
        said: dict[int, str] = {}
        try:
            found = self._mails(uids)
        except Declined:
            found = {}
            for uid in uids:
                try:
                    found.update(self._mails([uid]))
                except Declined as problem:
                    said[uid] = str(problem)
        missing = [uid for uid in uids if uid not in found]
        if missing:
            there = self._still_there(missing)
            if len(there) > 1 and not found:
                raise Declined(f"{self._host}: gives no mail: {said.get(there[0], 'nothing')}")
            found.update({uid: Fetched(b"", None, said.get(uid, "the server gives nothing of it")) for uid in there})
        return found

    def _still_there(self, uids: Sequence[int]) -> list[int]:
        with self._asking("search"):
            self._client.noop()  # now it may tell what is gone
            found = set(self._client.search(["UID", ",".join(map(str, uids))]))
        return [uid for uid in uids if uid in found]

    def _mails(self, uids: Sequence[int]) -> dict[int, Fetched]:
        told = self._fetch(uids, ["INTERNALDATE", f"BODY.PEEK[]<0.{CUT}>"])
        raws = {uid: raw[:CUT] for uid, each in told.items() if (raw := _part(each, "")) is not None}
        if cut := [uid for uid, raw in raws.items() if len(raw) == CUT]:
            raws.update(self._large(cut))
        return {uid: Fetched(raw, _moment(told[uid].get(b"INTERNALDATE"))) for uid, raw in raws.items()}

    def _large(self, cut: Sequence[int]) -> dict[int, bytes]:
        """Of mails that are cut, the header and what else is wanted, wherever in them it stands."""
        alike: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        found = {}
        # servers have been seen to describe a mail wrongly: then its beginning must do
        with suppress(Declined):
            for uid, told in self._fetch(cut, ["BODYSTRUCTURE"]).items():
                with suppress(Declined), self._asking(f"the parts of mail {uid}"):
                    alike[parts.wanted(told[b"BODYSTRUCTURE"])].append(uid)
        for numbers, uids in alike.items():
            with suppress(Declined):
                asked = [f"BODY.PEEK[{number}]<0.{CUT}>" for number in numbers]
                asked += [f"BODY.PEEK[{number}.MIME]" for number in numbers if number != parts.WHOLE]
                for uid, told in self._fetch(uids, [f"BODY.PEEK[HEADER]<0.{LARGEST_HEADER}>", *asked]).items():
                    contents = [
                        (_part(told, f"{number}.MIME") or b"", _part(told, number) or b"") for number in numbers
                    ]
                    if (header := _part(told, "HEADER")) is not None:
                        # Python's parser raises anything over what strangers write: then the mail's beginning must do
                        with suppress(Exception):
                            found[uid] = parts.joined(header, contents)
        return found

    def _fetch(self, uids: Sequence[int], what: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        with self._asking(f"mails {uids[0]} to {uids[-1]}"):
            found: dict[int, dict[bytes, Any]] = self._client.fetch(uids, what)
            return found

    def _listed(self) -> list[Folder]:
        with self._asking("listing the folders"):
            return [Folder.listed(*each) for each in self._client.list_folders()]

    def _of_others(self) -> tuple[str, ...]:
        with self._asking("listing the folders"):
            if not self._client.has_capability("NAMESPACE"):
                return ()
            spaces = self._client.namespace()
            prefixes = [prefix for space in (spaces.other, spaces.shared) for prefix, _ in space or ()]
            return tuple(prefix.decode("latin-1") for prefix in prefixes if prefix)

    @contextmanager
    def _asking(self, what: str, declined: type[SourceError] = Declined) -> Iterator[None]:
        """Whatever goes wrong in here is the server's; `declined` is what a plain no of it means."""
        try:
            yield
        except SourceError:
            raise
        except ssl.SSLCertVerificationError as error:
            raise SourceRefused(f"{self._host}: its certificate is not valid: {error.verify_message}") from None
        except OSError as error:
            said = error.strerror or str(error) or type(error).__name__
            broken = isinstance(error, ConnectionError | ssl.SSLEOFError)
            raise (BrokenOff if broken else SourceUnavailable)(f"{self._host}: {what}: {said}") from None
        except LoginError as error:
            # the library puts its own error in the place of what imaplib said, even of a connection that broke
            first = error.__context__ if isinstance(error.__context__, IMAP4.error) else error
            # who answers BAD tends to repeat what he did not understand
            said = "the server says BAD" if "command error: BAD" in str(first) else self._said(first)
            passing = isinstance(first, IMAP4.abort) or _code(said) in PASSING
            raise (SourceUnavailable if passing else SourceRefused)(f"{self._host}: {what}: {said}") from None
        except IMAP4.abort as error:
            raise BrokenOff(f"{self._host}: {what}: {self._said(error)}") from None
        except ProtocolError as error:
            raise Declined(f"{self._host}: {what}: {self._said(error)}") from None
        except IMAP4.error as error:
            said = self._said(error)
            passing = _code(said) in PASSING
            raise (SourceUnavailable if passing else declined)(f"{self._host}: {what}: {said}") from None
        except Exception as error:  # both libraries stumble in many ways over what is no IMAP
            said = f"an answer that is no IMAP ({type(error).__name__}: {self._said(error)})"
            raise Declined(f"{self._host}: {what}: {said}") from None

    def _said(self, error: Exception) -> str:
        told = error.args[0] if error.args else ""
        said = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        for secret in self._written:
            said = said.replace(secret, "…")
        return printable(said)[:300]


def _written(user: str, secret: str) -> tuple[str, ...]:
    """A secret in every form in which a server is told it, and might say it again."""
    plain, token = f"\0{user}\0{secret}", f"user={user}\1auth=Bearer {secret}\1\1"
    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')
    return secret, quoted, *(b64encode(each.encode()).decode() for each in (plain, token))


def _code(said: str) -> str:
    found = re.search(r"\[([A-Z-]+)", said)
    return found[1] if found else ""


def _moment(came: datetime | None) -> datetime | None:
    try:
        return came and (came if came.tzinfo else came.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def _part(told: dict[bytes, Any], number: str) -> bytes | None:
    """What was told of a part of a mail, whole or cut."""
    names = (f"BODY[{number}]".encode(), f"BODY[{number}]<0>".encode())
    found = next((told[name] for name in names if name in told), None)
    return found if isinstance(found, bytes) else None


def _trust(section: Mailbox) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=section.ca_file)
    except OSError as error:
        raise SourceRefused(f"{section.ca_file}: {error.strerror or error}") from None
