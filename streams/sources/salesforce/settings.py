"""What a company's own Salesforce must be told of: names for its ids, its own fields, and how it is reached."""

from ..section import Section


class Salesforce(Section):
    """The section `salesforce` of the connections file."""

    source: str = "salesforce"
