"""A deal's life as events. A change has the same id whoever tells it: `deal-<id>-<property>-<milliseconds>`.

The property's history in the API, a push and a JSON dump all give the change's own milliseconds.
"""

from datetime import datetime
from typing import Any

from detectors.core.events import Event

from ..item import event
from .fields import deal_fields
from .names import Names
from .settings import HubSpot
from .values import milliseconds

# no seller's hand: many deals at once
_BULK = frozenset({"IMPORT", "BATCH_UPDATE"})


def created(deal: str, at: datetime, settings: HubSpot, changed_by: str | None = None) -> Event:
    """The deal began."""
    return _event(f"deal-{deal}-created", deal, at, {}, settings, changed_by)


def changed(
    deal: str, name: str, value: Any, at: datetime, settings: HubSpot, names: Names, changed_by: str | None = None
) -> Event | None:
    """A property took a value; None if it is one that says nothing of the contract. `Refused` if it cannot be read."""
    data = deal_fields(name, value, settings, names)
    if not data:
        return None
    return _event(f"deal-{deal}-{name}-{milliseconds(at)}", deal, at, data, settings, changed_by)


def deleted(deal: str, at: datetime, settings: HubSpot, changed_by: str | None = None) -> Event:
    """The deal was deleted: for the contract, which knows no such thing, it is lost."""
    data = {"status": "lost", "lost_reason": "deleted in HubSpot"}
    return _event(f"deal-{deal}-deleted-{milliseconds(at)}", deal, at, data, settings, changed_by)


def merged(deal: str, into: str, at: datetime, settings: HubSpot) -> Event:
    """The deal was merged into another one, in which it lives on."""
    data = {"status": "lost", "lost_reason": f"merged into deal {into} in HubSpot"}
    return _event(f"deal-{deal}-merged-{milliseconds(at)}", deal, at, data, settings)


def restored(deal: str, at: datetime, settings: HubSpot, changed_by: str | None = None) -> Event:
    """The deal that was deleted is back."""
    data = {"status": "open", "lost_reason": None}
    return _event(f"deal-{deal}-restored-{milliseconds(at)}", deal, at, data, settings, changed_by)


def _event(
    id: str, deal: str, at: datetime, data: dict[str, Any], settings: HubSpot, changed_by: str | None = None
) -> Event:
    more = {"bulk": True} if changed_by in _BULK else {}
    return event(settings.source, id, "crm.deal.changed", at, data, subject=deal, **more)
