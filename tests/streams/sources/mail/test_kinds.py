"""What a mail is taken for, and why."""

from datetime import date

import pytest

from streams.sources.item import Item
from tests.streams.sources.mail.written import item, mail_in, written


def kind(*headers: str, **mail: str | None) -> str:
    return item(written(*headers, **mail)).kind


def is_automatic(read: Item) -> bool:
    return read.events[0].data.automatic is True


def report(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    return written(
        "Return-Path: <>",
        f"Content-Type: multipart/report; report-type={kind}; boundary=b",
        sender="Mail Delivery System <MAILER-DAEMON@mx.us.example>",
        subject="Undelivered Mail Returned to Sender",
        text=body,
    )


STATUS = (
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.us.example\r\n\r\n"
    "Final-Recipient: rfc822; gone@customer.example\r\nAction: {}\r\nStatus: 5.1.1\r\n"
)
RETURNED = "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <7@us.example>\r\nSubject: Offer\r\n"


# ── what nobody wrote


def test_a_bounce_names_who_could_not_be_reached_and_the_mail_that_it_is_about() -> None:
    read = item(report("delivery-status", "\r\nSorry.", STATUS.format("failed"), RETURNED))
    assert (read.kind, is_automatic(read)) == ("bounce", True)
    assert "gone@customer.example" in read.why
    assert read.events[0].data.in_reply_to == "<7@us.example>"


def test_a_delay_is_said_to_be_one() -> None:
    assert "(delayed)" in item(report("delivery-status", STATUS.format("delayed"))).why


@pytest.mark.parametrize(
    "text",
    [
        "Hi. This is the qmail-send program at mx.us.example.\n\n<gone@customer.example>:\nno such user\n",
        "This is the Postfix program at host mx.us.example.\n\n<gone@customer.example>: unknown user\n",
    ],
)
def test_a_bounce_in_a_servers_own_words_is_one_too(text: str) -> None:
    assert (
        kind("Return-Path: <>", sender="MAILER-DAEMON@mx.us.example", subject="failure notice", text=text) == "bounce"
    )


def test_a_bounce_from_nobody_is_told_and_is_no_event() -> None:
    read = item(report("delivery-status", STATUS.format("failed")).replace(b"<MAILER-DAEMON@mx.us.example>", b"<>"))
    assert (read.kind, read.events, read.refusal) == ("bounce", (), None)
    assert "it names nobody who sent it" in read.why


def test_a_read_receipt_is_about_the_mail_that_was_read() -> None:
    part = "Content-Type: message/disposition-notification\r\n\r\nOriginal-Message-ID: <7@us.example>\r\n"
    notice = part + "Disposition: displayed\r\n"
    read = item(
        report("disposition-notification", notice).replace(b"MAILER-DAEMON@mx.us.example", b"ada@customer.example")
    )
    assert (read.kind, is_automatic(read)) == ("read receipt", True)
    assert read.events[0].data.in_reply_to == "<7@us.example>"


def test_a_complaint_is_none_of_the_customers_mails() -> None:
    assert (
        item(report("feedback-report", "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n")).kind
        == "complaint"
    )


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation); owner-email=x",
        "X-Autoreply: yes",
        "X-Autorespond: vacation",
        "X-Autoreply-From: ada@customer.example",
        "X-Mail-Autoreply: yes",
        "Precedence: auto_reply",
        "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
    ],
)
def test_an_automatic_reply_is_told_by_the_header_that_made_it(header: str) -> None:
    read = item(written(header, text="Thank you, we have your mail."))
    assert (read.kind, is_automatic(read)) == ("automatic reply", True)
    assert read.why.startswith(header.partition(":")[0])


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Offer",
        "Automatische Antwort: Angebot",
        "Réponse automatique : Offre",
        "Risposta automatica: Offerta",
        "[Ticket 7] AutoReply: Offer",
    ],
)
def test_an_automatic_reply_may_show_by_its_subject_alone(subject: str) -> None:
    assert kind(subject=subject, text="Thank you.") == "automatic reply"
    assert kind(subject=f"Re: {subject}", text="Thank you.") == "reply"


