"""Pipedrive's API: pages of objects, by the token in a header, which nothing else ever gets to see.

What its servers fail at is asked again a few times, and as late as they say; then it is unavailable. A redirect is not
followed: the token would go along.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import ReadTimeoutError

from ..connection import SourceError, SourceRefused, SourceUnavailable
from .values import Thing

PAGE = 100
MOST_PAGES = 100_000
RETRIES = 5
RETRIES_IN_SILENCE = 2
LONGEST_WAIT = 60
_MEANS = {
    401: "the token is not accepted",
    402: "the account is not open",
    403: "the token's user may not see this",
    404: "there is no such thing: is company_domain right?",
}


class Api:
    """What can be asked. `SourceUnavailable` and `SourceRefused` say what came instead."""

    def __init__(self, url: str, token: str, timeout: float, backoff: float) -> None:
        if not token.isascii():
            raise SourceRefused(f"{url}: the token has letters that none has")
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        # else what a .netrc of this machine says would go along
        self._session.auth = lambda request: request
        self._session.headers.update({"x-api-token": token, "Accept": "application/json"})
        retry = Retry(
            RETRIES,
            read=RETRIES_IN_SILENCE,
            backoff_factor=backoff,
            status_forcelist=(429, 500, 502, 503, 504),
            raise_on_status=False,
            retry_after_max=LONGEST_WAIT,
            allowed_methods=("GET",),
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def changed(self, what: str, since: datetime | None, **query: Any) -> Iterator[list[Thing]]:
        """Pages of what changed since then, or ever, oldest change first."""
        query |= {"sort_by": "update_time", "sort_direction": "asc"}
        if since is not None:
            query["updated_since"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.pages(what, **query)

    def pages(self, what: str, **query: Any) -> Iterator[list[Thing]]:
        """Pages of version 2, each of which names the next."""
        cursor = None
        seen: set[str] = set()
        while True:
            answer = self._get(f"/api/v2/{what}", {"limit": PAGE, **query, **({"cursor": cursor} if cursor else {})})
            yield _things(answer, what)
            cursor = _part(answer, "additional_data").get("next_cursor")
            if not cursor:
                return
            if not isinstance(cursor, str) or cursor in seen or len(seen) > MOST_PAGES:
                raise SourceUnavailable(f"{self.url}: the pages of {what} come to no end")
            seen.add(cursor)

    def all(self, what: str, **query: Any) -> list[Thing]:
        """All of it, of version 2."""
        return [thing for page in self.pages(what, **query) for thing in page]

    def users(self) -> list[Thing]:
        """The company's users, who only version 1 has."""
        return _things(self._get("/api/v1/users", {}), "users")

    def flow(self, deal: str) -> list[Thing] | None:
        """A deal's log of changes, which only version 1 has; None if the deal is gone by now."""
        out: list[Thing] = []
        start = 0
        while True:
            query = {"items": "dealChange", "start": start, "limit": PAGE}
            answer = self._get(f"/api/v1/deals/{deal}/flow", query, may_be_gone=True)
            if answer is None:
                return None
            out += _things(answer, "flow")
            paging = _part(_part(answer, "additional_data"), "pagination")
            if not paging.get("more_items_in_collection"):
                return out
            following = paging.get("next_start")
            if not isinstance(following, int) or following <= start:
                raise SourceUnavailable(f"{self.url}: the log of changes of deal {deal} comes to no end")
            start = following

    def _get(self, path: str, query: Mapping[str, Any], may_be_gone: bool = False) -> Any:
        url = self.url + path
        try:
            answer = self._session.get(url, params=query, timeout=self._timeout, allow_redirects=False)
            if may_be_gone and answer.status_code in (404, 410):
                return None
            if answer.status_code != 200:
                raise _refusal(url, answer)
            content = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise SourceUnavailable(f"{url}: what it answers is no JSON") from None
        except requests.RequestException as error:
            raise SourceUnavailable(f"{url}: {_cause(error)}") from None
        if not isinstance(content, dict) or content.get("success") is not True:
            raise SourceUnavailable(f"{url}: it answers, but not that it succeeded")
        return content


def _refusal(url: str, answer: requests.Response) -> SourceError:
    status = answer.status_code
    if status == 429:
        return SourceUnavailable(f"{url}: no more requests are taken for now (429)")
    if status >= 500:
        return SourceUnavailable(f"{url}: it fails ({status})")
    if 300 <= status < 400:
        return SourceRefused(f"{url}: it sends us elsewhere ({status}): is company_domain right?")
    return SourceRefused(f"{url}: {_MEANS.get(status, 'it refuses the request')} ({status})")


def _cause(error: Exception) -> str:
    """What was wrong, in the words of whoever noticed it."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.Timeout) or isinstance(reason, ReadTimeoutError):
        return "it does not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "it cannot be reached, or broke off"
    return type(error).__name__


def _things(answer: Any, what: str) -> list[Thing]:
    data = answer.get("data")
    if data is None:
        return []
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise SourceUnavailable(f"{what}: what came is no list of objects")
    return data


def _part(thing: Any, name: str) -> Mapping[str, Any]:
    part = thing.get(name)
    return part if isinstance(part, Mapping) else {}
