"""The connections of a company, as its connections file names them."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from .connections import Connections, ConnectionsError
from .sources.connection import Connection
from .sources.mail.domains import Domains


def connected(file: Connections, our_domains: Iterable[str], names: Iterable[str]) -> list[Connection]:
    """The connections of these names, or all; `ConnectionsError` for a name that the file does not have, or for none."""
    known = {connection.name: connection for connection in _all(file, Domains(our_domains))}
    wanted = list(names) or list(known)
    if not wanted:
        raise ConnectionsError("no connection is named in the connections file (STALLWATCH_CONNECTIONS)")
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ConnectionsError(f"no connection is named {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return [known[name] for name in wanted]


def _all(file: Connections, ours: Domains) -> Iterator[Connection]:
    from .sources.hubspot.api import HubSpotConnection
    from .sources.mail.imap import ImapConnection
    from .sources.pipedrive.api import PipedriveConnection
    from .sources.salesforce.change_events import ChangeEvents
    from .sources.salesforce.rest import SalesforceConnection

    yield from ()
