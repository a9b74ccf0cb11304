"""How a mailbox on a server is reached."""

from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from detectors.core.addresses import Address

from ..section import Section

PORTS = {"implicit": 993, "starttls": 143, "none": 143}


class Mailbox(Section):
    """A mailbox that is read by IMAP; `mailbox` is the address that it belongs to, the owner's of its deals.

    Who logs in is `user`, with a password from `password_file`, or with an OAuth2 access token from `token_file`
    (XOAUTH2; whoever renews the token replaces the file: it is read anew in each round).

    `tls` is `implicit` (port 993), `starttls` or `none` (port 143); the server's certificate must be valid for `host`,
    by `ca_file` or the system. Without TLS only this machine is talked to, or, with `allow_plain_text`, any other.

    Without `folders`, all are read but those for junk, trash and drafts; or only the one that holds all mail, where a
    server has it (Gmail). The first round goes back to `since`, without it a year. `timeout_seconds` is how long the
    server may be silent.
    """

    source: str = "mail"
    mailbox: Address
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, gt=0, lt=65_536)
    user: str = Field(min_length=1)
    password_file: Path | None = None
    token_file: Path | None = None
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: Path | None = None
    allow_plain_text: bool = False
    folders: tuple[str, ...] = ()
    since: date | None = None
    timeout_seconds: float = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.password_file is None) == (self.token_file is None):
            raise ValueError("either password_file or token_file is needed")
        if self.tls == "none" and not (self.allow_plain_text or _is_this_machine(self.host)):
            raise ValueError("without TLS others can read the password and the mail: see allow_plain_text")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or PORTS[self.tls]


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
