"""Eight hundred mails that nobody here wrote: what a person who reads each would say of it."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from streams.sources.item import Item
from streams.sources.mail.files import is_mail, messages
from tests.streams.sources.mail.test_limits import sane
from tests.streams.sources.mail.written import item

REAL = Path(__file__).parents[5] / "shared" / "data" / "mail"
NOTMUCH = "notmuch/test/corpora"
RUBY = "rubymail/spec/fixtures/emails"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the mails of other projects are not at ../shared/data/mail")


@cache
def everything() -> dict[str, Item]:
    """Each file as if it were a mail, whatever it is."""
    paths = sorted(path for path in REAL.rglob("*") if path.is_file())
    return {str(path.relative_to(REAL)): item(path.read_bytes(), now=None) for path in paths}


def below(folder: str) -> dict[str, Item]:
    return {name: read for name, read in everything().items() if name.startswith(folder)}


def test_every_file_is_an_item_and_says_what_it_was_taken_for() -> None:
    assert len(everything()) > 800
    for read in everything().values():
        sane(read)
        assert bool(read.events) or read.refusal is not None or read.kind == "bounce"
        assert read.why


def test_the_kinds_are_those_of_the_collections() -> None:
    """Counted by hand where there are few: reports, complaints, answers of robots, what was passed on."""
    kinds = Counter(read.kind for read in everything().values())
    assert {name: count for name, count in kinds.items() if count < 40} == {
        "bounce": 19,
        "bulk mail": 8,
        "automatic mail": 6,
        "forward": 5,
        "complaint": 2,
        "automatic reply": 1,
        "read receipt": 1,
    }
    assert 220 <= kinds["list mail"] <= 230
    assert 55 <= kinds["reply"] <= 65
    assert kinds["internal"] == 0


def test_a_kernel_list_is_list_mail() -> None:
    kinds = Counter(read.kind for read in below(f"{NOTMUCH}/lkml/cur").values())
    assert kinds == {"list mail": 208, "bulk mail": 2}


def test_bounces_are_bounces_and_name_who_was_not_reached() -> None:
    found = below("flanker/tests/fixtures/messages/bounce") | below(f"{RUBY}/multipart_report_emails")
    assert {read.kind for read in found.values()} == {"bounce"}
    assert sum("@" in read.why for read in found.values()) >= 12
    assert "(delayed)" in found["flanker/tests/fixtures/messages/bounce/no-mx.eml"].why
    assert {read.kind for read in below("flanker/tests/fixtures/messages/complaints").values()} == {"complaint"}


CLIENTS = "aol apple_mail apple_mail_2 comcast gmail hotmail iphone sparrow thunderbird yahoo".split()


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_new_in_a_reply_of_each_mail_client_is_its_hello(client: str) -> None:
    read = everything()[f"talon/tests/fixtures/standard_replies/{client}.eml"]
    assert (read.kind, read.events[0].data.snippet) == ("reply", "Hello")


def test_each_copy_of_a_duplicate_is_the_same_event_with_the_same_words() -> None:
    for number, copies in (("1", 2), ("2", 2), ("3", 5)):
        events = [read.events[0] for read in below(f"{NOTMUCH}/duplicate/msg-{number}").values()]
        assert len(events) == copies
        assert len({(event.id, event.time, event.data.sender) for event in events}) == 1


def test_threads_hold_with_ghosts_and_loops() -> None:
    parents = {
        name.rpartition("/")[2]: read.events[0].data.in_reply_to
        for name, read in (below(f"{NOTMUCH}/threading") | below(f"{NOTMUCH}/broken/loop")).items()
    }
    assert parents["child"] is not None
    assert parents["fake-root"] == "<nonexistent-message@example.org>"
    assert parents["great-grand-child"] == "<001-grand-child@example.org>"
    assert parents["real-root"] is None
    assert (parents["loop-12"], parents["loop-21"]) == ("<mid-loop-21@example.org>", "<mid-loop-12@example.org>")


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        (f"{RUBY}/attachment_emails/attachment_pdf.eml", "Another PDF with 🎉 Unicode chars in it 🍿"),
        (f"{RUBY}/plain_emails/raw_email.eml", "NOTE: 한국말로 하는 것"),
        (f"{RUBY}/plain_emails/raw_email_with_partially_quoted_subject.eml", 'Re: Test: "漢字" mid "漢字" tail'),
        ("stalwart/resources/eml/legacy/015.eml", "Die Hasen und die Frösche"),
        ("stalwart/resources/eml/legacy/002.eml", "Die Hasen und die Frösche"),
        (f"{RUBY}/rfc2822/example14.eml", "Re: TEST  テストテスト"),
    ],
)
def test_subjects_are_read_as_they_were_meant(name: str, subject: str) -> None:
    assert everything()[name].events[0].data.subject == subject


@pytest.mark.parametrize(
    ("name", "sender"),
    [
        (f"{RUBY}/error_emails/cant_parse_from.eml", "news@insideapple.apple.com"),
        (f"{RUBY}/plain_emails/raw_email_incorrect_header.eml", "xxx@xxx.xxx"),
        (f"{RUBY}/mime_emails/two_from_in_message.eml", "tester1@test.com"),
        (f"{RUBY}/plain_emails/raw_email_multiple_from.eml", "tim@powerupdev.com"),
        ("flanker/tests/fixtures/messages/from-encoding.eml", "ingo@blank.pages.de"),
        (f"{NOTMUCH}/broken/broken-cc", "alice@example.org"),
    ],
)
def test_senders_are_found_in_broken_headers(name: str, sender: str) -> None:
    assert everything()[name].events[0].data.sender == sender


def test_what_is_no_mail_is_unreadable_and_never_an_event() -> None:
    others = {name: read for name, read in everything().items() if name.endswith((".gif", ".pdf", ".au", "LICENSE"))}
    assert others
    assert {read.kind for read in others.values()} == {"unreadable"}
    assert all(read.events == () for read in others.values())


def test_the_folders_are_mail_and_their_mails_are_found() -> None:
    assert is_mail(REAL)
    found = Counter(place.removeprefix(f"{REAL}/").partition("/")[0] for place, _ in messages(REAL))
    assert found["notmuch"] == 321
    assert found["stalwart"] > 110
    assert not any(place.endswith((".gif", ".pdf", "LICENSE", "README")) for place, _ in messages(REAL))


def test_mails_of_the_other_collections_are_no_other_kind_of_data() -> None:
    for folder in ("crm", "loans"):
        assert not is_mail(REAL.parent / folder)
