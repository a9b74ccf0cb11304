"""A mail server on loopback that delivers to a folder: every mail that stallwatch sends can be opened and read."""

import errno
import os
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from streams.demo.processes import DemoUnavailable, free_port, port_is_free

START_SECONDS = 10
LONGEST_NAME = 200


class Mailroom:
    """Keeps each mail as `<recipient>/<n>.eml`, n counting up over all; goes on counting in a used folder."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self._came = threading.Condition()
        self._count = 0
        self._controller: Controller | None = None

    @property
    def address(self) -> str:
        """Host and port, as Alertmanager's `smtp_smarthost` wants it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Raises DemoUnavailable if the port is taken or the folder can't be written."""
        if self._controller is not None:
            return self
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DemoUnavailable(f"cannot write to {self.folder}: {error.strerror or error}") from error
        self._count = max((int(path.stem) for path in self._paths()), default=0)
        controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=START_SECONDS)
        try:
            if not port_is_free(self.port):  # aiosmtpd would tell, but only after all of its time is over
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            controller.start()
        except OSError as error:
            raise DemoUnavailable(f"the mailroom can't listen on {self.address}: {error.strerror or error}") from error
        self._controller = controller
        return self

    def stop(self) -> None:
        """Closes the door; the mails stay."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def count(self) -> int:
        """How many mails have come."""
        return self._count

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """The mails in the order of their arrival; only those to one recipient if `to` is given."""
        by_number = {int(path.stem): path for path in self._paths(to)}
        return [message_from_bytes(by_number[n].read_bytes(), policy=default) for n in sorted(by_number)]

    def wait_for(self, count: int, within: float, to: str | None = None) -> list[EmailMessage]:
        """Blocks until there are `count` mails, and returns them all. Raises TimeoutError after `within` seconds."""
        with self._came:
            if not self._came.wait_for(lambda: len(self._paths(to)) >= count, within):
                raise TimeoutError(f"{len(self._paths(to))} of {count} mails came in {within:.0f} s")
        return self.mails(to)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd calls it with each mail. The sender gets a yes only once the mail is on the disk."""
        content: Any = envelope.content
        try:
            with self._came:
                self._count += 1
                for recipient in dict.fromkeys(envelope.rcpt_tos):
                    box = self.folder / folder_name(recipient)
                    box.mkdir(exist_ok=True)
                    unfinished = box / f"{self._count}.part"
                    unfinished.write_bytes(content)
                    unfinished.rename(box / f"{self._count}.eml")
                self._came.notify_all()
        except OSError as error:
            return f"452 cannot keep the mail: {error.strerror or error}"
        return "250 kept"

    def _paths(self, to: str | None = None) -> list[Path]:
        return list(self.folder.glob("*/*.eml") if to is None else (self.folder / folder_name(to)).glob("*.eml"))


def folder_name(address: str) -> str:
    """One folder's name for an address, whatever the sender wrote there: no separators, no dots in front."""
    name = quote(address.casefold(), safe="@+")
    if name.startswith("."):
        name = "%2E" + name[1:]
    return name[:LONGEST_NAME] or "%00"
