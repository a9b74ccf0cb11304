"""What a connections file names is what is polled."""

from pathlib import Path

import pytest

from streams.settings import Kafka
from streams.sources.connections import Connections, ConnectionsError, read
from streams.sources.live import connected
from streams.sources.mail.domains import Domains

OURS = Domains(["us.example"])


def names(file: Connections, *wanted: str) -> list[str]:
    return [each.name for each in connected(file, Kafka(), OURS, wanted)]


def test_everything_that_says_how_it_is_reached_is_polled() -> None:
    shipped = read(Path("deploy/connections.yaml"))
    assert names(shipped) == ["mailboxes.ann", "salesforce", "hubspot", "pipedrive"]
    topics = {"change_events": {"topics": ["salesforce.OpportunityChangeEvent"]}}
    assert names(Connections.model_validate({"salesforce": topics})) == ["salesforce.change_events"]


def test_those_that_are_named_are_polled_once_each_in_that_order() -> None:
    shipped = read(Path("deploy/connections.yaml"))
    assert names(shipped, "pipedrive", "mailboxes.ann", "pipedrive") == ["pipedrive", "mailboxes.ann"]


def test_a_name_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConnectionsError, match=r"'mailbox.ann'; did you mean mailboxes\.ann\?"):
        names(read(Path("deploy/connections.yaml")), "mailbox.ann")


def test_where_none_is_near_all_names_are_told() -> None:
    with pytest.raises(ConnectionsError, match=r"'x'; there are hubspot, mailboxes\.ann, pipedrive, salesforce"):
        names(read(Path("deploy/connections.yaml")), "x")


def test_a_section_that_lacks_how_it_is_reached_is_said_not_to() -> None:
    known_by_name = Connections.model_validate({"pipedrive": {"company_domain": "us-example"}})
    with pytest.raises(ConnectionsError, match="pipedrive: the connections file does not say how it is reached"):
        names(known_by_name, "pipedrive")


def test_names_for_exports_alone_are_nothing_to_poll() -> None:
    with pytest.raises(ConnectionsError, match="nothing that could be polled"):
        names(Connections.model_validate({"hubspot": {"stages": {"1": "Demo"}}}))


def test_where_change_events_are_read_salesforce_is_not_polled_beside_them() -> None:
    reached = {"instance_url": "https://us.my.salesforce.com", "access_token_file": "/run/secrets/token"}
    both = reached | {"change_events": {"topics": ["salesforce.OpportunityChangeEvent"]}}
    assert names(Connections.model_validate({"salesforce": reached})) == ["salesforce"]
    assert names(Connections.model_validate({"salesforce": both})) == ["salesforce.change_events"]
    with pytest.raises(ConnectionsError, match=r"did you mean salesforce\.change_events\?"):
        names(Connections.model_validate({"salesforce": both}), "salesforce")
