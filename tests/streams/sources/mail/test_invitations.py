"""Calendar mail: what is booked, called off, moved and answered."""

from datetime import UTC, datetime

import pytest

from streams.sources.item import Item
from tests.streams.sources.mail.written import item, meeting_in, written

THURSDAY = datetime(2026, 3, 5, 13, tzinfo=UTC)


def invitation(
    method: str = "REQUEST",
    *lines: str,
    start: str = "DTSTART:20260305T130000Z",
    uid: str = "m-1",
    status: str = "NEEDS-ACTION",
    headers: tuple[str, ...] = (),
    id: str = "<1@us.example>",
    sender: str = "rep@us.example",
    to: str = "ada@customer.example",
) -> bytes:
    event = (
        f"UID:{uid}",
        start,
        "ORGANIZER;CN=Rep:mailto:rep@us.example",
        f"ATTENDEE;PARTSTAT={status}:mailto:ada@customer.example",
        *lines,
    )
    calendar = "\r\n".join(
        ("BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR")
    )
    text = (
        "--b\r\nContent-Type: text/plain\r\n\r\nShall we meet?\r\n"
        f"--b\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n\r\n{calendar}\r\n--b--\r\n"
    )
    return written("Content-Type: multipart/alternative; boundary=b", *headers, text=text, sender=sender, to=to, id=id)


def test_an_invitation_is_a_booked_meeting_and_no_chase_besides() -> None:
    read = item(invitation())
    assert (read.kind, read.why) == ("meeting request", "a calendar part, method request; from us")
    assert read.events[0].data.automatic is True
    assert meeting_in(invitation()).data.model_dump(exclude_unset=True) == {
        "meeting_id": "m-1",
        "status": "booked",
        "starts_at": THURSDAY,
        "organizer": "rep@us.example",
        "attendees": ("ada@customer.example",),
    }


def test_what_is_called_off_is_cancelled() -> None:
    assert item(invitation("CANCEL")).kind == "meeting cancelled"
    assert meeting_in(invitation("CANCEL")).data.status == "cancelled"
    assert meeting_in(invitation("REQUEST", "STATUS:CANCELLED")).data.status == "cancelled"


@pytest.mark.parametrize(
    ("status", "kind", "asks_nothing"),
    [
        ("ACCEPTED", "meeting accepted", True),
        ("DECLINED", "meeting declined", None),
        ("TENTATIVE", "meeting tentatively accepted", None),
        ("DELEGATED", "meeting answered", None),
    ],
)
def test_an_answer_is_a_mail_of_whoever_clicked_and_changes_no_meeting(
    status: str, kind: str, asks_nothing: bool | None
) -> None:
    """Calendars call all of it automatic; a person has answered, and waits for us unless the answer was yes."""
    read = item(
        invitation("REPLY", status=status, headers=("Auto-Submitted: auto-generated",), sender="ada@customer.example")
    )
    (event,) = read.events
    assert (read.kind, event.data.automatic) == (kind, asks_nothing)


def test_a_room_that_accepts_by_itself_is_no_person() -> None:
    read = item(
        invitation(
            "REPLY", status="ACCEPTED", headers=("Auto-Submitted: auto-replied",), sender="room@customer.example"
        )
    )
    assert read.events[0].data.automatic is True


def test_a_meeting_booked_through_a_tool_is_booked_and_the_tools_mail_is_no_touch() -> None:
    read = item(invitation(sender="no-reply@calendar.example"))
    mail, meeting = read.events
    assert (mail.data.automatic, meeting.data.status) == (True, "booked")


def test_each_guests_copy_is_the_same_word_on_the_meeting() -> None:
    copies = [item(invitation("REQUEST", f"X-GUEST:{n}", id=f"<{n}@us.example>")) for n in range(3)]
    assert len({copy.events[0].id for copy in copies}) == 3
    assert len({copy.events[1].id for copy in copies}) == 1


def test_a_later_word_on_the_same_meeting_sorts_later() -> None:
    first, moved = (
        meeting_in(invitation("REQUEST", f"SEQUENCE:{n}", start=f"DTSTART:2026030{5 + n}T130000Z")) for n in range(2)
    )
    assert first.data.meeting_id == moved.data.meeting_id
    assert first.id < moved.id
    assert moved.data.starts_at == datetime(2026, 3, 6, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "at"),
    [
        ("DTSTART;TZID=Europe/Berlin:20260305T140000", THURSDAY),
        ("DTSTART;TZID=W. Europe Standard Time:20260305T140000", THURSDAY),
        ("DTSTART:20260305T140000", THURSDAY),  # the sender's clock is at +0100
        ("DTSTART;VALUE=DATE:20260305", datetime(2026, 3, 4, 23, tzinfo=UTC)),
    ],
)
def test_an_hour_is_the_hour_of_its_zone_else_the_senders(start: str, at: datetime) -> None:
    assert meeting_in(invitation(start=start)).data.starts_at == at


