"""The section `hubspot` of the connections file, and what it changes."""

from pathlib import Path
from typing import Any

import pytest

from detectors.core.events import Refused
from streams.sources import connections
from streams.sources.connections import ConnectionsError
from streams.sources.hubspot.fields import deal_fields
from streams.sources.hubspot.portal import Portal
from streams.sources.hubspot.properties import deal_properties
from streams.sources.hubspot.settings import HubSpot

SECTION = """
hubspot:
  source: hubspot-eu
  public_url: https://stallwatch.us.example/hooks/hubspot
  secret_file: /run/secrets/hubspot-app
  token_file: /run/secrets/hubspot-token
  time_zone: Europe/Berlin
  stages: {appointmentscheduled: First talk, 2001: Security Review, 2003: Not this time}
  lost: [2003]
  pipelines: {777: partners}
  owners: {70: Rep@us.example, Ada Unknown: ada@us.example}
  properties: {need_level: need, our_close_date: close_date, notes_next_activity_date: null}
  contact_properties: {is_executive: executive, joined: joined_on}
  values: {need_level: {Must have: critical, 1: unknown}}
"""


def section(told: dict[str, Any]) -> HubSpot:
    return HubSpot.model_validate(told)


def test_a_section_as_a_company_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text(SECTION)
    settings = connections.read(file).hubspot
    portal = Portal.of(settings)
    assert portal.stage("appointmentscheduled") == "First talk"
    assert portal.stage("contractsent") == "Contract Sent"
    assert (portal.status("2001"), portal.status("2003"), portal.status("closedwon")) == ("open", "lost", "won")
    assert portal.pipeline("777") == "partners"
    assert portal.owner("70") == "rep@us.example"
    assert deal_fields("need_level", "Must have", portal) == {"need": "critical"}
    assert deal_fields("need_level", "1", portal) == {"need": "unknown"}
    assert deal_fields("notes_next_activity_date", "2026-03-02", portal) == {}


def test_what_a_company_puts_onto_a_field_takes_the_place_of_what_is_read_there() -> None:
    told = deal_properties(section({"properties": {"our_close_date": "close_date", "amount": None}}))
    assert [name for name, field in told.items() if field == "close_date"] == ["our_close_date"]
    assert "amount" not in told
    assert told["dealstage"] == "stage"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"properties": {"x": "budgett"}}, "budgett is no field of a deal; did you mean budget?"),
        ({"properties": {"x": "account"}}, "account is no field of a deal"),
        ({"contact_properties": {"x": "exekutive"}}, "did you mean executive?"),
        ({"contact_properties": {"x": "email"}}, "email is no field of a contact"),
        ({"owners": {70: "nobody"}}, "not a mail address"),
        ({"time_zone": "Mars/Olympus"}, "timezone"),
        ({"currency": "euro"}, "currency"),
        ({"public_url": "http://stallwatch.us.example/hooks/hubspot"}, "https"),
        ({"since": "yesterday"}, "since"),
        ({"stage": {}}, "stage"),
    ],
)
def test_what_makes_no_sense_is_said(told: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        section(told)
    assert said in str(caught.value)


def test_a_wrong_name_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text("hubspot:\n  properties:\n    need_level: needs\n")
    with pytest.raises(ConnectionsError, match=r"connections\.yaml:3.*did you mean need"):
        connections.read(file)


def test_what_hubspot_calls_things_fills_what_the_section_leaves_open() -> None:
    portal = Portal.of(section({"stages": {"2001": "Ours"}, "won": ["2002"]}))
    portal = portal.beside(stages={"2001": "Theirs", "2002": "Signed"}, won=["2001"], lost=["2002"])
    assert (portal.stage("2001"), portal.stage("2002")) == ("Ours", "Signed")
    assert portal.status("2002") == "won"


@pytest.mark.parametrize("value", ["4711", "0a1b2c3d-0000-4000-8000-00000000abcd"])
def test_an_id_is_no_name_of_a_stage_even_in_a_table(value: str) -> None:
    portal = Portal.of(HubSpot(), labels=True)
    assert portal.stage("Negotiation") == "Negotiation"
    with pytest.raises(Refused, match=r"hubspot\.stages"):
        portal.stage(value)


def test_a_stage_of_which_only_the_label_is_known_says_nothing_of_winning() -> None:
    portal = Portal.of(HubSpot(), labels=True)
    assert portal.status("Negotiation") is None
    assert portal.status("closed won") == "won"
    assert portal.status("Contract Sent") == "open"


@pytest.mark.parametrize("value", ["rep@us.example", "Rita Price (rep@us.example)", "Rita Price <rep@us.example>"])
def test_an_owner_may_be_given_with_the_address(value: str) -> None:
    assert Portal.of(HubSpot(), labels=True).owner(value) == "rep@us.example"
