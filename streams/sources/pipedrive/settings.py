"""What a company's own Pipedrive must be told of: names for its ids, its own fields, and how it is reached."""

from ..section import Section


class Pipedrive(Section):
    """The section `pipedrive` of the connections file."""

    source: str = "pipedrive"
