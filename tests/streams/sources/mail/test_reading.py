"""Who wrote to whom, when, and in which thread."""

from datetime import UTC, datetime

import pytest

from streams.sources.mail import headers
from tests.streams.sources.mail.written import NOW, item, mail_in, written

SENT = datetime(2026, 3, 3, 9, tzinfo=UTC)


def test_a_mail_is_an_event_with_its_people_its_time_and_its_thread() -> None:
    raw = written(
        "Cc: boss@customer.example, Legal <legal@customer.example>",
        "In-Reply-To: <0@us.example>",
        "References: <a@us.example> <0@us.example>",
        text="Yes, on Thursday.\r\n\r\n> Shall we talk?\r\n",
        subject="Re: Offer",
    )
    event = mail_in(raw)
    assert (event.id, event.source, event.time) == ("1@customer.example", "mail", SENT)
    assert event.data.model_dump(by_alias=True, exclude_unset=True) == {
        "message_id": "<1@customer.example>",
        "in_reply_to": "<0@us.example>",
        "references": ("<a@us.example>", "<0@us.example>"),
        "from": "ada@customer.example",
        "to": ("rep@us.example",),
        "cc": ("boss@customer.example", "legal@customer.example"),
        "subject": "Re: Offer",
        "snippet": "Yes, on Thursday.",
    }


# ── time


def test_the_time_is_the_dates_instant_to_the_second() -> None:
    assert mail_in(written(date="Tue, 03 Mar 2026 23:30:07 -0800 (PST)")).time == datetime(
        2026, 3, 4, 7, 30, 7, tzinfo=UTC
    )


def test_a_date_without_a_zone_is_utc_never_the_hosts() -> None:
    assert mail_in(written(date="Tue, 3 Mar 2026 10:00:00")).time == datetime(2026, 3, 3, 10, tzinfo=UTC)


HOPS = (
    "Received: from b by c; Tue, 3 Mar 2026 10:02:00 +0100",
    "Received: from a by b; Tue, 3 Mar 2026 10:01:00 +0100",
)


@pytest.mark.parametrize(
    "date", [None, "yesterday", "Fri, 1 Jan 1971 00:00:00 +0000", "Mon, 3 Mar 2036 10:00:00 +0100", "Tue, 99 Mar 2026"]
)
def test_without_a_date_that_can_be_true_the_newest_received_header_counts(date: str | None) -> None:
    read = item(written(*HOPS, date=date))
    assert read.events[0].time == datetime(2026, 3, 3, 9, 2, tzinfo=UTC)
    assert "the newest Received header counts" in read.why


def test_without_a_clock_a_date_is_held_against_the_newest_received_header() -> None:
    (event,) = item(written(*HOPS, date="Thu, 5 Mar 2026 10:00:00 +0100"), now=None).events
    assert event.time == datetime(2026, 3, 3, 9, 2, tzinfo=UTC)


@pytest.mark.parametrize("date", ["Tue, 3 Mar 2015 10:00:00 +0100", "Mon, 23 Feb 2026 10:00:00 +0100"])
def test_a_date_long_before_any_server_saw_the_mail_is_not_believed(date: str) -> None:
    for now in (NOW, None):
        read = item(written("Received: by us; Mon, 9 Mar 2026 10:00:00 +0100", *HOPS, date=date), now=now)
        assert read.events[0].time == datetime(2026, 3, 3, 9, 1, tzinfo=UTC)
        assert "is long before the oldest Received header, which counts" in read.why


def test_a_mail_that_was_under_way_for_days_was_written_when_it_says() -> None:
    read = item(written(*HOPS, date="Wed, 25 Feb 2026 10:00:00 +0100"))
    assert read.events[0].time == datetime(2026, 2, 25, 9, tzinfo=UTC)


def test_mail_that_was_moved_to_another_mailbox_is_as_old_as_it_was() -> None:
    """Whoever moves it may say that they received it."""
    moved = "Received: from old.us.example by new.us.example; Mon, 9 Mar 2026 10:00:00 +0100"
    theirs = item(written(moved, *(hop.replace("2026", "2024") for hop in HOPS), date="Sun, 3 Mar 2024 10:00:00 +0100"))
    sent = item(written(moved, date="Sun, 3 Mar 2024 10:00:00 +0100", sender="rep@us.example"))
    assert [read.events[0].time for read in (theirs, sent)] == [datetime(2024, 3, 3, 9, tzinfo=UTC)] * 2


