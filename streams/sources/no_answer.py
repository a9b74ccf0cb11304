"""Says in a few words what happened where a server gave no answer: of the library's own words, nobody is the wiser."""

from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError


def no_answer(error: requests.RequestException) -> str:
    """Which host, and whether it is unknown, refuses connections, or did not answer in time."""
    url = getattr(error.request, "url", None)
    host = (urlsplit(url).hostname if url else None) or "the server"
    # what is behind the last of several tries
    cause = getattr(error.args[0], "reason", error.args[0]) if error.args else error
    match cause:
        case NameResolutionError():
            return f"no host is known by the name {host}"
        case NewConnectionError():
            is_refused = isinstance(cause.__cause__ or cause.__context__, ConnectionRefusedError)
            return f"{host} refuses connections" if is_refused else f"{host} cannot be reached"
        case ConnectTimeoutError() | ReadTimeoutError():
            return f"{host} did not answer in time"
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return f"the answer of {host} broke off"
    return f"{host} gave no answer ({type(cause).__name__})"
