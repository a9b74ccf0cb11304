"""Small mails between a customer and us, and what a round of a mailbox gave."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from streams.sources.connection import Batch, Bookmark, Complete
from streams.sources.item import Item
from streams.sources.mail.domains import Domains
from streams.sources.mail.imap import ImapConnection
from streams.sources.mail.settings import Mailbox

NOW = datetime.now(UTC).replace(microsecond=0)
OURS = Domains(["us.example"])


def letter(number: int, text: str = "Shall we talk?", date: datetime | None = None) -> EmailMessage:
    """A mail from the customer to the rep, written so many minutes before now."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Ada <ada@customer.example>"
    mail["To"] = "rep@us.example"
    mail["Subject"] = f"Offer {number}"
    mail["Message-ID"] = f"<{number}@customer.example>"
    mail["Date"] = format_datetime(date or NOW - timedelta(minutes=number))
    mail.set_content(text)
    return mail


def letters(numbers: Iterable[int]) -> list[bytes]:
    """Mails of these numbers as they are sent."""
    return [bytes(letter(number)) for number in numbers]


@dataclass
class Round:
    """What a round gave."""

    batches: list[Batch] = field(default_factory=list)
    complete: Complete | None = None

    @property
    def items(self) -> list[Item]:
        return [item for batch in self.batches for item in batch.items]

    @property
    def ids(self) -> list[str]:
        """The ids of its events, without their domain."""
        return [event.id.partition("@")[0] for item in self.items for event in item.events]

    @property
    def bookmark(self) -> Bookmark:
        return self.batches[-1].bookmark


def connection(section: Mailbox) -> ImapConnection:
    return ImapConnection("mailboxes.rep", section, OURS)


def round_of(section: Mailbox, bookmark: Bookmark | None = None, now: datetime = NOW) -> Round:
    """A whole round, to its end."""
    out = Round()
    for told in connection(section).round(bookmark or {}, now):
        if isinstance(told, Complete):
            assert out.complete is None
            out.complete = told
        else:
            out.batches.append(told)
    return out