def test_last_of_all_the_line_that_begins_a_mail_in_an_mbox_says_when_it_came() -> None:
    read = item(b"From ada@customer.example Tue Mar  3 09:05:00 2026\n" + written(date=None))
    assert read.events[0].time == datetime(2026, 3, 3, 9, 5, tzinfo=UTC)
    assert "in the mbox counts" in read.why


def test_a_mail_that_nothing_dates_is_refused_for_its_time_with_its_headers_only() -> None:
    read = item(written(date="soon", text="Our secret plan"))
    assert read.refusal is not None
    assert (read.refusal.reason, read.events) == ("time", ())
    assert "'soon' cannot be read" in str(read.refusal)
    assert b"Subject: Offer" in read.raw
    assert b"secret" not in read.raw


# ── identity


def test_the_same_mail_in_five_mailboxes_is_one_event() -> None:
    boxes = ("ada", "rep", "boss", "all", "archive")
    copies = [
        item(written(f"Received: by {box}; {'Tue, 3 Mar 2026 10:00:09 +0100'}", f"Delivered-To: {box}@us.example"))
        for box in boxes
    ]
    assert len({copy.events for copy in copies}) == 1


def test_a_mail_without_an_id_has_the_same_one_in_every_mailbox() -> None:
    one, other = (mail_in(written(f"Delivered-To: {box}@us.example", id=None)) for box in ("rep", "boss"))
    assert one == other
    assert one.data.message_id.endswith("@no-message-id.invalid>")
    assert mail_in(written(id=None, subject="Another")).id != one.id


def test_mails_that_say_next_to_nothing_of_themselves_are_not_one() -> None:
    def said(*headers: str, text: str = "Shall we talk?") -> str:
        raw = written(*headers, text=text, to=None, subject=None, date=None, id=None)
        return mail_in(b"From ada@customer.example Tue Mar  3 09:05:00 2026\n" + raw).data.message_id

    mails = (said(), said("X-Name: \udcfc"), said(text="We buy."))
    assert len(set(mails)) == 3
    assert mails == (said(), said("X-Name: \udcfc"), said(text="We buy."))


@pytest.mark.parametrize(
    "id", ["1@customer.example", "< 1@customer.example >", "<1@customer.example> (added by a gateway)"]
)
def test_an_id_is_found_however_it_is_written(id: str) -> None:
    assert mail_in(written(id=id)).data.message_id == "<1@customer.example>"


def test_an_id_that_no_event_could_have_is_hashed() -> None:
    event = mail_in(written(id=f"<{'x' * 900}@customer.example>"))
    assert event.id.startswith("sha256:")
    assert event.data.message_id == f"<{'x' * 900}@customer.example>"


# ── people


def test_all_to_and_cc_headers_count_and_nobody_twice() -> None:
    raw = written("To: a@customer.example", "Cc: b@customer.example, A@CUSTOMER.example", "CC: c@customer.example")
    data = mail_in(raw).data
    assert data.to == ("a@customer.example", "rep@us.example")
    assert data.cc == ("b@customer.example", "c@customer.example")


def test_what_is_no_address_is_left_out_one_by_one_and_said() -> None:
    read = item(written(to="ada, rep@us.example, two@@signs.example, <>, boss@us.example"))
    (event,) = read.events
    assert event.data.to == ("rep@us.example", "boss@us.example")
    assert "'ada' is no address" in read.why


