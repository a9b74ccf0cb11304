"""Whatever a stranger sends: no exception, and no more work than for a long letter.

What the work is bounded by is looked at, not how long it took: how much of a hostile mail the library parsers are
shown, whose time grows with the square of a text and worse.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import HeaderRegistry
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.events import MAX_BYTES, Email, Meeting, parse, to_json
from streams.sources.item import Item
from streams.sources.mail import absence, bodies, headers, invitations, parts, reading, reports
from tests.streams.sources.mail.written import item, written

MEGABYTE = 1024 * 1024
HOSTILE = [
    "a@", " ", "<", "> ", "(", '"', "=?", "=?utf-8?q?a?=", "a@b.example, ", "a:", "a:b@c.example;,", "-", "_", "Re: ",
    "[", "On ", "From ", "From: x Sent: ", "back on 1 ", "until ", "not ", "vom 3. märz ", "dal 1 ", "1/1/", "1", "\\",
    "\\'", "{", "<br>", "<div>", "<a@b>", "ü", "\udcff", "\x00", ";a=b", "caution: ", "mail ", "bis zum ",
]  # fmt: skip
LINES = [
    "\n", "\r\n", "On\n", "wrote:\n", "From:\n", "> x\n", "\n ", "--b\n", "Best regards\n", "\n\n-- \n",
    "BEGIN:VEVENT\n", "The following addresses had\n",
]  # fmt: skip


def sane(read: Item) -> Item:
    assert read.kind
    assert len(read.raw) <= headers.MAX_BLOCK
    assert reading.BEYOND_US not in read.why
    for event in read.events:
        assert isinstance(event, Email | Meeting)
        raw = to_json(event)
        assert len(raw) < MAX_BYTES
        assert parse(raw) == event
    return read


def much(piece: str) -> str:
    return piece * (MEGABYTE // len(piece))


# ── work


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The most that each parser was shown of any text."""
    most: dict[str, int] = {}

    def watch(name: str, owner: Any, attribute: str, text_of: Callable[..., Any]) -> None:
        real = getattr(owner, attribute)

        def watched(*args: Any, **kwargs: Any) -> Any:
            most[name] = max(most.get(name, 0), len(text_of(*args)))
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, attribute, watched)

    monkeypatch.setattr(headers, "_REGISTRY", HeaderRegistry())
    watch("headers", headers, "_REGISTRY", lambda name, value: value)
    watch("older headers", headers, "decode_header", lambda value: value)
    watch("replies", bodies, "EmailMessage", lambda text: text)
    watch("html", bodies.lxml.html, "document_fromstring", lambda html: html)
    watch("absences", absence, "_folded", lambda text: text)
    watch("calendars", invitations.Calendar, "from_ical", lambda text: text)
    watch("bounces", reports, "all_failures", lambda mail: max(str(mail.get_payload() or " ").split("\n"), key=len))
    watch("bounces in all", reports, "all_failures", lambda mail: str(mail.get_payload() or " "))
    headers._people.cache_clear()
    return most


LIMITS = {
    "headers": headers.MAX_LIST,
    "older headers": 4 * headers.MAX_SUBJECT,
    "replies": bodies.MAX_TEXT,
    "html": bodies.MAX_HTML,
    "absences": absence.MAX_TEXT,
    "calendars": invitations.MAX_CALENDAR,
    "bounces": bodies.MAX_LINE,
    "bounces in all": reports.MAX_REPORT,
}


