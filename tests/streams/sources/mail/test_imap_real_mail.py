"""Real mails are the same events from a server as from files."""

from pathlib import Path

import pytest

from streams.sources.mail.files import messages
from streams.sources.mail.reading import read
from tests.streams.sources.mail.dovecot import Dovecot
from tests.streams.sources.mail.letters import NOW, OURS, round_of

REAL = Path(__file__).parents[5] / "shared" / "data" / "mail"


@pytest.mark.skipif(not REAL.is_dir(), reason="the mails of other projects are not at ../shared/data/mail")
def test_real_mails_are_the_same_events_from_a_server_as_from_files(imap: Dovecot) -> None:
    # no server takes a mail of nothing, or one with a NUL; and where an mbox has a line before a mail, it has a date
    files = [
        raw.replace(b"\0", b"?") for path in sorted(REAL.rglob("*")) if path.is_file() for _, raw in messages(path)
    ]
    mails = [mail for raw in files if (mail := raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw).strip()]
    assert len(mails) > 500
    imap.put("INBOX", *mails, came=NOW)
    for mail, item in zip(mails, round_of(imap.section()).items, strict=True):
        told = read(mail, item.place, "mail", OURS, NOW)
        if told.refusal is not None and told.refusal.reason == "time":
            assert [event.time for event in item.events] == [NOW] * len(
                item.events
            )  # only the server knows when it came
        else:
            assert (item.kind, item.events, str(item.refusal)) == (told.kind, told.events, str(told.refusal))
