"""The connections of a company, as its connections file names them."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from ..settings import Kafka
from .connection import Connection
from .connections import Connections, ConnectionsError
from .hubspot.api import HubSpotConnection
from .mail.domains import Domains
from .mail.imap import ImapConnection
from .pipedrive.api import PipedriveConnection
from .salesforce.change_topics import ChangeTopics
from .salesforce.rest import SalesforceConnection


def connected(file: Connections, kafka: Kafka, ours: Domains, names: Iterable[str]) -> list[Connection]:
    """The connections of these names, or all of them.

    `ConnectionsError` for a name that the file does not have, or if it has none at all; `SourceRefused` for one that
    lacks what it needs.
    """
    known = {connection.name: connection for connection in _all(file, kafka, ours)}
    wanted = list(names) or list(known)
    if not wanted:
        raise ConnectionsError("the connections file (STALLWATCH_CONNECTIONS) has nothing that could be polled")
    for name in wanted:
        if name not in known:
            raise ConnectionsError(_unknown(name, known))
    return [known[name] for name in dict.fromkeys(wanted)]


def _unknown(name: str, known: Iterable[str]) -> str:
    """Why nothing is polled by this name, and what could be."""
    names = sorted(known)
    near = [each for each in names if each.startswith(f"{name}.")]
    if not near and name in Connections.model_fields:
        return f"{name}: the connections file does not say how it is reached, so it cannot be polled"
    near = near or get_close_matches(name, names, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
    return f"no connection is named {name!r}; {meant}"


def _all(file: Connections, kafka: Kafka, ours: Domains) -> Iterator[Connection]:
    for name, mailbox in file.mailboxes.items():
        yield ImapConnection(f"mailboxes.{name}", mailbox, ours)
    rest = SalesforceConnection(file.salesforce) if file.salesforce.is_reached else None
    if file.salesforce.change_events is not None:
        # it fetches whatever no topic brings: a poll beside it would only ask twice
        yield ChangeTopics(file.salesforce, kafka.client(), rest)
    elif rest is not None:
        yield rest
    if file.hubspot.token_file is not None:
        yield HubSpotConnection(file.hubspot)
    if file.pipedrive.token_file is not None:
        yield PipedriveConnection(file.pipedrive)