def hostile(piece: str) -> list[bytes]:
    """A mail for each place into which a megabyte of this can be put."""
    big, line = much(piece), much(piece.replace("\r", " ").replace("\n", " ") or " ")
    daemon, nobody = "mailer-daemon@customer.example", ("Return-Path: <>",)
    calendar = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDTSTART:20260305T130000Z\nSUMMARY:"
    return [
        written(subject=line),
        written(sender=line),
        written(to=line),
        written(f"References: {line}", f"In-Reply-To: {line}"),
        written(date=line, id=line),
        written(f"Content-Type: multipart/mixed; boundary=b; {line}", text=big),
        written(f"List-Id: {line}", f"Precedence: {line}", f"Auto-Submitted: {line}"),
        written(text=big),
        written("Content-Type: text/html", text=big),
        written("Content-Type: multipart/mixed; boundary=b", text=f"--b\n\n{big}"),
        written("Auto-Submitted: auto-replied", text=big),
        written(*nobody, sender=daemon, text=big),
        written("Content-Type: text/calendar; method=REQUEST", text=calendar + big),
        written("Content-Transfer-Encoding: quoted-printable", text=big),
        written("Content-Transfer-Encoding: base64", text=big),
    ]


@pytest.mark.parametrize("piece", [*HOSTILE, *LINES])
def test_no_parser_is_shown_more_than_it_takes_easily(piece: str, shown: dict[str, int]) -> None:
    for raw in hostile(piece):
        sane(item(raw))
    assert {name: most for name, most in shown.items() if most > LIMITS[name]} == {}


def test_every_limit_is_met_by_some_hostile_mail(shown: dict[str, int]) -> None:
    """Else the test before would look at nothing."""
    for piece in ("=?", "x", "bis "):
        for raw in hostile(piece):
            item(raw)
    assert set(shown) == set(LIMITS)


def test_people_are_looked_at_up_to_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    headers._people.cache_clear()
    read = item(written(*(f"To: p{n}@customer.example" for n in range(5000))))
    assert headers._people.cache_info().misses <= headers.MAX_PIECES + 10
    assert len(read.events[0].data.to) == headers.MAX_PEOPLE


RULES = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTHDAY=31;BYMONTH=4",
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=SECONDLY",
    "FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,1,2,3;BYSECOND=0,1,2",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2",
    "FREQ=MONTHLY;BYMONTHDAY=32",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYWEEKNO=60",
    "FREQ=YEARLY;BYEASTER=1",
    "FREQ=WEEKLY;BYMONTH=13",
]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_may_have_no_day_is_not_followed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "rrulestr", None)
    calendar = (
        f"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDTSTART:20250305T130000Z\nRRULE:{rule}\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    _, meeting = item(written("Content-Type: text/calendar; method=REQUEST", text=calendar)).events
    assert meeting.data.starts_at.year == 2025


def in_a_zone(*rules: str, since: str = "19700101T000000", at: str = "20260310T100000") -> bytes:
    """An invitation to an hour of a zone that it brings along, whose clock is set by these rules."""
    shifts = "".join(
        f"BEGIN:STANDARD\nDTSTART:{since}\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\n{rule}\nEND:STANDARD\n"
        for rule in rules
    )
    calendar = (
        f"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:Ours\n{shifts}END:VTIMEZONE\n"
        f"BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Ours:{at}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    return written("Content-Type: text/calendar; method=REQUEST", text=calendar)


@pytest.mark.parametrize(
    "rules",
    [
        *(["RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", f"RRULE:{rule}"] for rule in RULES),
        ["RRULE:FREQ=HOURLY"],
        ["RRULE:FREQ=MINUTELY"],
        ["RRULE:FREQ=DAILY"],
        ["RRULE:FREQ=YEARLY\nRRULE:FREQ=SECONDLY"],
        ["RRULE:FREQ=YEARLY\nEXRULE:FREQ=SECONDLY"],
        ["EXRULE:FREQ=SECONDLY"],
        ["RRULE:FREQ=YEARLY;BYHOUR=1,2,3,4;BYMINUTE=1,2,3,4"],
        ["RRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR"],
        ["RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"] * 21,
    ],
)
def test_a_time_zone_that_would_be_followed_for_hours_is_not(rules: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(invitations, "_starts_at", lambda *event: asked.append(event))
    read = sane(item(in_a_zone(*rules)))
    assert asked == []
    assert [event.type for event in read.events] == ["activity.email"]
    assert "its calendar part cannot be read" in read.why


def test_a_time_zone_or_a_meeting_of_another_age_is_not_followed() -> None:
    rule = "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"
    assert len(item(in_a_zone(rule, since="00010101T000000")).events) == 1
    assert len(item(in_a_zone(rule, at="99990310T100000")).events) == 1


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "RRULE:FREQ=YEARLY;UNTIL=20370329T010000Z;BYMONTH=3;BYDAY=2SU",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28;BYDAY=FR",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYMONTH=4;BYMONTHDAY=1",
        "RDATE:19800406T020000",
    ],
)
def test_the_time_zones_that_calendars_write_are_followed(rule: str) -> None:
    for since in ("16010101T000000", "19700101T000000"):
        _, meeting = item(in_a_zone(rule, since=since)).events
        assert meeting.data.starts_at == datetime(2026, 3, 10, 9, tzinfo=UTC)


# ── shapes


def test_parts_within_parts_within_parts_end() -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(3000))
    assert sane(item(written() + b"\r\n" + nested.encode())).kind == "mail"
    deep = written("Content-Type: multipart/mixed; boundary=b", text=f"--b\r\n{nested}")
    assert sane(item(deep)).kind == "mail"
    assert (
        sane(item(written("Content-Type: message/rfc822", text="Content-Type: message/rfc822\r\n\r\n" * 3000))).kind
        == "mail"
    )


