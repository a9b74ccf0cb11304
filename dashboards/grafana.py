"""Grafana's API as far as it is needed; every failure is one of two errors, one line that says what was refused.

`grafana_api` knows the paths. What it leaves open is closed here: answers that are no JSON, connection errors, retries,
redirects, and uids that would escape into other paths.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from grafana_api.grafana_face import GrafanaFace
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

Json = dict[str, Any]
# A service account's token, or a user and its password.
Credentials = str | tuple[str, str]

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


class GrafanaError(Exception):
    """A call that did not succeed, in one line: which Grafana, what was tried, and why not."""


class GrafanaUnavailable(GrafanaError):
    """Grafana could not be reached, or was not able to answer: the same call may succeed later."""


class GrafanaRejected(GrafanaError):
    """Grafana, or what stands in its place, refused the call: it will be refused again until something is changed."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Patience:
    """How long to wait for an answer, in seconds, and how often to ask again when there is none."""

    timeout: float = 5.0
    retries: int = 3
    backoff: float = 0.5


PATIENCE = Patience()


class Grafana:
    """One Grafana. Every method raises `GrafanaUnavailable` or `GrafanaRejected`, and nothing else."""

    def __init__(self, url: str, credentials: Credentials, patience: Patience = PATIENCE) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or "@" in parts.netloc:
            raise GrafanaRejected(
                f"{_without_secrets(url)}: not the address of a Grafana (http[s]://host[:port][/path])"
            )
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        prefix = parts.path.strip("/")
        self._api = GrafanaFace(
            _usable(credentials),
            protocol=parts.scheme,
            host=parts.netloc,
            url_path_prefix=f"{prefix}/" if prefix else "",
            timeout=patience.timeout,
        )
        session: requests.Session = self._api.api.s
        session.hooks["response"].append(self._judge)
        again = Retry(
            total=patience.retries,
            backoff_factor=patience.backoff,
            backoff_jitter=patience.backoff,
            backoff_max=10,
            status_forcelist=_TRY_AGAIN,
            # Writes too: whoever calls looks at what is there before each write, so a repeat does no harm.
            allowed_methods=None,
            raise_on_status=False,
            # It could ask for hours.
            respect_retry_after_header=False,
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=again))

    def folder(self, uid: str) -> Json | None:
        """The folder, or None if there is none."""
        with self._doing(f"read folder {uid}"):
            return _found(self._api.folder.get_folder, _checked(uid))

    def create_folder(self, uid: str, title: str) -> None:
        with self._doing(f"create folder {uid}"):
            self._api.folder.create_folder(title, _checked(uid))

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        with self._doing(f"rename folder {uid}"):
            self._api.folder.update_folder(_checked(uid), title, version=version)

    def data_source(self, uid: str) -> Json | None:
        """The data source, or None if there is none. By uid: what goes by number is switched off in newer Grafanas."""
        with self._doing(f"read data source {uid}"):
            return _found(self._api.api.GET, f"/datasources/uid/{_checked(uid)}")

    def create_data_source(self, source: Json) -> None:
        with self._doing(f"create data source {source['uid']}"):
            self._api.datasource.create_datasource(source)

    def update_data_source(self, source: Json) -> None:
        with self._doing(f"update data source {source['uid']}"):
            self._api.api.PUT(f"/datasources/uid/{_checked(source['uid'])}", json=source)

    def dashboard(self, uid: str) -> Json | None:
        """The dashboard with its `meta`, or None if there is none."""
        with self._doing(f"read dashboard {uid}"):
            found = _found(self._api.dashboard.get_dashboard, _checked(uid))
            if found is not None and not isinstance(found.get("dashboard"), dict):
                raise GrafanaRejected("answered JSON that holds no dashboard")
            return found

    def save_dashboard(self, board: Json, folder_uid: str, message: str) -> None:
        """Write over the version that `board` names. If there is a newer one, that is a rejection with status 412."""
        with self._doing(f"save dashboard {_checked(board['uid'])}"):
            self._api.dashboard.update_dashboard(
                {"dashboard": board, "folderUid": _checked(folder_uid), "message": message, "overwrite": False}
            )

    @contextmanager
    def _doing(self, deed: str) -> Iterator[None]:
        """Say what was tried, and where, in every error."""
        try:
            yield
        except GrafanaUnavailable as error:
            raise GrafanaUnavailable(f"{self.url}: cannot {deed}: {error}") from None
        except GrafanaRejected as error:
            raise GrafanaRejected(f"{self.url}: cannot {deed}: {error}", error.status) from None
        except requests.exceptions.SSLError as error:
            raise GrafanaRejected(f"{self.url}: cannot {deed}: {_one_line(_cause(error))}") from error
        except (requests.ConnectionError, requests.Timeout) as error:
            raise GrafanaUnavailable(f"{self.url}: cannot {deed}: {_one_line(_cause(error))}") from error
        except requests.RequestException as error:
            raise GrafanaRejected(f"{self.url}: cannot {deed}: {_one_line(str(error))}") from error

    @staticmethod
    def _judge(response: requests.Response, **_: object) -> None:
        """Look at each answer before `grafana_api` does, which trips over what is not Grafana's JSON."""
        status = response.status_code
        if response.is_redirect:
            where = _without_secrets(response.headers["Location"])
            raise GrafanaRejected(f"redirected to {_one_line(where)}; give that address instead", status)
        if status in _TRY_AGAIN or status >= 500:
            raise GrafanaUnavailable(f"{status} {_said(response)}")
        if status >= 400:
            raise GrafanaRejected(f"{status} {_said(response)}", status)
        if _parsed(response) is None:
            raise GrafanaRejected(f"answered {_said(response)} where Grafana's JSON was expected", status)


def _usable(credentials: Credentials) -> str | tuple[bytes, bytes]:
    """The credentials as they can go into a header; the error does not repeat them."""
    if isinstance(credentials, tuple):
        user, password = credentials
        return user.encode(), password.encode()
    token = credentials.strip()
    if not (token.isascii() and token.isprintable() and token):
        raise GrafanaRejected("the token for Grafana is empty or has characters that no token has")
    return token


def _found(read: Any, *path: str) -> Json | None:
    try:
        answer: Json = read(*path)
    except GrafanaRejected as error:
        if error.status == requests.codes.not_found:
            return None
        raise
    return answer


def _checked(uid: str) -> str:
    """The uid, if it is one: it becomes part of a path."""
    if not _UID.fullmatch(uid):
        raise GrafanaRejected(f"{uid!r} is not a uid: 1 to 40 letters, digits, - and _")
    return uid


def _parsed(response: requests.Response) -> Json | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _said(response: requests.Response) -> str:
    """What an answer says, in a few words."""
    body = _parsed(response)
    if body is not None:
        return _one_line(str(body.get("message") or response.reason))
    if not response.content:
        return "nothing"
    if "html" in response.headers.get("Content-Type", ""):
        return "an HTML page"
    return repr(_one_line(response.text[:200]))


def _cause(error: BaseException) -> str:
    """The innermost reason of a failed connection, without the layers of addresses around it."""
    inner: object = error
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "reason", None) or next(
            (arg for arg in error.args if isinstance(arg, BaseException)), None
        )
    return str(error).rpartition(": ")[2] or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:300]


def _without_secrets(url: str) -> str:
    """The address without user, password and query: it is printed."""
    return re.sub(r"//[^/@]*@", "//", url).partition("?")[0]
