"""What a mailbox's section may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from streams.sources.mail.settings import Mailbox

REP = {"mailbox": "rep@us.example", "host": "imap.us.example", "user": "rep", "password_file": "/run/secrets/rep"}


def mailbox(**more: Any) -> Mailbox:
    return Mailbox.model_validate({**REP, **more})


def test_a_mailbox_is_reached_by_tls_unless_it_says_otherwise() -> None:
    assert (mailbox().tls, mailbox().address) == ("implicit", ("imap.us.example", 993))
    assert mailbox(tls="starttls").address == ("imap.us.example", 143)
    assert mailbox(port=1993).address == ("imap.us.example", 1993)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_without_tls_only_this_machine_is_talked_to(host: str) -> None:
    assert mailbox(tls="none", host=host).address == (host, 143)


def test_without_tls_others_are_refused_unless_it_is_said_that_they_may_listen() -> None:
    with pytest.raises(ValidationError, match="allow_plain_text"):
        mailbox(tls="none")
    assert mailbox(tls="none", allow_plain_text=True).address == ("imap.us.example", 143)


@pytest.mark.parametrize("secrets", [{"password_file": None}, {"token_file": "/run/secrets/token"}])
def test_there_is_one_way_to_log_in(secrets: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either password_file or token_file"):
        mailbox(**secrets)


def test_a_token_is_as_good_as_a_password() -> None:
    assert mailbox(password_file=None, token_file="/run/secrets/token").password_file is None
