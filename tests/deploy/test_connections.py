"""The connections file that is shipped as an example: it can be read, and shows what there is."""

from pathlib import Path

from streams.sources.connections import read


def test_it_is_accepted_and_has_every_kind_of_connection() -> None:
    told = read(Path("deploy/connections.yaml"))
    assert list(told.mailboxes) == ["ann"]
    assert told.salesforce.is_reached
    assert told.hubspot.token_file
    assert told.hubspot.secret_file
    assert told.pipedrive.token_file
    assert told.pipedrive.password_file
