"""Which of a deal's properties are read, and what field of the contract each of them tells."""

from .settings import HubSpot

# The next activity date is HubSpot's own answer to "what is planned": it covers tasks, calls and meetings, and HubSpot
# empties it when nothing lies ahead any more.
DEAL = {
    "dealname": "name",
    "pipeline": "pipeline",
    "dealstage": "stage",
    "amount": "amount",
    "deal_currency_code": "currency",
    "closedate": "close_date",
    "hubspot_owner_id": "owner",
    "hs_manual_forecast_category": "forecast_category",
    "hs_forecast_category": "forecast_category",
    "hs_next_step": "next_step",
    "notes_next_activity_date": "next_step_date",
    "closed_lost_reason": "lost_reason",
    "hs_is_closed": "status",
    "hs_is_closed_won": "status",
    "hs_is_closed_lost": "status",
}


def deal_properties(settings: HubSpot) -> dict[str, str]:
    """The properties of a deal that are read, and the contract's field for each.

    What a company puts onto a field takes the place of what is usually read there.
    """
    taken = set(settings.properties.values())
    told = {name: field for name, field in DEAL.items() if name in settings.properties or field not in taken}
    return {name: field for name, field in {**told, **settings.properties}.items() if field is not None}