def test_a_hundred_thousand_parts_are_a_hundred() -> None:
    raw = written("Content-Type: multipart/mixed; boundary=b", text="--b\r\n\r\nx\r\n" * 100_000)
    assert sane(item(raw)).kind == "mail"
    head, body = bodies.split(raw)
    assert len(list(bodies.parts(bodies.opened(head, body)))) <= bodies.MAX_PARTS


def test_deep_html_ends() -> None:
    sane(item(written("Content-Type: text/html", text="<div>" * 50_000 + "x")))


def test_headers_that_go_on_for_ever_are_cut_and_no_body_follows() -> None:
    read = item(written(*(f"X-{n}: {'a' * 100}" for n in range(10_000)), text="secret"))
    assert read.refusal is not None
    assert len(read.raw) <= headers.MAX_BLOCK
    assert b"secret" not in read.raw


def test_ten_thousand_references_that_form_a_loop_end() -> None:
    loop = " ".join(f"<{n % 7}@x.example>" for n in range(4000))
    (event,) = sane(item(written(f"References: {loop}", id="<3@x.example>"))).events
    assert event.data.references == tuple(f"<{n}@x.example>" for n in (0, 1, 2, 4, 5, 6))


@pytest.mark.parametrize(
    "header",
    [
        "Content-Disposition: inline; filename*0=a; filename*=utf-8''a.txt",
        "Content-Disposition: inline; filename*=undefined''x",
        "Content-Type: text/plain; charset*=a\0b''x",
        "Content-Type: text/plain; charset*=idna''x%ff",
        "Content-Type: text/calendar; method*0=a; method*=utf-8''a",
        "Content-Type: multipart/report; boundary=b; report-type*=undefined''x",
        "Content-Type: multipart/mixed; boundary*=idna''x%ff",
        "Content-Type: multipart/mixed; boundary=b; name*0*=utf-8''a; name*=utf-8''a",
    ],
)
def test_a_parameter_that_python_cannot_read_ends_no_round(header: str) -> None:
    (event,) = sane(item(written(header))).events
    assert event.data.sender == "ada@customer.example"
    parts.joined(f"{header}\r\n\r\n".encode(), [(b"\r\n", b"hi")])


def test_what_fails_in_a_way_that_nobody_knows_of_is_refused_with_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.kinds, "of", None)
    read = item(written(text="secret"))
    assert read.refusal is not None
    assert (read.refusal.reason, str(read.refusal)) == ("unreadable", "nothing could be made of it (TypeError)")
    assert b"From: Ada" in read.raw
    assert b"secret" not in read.raw