@pytest.mark.parametrize(
    "header", ["X-Auto-Response-Suppress: All", "Auto-Submitted: no", "X-Autoreply: no", "Precedence: first-class"]
)
def test_what_only_asks_others_not_to_answer_proves_nothing(header: str) -> None:
    assert kind(header) == "mail"


def test_out_of_office_says_until_when() -> None:
    event = mail_in(
        written(
            "Auto-Submitted: auto-replied", subject="Automatic reply: Offer", text="I am out of office until 14 March."
        )
    )
    assert (event.data.automatic, event.data.returns_on) == (True, date(2026, 3, 15))


def test_out_of_office_without_a_day_is_still_told() -> None:
    read = item(written(subject="Abwesenheitsnotiz: Angebot", text="Ich bin derzeit nicht im Büro."))
    assert (read.kind, is_automatic(read)) == ("out of office", True)
    assert read.events[0].data.returns_on is None


def test_a_person_who_writes_that_they_will_be_away_is_no_robot() -> None:
    event = mail_in(
        written(subject="Out of office next week", text="I am out of office until 14 March, let us talk before.")
    )
    assert (event.data.automatic, event.data.returns_on) == (None, None)


def test_a_quoted_absence_is_not_the_writers() -> None:
    event = mail_in(written("Auto-Submitted: auto-replied", text="Thanks.\n\n> I am out of office until 14 March.\n"))
    assert event.data.returns_on is None


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@customer.example",
        "noreply@customer.example",
        "shop.noreply@customer.example",
        "do_not_reply@customer.example",
    ],
)
def test_an_address_that_nobody_reads_is_nobodys(sender: str) -> None:
    read = item(written(sender=sender))
    assert (read.kind, is_automatic(read)) == ("automatic mail", True)


@pytest.mark.parametrize("sender", ["noreen@customer.example", "owner@customer.example", "reply@customer.example"])
def test_a_person_with_a_name_like_that_is_a_person(sender: str) -> None:
    assert kind(sender=sender) == "mail"


@pytest.mark.parametrize(
    "role", ["product-owner", "purchase-request", "quote-request", "owner-success", "bottle-bounce"]
)
def test_a_mailbox_that_several_people_share_is_no_robot(role: str) -> None:
    address = f"{role}@customer.example"
    assert kind(f"Return-Path: <{address}>", f"Sender: {address}", sender=address) == "mail"
    assert kind("Return-Path: <bounces+71-rep=us.example@mailer.example>", sender=address) == "mail"


@pytest.mark.parametrize("role", ["news-request", "news+owner", "owner-news"])
@pytest.mark.parametrize(
    "header", ["Return-Path: <news+bounces-7@{}>", "Return-Path: <news-bounces@{}>", "Sender: news-admin@{}"]
)
def test_what_a_mailing_list_itself_writes_is_nobodys(role: str, header: str) -> None:
    domain = "customer.example"
    assert kind(header.format(domain), sender=f"{role}@{domain}") == "automatic mail"


# ── lists and bulk


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("List-Id: News <news.customer.example>", "list mail"),
        ("Precedence: list", "list mail"),
        ("Precedence: bulk", "bulk mail"),
        ("Precedence: junk", "bulk mail"),
        ("List-Unsubscribe: <https://customer.example/off>", "bulk mail"),
    ],
)
def test_what_goes_to_many_is_no_touch(header: str, name: str) -> None:
    read = item(written(header))
    assert (read.kind, is_automatic(read)) == (name, True)


def test_a_group_of_ours_is_no_list() -> None:
    """Sales reads sales@ together: what customers write there is for us."""
    google = ("Precedence: list", "List-Id: <sales.us.example>", "List-Unsubscribe: <https://us.example/off>")
    assert kind(*google, to="sales@us.example") == "mail"


