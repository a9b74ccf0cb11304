"""Of a large mail only what is wanted crosses the wire, wherever in it it stands."""

import os
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.events import Email
from streams.sources.item import Item
from streams.sources.mail import parts
from streams.sources.mail.server import CUT
from tests.streams.sources.mail.dovecot import Dovecot
from tests.streams.sources.mail.letters import letter, round_of

DRAWING = os.urandom(3 * CUT)


BOUNCE = """From: mailer-daemon@us.example
To: rep@us.example
Date: {date}
Message-ID: <bounced@us.example>
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=cut

--cut

{sorry}
--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; us.example

Final-Recipient: rfc822; ada@customer.example
Action: failed
Status: 5.1.1

--cut
Content-Type: message/rfc822

"""


INVITATION_FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//customer.example//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:demo@customer.example
DTSTAMP:20260301T090000Z
DTSTART:20260310T090000Z
DTEND:20260310T100000Z
SUMMARY:Demo
ORGANIZER:mailto:ada@customer.example
ATTENDEE:mailto:rep@us.example
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def drawn(number: int, text: str = "Shall we talk?") -> EmailMessage:
    mail = letter(number, text)
    mail.add_attachment(DRAWING, maintype="image", subtype="png", filename="drawing.png")
    return mail


def read(imap: Dovecot, *mails: bytes) -> list[Item]:
    imap.put("INBOX", *mails)
    return round_of(imap.section()).items


def snippet(item: Item) -> str | None:
    [event] = item.events
    assert isinstance(event, Email)
    return event.data.snippet


def test_an_attachment_of_twenty_megabytes_stays_where_it_is(imap: Dovecot) -> None:
    mail = letter(1)
    mail.add_attachment(os.urandom(20_000_000), maintype="application", subtype="pdf", filename="offer.pdf")
    [item] = read(imap, bytes(mail))
    assert snippet(item) == "Shall we talk?"
    assert item.kind == "mail"
    assert imap.sessions(2)[1] < 2 * CUT


def test_a_text_behind_a_drawing_is_read(imap: Dovecot) -> None:
    mail = MIMEMultipart(policy=SMTP)
    for name, value in letter(1).items():
        if not name.lower().startswith(("content-", "mime-")):
            mail[name] = value
    picture = MIMEBase("image", "png")
    picture.set_payload(b"A" * (3 * CUT))
    log = MIMEText("line\n" * 20_000)
    log.add_header("Content-Disposition", "inline", filename="log.txt")
    for part in (picture, log, MIMEText(" \n"), MIMEText("Please see above. Grüße")):
        mail.attach(part)
    [item] = read(imap, bytes(mail))
    assert snippet(item) == "Please see above. Grüße"
    assert imap.sessions(2)[1] < 2 * CUT


def test_a_mail_is_the_same_event_with_and_without_its_drawing(imap: Dovecot) -> None:
    text = "Grüße aus Köln — wir rufen an.\n\nBeste Grüße\nAda\n\n> how is it going?\n"
    mail = letter(1, text)
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    plain = bytes(mail)
    mail.add_attachment(DRAWING, maintype="image", subtype="png", filename="drawing.png")
    small, large = read(imap, plain, bytes(mail))
    assert small.events == large.events


def test_a_long_letter_of_one_part_is_read_from_its_beginning(imap: Dovecot) -> None:
    html = letter(1)
    html.set_content("<p>Guten Tag</p>" + "<p>und so weiter</p>" * 20_000, subtype="html")
    items = read(imap, bytes(html), bytes(letter(2, "Guten Tag\n\n" + "und so weiter\n" * 20_000)))
    assert [(snippet(item) or "")[:9] for item in items] == ["Guten Tag", "Guten Tag"]