@pytest.mark.parametrize("name", ["tzone://Microsoft/Custom", "W. Europe Standard Time"])
def test_a_time_zone_that_a_mail_brings_along_is_that_mails_alone(name: str) -> None:
    def brings(offset: str) -> datetime | None:
        shift = f"BEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}"
        zone = f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{shift}\r\nEND:STANDARD\r\nEND:VTIMEZONE"
        raw = invitation(start=f'DTSTART;TZID="{name}":20260305T140000')
        return meeting_in(raw.replace(b"BEGIN:VEVENT", f"{zone}\r\nBEGIN:VEVENT".encode())).data.starts_at

    assert [brings(offset) for offset in ("+0100", "-0800", "+0100")] == [
        THURSDAY,
        datetime(2026, 3, 5, 22, tzinfo=UTC),
        THURSDAY,
    ]


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ("RRULE:FREQ=WEEKLY", datetime(2026, 3, 5, 13, tzinfo=UTC)),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260401T000000Z", datetime(2026, 3, 4, 13, tzinfo=UTC)),
        ("RRULE:FREQ=WEEKLY;UNTIL=99991231T235959Z", datetime(2026, 3, 5, 13, tzinfo=UTC)),
        ("RRULE:FREQ=DAILY;COUNT=2", datetime(2026, 2, 5, 13, tzinfo=UTC)),  # over: told by its first day
        ("RRULE:FREQ=MONTHLY;BYDAY=1FR", datetime(2026, 3, 6, 13, tzinfo=UTC)),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", datetime(2026, 3, 31, 13, tzinfo=UTC)),
        ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=5", datetime(2027, 2, 5, 13, tzinfo=UTC)),
    ],
)
def test_a_series_is_its_next_occurrence(rule: str, at: datetime) -> None:
    assert meeting_in(invitation("REQUEST", rule, start="DTSTART:20260205T130000Z")).data.starts_at == at


def test_a_series_keeps_its_hour_when_the_clocks_change() -> None:
    meeting = meeting_in(
        invitation(
            "REQUEST", "RRULE:FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1", start="DTSTART;TZID=Europe/Berlin:20250101T140000"
        )
    )
    assert meeting.data.starts_at == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_an_occurrence_that_is_left_out_is_not_the_next_one() -> None:
    meeting = meeting_in(
        invitation("REQUEST", "RRULE:FREQ=WEEKLY", "EXDATE:20260305T130000Z", start="DTSTART:20260205T130000Z")
    )
    assert meeting.data.starts_at == datetime(2026, 3, 12, 13, tzinfo=UTC)


def test_one_occurrence_that_is_called_off_leaves_the_series_standing() -> None:
    series = meeting_in(invitation("REQUEST", "RRULE:FREQ=WEEKLY"))
    off = meeting_in(invitation("CANCEL", "RECURRENCE-ID:20260312T130000Z"))
    assert off.data.meeting_id == "m-1/20260312T130000Z" != series.data.meeting_id


def test_rooms_are_nobody() -> None:
    lines = (
        "ATTENDEE;CUTYPE=ROOM:mailto:room@us.example",
        "ATTENDEE;CUTYPE=INDIVIDUAL:MAILTO:Boss@customer.example",
        "ATTENDEE:nobody",
    )
    assert meeting_in(invitation("REQUEST", *lines)).data.attendees == ("ada@customer.example", "boss@customer.example")


def test_a_newsletters_invitation_is_no_meeting() -> None:
    read = item(invitation(headers=("List-Id: <news.customer.example>",), sender="ada@customer.example"))
    assert (read.kind, len(read.events)) == ("list mail", 1)


def test_an_attached_calendar_is_an_attachment() -> None:
    part = "Content-Type: text/calendar\r\nContent-Disposition: attachment; filename=a.ics\r\n\r\nBEGIN:VCALENDAR\r\n"
    text = f"--b\r\n{part}METHOD:REQUEST\r\n--b--\r\n"
    assert item(written("Content-Type: multipart/mixed; boundary=b", text=text)).kind == "mail"


@pytest.mark.parametrize(
    "broken", ["DTSTART:yesterday", "DTSTART:99990101T000000Z\r\nRRULE:FREQ=NEVER", "DTSTART;TZID=Nowhere/Land:2026"]
)
def test_a_calendar_part_that_cannot_be_read_leaves_a_mail(broken: str) -> None:
    read: Item = item(invitation(start=broken))
    assert read.events[0].type == "activity.email"
    assert read.refusal is None
