"""How a mailbox on a server is reached."""

from pathlib import Path

from detectors.core.addresses import Address

from ..section import Section


class Mailbox(Section):
    """A mailbox that is read by IMAP; `mailbox` is the address that it belongs to."""

    source: str = "mail"
    mailbox: Address
    host: str
    user: str
    password_file: Path
    folders: tuple[str, ...] = ()
