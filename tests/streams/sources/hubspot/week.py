"""One week of one company, as its HubSpot has it, and as each of the channels tells it."""

from collections.abc import Iterator
from typing import Any

from streams.sources.item import Row
from tests.streams.sources.hubspot.hubspot_api import Account, Thing, iso, ms

REP, CFO, OPS = "rep@us.example", "cfo@customer.example", "ops@customer.example"
MONDAY = "2026-03-02T09:00:00.000Z"


def week() -> Account:
    """Deal 17 lives on, deal 18 is lost, deal 19 is won."""
    account = Account()
    account.owners = [{"id": "70", "email": REP, "firstName": "Rita", "lastName": "Price", "archived": False}]
    account.archived_owners = [{"id": "71", "email": "ron@us.example", "firstName": "Ron", "lastName": "Gone"}]
    account.pipelines = [
        {
            "id": "default",
            "label": "Sales Pipeline",
            "stages": [
                _stage("appointmentscheduled", "Appointment Scheduled", "false", "0.2"),
                _stage("qualifiedtobuy", "Qualified To Buy", "false", "0.4"),
                _stage("2001", "Security Review", "false", "0.6"),
                _stage("2003", "Not this time", "true", "0.0"),
                _stage("closedwon", "Closed Won", "true", "1.0"),
            ],
        }
    ]
    account.add(
        "deals",
        "17",
        "2026-03-09T15:00:00.000Z",
        createdate=MONDAY,
        dealname=[(MONDAY, "Two hundred seats")],
        pipeline=[(MONDAY, "default")],
        dealstage=[
            (MONDAY, "appointmentscheduled"),
            ("2026-03-03T10:00:00.000Z", "qualifiedtobuy"),
            ("2026-03-09T15:00:00.000Z", "2001"),
        ],
        amount=[(MONDAY, "48000"), ("2026-03-04T10:30:00.000Z", "40000", "IMPORT")],
        deal_currency_code=[(MONDAY, "EUR")],
        closedate=[(MONDAY, "2026-04-30T00:00:00Z"), ("2026-03-05T08:00:00.000Z", "2026-06-30T00:00:00Z")],
        hubspot_owner_id=[(MONDAY, "71"), ("2026-03-03T08:00:00.000Z", "70")],
        hs_next_step=[("2026-03-05T08:00:00.000Z", "Meet their CFO"), ("2026-03-09T15:00:00.000Z", "")],
    )
    account.add(
        "deals",
        "18",
        "2026-03-06T09:00:00.000Z",
        createdate="2026-03-03T09:00:00.000Z",
        dealname=[("2026-03-03T09:00:00.000Z", "Small one")],
        pipeline=[("2026-03-03T09:00:00.000Z", "default")],
        dealstage=[("2026-03-03T09:00:00.000Z", "qualifiedtobuy"), ("2026-03-06T09:00:00.000Z", "2003")],
        hubspot_owner_id=[("2026-03-03T09:00:00.000Z", "70")],
        closed_lost_reason=[("2026-03-06T09:00:00.000Z", "no budget")],
    )
    account.add(
        "deals",
        "19",
        "2026-03-05T09:00:00.000Z",
        createdate="2026-03-03T11:00:00.000Z",
        dealstage=[("2026-03-03T11:00:00.000Z", "2001"), ("2026-03-05T09:00:00.000Z", "closedwon")],
        hubspot_owner_id=[("2026-03-03T11:00:00.000Z", "70")],
    )
    account.add(
        "contacts",
        "7",
        "2026-03-06T09:00:00.000Z",
        createdate="2025-01-10T09:00:00.000Z",
        num_associated_deals="1",
        email=[("2025-01-10T09:00:00.000Z", CFO)],
        firstname=[("2025-01-10T09:00:00.000Z", "Carla")],
        jobtitle=[("2025-01-10T09:00:00.000Z", "Head of Finance"), ("2026-03-06T09:00:00.000Z", "CFO")],
        hs_buying_role=[("2025-01-10T09:00:00.000Z", "BUDGET_HOLDER")],
    )
    account.add(
        "contacts",
        "8",
        MONDAY,
        createdate=MONDAY,
        num_associated_deals="2",
        email=[(MONDAY, OPS)],
        firstname=[(MONDAY, "Olga")],
    )
    account.add(
        "companies",
        "900",
        "2026-01-01T09:00:00.000Z",
        createdate="2024-05-01T09:00:00.000Z",
        num_associated_deals="1",
        name=[("2024-05-01T09:00:00.000Z", "Customer")],
        domain=[("2024-05-01T09:00:00.000Z", "customer.example")],
    )
    account.add(
        "calls",
        "501",
        "2026-03-03T10:20:00.000Z",
        hs_timestamp="2026-03-03T10:00:00Z",
        hs_createdate="2026-03-03T10:20:00.000Z",
        hubspot_owner_id="70",
        hs_call_direction=[("2026-03-03T10:20:00.000Z", "OUTBOUND")],
        hs_call_disposition=[("2026-03-03T10:20:00.000Z", "f240bbac-87c9-4f6e-bf70-924b57d47db7")],
    )
    account.add(
        "meetings",
        "601",
        "2026-03-09T14:05:00.000Z",
        hs_timestamp="2026-03-09T13:00:00Z",
        hs_createdate="2026-03-03T11:00:00.000Z",
        hubspot_owner_id="70",
        hs_meeting_start_time=[
            ("2026-03-03T11:00:00.000Z", "2026-03-06T13:00:00Z"),
            ("2026-03-05T09:00:00.000Z", "2026-03-09T13:00:00Z"),
        ],
        hs_meeting_outcome=[("2026-03-03T11:00:00.000Z", "SCHEDULED"), ("2026-03-09T14:05:00.000Z", "COMPLETED")],
    )
    for id, at, direction, sender, to, subject in (
        ("701", "2026-03-03T08:00:00.000Z", "EMAIL", REP, CFO, "Your offer"),
        ("702", "2026-03-04T08:00:00.000Z", "INCOMING_EMAIL", CFO, REP, "Re: Your offer"),
        ("703", "2026-03-05T08:00:00.000Z", "EMAIL", REP, CFO, "Re: Your offer"),
    ):
        account.add(
            "emails",
            id,
            at,
            hs_timestamp=at,
            hs_createdate=at,
            hs_email_direction=direction,
            hs_email_from_email=sender,
            hs_email_to_email=to,
            hs_email_subject=subject,
            hs_email_thread_id="T-1",
            hs_email_message_id=f"<{id}@mail.example>",
        )
        account.associate("emails", id, "deals", "17")
        account.associate("emails", id, "contacts", "7")
    account.associate("deals", "17", "contacts", "7")
    account.associate("deals", "17", "contacts", "8", None, "Champion")
    account.associate("deals", "18", "contacts", "8")
    account.associate("deals", "17", "companies", "900", "Primary", None)
    for kind, id in (("calls", "501"), ("meetings", "601")):
        account.associate(kind, id, "deals", "17")
        account.associate(kind, id, "contacts", "7")
    return account


