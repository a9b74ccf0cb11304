"""HubSpot's API over HTTP: an answer is a JSON object, or a `SourceError` says what went wrong, never the token."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from ..connection import SourceRefused, SourceUnavailable

Thing = dict[str, Any]

# what passes, if one comes again after a while
_PASSING = (408, 423, 425, 429, 500, 502, 503, 504)
_TRIES = 5
# longer than that, the next round waits
_LONGEST_WAIT = 60
_MOST_INPUTS, _MOST_INPUTS_WITH_HISTORY, _MOST_ASSOCIATED = 100, 50, 1000
_CONNECT_SECONDS = 10


class Client:
    """A private app's access to an account. `backoff` is how many seconds the second retry waits, then ever longer."""

    def __init__(self, url: str, token: str, timeout: float, backoff: float) -> None:
        self._url, self._timeout = url.rstrip("/"), (min(_CONNECT_SECONDS, timeout), timeout)
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        retry = Retry(
            total=_TRIES,
            redirect=0,
            status_forcelist=_PASSING,
            allowed_methods=None,  # what we post are questions
            backoff_factor=backoff / 2,
            backoff_max=_LONGEST_WAIT,
            retry_after_max=_LONGEST_WAIT,
            raise_on_status=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()

    def get(self, path: str, **query: Any) -> Thing:
        """What is at a path."""
        return self._asked("GET", path, params=query)

    def post(self, path: str, body: Any) -> Thing:
        """The answer to a question."""
        return self._asked("POST", path, data=orjson.dumps(body), headers={"Content-Type": "application/json"})

    def pages(self, path: str, **query: Any) -> Iterator[list[Thing]]:
        """The results at a path, page by page."""
        after: str | None = None
        while True:
            told = self.get(path, **query, **({"after": after} if after else {}))
            yield results(told, path)
            before, after = after, _after(told)
            if after is None:
                return
            if after == before:
                raise SourceUnavailable(f"hubspot: {path} gives the same page again")

    def read(
        self, kind: str, ids: Sequence[str], properties: Sequence[str], history: Sequence[str] = ()
    ) -> list[Thing]:
        """Objects by their ids; those that are gone are left out."""
        path, most = f"/crm/v3/objects/{kind}/batch/read", _MOST_INPUTS_WITH_HISTORY if history else _MOST_INPUTS
        found = []
        for start in range(0, len(ids), most):
            body = {
                "inputs": [{"id": id} for id in ids[start : start + most]],
                "properties": list(properties),
                "propertiesWithHistory": list(history),
            }
            found += results(_whole(self.post(path, body), path), path)
        return found

    def associated(self, kind: str, to: str, ids: Sequence[str]) -> dict[str, list[Thing]]:
        """What is associated with each of these objects, with the labels of the associations."""
        path = f"/crm/v4/associations/{kind}/{to}/batch/read"
        found: dict[str, list[Thing]] = {id: [] for id in ids}
        inputs = [{"id": id} for id in ids]
        while inputs:
            asked, inputs = inputs[:_MOST_ASSOCIATED], inputs[_MOST_ASSOCIATED:]
            for each in results(_whole(self.post(path, {"inputs": asked}), path), path):
                of, others = each.get("from"), each.get("to")
                id = str(of.get("id")) if isinstance(of, dict) else ""
                if id not in found or not isinstance(others, list):
                    raise SourceUnavailable(f"hubspot: {path} answered what was not asked")
                found[id] += others
                after = _after(each)
                if after is not None and {"id": id, "after": after} in asked:
                    raise SourceUnavailable(f"hubspot: {path} gives the same page again")
                inputs += [{"id": id, "after": after}] if after is not None else []
        return found

    def _asked(self, method: str, path: str, **more: Any) -> Thing:
        try:
            answer = self._session.request(
                method, self._url + path, timeout=self._timeout, allow_redirects=False, **more
            )
        except requests.RequestException as error:
            raise SourceUnavailable(f"hubspot: {path}: {_in_short(error)}") from None
        if 300 <= answer.status_code < 400:
            raise SourceUnavailable(
                f"hubspot: {path}: it sends us elsewhere ({answer.status_code}); we do not go there"
            )
        try:
            told = orjson.loads(answer.content)
        except ValueError:
            told = None
        if answer.status_code in _PASSING or answer.status_code >= 500:
            raise SourceUnavailable(f"hubspot: {path}: {answer.status_code}{_said(told)}")
        if answer.status_code >= 400:
            raise SourceRefused(
                f"hubspot: {path}: {answer.status_code}{_said(told)}{_TO_DO.get(answer.status_code, '')}"
            )
        if not isinstance(told, dict):
            raise SourceUnavailable(f"hubspot: {path}: {answer.status_code}, and no JSON object")
        return told


_TO_DO = {401: " (is the token in token_file right?)", 403: " (give the private app this scope)"}


class _Bearer(AuthBase):
    """The token. As a header of the session, a .netrc file would replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def results(told: Mapping[str, Any], path: str) -> list[Thing]:
    """The objects of an answer."""
    found = told.get("results")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise SourceUnavailable(f"hubspot: {path} answered without results")
    return found


def _whole(told: Thing, path: str) -> Thing:
    """An answer to many questions, if the only trouble with some of them is that there is nothing."""
    errors = told.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if not isinstance(error, dict) or error.get("category") != "OBJECT_NOT_FOUND":
            raise SourceUnavailable(f"hubspot: {path}{_said(error)}")
    return told


def _after(told: Mapping[str, Any]) -> str | None:
    paging = told.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return str(after) if after else None


def _said(told: object) -> str:
    message = told.get("message") if isinstance(told, dict) else None
    return f": {' '.join(message.split())[:200]}" if isinstance(message, str) else ""


def _in_short(error: requests.RequestException) -> str:
    """The kind of trouble: what libraries say of it may hold anything."""
    match error:
        case requests.exceptions.ReadTimeout() | requests.exceptions.ConnectTimeout():
            return "no answer in time"
        case requests.exceptions.SSLError():
            return "its certificate is not to be trusted"
        case requests.exceptions.ConnectionError():
            return "no connection"
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            return "the answer broke off"
        case _:
            return type(error).__name__