def test_who_writes_to_a_group_of_ours_is_the_sender_though_the_group_says_otherwise() -> None:
    """Groups put their own address into From, where the writer's domain forbids others to send in its name."""
    google = ("List-ID: <sales.us.example>", "X-Original-From: Ada <ada@customer.example>", "Precedence: list")
    read = item(written(*google, sender="'Ada' via Sales <sales@us.example>", to="sales@us.example"))
    assert (read.kind, read.events[0].data.sender) == ("mail", "ada@customer.example")
    assert "passed on by sales@us.example" in read.why


def test_only_our_own_groups_are_believed_who_the_writer_is() -> None:
    forged = written("X-Original-From: boss@us.example", "List-Id: <sales.us.example>")
    assert mail_in(forged).data.sender == "ada@customer.example"
    no_group = written("X-Original-From: ada@customer.example", sender="rep@us.example")
    assert mail_in(no_group).data.sender == "rep@us.example"


def test_what_is_written_to_a_list_and_to_one_of_us_is_for_us() -> None:
    """So that the copy from the list and the one that came straight are the same, whichever is read first."""
    talk = ("List-Id: <team.customer.example>", "List-Post: <mailto:team@customer.example>", "Precedence: list")
    assert kind(*talk, to="team@customer.example, rep@us.example") == "mail"
    assert kind(*talk, to="team@customer.example") == "list mail"
    assert kind("List-Id: <news.customer.example>", "List-Post: NO", to="rep@us.example") == "list mail"


def test_a_reply_with_an_unsubscribe_link_is_a_reply() -> None:
    """Sales tools put one into all that their users write."""
    assert kind("List-Unsubscribe: <https://x.example>", "In-Reply-To: <7@us.example>") == "reply"
    assert kind("List-Unsubscribe: <https://x.example>", sender="rep@us.example", to="ada@customer.example") == "mail"


# ── what somebody wrote


def test_mail_among_us_is_internal() -> None:
    assert kind(sender="rep@us.example", to="boss@us.example") == "internal"
    assert kind("Cc: ada@customer.example", sender="rep@us.example", to="boss@us.example") == "mail"


@pytest.mark.parametrize("subject", ["Fwd: Offer", "FW: Offer", "WG: Angebot", "TR: Offre", "RV: Oferta"])
def test_what_is_passed_on_is_a_forward(subject: str) -> None:
    assert kind(subject=subject) == "forward"


def test_a_reply_is_told_by_what_it_answers_and_else_by_its_subject() -> None:
    read = item(written("In-Reply-To: <7@us.example>"))
    assert (read.kind, read.why) == ("reply", "answers <7@us.example>")
    assert kind("References: <6@us.example> <7@us.example>") == "reply"
    assert "no header names what it answers" in item(written(subject="AW: Angebot")).why


def test_any_other_mail_is_a_mail() -> None:
    assert kind() == "mail"


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (("Return-Path: <>", "Auto-Submitted: auto-replied", "Precedence: bulk"), "automatic reply"),
        (("Auto-Submitted: auto-replied", "List-Id: <news.customer.example>"), "automatic reply"),
        (("List-Id: <news.customer.example>", "In-Reply-To: <7@us.example>"), "list mail"),
        (("Auto-Submitted: auto-generated",), "automatic mail"),
    ],
)
def test_one_thing_rules_out_the_next(headers: tuple[str, ...], name: str) -> None:
    assert kind(*headers) == name


def test_a_forged_in_reply_to_makes_a_reply_and_no_more() -> None:
    """Whose mail it answers shows where the deal knows it; here it only is what it says."""
    read = item(written("In-Reply-To: <never-sent@us.example>"))
    assert (read.kind, is_automatic(read)) == ("reply", False)
