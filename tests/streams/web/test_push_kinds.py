"""Which pushes are taken, and that none is without its senders' secret."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from detectors.core.events import Refused
from streams.settings import Settings, SettingsError
from streams.web.cloudevents_http import BATCH
from streams.web.push_kinds import LEAST_TOKEN, kinds
from streams.web.pushes import Push, UnknownForm


def settings(*pushes: str, **more: Any) -> Settings:
    return Settings.model_validate({"pushes": pushes} | more)


def connections(folder: Path, text: str) -> Path:
    path = folder / "connections.yaml"
    path.write_text(text)
    return path


def secret_file(folder: Path, text: str = "a secret") -> Path:
    path = folder / "secret"
    path.write_text(text)
    return path


def test_nothing_is_taken_unless_it_is_named() -> None:
    assert kinds(Settings(events_token=SecretStr("x" * LEAST_TOKEN))) == []


def test_each_kind_is_taken_once_where_it_is_known() -> None:
    told = kinds(settings("events", "events", events_token=SecretStr("x" * LEAST_TOKEN)))
    assert [(kind.name, kind.path) for kind in told] == [("events", "/events")]


def test_nobody_is_forgotten_by_a_source() -> None:
    [kind] = kinds(settings("events", events_token=SecretStr("x" * LEAST_TOKEN)))
    word = {
        "specversion": "1.0", "id": "1", "source": "crm", "type": "privacy.contact.forgotten",
        "time": "2026-03-02T09:15:00Z", "data": {"address": "0" * 32, "pseudonym": "forgotten-1f@them.example"},
    }  # fmt: skip
    headers = {"content-type": "application/cloudevents+json"}
    with pytest.raises(Refused, match="by `stallwatch forget`"):
        kind.read(headers, json.dumps(word).encode(), datetime(2026, 3, 3, tzinfo=UTC))


def test_hubspots_is_taken_where_its_secret_and_our_url_are_known(tmp_path: Path) -> None:
    section = f"hubspot: {{public_url: 'https://us.example/hooks/hubspot', secret_file: '{secret_file(tmp_path)}'}}"
    [kind] = kinds(settings("hubspot", connections=connections(tmp_path, section)))
    assert (kind.name, kind.path) == ("hubspot", "/hooks/hubspot")


def test_pipedrives_is_taken_where_its_user_and_password_are_known(tmp_path: Path) -> None:
    section = f"pipedrive: {{user: pipe, password_file: '{secret_file(tmp_path)}'}}"
    [kind] = kinds(settings("pipedrive", connections=connections(tmp_path, section)))
    assert (kind.name, kind.path) == ("pipedrive", "/hooks/pipedrive")
    with pytest.raises(SettingsError, match=r"^STALLWATCH_PUSHES: pipedrive needs pipedrive\.user "):
        kinds(settings("pipedrive"))


@pytest.fixture
def every(tmp_path: Path) -> list[Push]:
    secret = secret_file(tmp_path)
    sections = (
        f"hubspot: {{public_url: 'https://us.example/hooks/hubspot', secret_file: '{secret}'}}\n"
        f"pipedrive: {{user: pipe, password_file: '{secret}'}}\n"
    )
    told = settings("events", "hubspot", "pipedrive", connections=connections(tmp_path, sections))
    return kinds(told.model_copy(update={"events_token": SecretStr("x" * LEAST_TOKEN)}))


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "authorization",
            "content-type",
            "ce-id",
            "x-hubspot-signature-v3",
            "x-hubspot-request-timestamp",
        ]
    ),
    st.text() | st.sampled_from(["application/json", BATCH, "Basic eDp5", "Bearer x"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["meta", "objectId"]), inner),
)


@given(headers=HEADERS, body=st.binary() | JSON.map(lambda told: json.dumps(told).encode()))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_pushed_by_whomever_is_told_apart(headers: dict[str, str], body: bytes, every: list[Push]) -> None:
    """Into what is kept, what is refused and what is a stranger's: never an error."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    for kind in every:
        assert not kind.may(headers) or not kind.signed(headers, body, now) or kind.name == "events"
        for told in (headers, headers | {"content-type": "application/json"}):
            try:
                pushed = kind.read(told, body, now)
            except (Refused, UnknownForm):
                continue
            assert all(each.send.value is not None for each in pushed)


@pytest.mark.parametrize("token", [None, "", "x" * (LEAST_TOKEN - 1)])
def test_events_need_a_token_that_is_not_soon_guessed(token: str | None) -> None:
    with pytest.raises(SettingsError, match=r"^STALLWATCH_EVENTS_TOKEN: .* token of 16 characters at least$"):
        kinds(settings("events", events_token=None if token is None else SecretStr(token)))


def test_what_a_hook_lacks_is_named_in_one_line(tmp_path: Path) -> None:
    url = "public_url: 'https://us.example/hooks/hubspot'"
    for section, lacks in (
        ("", "hubspot needs hubspot.public_url in the file of STALLWATCH_CONNECTIONS"),
        (f"hubspot: {{{url}}}", "hubspot needs hubspot.secret_file in the file of STALLWATCH_CONNECTIONS"),
        (f"hubspot: {{{url}, secret_file: /none}}", "hubspot: /none: No such file or directory"),
        (f"hubspot: {{{url}, secret_file: '{secret_file(tmp_path, ' ')}'}}", f"hubspot: {tmp_path}/secret: is empty"),
    ):
        with pytest.raises(SettingsError) as told:
            kinds(settings("hubspot", connections=connections(tmp_path, section)))
        assert str(told.value) == f"STALLWATCH_PUSHES: {lacks}"
    with pytest.raises(SettingsError, match=r"hubspot needs hubspot\.public_url"):
        kinds(settings("hubspot"))
