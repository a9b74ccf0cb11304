"""What HubSpot pushes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hubspot.utils.signature import Signature
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from streams.sources.hubspot.settings import HubSpot
from streams.sources.hubspot.webhook import MOST_PUSHED, SignatureRefused, pushed, verify
from streams.sources.item import Item

CRM = Path(__file__).parents[5] / "shared" / "data" / "crm"
SECRET = "a-secret-of-the-app"
URL = "https://stallwatch.us.example/hooks/hubspot"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = HubSpot.model_validate(
    {
        "owners": {70: "rep@us.example"},
        "stages": {"2001": "Security Review"},
        "properties": {"budget_status": "budget"},
        "values": {"budget_status": {"Approved": "confirmed"}},
    }
)


def ms(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def signed(body: bytes, at: datetime, uri: str = URL, secret: str = SECRET) -> str:
    return str(Signature.get_signature(secret, body.decode(), "v3", uri, "POST", ms(at)))


def notification(**fields: Any) -> dict[str, Any]:
    told = {
        "eventId": 1,
        "subscriptionId": 2,
        "portalId": 3,
        "appId": 4,
        "occurredAt": int(ms(NOW)),
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": 17,
        "changeSource": "CRM_UI",
    }
    return told | fields


def change(name: str, value: Any, **fields: Any) -> dict[str, Any]:
    return notification(propertyName=name, propertyValue=value, **fields)


def read(*told: Any, settings: HubSpot = SETTINGS) -> list[Item]:
    return list(pushed(orjson.dumps(told), settings, "push"))


def only(item: Item) -> dict[str, Any]:
    assert item.refusal is None
    (event,) = item.events
    told: dict[str, Any] = orjson.loads(events.to_json(event))
    return told


# -- who pushed it


@pytest.mark.parametrize("seconds", [0, 299, -299])
def test_what_hubspot_signed_just_now_is_taken(seconds: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    verify(SECRET, "POST", URL, b'[{"a":"\xc3\xa9"}]', signed(b'[{"a":"\xc3\xa9"}]', at), ms(at), NOW)


def test_hubspots_own_library_agrees() -> None:
    now = datetime.now(UTC)
    assert Signature.is_valid(signed(b"[]", now), SECRET, "[]", URL, "POST", "v3", ms(now))
    verify(SECRET, "POST", URL, b"[]", signed(b"[]", now), ms(now), now)


@pytest.mark.parametrize("seconds", [301, -301, 86_400])
def test_a_signature_that_is_old_or_from_the_future_is_refused(seconds: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    with pytest.raises(SignatureRefused, match="five minutes"):
        verify(SECRET, "POST", URL, b"[]", signed(b"[]", at), ms(at), NOW)


@pytest.mark.parametrize(
    "told",
    [
        {"secret": "another"},
        {"secret": ""},
        {"method": "PUT"},
        {"public_uri": "https://stallwatch.us.example/hooks/hubspot/"},
        {"body": b"[ ]"},
        {"signature": None},
        {"signature": ""},
        {"signature": "schön"},
        {"signature": "\udcff"},
        {"timestamp_ms": None},
        {"timestamp_ms": ms(NOW + timedelta(milliseconds=1))},
        {"timestamp_ms": "\ud800"},
    ],
)
def test_whatever_differs_from_what_was_signed_is_refused(told: dict[str, Any]) -> None:
    right = {
        "secret": SECRET,
        "method": "POST",
        "public_uri": URL,
        "body": b"[]",
        "signature": signed(b"[]", NOW),
        "timestamp_ms": ms(NOW),
        "now": NOW,
    }
    verify(**right)  # type: ignore[arg-type]
    with pytest.raises(SignatureRefused):
        verify(**right | told)


@pytest.mark.parametrize("time", ["", "soon", "nan", "9" * 40, "9" * 5000])
def test_a_time_that_is_none_is_refused_even_if_it_is_signed(time: str) -> None:
    signature = Signature.get_signature(SECRET, "[]", "v3", URL, "POST", time)
    with pytest.raises(SignatureRefused, match="time"):
        verify(SECRET, "POST", URL, b"[]", signature, time, NOW)


def test_the_url_is_signed_with_some_of_its_characters_decoded() -> None:
    sent = "https://us.example/hooks?to=a%40b%2Cc%3a%2F%21%24%27%28%29%2A%3B%3F&and=%20%26%25%3D%C3%A9"
    decoded = "https://us.example/hooks?to=a@b,c:/!$'()*;?&and=%20%26%25%3D%C3%A9"
    verify(SECRET, "POST", sent, b"[]", signed(b"[]", NOW, decoded), ms(NOW), NOW)
    with pytest.raises(SignatureRefused):
        verify(SECRET, "POST", sent, b"[]", signed(b"[]", NOW, sent), ms(NOW), NOW)


@given(st.binary(), st.text() | st.none(), st.text() | st.none(), st.text(), st.text(min_size=1))
def test_nobody_gets_in_by_anything_else(
    body: bytes, signature: str | None, time: str | None, uri: str, secret: str
) -> None:
    with pytest.raises(SignatureRefused):
        verify(secret, "POST", uri, body, signature, time, NOW)


# -- what it says


def test_a_change_of_a_deal_is_an_event_whose_id_everybody_gives_it() -> None:
    told = only(*read(change("dealstage", "contractsent")))
    assert told == {
        "specversion": "1.0",
        "id": f"deal-17-dealstage-{ms(NOW)}",
        "source": "hubspot",
        "subject": "17",
        "time": "2026-03-02T09:00:00Z",
        "type": "crm.deal.changed",
        "data": {"stage": "Contract Sent", "status": "open"},
    }


@pytest.mark.parametrize(
    ("name", "value", "data"),
    [
        ("dealname", "Big one", {"name": "Big one"}),
        ("dealstage", "2001", {"stage": "Security Review", "status": "open"}),
        ("dealstage", "closedwon", {"stage": "Closed Won", "status": "won"}),
        ("dealstage", "closedlost", {"stage": "Closed Lost", "status": "lost"}),
        ("pipeline", "default", {"pipeline": "default"}),
        ("amount", "48000.5", {"amount": 48000.5}),
        ("amount", "", {"amount": None}),
        ("amount", None, {"amount": None}),
        ("deal_currency_code", "EUR", {"currency": "EUR"}),
        ("closedate", "1782777600000", {"close_date": "2026-06-30"}),
        ("closedate", "2026-06-30T00:00:00Z", {"close_date": "2026-06-30"}),
        ("closedate", "", {"close_date": None}),
        ("hubspot_owner_id", "70", {"owner": "rep@us.example"}),
        ("hs_manual_forecast_category", "BEST_CASE", {"forecast_category": "best_case"}),
        ("hs_manual_forecast_category", "OMIT", {"forecast_category": "omitted"}),
        ("hs_next_step", "Meet their CFO", {"next_step": "Meet their CFO"}),
        ("notes_next_activity_date", "1773144000000", {"next_step_date": "2026-03-10"}),
        ("closed_lost_reason", "too dear", {"lost_reason": "too dear"}),
        ("hs_is_closed_won", "true", {"status": "won"}),
        ("hs_is_closed_lost", "true", {"status": "lost"}),
        ("hs_is_closed", "false", {"status": "open"}),
        ("budget_status", "Approved", {"budget": "confirmed"}),
    ],
)
def test_each_property_in_the_words_of_the_contract(name: str, value: Any, data: dict[str, Any]) -> None:
    assert only(*read(change(name, value)))["data"] == data


def test_that_a_deal_is_not_won_does_not_say_that_it_is_open() -> None:
    for name, value in (("hs_is_closed_won", "false"), ("hs_is_closed_lost", "false"), ("hs_is_closed", "true")):
        (item,) = read(change(name, value))
        assert (item.events, item.refusal) == ((), None)


def test_a_close_date_with_a_time_is_the_day_of_the_accounts_time_zone() -> None:
    settings = HubSpot.model_validate({"time_zone": "Europe/Berlin"})
    assert only(*read(change("closedate", "2026-06-30T22:30:00Z"), settings=settings))["data"] == {
        "close_date": "2026-07-01"
    }


def test_an_amount_has_the_accounts_currency_where_deals_have_none() -> None:
    settings = HubSpot(currency="EUR")
    assert only(*read(change("amount", "5"), settings=settings))["data"] == {"amount": 5.0, "currency": "EUR"}


def test_what_an_import_changed_is_marked() -> None:
    assert only(*read(change("amount", "5", changeSource="IMPORT")))["bulk"] is True
    assert only(*read(change("amount", "5", changeSource="BATCH_UPDATE")))["bulk"] is True
    assert "bulk" not in only(*read(change("amount", "5", changeSource="INTEGRATION")))


def test_a_deal_is_told_in_any_of_hubspots_two_ways() -> None:
    (item,) = read(change("amount", "5", subscriptionType="object.propertyChange", objectTypeId="0-3"))
    assert only(item) == only(*read(change("amount", "5")))


def test_a_second_attempt_is_the_same_event() -> None:
    one, two = read(change("amount", "5"), change("amount", "5", attemptNumber=3, eventId=99))
    assert one.events == two.events


def test_a_deal_begins_is_deleted_and_comes_back() -> None:
    began, gone, back = map(
        only,
        read(
            notification(subscriptionType="deal.creation"),
            notification(subscriptionType="deal.deletion"),
            notification(subscriptionType="deal.restore"),
        ),
    )
    assert (began["id"], began["data"]) == ("deal-17-created", {})
    assert gone["data"] == {"status": "lost", "lost_reason": "deleted in HubSpot"}
    assert back["data"] == {"status": "open", "lost_reason": None}


def test_merged_deals_live_on_in_a_new_one() -> None:
    told = {"primaryObjectId": 17, "mergedObjectIds": [18], "newObjectId": 19, "numberOfPropertiesMoved": 3}
    (item,) = read(notification(subscriptionType="deal.merge", objectId=17, **told))
    assert [event.subject for event in item.events] == ["18", "17"]
    assert {event.data.lost_reason for event in item.events if isinstance(event, events.DealChanged)} == {
        "merged into deal 19 in HubSpot"
    }


def test_merged_deals_live_on_in_the_first_where_there_is_no_new_one() -> None:
    told = {"primaryObjectId": 17, "mergedObjectIds": [18, 20]}
    (item,) = read(notification(subscriptionType="deal.merge", **told))
    assert [event.subject for event in item.events] == ["18", "20"]


@pytest.mark.parametrize(
    "told",
    [
        {"subscriptionType": "contact.creation"},
        {"subscriptionType": "contact.propertyChange", "propertyName": "email", "propertyValue": "a@b.example"},
        {"subscriptionType": "contact.privacyDeletion"},
        {"subscriptionType": "company.propertyChange"},
        {"subscriptionType": "deal.associationChange", "fromObjectId": 17, "toObjectId": 7},
        {"subscriptionType": "object.creation", "objectTypeId": "0-48"},
    ],
)
def test_what_is_only_hinted_at_is_left_to_the_poll(told: dict[str, Any]) -> None:
    (item,) = read(notification(**told))
    assert (item.kind, item.events, item.refusal) == ("left to the poll", (), None)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (notification(subscriptionType="deal.exploded"), "unknown_type"),
        (notification(subscriptionType="spaceship.creation"), "unknown_type"),
        (notification(subscriptionType="object.creation", objectTypeId="2-17"), "unknown_type"),
        (notification(subscriptionType=None), "unknown_type"),
        (change("dealstage", "3001"), "unmapped"),
        (change("hubspot_owner_id", "71"), "unmapped"),
        (change("pipeline", "3001"), "unmapped"),
        (change("amount", "much"), "unreadable"),
        (change("amount", "-5"), "invalid"),
        (change("amount", "NaN"), "unreadable"),
        (change("amount", "1e400"), "unreadable"),
        (change("amount", {"value": 5}), "unreadable"),
        (change("hs_manual_forecast_category", "hope"), "invalid"),
        (change("closedate", "soon"), "time"),
        (notification(), "unreadable"),
        (change("amount", "5", objectId=None), "unreadable"),
        (change("amount", "5", occurredAt=None), "time"),
        (change("amount", "5", occurredAt="yesterday"), "time"),
        (change("amount", "5", occurredAt=0), "time"),
        (change("amount", "5", occurredAt="9" * 30), "time"),
        (change("amount", "5", occurredAt=1772442000), "time"),
        (notification(subscriptionType="deal.merge"), "unreadable"),
        ("a deal", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_the_rest_is_read(told: Any, reason: str) -> None:
    refused, fine = read(told, change("amount", "5"))
    assert refused.refusal is not None
    assert (refused.place, refused.events, refused.refusal.reason) == ("push[0]", (), reason)
    assert orjson.loads(refused.raw) == told
    assert only(fine)["data"] == {"amount": 5.0}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{}", "unreadable"),
        (b"\xff", "not_json"),
        (orjson.dumps([change("amount", "5")] * (MOST_PUSHED + 1)), "too_large"),
    ],
)
def test_what_is_no_list_of_notifications_is_refused_whole(body: bytes, reason: str) -> None:
    (item,) = pushed(body, SETTINGS, "push")
    assert item.refusal is not None
    assert (item.place, item.raw, item.refusal.reason) == ("push", body, reason)


def test_a_hundred_notifications_are_taken() -> None:
    assert len(read(*[change("amount", "5")] * MOST_PUSHED)) == MOST_PUSHED


@pytest.mark.skipif(not CRM.is_dir(), reason="HubSpot's own objects are not at ../shared/data/crm")
@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("webhook_contact_creation.snowplow.json", "left to the poll", None),
        ("webhook_deal_propertyChange.testbutton.json", "a push", "unmapped"),
    ],
)
def test_what_hubspot_itself_pushed_is_read(name: str, kind: str, reason: str | None) -> None:
    (item,) = pushed((CRM / name).read_bytes(), HubSpot(), name)
    assert (item.kind, item.refusal and item.refusal.reason) == (kind, reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.binary() | st.lists(JSON, max_size=5).map(lambda told: orjson.dumps(told)))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert all(isinstance(item, Item) for item in pushed(body, SETTINGS, "push"))


@given(
    st.dictionaries(
        st.sampled_from(
            "subscriptionType objectTypeId objectId occurredAt propertyName propertyValue changeSource "
            "mergedObjectIds primaryObjectId newObjectId".split()
        ),
        JSON
        | st.sampled_from(["deal.propertyChange", "deal.merge", "object.propertyChange", "deal.creation", "0-3"])
        | st.sampled_from(["dealstage", "closedate", "amount", "hubspot_owner_id", "pipeline"])
        | st.integers(1_000_000_000_000, 2_000_000_000_000),
    )
)
def test_any_notification_is_read_or_refused(told: dict[str, Any]) -> None:
    (item,) = read(told)
    assert isinstance(item, Item)
