"""What a deal's properties are in the contract."""

from typing import Any

from detectors.core.events import Refused

from .portal import Portal
from .values import amount, day, text_of

_DATES = frozenset({"close_date", "next_step_date", "deadline", "paused_until"})
_CHOICES = frozenset({"status", "forecast_category", "budget", "need"})
_FORECASTS = {
    "omit": "omitted",
    "not_forecasted": "omitted",
    "most_likely": "best_case",
    "closed_won": "closed",
}
# what each mark of closing says by itself: a deal that is not won may be open or lost
CLOSINGS = {
    "hs_is_closed": {"false": "open"},
    "hs_is_closed_won": {"true": "won"},
    "hs_is_closed_lost": {"true": "lost"},
}
_MARKS = {"true": "true", "yes": "true", "false": "false", "no": "false"}


def mark(value: Any) -> str:
    """A yes or no as `true` or `false`, "" if it is neither."""
    return _MARKS.get(str(value).strip().lower(), "") if isinstance(value, str | bool) else ""


def deal_fields(name: str, value: Any, portal: Portal) -> dict[str, Any]:
    """What a property's value says in the contract: nothing, if nobody reads it. `Refused` if it cannot be read."""
    settings = portal.settings
    field = portal.properties.get(name)
    if field is None:
        return {}
    text = text_of(value)
    text = settings.values.get(name, {}).get(text, text)
    if name in CLOSINGS:
        status = CLOSINGS[name].get(mark(text))
        return {"status": status} if status else {}
    if not text:
        return {field: None}
    try:
        return _read(field, text, portal)
    except Refused as refused:
        raise Refused(refused.reason, f"{name}: {refused}") from None


def _read(field: str, text: str, portal: Portal) -> dict[str, Any]:
    match field:
        case "stage":
            status = portal.status(text)
            return {"stage": portal.stage(text), **({"status": status} if status else {})}
        case "pipeline":
            return {"pipeline": portal.pipeline(text)}
        case "owner":
            return {"owner": portal.owner(text)}
        case "amount":
            currency = {"currency": portal.settings.currency} if portal.settings.currency else {}
            return {"amount": amount(text), **currency}
        case "currency":
            return {"currency": text.upper()}
        case _ if field in _DATES:
            return {field: day(text, portal.settings)}
        case _ if field in _CHOICES:
            choice = "_".join(text.casefold().replace("-", " ").split())
            return {field: _FORECASTS.get(choice, choice)}
        case _:
            return {field: text}
