"""Salesforce's API as tests have it: an org of a week behind its real names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme
from urllib3.util import Retry

from streams.sources.salesforce.login import session
from streams.sources.salesforce.settings import Salesforce
from tests.streams.sources.salesforce.salesforce_double import HOST, TOKEN, Double, Place, a_place
from tests.streams.sources.salesforce.week import a_week


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def place(authority: trustme.CA) -> Iterator[Place]:
    with a_place(authority) as found:
        yield found


@pytest.fixture
def double(place: Place, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    """An org that is reached as Salesforce is."""
    place.double = Double(a_week())
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("HTTPS_PROXY", place.proxy)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return place.double


@pytest.fixture
def http() -> requests.Session:
    """The usual session, without the pauses between its attempts."""
    retries = Retry(
        total=2, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("GET",), raise_on_status=False
    )
    return session(retries, timeout=(5.0, 5.0))


@pytest.fixture
def token_settings(tmp_path: Path) -> Salesforce:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    return Salesforce(instance_url=f"https://{HOST}", access_token_file=token, currency="EUR")