@pytest.mark.parametrize(
    ("to", "people"),
    [
        (
            "Team: a@customer.example, B <b@customer.example>;, rep@us.example",
            ("a@customer.example", "b@customer.example", "rep@us.example"),
        ),
        ("undisclosed-recipients:;", None),
        ("a@customer.example; rep@us.example", ("a@customer.example", "rep@us.example")),
        ('"Smith, John" <a@customer.example>', ("a@customer.example",)),
        ('"Quote \\" , <x@y.example>" <a@customer.example>', ("a@customer.example",)),
        ("a@customer.example (Ada, of the board)", ("a@customer.example",)),
        ("=?utf-8?q?M=C3=BCller=2C_Ada?= <a@customer.example>", ("a@customer.example",)),
        ("=?utf-8?q?boss=40us=2Eexample=2C?= <a@customer.example>", ("a@customer.example",)),
        ("Müller <a@customer.example>", ("a@customer.example",)),
        ("a@bücher.example", ("a@xn--bcher-kva.example",)),
        ("A.Da@CUSTOMER.Example", ("a.da@customer.example",)),
        ("'a@customer.example' <a@customer.example>", ("a@customer.example",)),
    ],
)
def test_people_are_read_however_they_are_written(to: str, people: tuple[str, ...] | None) -> None:
    assert mail_in(written(to=to)).data.to == people


def test_headers_in_latin_1_are_read_too() -> None:
    raw = written(subject="GRUSS", sender="NAME <ada@customer.example>")
    raw = raw.replace(b"GRUSS", "Grüße".encode("latin-1")).replace(b"NAME", "Müller".encode("latin-1"))
    event = mail_in(raw)
    assert (event.data.subject, event.data.sender) == ("Grüße", "ada@customer.example")


def test_of_several_writers_the_first_counts_and_without_one_the_sender() -> None:
    assert mail_in(written(sender="a@customer.example, b@customer.example")).data.sender == "a@customer.example"
    assert mail_in(written("Sender: desk@customer.example", sender=None)).data.sender == "desk@customer.example"
    assert mail_in(written("Sender: desk@customer.example", sender="nobody")).data.sender == "desk@customer.example"


@pytest.mark.parametrize("sender", [None, "", "Ada", "<>", "ada@", "@customer.example"])
def test_a_mail_that_nobody_wrote_is_refused(sender: str | None) -> None:
    read = item(written(sender=sender))
    assert read.refusal is not None
    assert (read.kind, read.refusal.reason, read.events) == ("unreadable", "unreadable", ())


def test_two_addresses_in_one_pair_of_brackets_are_nobody() -> None:
    """`a@x, b@y` as one address would let a stranger add a recipient."""
    read = item(written(sender="Ada <ada@customer.example, boss@us.example>"))
    assert all(event.data.sender == "ada@customer.example" for event in read.events)
    assert mail_in(written(to='"a@customer.example, boss@us.example" <b@customer.example>')).data.to == (
        "b@customer.example",
    )


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "=0D=0A", "%0d%0a", "\x00", "\u2028"])
def test_a_line_break_in_a_name_or_a_subject_adds_no_header(end: str) -> None:
    smuggled = f"=?utf-8?q?Hello{end}Bcc=3A_boss=40us=2Eexample?="
    read = item(written(subject=smuggled, sender=f"{smuggled} <ada@customer.example>"))
    for event in read.events:
        assert event.data.to == ("rep@us.example",)
        assert event.data.cc is None
        assert (event.data.subject or "").isprintable()


def test_our_own_copy_has_its_blind_copies_and_theirs_has_not() -> None:
    ours = written("Bcc: ada@customer.example", sender="rep@us.example", to=None)
    assert mail_in(ours).data.cc == ("ada@customer.example",)
    assert mail_in(written("Bcc: boss@us.example")).data.cc is None


def test_a_mail_that_names_us_in_copy_only_is_a_mail() -> None:
    raw = written("Cc: rep@us.example", to=None)
    assert item(raw).kind == "mail"
    assert (mail_in(raw).data.to, mail_in(raw).data.cc) == (None, ("rep@us.example",))


def test_a_mail_that_names_nobody_went_to_the_mailbox_that_it_was_put_into() -> None:
    assert mail_in(written("Delivered-To: rep@us.example", to="undisclosed-recipients:;")).data.to == (
        "rep@us.example",
    )
    assert mail_in(written("Delivered-To: other@us.example")).data.to == ("rep@us.example",)


def test_a_thousand_recipients_are_two_hundred() -> None:
    read = item(written(to=", ".join(f"p{n}@customer.example" for n in range(1500))))
    assert len(read.events[0].data.to) == headers.MAX_PEOPLE
    assert "whoever comes after 200 people" in read.why


