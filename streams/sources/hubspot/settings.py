"""What a company's own HubSpot must be told of: names for its ids, its own fields, and how it is reached."""

from ..section import Section


class HubSpot(Section):
    """The section `hubspot` of the connections file."""

    source: str = "hubspot"
