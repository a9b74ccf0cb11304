"""Mails as they stand on a disk, header by header, right or wrong; and what is read of them."""

from datetime import UTC, datetime

from detectors.core.events import Email, Meeting
from streams.sources.item import Item
from streams.sources.mail.domains import Domains
from streams.sources.mail.reading import read

OURS = Domains(["us.example"])
NOW = datetime(2026, 3, 10, tzinfo=UTC)
SENT = "Tue, 3 Mar 2026 10:00:00 +0100"


def written(
    *headers: str,
    text: str = "Shall we talk?",
    sender: str | None = "Ada <ada@customer.example>",
    to: str | None = "rep@us.example",
    subject: str | None = "Offer",
    date: str | None = SENT,
    id: str | None = "<1@customer.example>",
) -> bytes:
    """A mail from the customer to the rep, with these headers before the others; None leaves one out."""
    usual = {"From": sender, "To": to, "Subject": subject, "Date": date, "Message-ID": id}
    lines = [*headers, *(f"{name}: {value}" for name, value in usual.items() if value is not None)]
    return ("\r\n".join(lines) + "\r\n\r\n" + text).encode("utf-8", "surrogateescape")


def item(raw: bytes, now: datetime | None = NOW, ours: Domains = OURS) -> Item:
    """What is made of a mail."""
    return read(raw, "sales.mbox:1", "mail", ours, now)


def mail_in(raw: bytes, ours: Domains = OURS) -> Email:
    """The mail that was read, and nothing else."""
    read_as = item(raw, ours=ours)
    assert read_as.refusal is None, read_as.refusal
    (event,) = read_as.events
    assert isinstance(event, Email)
    return event


def meeting_in(raw: bytes) -> Meeting:
    """The meeting that a mail is about."""
    mail, meeting = item(raw).events
    assert isinstance(mail, Email)
    assert isinstance(meeting, Meeting)
    return meeting
