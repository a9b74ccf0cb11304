"""A small company's Pipedrive: what people do in it, and how that looks in its API, its pushes and its exports."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from werkzeug import Request, Response

from .reading import SEGMENT

TOKEN = "a-token-that-nobody-says"
USERS = [
    {"id": 7, "name": "Rae Pratt", "email": "rep@us.example", "activated": True, "is_you": True},
    {"id": 9, "name": "Amy Alder", "email": "amy@us.example", "activated": True, "is_you": False},
]
STAGES = [
    {"id": id, "name": name, "order_nr": id, "pipeline_id": 1}
    for id, name in enumerate(["Discovery", "Demo", "Proposal"], start=1)
]
PIPELINES = [{"id": 1, "name": "Sales", "order_nr": 1, "is_deal_probability_enabled": True}]
FIELDS = [
    {
        "field_code": SEGMENT,
        "field_name": "Segment",
        "field_type": "enum",
        "options": [{"id": 41, "label": "Enterprise"}],
    }
]


def at(moment: str) -> datetime:
    """A moment of March 2026: `04 10:30`."""
    return datetime.strptime(f"2026-03-{moment}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def z(moment: datetime) -> str:
    """A moment as version 2 writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Company:
    """Begins with a customer and two people of theirs."""

    def __init__(self) -> None:
        self.pushes: list[dict[str, Any]] = []
        self.deals: dict[int, dict[str, Any]] = {}
        self.activities: dict[int, dict[str, Any]] = {}
        self.log: dict[int, list[dict[str, Any]]] = {}
        self.organizations = {
            5: {"id": 5, "name": "Customer", "website": "https://www.customer.example", "owner_id": 7}
        }
        self.persons = {
            31: _person(31, "Bo Boss", "boss@customer.example", "CEO"),
            32: _person(32, "Uma User", "user@customer.example", "Clerk"),
        }
        self.participants: dict[int, list[int]] = {}

    def deal(self, moment: str, id: int, **fields: Any) -> None:
        """Somebody adds a deal."""
        begun = at(moment)
        common = {
            "title": f"Deal {id}",
            "value": 0,
            "currency": "EUR",
            "status": "open",
            "stage_id": 1,
            "pipeline_id": 1,
        }
        empty = dict.fromkeys("expected_close_date lost_reason stage_change_time won_time lost_time close_time".split())
        ours = {
            "owner_id": 7,
            "person_id": 31,
            "org_id": 5,
            "custom_fields": {},
            "is_deleted": False,
            "is_archived": False,
        }
        self.deals[id] = {"id": id, **common, **empty, **ours, **fields, "add_time": z(begun), "update_time": z(begun)}
        self.log[id] = []
        self._logged(begun, id, "add_time", None, z(begun))
        self._push(begun, "create", "deal", id, {**self.deals[id], "update_time": None}, None)

    def change(self, moment: str, id: int, **fields: Any) -> None:
        """Somebody changes a deal's fields at once."""
        when, deal = at(moment), self.deals[id]
        before = {key: deal[key] for key in fields}
        deal |= {**fields, "update_time": z(when)}
        if "stage_id" in fields:
            deal["stage_change_time"] = z(when)
        if fields.get("status") in ("won", "lost"):
            deal |= {f"{fields['status']}_time": z(when), "close_time": z(when)}
        for key, value in fields.items():
            self._logged(when, id, key, before[key], value)
        self._push(when, "change", "deal", id, deal, before)

    def delete(self, moment: str, id: int) -> None:
        """Somebody deletes a deal."""
        when, before = at(moment), dict(self.deals[id])
        self.deals[id] |= {"status": "deleted", "is_deleted": True, "update_time": z(when)}
        self._logged(when, id, "status", before["status"], "deleted")
        self._push(when, "delete", "deal", id, None, before)

    def activity(self, moment: str, id: int, deal: int, type: str, due: str, **fields: Any) -> None:
        """Somebody plans an activity; `due` is a day of the month, and a time if there is one."""
        when = at(moment)
        day, _, time = due.partition(" ")
        common = {"deal_id": deal, "person_id": 31, "owner_id": 7, "done": False, "marked_as_done_time": None}
        planned = {"due_date": f"2026-03-{day}", "due_time": f"{time}:00" if time else None, "subject": f"{type} {id}"}
        times = {"add_time": z(when), "update_time": z(when), "is_deleted": False}
        people = {"participants": [{"person_id": 31, "primary": True}], "attendees": None}
        self.activities[id] = {"id": id, "type": type, **common, **planned, **times, **people, **fields}
        self._push(when, "create", "activity", id, self.activities[id], None)

    def done(self, moment: str, id: int) -> None:
        """Somebody calls an activity done."""
        when, activity = at(moment), self.activities[id]
        activity |= {"done": True, "update_time": z(when), "marked_as_done_time": z(when)}
        self._push(when, "change", "activity", id, activity, {"done": False, "marked_as_done_time": None})

    def flow(self, id: int) -> list[dict[str, Any]]:
        """A deal's log of changes as version 1 gives it, newest first."""
        return [
            {"object": "dealChange", "timestamp": each["log_time"], "data": {**each, "item_id": id, "user_id": 7}}
            for each in reversed(self.log[id])
        ]

    def csv(self) -> bytes:
        """The list of deals, exported."""
        out = io.StringIO(newline="")
        columns = {
            "Deal - ID": lambda deal: deal["id"],
            "Deal - Title": lambda deal: deal["title"],
            "Deal - Stage": lambda deal: STAGES[deal["stage_id"] - 1]["name"],
            "Deal - Pipeline": lambda _: "Sales",
            "Deal - Status": lambda deal: deal["status"].capitalize(),
            "Deal - Value": lambda deal: deal["value"],
            "Deal - Currency": lambda deal: deal["currency"],
            "Deal - Owner": lambda deal: next(user["name"] for user in USERS if user["id"] == deal["owner_id"]),
            "Deal - Expected close date": lambda deal: deal["expected_close_date"],
            "Deal - Deal created": lambda deal: _v1(deal["add_time"]),
            "Deal - Update time": lambda deal: _v1(deal["update_time"]),
            "Deal - Last stage change": lambda deal: _v1(deal["stage_change_time"]),
            "Deal - Won time": lambda deal: _v1(deal["won_time"]),
            "Deal - Lost time": lambda deal: _v1(deal["lost_time"]),
            "Deal - Lost reason": lambda deal: deal["lost_reason"],
            "Deal - Organization": lambda _: "Customer",
            "Deal - Contact person": lambda deal: self.persons[deal["person_id"]]["name"],
            "Person - Email - Work": lambda deal: self.persons[deal["person_id"]]["emails"][0]["value"],
        }
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([tell(deal) for tell in columns.values()] for deal in self.deals.values())
        return out.getvalue().encode()

    def _logged(self, when: datetime, id: int, key: str, old: object, new: object) -> None:
        names = {each["id"]: each["name"] for each in STAGES}
        more = (
            {"old_value_formatted": names.get(old), "new_value_formatted": names.get(new)} if key == "stage_id" else []
        )
        values = {
            "old_value": _text(old),
            "new_value": _text(new),
            "additional_data": more,
            "is_bulk_update_flag": None,
        }
        number = sum(map(len, self.log.values())) + 1
        self.log[id].append({"id": number, "field_key": key, "log_time": _v1(z(when)), **values})

    def _push(self, when: datetime, action: str, entity: str, id: int, data: Any, previous: Any) -> None:
        # the clock of whoever pushes is a little behind that of whoever keeps
        stamp = when.strftime("%Y-%m-%dT%H:%M:%S.426Z")
        meta = {
            "action": action,
            "entity": entity,
            "entity_id": str(id),
            "id": f"u-{len(self.pushes)}",
            "version": "2.0",
        }
        self.pushes.append(
            orjson.loads(orjson.dumps({"meta": {**meta, "timestamp": stamp}, "data": data, "previous": previous}))
        )


