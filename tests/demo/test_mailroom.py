"""The mailroom keeps every mail where its reader finds it, and nothing outside its folder."""

import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from streams.demo.mailroom import Mailroom, folder_name
from streams.demo.processes import DemoUnavailable


def send(mailroom: Mailroom, subject: str, *recipients: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "stallwatch@us.example", "rep@us.example", subject
    mail.set_content("Grüße aus Köln\n.\nnoch eine Zeile")
    with smtplib.SMTP("127.0.0.1", mailroom.port, timeout=30) as client:
        client.send_message(mail, to_addrs=recipients)


def files(mailroom: Mailroom) -> list[str]:
    return sorted(str(path.relative_to(mailroom.folder)) for path in mailroom.folder.rglob("*") if path.is_file())


@pytest.fixture
def mailroom(tmp_path: Path) -> Iterator[Mailroom]:
    with Mailroom(tmp_path / "mails") as room:
        yield room


def test_each_recipient_has_a_folder_and_mails_are_numbered_as_they_come(mailroom: Mailroom) -> None:
    send(mailroom, "first", "ann@us.example")
    send(mailroom, "second", "bob@us.example", "Ann@us.example")
    send(mailroom, "third", "ann@us.example")
    assert files(mailroom) == [
        "ann@us.example/1.eml",
        "ann@us.example/2.eml",
        "ann@us.example/3.eml",
        "bob@us.example/2.eml",
    ]
    assert [mail["Subject"] for mail in mailroom.mails()] == ["first", "second", "third"]
    assert [mail["Subject"] for mail in mailroom.mails("bob@us.example")] == ["second"]
    assert mailroom.mails()[0].get_content().splitlines() == ["Grüße aus Köln", ".", "noch eine Zeile"]


def test_more_than_nine_mails_stay_in_order(mailroom: Mailroom) -> None:
    for n in range(12):
        send(mailroom, f"mail {n}", "ann@us.example")
    assert [mail["Subject"] for mail in mailroom.mails()] == [f"mail {n}" for n in range(12)]


def test_one_can_wait_for_a_mail(mailroom: Mailroom) -> None:
    send(mailroom, "first", "ann@us.example")
    assert [mail["Subject"] for mail in mailroom.wait_for(1, within=30)] == ["first"]
    with pytest.raises(TimeoutError, match=r"0 of 1 mails came"):
        mailroom.wait_for(1, within=0.05, to="bob@us.example")


@pytest.mark.parametrize("local", ["../../evil", "/etc/evil", ".."])
def test_no_address_leads_out_of_the_folder(mailroom: Mailroom, local: str) -> None:
    send(mailroom, "evil", f'"{local}"@x.example')
    (name,) = files(mailroom)
    assert name == f"{folder_name(local + '@x.example')}/1.eml"
    assert [mail["Subject"] for mail in mailroom.mails(f"{local}@x.example")] == ["evil"]


@pytest.mark.parametrize("address", ["", ".", "..", "../x", "/x", "a/../../b@c", "x" * 5000, "nul\0@x", "C:\\x"])
def test_a_folder_name_is_one_plain_name(address: str, tmp_path: Path) -> None:
    folder = tmp_path / folder_name(address)
    folder.mkdir()
    assert folder.resolve().parent == tmp_path.resolve()
    assert folder.resolve() != tmp_path.resolve()


def test_a_mailroom_goes_on_counting_where_it_stopped(tmp_path: Path) -> None:
    for subject in ("first", "second"):
        with Mailroom(tmp_path) as room:
            send(room, subject, "ann@us.example")
    assert files(room) == ["ann@us.example/1.eml", "ann@us.example/2.eml"]


def test_a_mail_that_cannot_be_kept_is_refused_for_now(mailroom: Mailroom) -> None:
    (mailroom.folder / "ann@us.example").touch()
    with pytest.raises(smtplib.SMTPDataError, match="452"):
        send(mailroom, "first", "ann@us.example")
    assert mailroom.mails() == []


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied, pytest.raises(DemoUnavailable, match="can't listen on"):
        Mailroom(tmp_path, occupied.getsockname()[1]).start()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoUnavailable, match="cannot write to"):
        Mailroom(tmp_path / "file" / "mails").start()