@pytest.mark.parametrize("odd", ['"', "(", "Team:", "\\"])
def test_of_a_long_list_with_one_odd_sign_those_in_brackets_are_read(odd: str) -> None:
    people = [f"p{n}@customer.example" for n in range(150)]
    read = item(written(to=f"{odd} Boss <boss@us.example>, " + ", ".join(f"Somebody <{each}>" for each in people)))
    assert read.events[0].data.to == ("boss@us.example", *people)
    assert "is no address" in read.why


def test_a_sender_whose_name_is_anothers_address_is_remarked_on_and_stays_who_they_are() -> None:
    read = item(written(sender='"boss@us.example" <ada@evil.example>'))
    assert read.events[0].data.sender == "ada@evil.example"
    assert "'boss@us.example', the address is another's" in read.why


# ── threads


def test_references_are_told_once_each_and_never_the_mail_itself() -> None:
    raw = written(
        "References: <a@x.example> <1@customer.example> <b@x.example> <a@x.example>",
        "In-Reply-To: <1@customer.example>",
    )
    data = mail_in(raw).data
    assert data.references == ("<a@x.example>", "<b@x.example>")
    assert data.in_reply_to is None


def test_of_ten_thousand_references_the_first_and_the_last_are_kept() -> None:
    raw = written(
        "References: " + "\r\n ".join(f"<{n}@x.example>" for n in range(3000)), "In-Reply-To: <2999@x.example>"
    )
    references = mail_in(raw).data.references
    assert references is not None
    assert len(references) == headers.MAX_REFERENCES
    assert (references[0], references[-1]) == ("<0@x.example>", "<2999@x.example>")


def test_an_old_in_reply_to_that_names_a_person_names_no_mail() -> None:
    data = mail_in(written('In-Reply-To: Your message of "Mon, 2 Mar 2026 10:00:00"')).data
    assert data.in_reply_to is None


def test_two_mails_that_name_each_other_are_both_read() -> None:
    one = mail_in(written("In-Reply-To: <2@x.example>", id="<1@x.example>"))
    other = mail_in(written("In-Reply-To: <1@x.example>", id="<2@x.example>"))
    assert (one.data.in_reply_to, other.data.in_reply_to) == ("<2@x.example>", "<1@x.example>")


# ── words


@pytest.mark.parametrize(
    ("subject", "read_as"),
    [
        ("=?utf-8?b?w5xiZXJibGljaw==?=", "Überblick"),
        ("=?iso-8859-1?Q?Die_Frösche?=", "Die Frösche"),
        ("=?utf-8?q?An?= =?utf-8?q?gebot?=", "Angebot"),
        ("=?no-such?q?An?=", "An"),
        ("Offer\r\n for you", "Offer for you"),
        ("Offer\x07\x1b[31m", "Offer [31m"),
        ("x" * 5000, "x" * headers.MAX_SUBJECT),
        ("", None),
    ],
)
def test_subjects_are_decoded_on_one_line_and_cut(subject: str, read_as: str | None) -> None:
    assert mail_in(written(subject=subject)).data.subject == read_as


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        ("Yes.\n\nOn Mon, 2 Mar 2026 at 10:00, Rep <rep@us.example> wrote:\n> Shall we?\n", "Yes."),
        ("Ja.\n\nAm 02.03.2026 um 10:00 schrieb Rep <rep@us.example>:\n> Wollen wir?\n", "Ja."),
        ("Oui.\n\nLe lun. 2 mars 2026 à 10:00, Rep <rep@us.example> a écrit :\n> On se parle ?\n", "Oui."),
        (
            "Sure.\n\nFrom: Rep <rep@us.example>\nSent: Monday, 2 March 2026\nTo: Ada\nSubject: Offer\n\nShall we?",
            "Sure.",
        ),
        ("See below.\n\n-----Original Message-----\nFrom: Rep\n\nShall we?", "See below."),
        ("FYI\n\n---------- Forwarded message ----------\nFrom: Rep\n\nShall we?", "FYI"),
        ("> Shall we?\nYes, below the quotation.", "Yes, below the quotation."),
        ("Hi,\nOn Mon, 2 Mar 2026 at 10:00, Rep wrote:\n> Shall we?\nYes.\n> When?\nOn Friday.", "Hi, Yes. On Friday."),
        ("On Mon, 2 Mar 2026 at 10:00, Rep\n<rep@us.example> wrote:\n\n> Shall we?\n\nYes.", "Yes."),
        ("У нас всё хорошо.\n\n02.03.2026 10:00 пользователь Rep написал:\n> Как дела?", "У нас всё хорошо."),
        ("My questions:\n> When?\nis still open", "My questions: is still open"),
        ("We need:\n- a price\n- a date\n", "We need: - a price - a date"),
        ("word " * 1000, ("word " * 100).strip()),
    ],
)
def test_the_snippet_is_what_is_new_and_at_most_500_characters(text: str, snippet: str) -> None:
    assert mail_in(written(text=text)).data.snippet == snippet


