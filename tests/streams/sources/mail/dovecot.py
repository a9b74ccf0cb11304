"""A real IMAP server of a test's own, on loopback, with its mail and all else that it writes in one folder."""

import base64
import hashlib
import hmac
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

import orjson
import pytest
from imapclient import IMAPClient

from streams.demo.processes import Child, free_port, port_is_free
from streams.sources.mail.settings import Mailbox
from tests.needs import require

_SENT = re.compile(r"Info: Disconnected: .* out=(\d+)")
PASSWORD = "s3cret-Gänsefüßchen"
TOKEN_KEY = b"the key of a test's own tokens"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:~/mail:LAYOUT=fs
# a test counts every login
auth_failure_delay = 0
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = {plain_is_refused}
auth_mechanisms = plain xoauth2
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {folder}/passwords
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
  separator = /
  {special}
  {more}
}}
"""

SPECIAL = """
  mailbox Drafts {
    special_use = \\Drafts
    auto = create
  }
  mailbox Müll {
    special_use = \\Junk
    auto = create
  }
  mailbox Sent {
    special_use = \\Sent
    auto = create
  }
  mailbox Trash {
    special_use = \\Trash
    auto = create
  }
"""


class Dovecot:
    """Started and stopped as a context. Anybody has a mailbox here whose name stands in `passwords`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        as_root = os.geteuid() == 0
        # nobody's mail is root's, says Dovecot: as root it runs as nobody
        uid, gid = (65534, 65534) if as_root else (os.geteuid(), os.getegid())
        self._owner = (uid, gid) if as_root else None
        self._settings = {"plain_is_refused": "yes", "special": SPECIAL, "more": "", **settings}
        self._names = {"user": _name("passwd", uid), "group": _name("group", gid), "uid": uid, "gid": gid}
        self._child = Child("dovecot", [_program(), "-F", "-c", folder / "dovecot.conf"], folder / "log")

    def start(self) -> Self:
        for name in ("run", "state", "home", "keys/default/HS256"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if self._owner:
            os.chown(self.folder / "home", *self._owner)
        _certificate(self.folder)
        (self.folder / "passwords").write_text(
            "".join(f"{name}@us.example:{{PLAIN}}{PASSWORD}\n" for name in ("rep", "boss", "colleague"))
        )
        (self.folder / "keys/default/HS256/default").write_bytes(base64.b64encode(TOKEN_KEY))
        (self.folder / "oauth2.conf").write_text(
            "introspection_mode = local\nusername_attribute = email\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/keys/\n"
        )
        told = CONFIG.format(
            folder=self.folder, port=self.port, tls_port=self.tls_port, **self._names, **self._settings
        )
        (self.folder / "dovecot.conf").write_text(told)
        self._child.start().wait_until(lambda: not port_is_free(self.tls_port), within=30)
        return self

    def stop(self) -> None:
        """At once: whoever is connected is cut off."""
        self._child.kill()

    def sessions(self, count: int) -> list[int]:
        """Of so many sessions that have been closed, how many bytes each was sent; fails if there were more."""
        self._child.wait_until(lambda: len(_SENT.findall(self.log)) >= count, within=30)
        assert self.log.count("Info: Login: user=") == count
        return [int(sent) for sent in _SENT.findall(self.log)]

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text()

    def section(self, name: str = "rep", **more: Any) -> Mailbox:
        """How the mailbox of somebody@us.example is reached."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        told = {
            "mailbox": f"{name}@us.example",
            "host": "localhost",
            "port": self.tls_port,
            "user": f"{name}@us.example",
            "ca_file": self.folder / "cert.pem",
            "timeout_seconds": 20,
            "password_file": password,
        }
        return Mailbox.model_validate(told | more)

    @contextmanager
    def client(self, name: str = "rep") -> Iterator[IMAPClient]:
        """A mail program that somebody uses."""
        trust = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        with IMAPClient("localhost", self.tls_port, ssl_context=trust, timeout=20) as client:
            client.normalise_times = False
            client.plain_login(f"{name}@us.example", PASSWORD)
            yield client

    def put(self, folder: str, *mails: bytes, name: str = "rep", came: datetime | None = None, **more: Any) -> None:
        """Put mails into a folder, as if they had come now, or then."""
        with self.client(name) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            told = {"date": came, **more} if came else more
            client.multiappend(folder, [{"msg": mail, **told} for mail in mails])


@contextmanager
def dovecot(**settings: str) -> Iterator[Dovecot]:
    """A server that is stopped and forgotten at the end."""
    # sockets have short names, and who is not root must come to them
    folder = Path(tempfile.mkdtemp(prefix="stallwatch-dovecot-"))
    folder.chmod(0o755)
    server = Dovecot(folder, **settings)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder)


def token(key: bytes = TOKEN_KEY, name: str = "rep", expires_in: int = 3600) -> str:
    """An OAuth2 access token, signed with the key that the server knows."""
    now = int(time.time())
    claims = {"email": f"{name}@us.example", "sub": name, "iat": now - 7200, "exp": now + expires_in}
    head = ".".join(_base64(orjson.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{head}.{_base64(hmac.digest(key, head.encode(), hashlib.sha256))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def _program() -> str:
    path = require("dovecot", "/usr/sbin/dovecot")
    version = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout
    if not version.startswith("2.3."):
        pytest.skip(f"this configuration is for Dovecot 2.3, and here is {version}")
    return path


def _name(kind: str, number: int) -> str:
    told = subprocess.run(["getent", kind, str(number)], check=True, capture_output=True, text=True).stdout
    return told.partition(":")[0]


def _certificate(folder: Path) -> None:
    if (folder / "cert.pem").exists():
        return
    command = f"{require('openssl')} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
