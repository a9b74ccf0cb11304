"""The way into Salesforce: a login, a session that is patient but not for ever, and what its refusals mean for us."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import jwt
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce as Api
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceError, SalesforceExpiredSession
from simple_salesforce.login import SalesforceLogin
from urllib3.util import Retry

from ..connection import SourceRefused, SourceUnavailable
from ..no_answer import no_answer
from ..section import secret_in
from .settings import Salesforce

TIMEOUT_SECONDS = (10.0, 60.0)
AGAIN = Retry(
    total=3,
    backoff_factor=1,
    backoff_max=30,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET",),
    raise_on_status=False,
)
# what Salesforce says when it will take the same request later
_LATER = (
    "LIMIT_EXCEEDED",
    "UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
    "UNABLE_TO_LOCK_ROW",
    "INVALID_QUERY_LOCATOR",
    "QUERY_TIMEOUT",
    "TOO_MANY",
    "RATE",
)


class _Patient(HTTPAdapter):
    """Waits for an answer, but not for ever."""

    def __init__(self, retries: Retry, timeout: tuple[float, float]) -> None:
        self._timeout = timeout
        super().__init__(max_retries=retries)

    def send(
        self, request: Any, stream: Any = False, timeout: Any = None, *args: Any, **more: Any
    ) -> requests.Response:
        return super().send(request, stream, timeout or self._timeout, *args, **more)


def session(retries: Retry = AGAIN, timeout: tuple[float, float] = TIMEOUT_SECONDS) -> requests.Session:
    """A session for Salesforce alone: it follows nobody anywhere else."""
    told = requests.Session()
    told.max_redirects = 0
    told.mount("https://", _Patient(retries, timeout))
    return told


def log_in(settings: Salesforce, http: requests.Session) -> Api:
    """The API, as the settings say who we are: an access token, else JWT, a password, or a connected app's own secret.

    `SourceRefused` if they say nothing, or Salesforce does not let us in; `SourceUnavailable` if it does not answer.
    """
    if settings.access_token_file is not None:
        token = secret_in(settings.access_token_file)
        return Api(session_id=token, instance_url=settings.instance_url, version=settings.api_version, session=http)
    with translated("the login"):
        try:
            token, instance = SalesforceLogin(
                session=http, sf_version=settings.api_version, domain=settings.domain, **_who_we_are(settings)
            )
        except (AttributeError, TypeError, KeyError, ExpatError) as error:
            # a page of a proxy, or of a maintenance, where a token should be
            raise SourceUnavailable(
                f"salesforce: the login was answered with no token ({type(error).__name__})"
            ) from None
    return Api(session_id=token, instance=instance, version=settings.api_version, session=http)


def _who_we_are(settings: Salesforce) -> dict[str, Any]:
    found: dict[str, Any] = {"username": settings.username}
    for name, path in (
        ("password", settings.password_file),
        ("security_token", settings.security_token_file),
        ("consumer_key", settings.consumer_key_file),
        ("consumer_secret", settings.consumer_secret_file),
    ):
        if path is not None:
            found[name] = secret_in(path)
    if settings.private_key_file is not None:
        found["privatekey"] = _signing(settings.private_key_file)
    if not settings.is_reached:
        raise SourceRefused(
            "salesforce: the section says no way to log in (access_token_file, username, consumer_key_file)"
        )
    return found


def _signing(path: Path) -> str:
    try:
        key = path.read_text()
        jwt.encode({}, key, algorithm="RS256")
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}") from None
    except (ValueError, jwt.PyJWTError):
        raise SourceRefused(f"{path}: holds no RSA key to sign with") from None
    return key


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Salesforce's errors as ours: who is to blame, and whether to come again. An expired session passes through."""
    try:
        yield
    except SalesforceExpiredSession:
        raise
    except SalesforceAuthenticationFailed as error:
        code, said = str(error.code or ""), str(error.auth_message)
        raise _as_ours(
            f"salesforce: {what} was refused: {code} {_short(said)}", code, int(code) if code.isdigit() else 400
        ) from None
    except SalesforceError as error:
        codes = " ".join(f"{each.get('errorCode')}: {each.get('message')}" for each in _errors(error.content))
        said = codes or _short(str(error.content))
        raise _as_ours(
            f"salesforce: {what} was answered with {error.status}: {_short(said)}", said, error.status
        ) from None
    except requests.TooManyRedirects:
        raise SourceRefused(f"salesforce: {what} was answered with a redirect, which is not followed") from None
    except requests.exceptions.SSLError as error:
        raise SourceRefused(f"salesforce: {what}: the server is not who it should be: {_short(str(error))}") from None
    except (requests.exceptions.JSONDecodeError, ValueError):
        raise SourceUnavailable(f"salesforce: {what} was answered with something that is not JSON") from None
    except requests.RequestException as error:
        raise SourceUnavailable(f"salesforce: {what}: {no_answer(error)}") from None


def _as_ours(text: str, codes: str, status: int) -> SourceRefused | SourceUnavailable:
    is_later = status >= 500 or status == 429 or status < 300 or any(word in codes for word in _LATER)
    return SourceUnavailable(text) if is_later else SourceRefused(text)


def _errors(content: object) -> list[dict[str, Any]]:
    return [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