class Served:
    """The API of a company, as strict as it is said to be."""

    ALLOWED = frozenset(
        "limit cursor start status updated_since sort_by sort_direction include_fields items "
        "ids deal_id person_id".split()
    )

    def __init__(self, company: Company, page: int = 2) -> None:
        self.company, self.page = company, page
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        self.asked.append(request.full_path.rstrip("?"))
        if request.headers.get("x-api-token") != TOKEN or "Authorization" in request.headers:
            return _answer({"success": False, "error": "unauthorized access"}, 401)
        query = request.args
        if not set(query) <= self.ALLOWED:
            return _answer({"success": False, "error": f"unknown parameter in {list(query)}"}, 400)
        version, *path = request.path.removeprefix("/api/").split("/")
        if version == "v1" and path == ["users"]:
            return _answer({"success": True, "data": USERS})
        if version == "v1" and path[0] == "deals" and path[2:] == ["flow"]:
            return self._flow(int(path[1]), int(query.get("start", 0)))
        things = list(self._things("/".join(path), query))
        if query.get("sort_by") == "update_time":
            things.sort(key=lambda thing: (thing["update_time"], thing["id"]))
        start = int(query.get("cursor", "c0")[1:])
        end = start + self.page
        following = f"c{end}" if end < len(things) else None
        return _answer({"success": True, "data": things[start:end], "additional_data": {"next_cursor": following}})

    def _things(self, what: str, query: Any) -> Iterator[dict[str, Any]]:
        company = self.company
        lists: dict[str, list[dict[str, Any]]] = {
            "deals": [deal for deal in company.deals.values() if not deal["is_archived"]],
            "deals/archived": [deal for deal in company.deals.values() if deal["is_archived"]],
            "activities": list(company.activities.values()),
            "persons": list(company.persons.values()),
            "organizations": list(company.organizations.values()),
            "stages": STAGES,
            "pipelines": PIPELINES,
            "dealFields": FIELDS,
        }
        ids = {int(id) for id in query["ids"].split(",")} if "ids" in query else None
        for thing in lists[what]:
            if ids is not None and thing["id"] not in ids:
                continue
            if "updated_since" in query and thing["update_time"] < query["updated_since"]:
                continue
            if "status" in query and thing["status"] not in query["status"].split(","):
                continue
            if what == "persons" and "deal_id" in query:
                deal = int(query["deal_id"])
                if thing["id"] not in (company.deals[deal]["person_id"], *company.participants.get(deal, ())):
                    continue
            if what == "activities" and "deal_id" in query and thing["deal_id"] != int(query["deal_id"]):
                continue
            if what == "deals" and "person_id" in query and thing["person_id"] != int(query["person_id"]):
                continue
            yield thing

    def _flow(self, id: int, start: int) -> Response:
        flow = self.company.flow(id)
        end = start + self.page
        more = end < len(flow)
        paging = {"start": start, "limit": self.page, "more_items_in_collection": more}
        paging |= {"next_start": end} if more else {}
        return _answer({"success": True, "data": flow[start:end] or None, "additional_data": {"pagination": paging}})


