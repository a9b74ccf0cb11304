"""A mailbox on a real server goes into the inbox of a real Kafka, round after round."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from detectors.core import events
from streams import topics
from streams.publish import Publisher
from streams.settings import Settings
from streams.sources.bookmarks import Bookmarks
from streams.sources.connection import SourceUnavailable
from streams.sources.mail.imap import BATCH
from streams.sources.mail.settings import Mailbox
from streams.sources.poll import Poll, Round
from tests.conftest import RunningBroker
from tests.streams.kafka_records import read, settings_on
from tests.streams.sources.mail.dovecot import Dovecot
from tests.streams.sources.mail.letters import NOW, connection, letters


@pytest.fixture
def settings(broker: RunningBroker, prefix: str) -> Settings:
    told = settings_on(broker.bootstrap, prefix)
    topics.ensure(told)
    return told


@pytest.fixture
def bookmarks(tmp_path: Path) -> Bookmarks:
    return Bookmarks(tmp_path / "bookmarks")


def polled(section: Mailbox, settings: Settings, bookmarks: Bookmarks, now: datetime = NOW) -> Round:
    publisher = Publisher(settings)
    [told] = Poll([connection(section)], publisher, bookmarks).round(now)
    publisher.finish()
    return told


def inbox(settings: Settings) -> list[events.Event]:
    return [events.parse(record.value or b"") for record in read(settings, topics.names(settings)["inbox"])]


def heartbeats(settings: Settings) -> list[tuple[str | None, datetime]]:
    found = [each for each in inbox(settings) if isinstance(each, events.Heartbeat)]
    return sorted((each.data.mailbox, each.data.through) for each in found)


def test_a_mailbox_goes_into_the_inbox_once_and_then_only_its_heartbeat(
    imap: Dovecot, settings: Settings, bookmarks: Bookmarks
) -> None:
    imap.put("INBOX", *letters([1, 2]), b"no mail\r\n\r\n")
    first = polled(imap.section(), settings, bookmarks)
    assert (first.name, first.sent, first.refused, first.problem) == ("mailboxes.rep", 2, 1, None)
    mails = [each for each in inbox(settings) if isinstance(each, events.Email)]
    assert sorted(each.id for each in mails) == ["1@customer.example", "2@customer.example"]
    assert heartbeats(settings) == [("rep@us.example", NOW)]
    assert bookmarks.of("mailboxes.rep")["folders"]["INBOX"]["uid"] == 3

    later = NOW + timedelta(minutes=1)
    assert polled(imap.section(), settings, bookmarks, later).sent == 0
    assert heartbeats(settings) == [("rep@us.example", NOW), ("rep@us.example", later)]
    assert len(inbox(settings)) == 4


def test_what_is_refused_is_a_dead_letter_with_its_headers_and_place(
    imap: Dovecot, settings: Settings, bookmarks: Bookmarks
) -> None:
    imap.put("INBOX", b"Subject: from nobody\r\n\r\nA canary in the text\r\n")
    polled(imap.section(), settings, bookmarks)
    [letter] = read(settings, topics.names(settings)["dead_letters"])
    assert (letter.value or b"").startswith(b"Subject: from nobody")
    assert b"canary" not in (letter.value or b"")
    assert any(b"rep@us.example INBOX uid 1" in value for _, value in letter.headers)


def test_a_server_that_dies_leaves_what_was_sent_and_no_heartbeat_and_the_next_round_goes_on(
    imap: Dovecot, settings: Settings, bookmarks: Bookmarks
) -> None:
    imap.put("INBOX", *letters(range(BATCH + 1)))
    publisher = Publisher(settings)
    [told] = Poll([connection(imap.section())], publisher, bookmarks, lambda *_: imap.stop()).round(NOW)
    publisher.finish()
    assert isinstance(told.problem, SourceUnavailable)
    assert told.sent == BATCH
    assert heartbeats(settings) == []
    imap.start()
    assert polled(imap.section(), settings, bookmarks).sent == 1
    assert len({each.ref for each in inbox(settings)}) == BATCH + 2
    assert len(inbox(settings)) == BATCH + 2