# ── anything at all


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_an_item(raw: bytes) -> None:
    sane(item(raw))


NAMES = st.sampled_from(
    "From To Cc Bcc Sender Subject Date Message-ID In-Reply-To References Content-Type Content-Transfer-Encoding "
    "Content-Disposition Received Return-Path Auto-Submitted Precedence List-Id List-Unsubscribe Delivered-To "
    "X-Autoreply Resent-From MIME-Version".split()
)
# in pieces, twice, and in charsets that are none (RFC 2231)
PARAMETERS = [
    f"; {name}{form}"
    for name in ("filename", "name", "boundary", "charset", "method", "report-type")
    for form in (
        "=b",
        "*0=a",
        "*0*=utf-8''a",
        "*1*=b",
        "*=utf-8''a",
        "*=idna''x%ff",
        "*=undefined''x",
        "*=a\0b''x",
        "*=é''%e9",
        "*=",
    )
]
WORDS = st.sampled_from(
    [
        "ada@customer.example", "<rep@us.example>", "Ada", ",", ";", ":", "<", ">", '"', "(", ")", "\\", "=?x?y?z?=",
        "=?utf-8?q?=0D=0A?=", "multipart/mixed", "multipart/report", "report-type=delivery-status", "boundary=b",
        "text/plain", "text/html", "text/calendar", "method=REQUEST", "message/rfc822", "message/delivery-status",
        "charset=punycode", "charset=zlib", "charset=utf-16", "base64", "quoted-printable", "x-uuencode", "attachment",
        'filename="x', "Tue, 3 Mar 2026 10:00:00 +0100", "31 Feb 99999", "+9999", "\ud83d", "é", "\x00", "\r\n",
        "\r\n ", "\n", "<1@x>", "<>", "auto-replied", "bulk", "no", "xn--", "@", "[127.0.0.1]", "a@[::1]",
        *PARAMETERS,
    ]
)  # fmt: skip
BODIES = st.sampled_from(
    [
        "--b\r\n", "--b--\r\n", "\r\n", "Content-Type: text/calendar; method=REQUEST\r\n\r\n", "BEGIN:VCALENDAR\r\n",
        "Content-Type: message/delivery-status\r\n\r\n", "Content-Type: text/html\r\n\r\n<p>", "BEGIN:VEVENT\r\n",
        "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n", "UID:1\r\n", "DTSTART:20260305T130000Z\r\n",
        "DTSTART;TZID=X:99990101\r\n", "RRULE:FREQ=DAILY\r\n", "RECURRENCE-ID:20260305\r\n", "SEQUENCE:x\r\n",
        "ATTENDEE:mailto:a@b.example\r\n", "METHOD:REPLY\r\n", "METHOD:CANCEL\r\n", "END:VEVENT\r\n", "\ud83d", "\x00",
        "END:VCALENDAR\r\n", "> quoted\r\n", "On Monday Ada wrote:\r\n", "back on 16 March", "=3D=\r\n", "4pyT\r\n",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(NAMES, st.lists(WORDS, max_size=6).map(" ".join)), max_size=12),
    st.lists(BODIES, max_size=12).map("".join),
    st.booleans(),
)
def test_any_headers_and_any_body_are_an_item(told: list[tuple[str, str]], text: str, usual: bool) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in told).encode("utf-8", "surrogatepass")
    body = text.encode("utf-8", "surrogatepass")
    sane(item(lines + (written(text="") + body if usual else b"\r\n" + body)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARAMETERS), max_size=4).map("".join), st.binary(max_size=50))
def test_any_boundary_and_any_parts_are_joined(parameters: str, content: bytes) -> None:
    header = f"Content-Type: multipart/mixed{parameters}\r\n\r\n".encode()
    assert content in parts.joined(header, [(b"Content-Type: text/plain\r\n\r\n", content)])