def a_quarter() -> Company:
    """Three deals: one is pushed on and won, one slides and is silent, one is deleted."""
    us = Company()
    for _ in days(us):
        pass
    return us


def days(us: Company) -> Iterator[None]:
    """What happens in it, one thing after the other."""
    us.deal("02 09:00", 8, title="Shelves", value=12000, expected_close_date="2026-03-20", custom_fields={SEGMENT: 41})
    yield
    us.deal("02 10:00", 9, title="Racks", value=500, owner_id=9, person_id=32, expected_close_date="2026-03-13")
    yield
    us.deal("03 09:00", 10, title="The same again")
    yield
    us.activity("03 10:00", 1, 8, "meeting", "05 13:00")
    yield
    us.activity("03 11:00", 2, 9, "call", "06")
    yield
    us.change("04 10:30", 8, stage_id=2)
    yield
    us.delete("04 11:00", 10)
    yield
    us.done("05 15:00", 1)
    yield
    us.change("06 09:00", 8, value=9000, expected_close_date="2026-03-27")
    yield
    us.done("06 16:20", 2)
    yield
    us.change("09 09:00", 9, stage_id=2, expected_close_date="2026-03-24")
    yield
    us.activity("09 09:30", 3, 9, "task", "12")
    yield
    us.activity("09 09:40", 4, 9, "deadline", "18")
    yield
    us.change("10 09:00", 9, expected_close_date="2026-03-31", owner_id=7)
    yield
    us.change("16 12:00", 8, stage_id=3)
    yield
    us.change("20 16:00", 8, status="won")
    yield


def _person(id: int, name: str, mail: str, title: str) -> dict[str, Any]:
    times = {"add_time": "2025-01-07T08:00:00Z", "update_time": "2025-11-03T08:00:00Z"}
    first, last = name.split()
    mails = [{"value": mail, "primary": True, "label": "work"}]
    names = {"name": name, "first_name": first, "last_name": last, "job_title": title}
    return {"id": id, **names, "emails": mails, "org_id": 5, **times}


def _answer(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, content_type="application/json")


def _v1(moment: str | None) -> str | None:
    return moment and moment.replace("T", " ").rstrip("Z")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