def _stage(id: str, label: str, closed: str, probability: str) -> Thing:
    return {"id": id, "label": label, "metadata": {"isClosed": closed, "probability": probability}}


def dumped(account: Account) -> dict[str, list[Row]]:
    """The objects of the API as somebody keeps them in files, with their histories and associations."""
    tables = {
        kind: [
            Row(
                f"{kind}.json[{number}]",
                {
                    "id": each["id"],
                    "properties": each["properties"],
                    "propertiesWithHistory": each["history"],
                    "associations": _associations(account, kind, each["id"]),
                },
            )
            for number, each in enumerate(records.values())
        ]
        for kind, records in account.records.items()
    }
    tables["owners"] = [Row("owners.json[0]", each) for each in (*account.owners, *account.archived_owners)]
    tables["pipelines"] = [Row("pipelines.json[0]", each) for each in account.pipelines]
    return tables


def _associations(account: Account, kind: str, id: str) -> Thing:
    told: Thing = {}
    for (of, to), pairs in account.associations.items():
        others = [(other, label) for one, other, labels in pairs if (of, one) == (kind, id) for label in labels]
        if others:
            told[to] = {"results": [{"id": other, "type": label or f"{of}_to_{to}"} for other, label in others]}
    return told


def exported(account: Account) -> list[Row]:
    """The history of the deals' properties as a table, newest first, in minutes and with labels."""
    labels = {
        **{stage["id"]: stage["label"] for pipeline in account.pipelines for stage in pipeline["stages"]},
        **{each["id"]: each["email"] for each in (*account.owners, *account.archived_owners)},
        "default": "Sales Pipeline",
    }
    return [
        Row(
            f"history.csv:{id}:{name}:{number}",
            {
                "Record ID": id,
                "Property": name,
                "Change date": version["timestamp"][:16].replace("T", " "),
                "Source": version["sourceType"],
            }
            | ({"Value": labels.get(version["value"], version["value"])} if version["value"] else {}),
        )
        for id, deal in account.records["deals"].items()
        for name, versions in (*deal["history"].items(),)
        for number, version in enumerate(versions)
    ]


def pushes(account: Account) -> Iterator[Thing]:
    """What HubSpot would have pushed of the deals."""
    for id, deal in account.records["deals"].items():
        common = {"portalId": 1, "appId": 2, "eventId": 3, "subscriptionId": 4, "attemptNumber": 0, "objectId": int(id)}
        for name, versions in deal["history"].items():
            for version in versions:
                common |= {"occurredAt": ms(version["timestamp"]), "changeSource": version["sourceType"]}
                if name == "createdate":
                    yield {**common, "subscriptionType": "deal.creation", "occurredAt": ms(version["value"])}
                    continue
                value: Any = version["value"]
                if name == "closedate" and value:
                    value = str(ms(value))
                told = {"propertyName": name, "propertyValue": value}
                yield {**common, **told, "subscriptionType": "deal.propertyChange"}


__all__ = ["CFO", "MONDAY", "OPS", "REP", "dumped", "exported", "iso", "ms", "pushes", "week"]