def test_a_mail_in_html_is_read_as_it_is_seen_without_its_quotation() -> None:
    html = (
        "<html><head><style>p {color: red}</style><title>t</title></head><body><p>Yes,&nbsp;on <b>Thursday</b>.</p>"
        "<script>evil()</script><div class='gmail_quote'>On Monday Rep wrote:<blockquote>Shall we?</blockquote></div>"
        "</body></html>"
    )
    assert mail_in(written("Content-Type: text/html; charset=utf-8", text=html)).data.snippet == "Yes, on Thursday."


@pytest.mark.parametrize(
    "html",
    [
        "<div>Yes.</div><div class='x gmail_quote'><div class='gmail_attr'>On Monday:</div>Shall we?</div>",
        "<div>Yes.</div><hr><div id='divRplyFwdMsg'><b>From:</b> Rep<br></div><div>Shall we?</div>",
        "<p>Yes.</p><div class='moz-cite-prefix'>Am 02.03. schrieb Rep:</div><blockquote>Shall we?</blockquote>",
        "<div>Yes.</div><div id='x' class='yahoo_quoted'>On Monday Rep wrote: Shall we?</div>",
        "<p>Yes.</p><p><b>From:</b> Rep<br><b>Sent:</b> Monday<br><b>Subject:</b> Offer</p><p>Shall we?</p>",
        "<p>Yes.</p><p>-----Original Message-----<br>From: Rep</p><p>Shall we?</p>",
        "Yes.<br><br>On Mon, 2 Mar 2026 at 10:00, Rep wrote:<br>&gt; Shall we?",
    ],
)
def test_each_programs_way_to_quote_in_html_is_known(html: str) -> None:
    raw = written("Content-Type: text/html", text=f"<html><body>{html}</body></html>")
    assert mail_in(raw).data.snippet == "Yes."


def test_attachments_are_never_read() -> None:
    parts = (
        "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=plan.txt\r\n\r\nsecret\r\n"
        "--b\r\nContent-Type: text/plain; name=plan.txt\r\n\r\nsecret\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nsecret\r\n"
        "--b--\r\n"
    )
    assert mail_in(written("Content-Type: multipart/mixed; boundary=b", text=parts)).data.snippet is None


@pytest.mark.parametrize("charset", ["utf-8", "no-such-charset", "us-ascii", "", "zlib", "punycode"])
def test_a_text_is_read_whatever_charset_it_claims(charset: str) -> None:
    assert mail_in(written(f"Content-Type: text/plain; charset={charset}", text="Grüße")).data.snippet == "Grüße"


def test_only_the_header_block_and_the_beginning_of_the_text_are_needed() -> None:
    whole = written(
        "Content-Type: multipart/mixed; boundary=b",
        text="--b\r\n\r\nYes.\r\n--b\r\nContent-Type: image/png\r\n\r\n" + "x" * 9000,
    )
    assert mail_in(whole[:-8900]) == mail_in(whole)


def test_a_broken_line_between_headers_hides_none_of_them() -> None:
    assert mail_in(written("X-One: 1", "this is no header")).data.sender == "ada@customer.example"


def test_no_more_of_a_body_than_the_snippet_leaves_the_reader() -> None:
    read = item(written(text="Hello. " + "x" * 600 + "\nour secret plan"))
    assert b"secret" not in read.raw
    assert "secret" not in repr(read.events)
    assert "secret" not in read.why
