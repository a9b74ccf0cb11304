"""What tests of mail share: a server of their own."""

from collections.abc import Iterator

import pytest

from tests.streams.sources.mail.dovecot import Dovecot, dovecot


@pytest.fixture
def imap() -> Iterator[Dovecot]:
    """A real IMAP server with nobody's mail on it."""
    with dovecot() as running:
        yield running
