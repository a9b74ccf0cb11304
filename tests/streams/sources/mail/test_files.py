"""Mail in files, told by what they hold."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.history import HistoryError
from streams.sources.mail import files
from streams.sources.mail.bodies import WINDOW
from streams.sources.mail.files import is_mail, messages
from tests.streams.sources.mail.written import item, written

LINE = b"From ada@customer.example Tue Mar  3 09:05:00 2026\n"


def mbox(*mails: bytes, line: bytes = LINE) -> bytes:
    return b"".join(line + mail.replace(b"\r\n", b"\n") + b"\n\n" for mail in mails)


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def subjects(path: Path) -> list[str]:
    return [item(raw).events[0].data.subject for _, raw in messages(path)]


def test_an_mbox_gives_each_mail_with_the_line_where_it_begins(tmp_path: Path) -> None:
    path = put(tmp_path / "sales.mbox", mbox(written(subject="One"), written(subject="Two")))
    assert is_mail(path)
    assert subjects(path) == ["One", "Two"]
    assert [place for place, _ in messages(path)] == [f"{path}:1", f"{path}:10"]


def test_an_mbox_needs_no_name(tmp_path: Path) -> None:
    assert is_mail(put(tmp_path / "Sent", mbox(written())))
    assert subjects(tmp_path / "Sent") == ["Offer"]


def test_an_mbox_with_the_line_ends_of_windows_is_one_too(tmp_path: Path) -> None:
    path = put(tmp_path / "sales", mbox(written(subject="One"), written(subject="Two")).replace(b"\n", b"\r\n"))
    assert subjects(path) == ["One", "Two"]


def test_a_sentence_that_begins_with_from_begins_no_mail(tmp_path: Path) -> None:
    text = "Hello,\n\nFrom Monday on we are back.\n\nFrom Ada at 10:30 on 3 Mar 2026\n>From escaped\nBye"
    path = put(tmp_path / "sales.mbox", mbox(written(text=text), written(subject="Two")))
    first, second = (raw for _, raw in messages(path))
    assert first.endswith(b"\nFrom Ada at 10:30 on 3 Mar 2026\nFrom escaped\nBye\n\n")
    assert b"Subject: Two" in second


@pytest.mark.parametrize(
    "line", [b"From - Tue Mar 03 09:05:00 2026\n", b"From MAILER-DAEMON\n", b"From \n", b"From ada 3/3/26\n"]
)
def test_a_broken_line_between_mails_is_told_by_the_header_behind_it(tmp_path: Path, line: bytes) -> None:
    path = put(tmp_path / "sales", mbox(written(subject="One"), written(subject="Two"), line=line))
    assert is_mail(path)
    assert subjects(path) == ["One", "Two"]


def test_mails_without_an_empty_line_between_them_are_apart(tmp_path: Path) -> None:
    path = put(tmp_path / "sales", mbox(written(subject="One"), written(subject="Two")).replace(b"\n\n\n", b"\n"))
    assert subjects(path) == ["One", "Two"]


def test_a_maildir_is_its_new_and_its_current_mail_with_its_folders(tmp_path: Path) -> None:
    for folder in ("", ".Sent"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / folder / part).mkdir(parents=True)
        put(tmp_path / folder / "cur" / "1.host:2,S", written(subject=f"{folder} read"))
        put(tmp_path / folder / "new" / "2.host", written(subject=f"{folder} new"))
        put(tmp_path / folder / "tmp" / "3.host", written(subject="half"))
    put(tmp_path / "dovecot.index", b"\x00\x01")
    assert is_mail(tmp_path)
    assert subjects(tmp_path) == [".Sent read", ".Sent new", "read", "new"]


def test_an_empty_maildir_is_mail_of_which_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    (tmp_path / "new").mkdir()
    assert is_mail(tmp_path)
    assert list(messages(tmp_path)) == []


def test_a_folder_of_mails_is_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path / "b" / "2.eml", written(subject="Two"))
    put(tmp_path / "a.txt", written(subject="One"))
    put(tmp_path / "c.mbox", mbox(written(subject="Three"), written(subject="Four")))
    put(tmp_path / "README.txt", b"To: whom it may concern. These are mails.")
    put(tmp_path / "picture.gif", b"GIF89a")
    assert is_mail(tmp_path)
    assert subjects(tmp_path) == ["One", "Two", "Three", "Four"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"id,name,from,to\n1,Offer,ada,rep\n",
        b'{"specversion": "1.0", "type": "activity.email"}\n',
        b"From: is a word with which a note may begin\nand then it goes on.",
        b"Name;From;Date\nx;y;z\n",
        b"\x00" * 100,
        b"From here on\nall is prose.\n",
    ],
)
def test_what_is_no_mail_is_left_to_others(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path / "file", content)
    assert not is_mail(path)
    assert not is_mail(tmp_path)


def test_an_empty_mbox_has_no_mail_and_an_empty_mail_is_an_unreadable_one(tmp_path: Path) -> None:
    empty, mail = put(tmp_path / "empty.mbox", b""), put(tmp_path / "empty.eml", b"")
    assert is_mail(empty)
    assert list(messages(empty)) == []
    ((place, raw),) = messages(mail)
    assert (place, item(raw).kind) == (str(mail), "unreadable")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "gone.eml"
    assert not is_mail(missing)
    with pytest.raises(HistoryError, match=r"gone\.eml: No such file"):
        list(messages(missing))
    with pytest.raises(HistoryError, match="File name too long"):
        is_mail(tmp_path / ("x" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_we_may_not_read_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "mine.eml", written())
    path.chmod(0)
    with pytest.raises(HistoryError, match=r"mine\.eml: Permission denied"):
        is_mail(path)
    with pytest.raises(HistoryError, match=r"mine\.eml: Permission denied"):
        list(messages(tmp_path))


def test_a_link_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "a" / "1.eml", written())
    (tmp_path / "a" / "back").symlink_to(tmp_path, target_is_directory=True)
    assert subjects(tmp_path) == ["Offer"]


def test_of_a_huge_mail_only_the_beginning_is_held(tmp_path: Path) -> None:
    huge = mbox(written(text="x" * 100 + "\n" + "A" * 5_000_000), written(subject="Two", text="line\n" * 1_000_000))
    found = [raw for _, raw in messages(put(tmp_path / "sales.mbox", huge))]
    assert len(found) == 2
    assert all(len(raw) <= WINDOW + files.PIECE for raw in found)


def test_mails_are_given_one_by_one(tmp_path: Path) -> None:
    """So that a mailbox takes the memory of a mail: the second is not read before the first was taken."""
    path = put(tmp_path / "sales.mbox", mbox(*(written(subject=f"{n}", text="x\n" * 20_000) for n in range(30))))
    reader = messages(path)
    assert isinstance(reader, Iterator)
    next(reader)
    with path.open("r+b") as stream:
        stream.seek(len(mbox(written(text="x\n" * 20_000))) * 20)
        stream.truncate()
    assert sum(1 for _ in reader) < 29
