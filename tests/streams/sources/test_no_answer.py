"""What is said of a server that gave no answer."""

import socket

import pytest
import requests

from streams.sources.no_answer import no_answer


def told(url: str) -> str:
    with pytest.raises(requests.RequestException) as raised:
        requests.get(url, timeout=0.2)
    return no_answer(raised.value)


def test_it_says_which_host_and_what_it_did() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert told(f"http://127.0.0.1:{port}") == "127.0.0.1 did not answer in time"
    assert told(f"http://127.0.0.1:{port}") == "127.0.0.1 refuses connections"
    assert told("http://nobody.invalid/") == "no host is known by the name nobody.invalid"