def test_a_header_may_be_longer_than_what_is_read_at_first(imap: Dovecot) -> None:
    mail = letter(1)
    del mail["Message-ID"]
    mail["X-Scanned"] = "very thoroughly " * 6000
    mail["Message-ID"] = "<behind@customer.example>"
    [item] = read(imap, bytes(mail))
    assert [event.id for event in item.events] == ["behind@customer.example"]


def test_a_bounce_that_gives_the_whole_mail_back_is_a_bounce(imap: Dovecot) -> None:
    head = BOUNCE.format(date=letter(1)["Date"], sorry="I am sorry.\r\n" * 10_000).replace("\n", "\r\n")
    [item] = read(imap, head.encode() + bytes(drawn(2)) + b"\r\n--cut--\r\n")
    assert item.kind == "bounce"
    assert "ada@customer.example" in item.why


def test_an_invitation_behind_a_long_letter_and_a_drawing_is_read(imap: Dovecot) -> None:
    mail = drawn(1, "We have much to talk about.\n" * 10_000)
    mail.add_attachment(INVITATION_FILE.encode(), maintype="text", subtype="calendar", params={"method": "REQUEST"})
    [item] = read(imap, bytes(mail))
    assert {event.type for event in item.events} == {"activity.email", "activity.meeting"}


def test_many_large_mails_are_as_good_as_small_ones(imap: Dovecot) -> None:
    makers = [drawn if number % 3 else letter for number in range(30)]
    told = read(imap, *(bytes(make(number, f"This is number {number}.")) for number, make in enumerate(makers)))
    assert [snippet(item) for item in told] == [f"This is number {number}." for number in range(30)]
    assert [event.id for item in told for event in item.events] == [f"{n}@customer.example" for n in range(30)]


def test_a_mail_of_just_the_size_that_is_read_is_read_once(imap: Dovecot) -> None:
    mail = bytes(letter(1))
    for size in (CUT - 1, CUT, CUT + 1):
        imap.put("INBOX", mail + b"x" * (size - len(mail) - 2) + b"\r\n")
    assert round_of(imap.section()).ids == ["1", "1", "1"]


# -- what is wanted of a mail, by what a server says of its parts

TEXT = (b"TEXT", b"PLAIN", (b"CHARSET", b"utf-8"), None, None, b"7BIT", 10, 1, None, None, None, None)
HTML = (b"text", b"html", None, None, None, b"quoted-printable", 10, 1)
PDF = (b"application", b"pdf", (b"name", b"a.pdf"), None, None, b"base64", 10, None, (b"attachment", None), None)
LOG = (b"text", b"plain", None, None, None, b"7bit", 10, 1, None, (b"inline", (b"filename*0", b"a.log")))
INVITATION = (b"text", b"calendar", (b"method", b"REQUEST"), None, None, b"7bit", 9, 1, None, (b"attachment", ()), None)


@pytest.mark.parametrize(
    ("structure", "numbers"),
    [
        (TEXT, ("TEXT",)),
        (([TEXT, PDF], b"mixed"), ("1",)),
        (([PDF, LOG, TEXT], b"mixed"), ("3",)),
        (([([TEXT, HTML], b"alternative"), PDF, INVITATION], b"mixed"), ("1.1", "1.2", "3")),
        (([([TEXT, ([HTML, PDF], b"related")], b"alternative")], b"mixed"), ("1.1", "1.2.1")),
        (([TEXT] * 9, b"mixed"), ("1", "2", "3", "4", "5")),
        (([PDF], b"mixed"), ()),
    ],
)
def test_texts_and_invitations_are_wanted_and_files_are_not(structure: object, numbers: tuple[str, ...]) -> None:
    assert parts.wanted(structure) == numbers


@given(st.binary(max_size=300), st.lists(st.tuples(st.binary(max_size=50), st.binary(max_size=50)), max_size=3))
def test_whatever_the_parts_are_they_are_joined(header: bytes, contents: list[tuple[bytes, bytes]]) -> None:
    assert parts.joined(header, contents).startswith(header)
