"""How Salesforce's fields are told in the contract's words.

`StageName` tells a stage and, by the stages that are closed, a status. `OwnerId` is told as the user's address,
`AccountId` as the account's name and the domain of its website, a record type as the pipeline. A standard org has no
field for the date of the next step, need, budget, deadline or the reason of a loss: own fields are put onto them in the
settings. Tasks that are still to be done are no next step: a deal has many of them, nobody says which one is agreed
with the buyer, and the date of one would hide that another is overdue.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from detectors.core import events
from detectors.core.events import Refused

from .known import Known, domains
from .settings import Salesforce, words_of
from .values import amount, an_id, day, shown

DEAL = {
    "Name": "name",
    "StageName": "stage",
    "Amount": "amount",
    "CurrencyIsoCode": "currency",
    "CloseDate": "close_date",
    "OwnerId": "owner",
    "AccountId": "account",
    "ForecastCategoryName": "forecast_category",
    "NextStep": "next_step",
    "RecordTypeId": "pipeline",
}
# what a deal is and whose, from its beginning unless a history says otherwise; nothing is counted from when it was told
STANDING = frozenset({"name", "currency", "owner", "team", "segment", "account", "pipeline"})
# other names for the same: in a history of fields, beside a record that refers to another, and in reports
SAME = {
    "Owner": "OwnerId",
    "Owner.Email": "OwnerId",
    "Account": "AccountId",
    "RecordType": "RecordTypeId",
    "RecordType.Name": "RecordTypeId",
    "ForecastCategory": "ForecastCategoryName",
    "Stage": "StageName",
    "Close Date": "CloseDate",
    "Next Step": "NextStep",
    "Forecast Category": "ForecastCategoryName",
    "Opportunity Owner": "OwnerId",
    "Opportunity Name": "Name",
}
DATES = frozenset({"close_date", "next_step_date", "deadline", "paused_until"})
FORECASTS = {
    "omitted": "omitted",
    "pipeline": "pipeline",
    "best case": "best_case",
    "bestcase": "best_case",
    "most likely": "best_case",
    "mostlikely": "best_case",
    "commit": "commit",
    "forecast": "commit",
    "closed": "closed",
}
ROLES = {
    "business user": "end_user",
    "champion": "champion",
    "decision maker": "decision_maker",
    "economic buyer": "economic_buyer",
    "economic decision maker": "economic_buyer",
    "end user": "end_user",
    "evaluator": "influencer",
    "executive sponsor": "executive_sponsor",
    "influencer": "influencer",
    "legal": "legal",
    "procurement": "procurement",
    "purchasing": "procurement",
    "technical buyer": "influencer",
}
_WORDS = {"forecast_category": FORECASTS}


class Fields:
    """The fields of an opportunity, as this company uses them."""

    def __init__(self, settings: Salesforce, known: Known) -> None:
        own = settings.fields
        self.settings = settings
        self.known = known
        self.names = {name: mine for name, mine in DEAL.items() if mine not in own.values() and name not in own} | dict(
            own
        )

    def named(self, field: str) -> str | None:
        """The field's name among ours; None if nothing is told of it."""
        name = SAME.get(field, field)
        return name if name in self.names else None

    def current(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What an opportunity's row says of the fields that are told, by their names."""
        found = {name: row[name] for name in self.names if name in row}
        for other, name in SAME.items():
            if name in self.names and name not in found and other in row:
                found[name] = row[other]
        if "CurrencyIsoCode" in self.names and "CurrencyIsoCode" not in found and self.settings.currency:
            found["CurrencyIsoCode"] = self.settings.currency
        return found

    def part(self, field: str, value: Any) -> dict[str, Any]:
        """What one field's value says of the deal; `Refused` names the field if it says nothing that is known."""
        mine = self.names[field]
        value = self._translated(field, value)
        if value is None:
            return {mine: None}
        if mine == "stage":
            stage = str(value).strip()
            return {"stage": self.settings.stages.get(stage, stage), "status": self.known.status(stage)}
        if mine == "account":
            return {"account": account(an_id(value, field), self.known, self.settings)}
        return {mine: self._plain(field, mine, value)}

    def _plain(self, field: str, mine: str, value: Any) -> Any:
        if mine in DATES:
            return day(value, field, self.settings)
        if mine == "amount":
            return amount(value, field)
        if mine == "owner":
            return self.known.owner(value, field)
        if mine == "pipeline":
            return self.known.pipeline(value, field) if field == "RecordTypeId" else self._renamed(value)
        if mine == "currency":
            return str(value).strip().upper()
        return chosen(field, mine, value, events.DealFields, _WORDS.get(mine, {}))

    def _renamed(self, value: Any) -> str:
        name = str(value).strip()
        return self.settings.pipelines.get(name, name)

    def _translated(self, field: str, value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return self.settings.values.get(field, {}).get(str(value).strip(), value)


def account(id: str, known: Known, settings: Salesforce) -> dict[str, Any]:
    """An account as it is known."""
    told: dict[str, Any] = {"id": id}
    row = known.accounts.get(id)
    if row is None:
        return told
    if row.fields.get("Name"):
        told["name"] = str(row.fields["Name"])
    if found := domains(row.fields.get("Website") or ""):
        told["domains"] = found
    for name, mine in settings.account_fields.items():
        if (value := row.fields.get(name)) is not None:
            value = settings.values.get(name, {}).get(str(value), value)
            told[mine] = chosen(name, mine, value, events.Account)
    return told


def chosen(field: str, mine: str, value: Any, of: type[Any], words: Mapping[str, str] | None = None) -> Any:
    """A word of a short list as the list has it, another text as it is; `Refused` if the list has no such word."""
    listed = words_of(of, mine)
    if not listed:
        return str(value).strip() if not isinstance(value, (list, dict)) else _refuse(field, value, ("text",))
    plain = " ".join(str(value).replace("_", " ").split()).casefold()
    word = (words or {}).get(plain, plain.replace(" ", "_"))
    return word if word in listed else _refuse(field, value, listed)


def roles(role: object, settings: Salesforce) -> list[str]:
    """The roles that a contact role stands for; one that has no word in the contract is another."""
    if role is None or not str(role).strip():
        return []
    word = settings.values.get("Role", {}).get(str(role).strip(), str(role))
    plain = " ".join(word.replace("_", " ").split()).casefold()
    return [
        ROLES.get(plain) or (plain.replace(" ", "_") if plain.replace(" ", "_") in get_args(events.Role) else "other")
    ]


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several parts as one."""
    told: dict[str, Any] = {}
    for part in parts:
        told |= part
    return told


def _refuse(field: str, value: Any, listed: tuple[str, ...]) -> Any:
    raise Refused("unmapped", f"{field}: {shown(value)} is none of {', '.join(listed)}; name it in values")
