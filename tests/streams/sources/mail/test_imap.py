"""A mailbox on a real server is read: what is new, once, and nobody's mail is touched."""

from datetime import date, timedelta

import pytest

from streams.sources.connection import Complete
from streams.sources.mail import server
from streams.sources.mail.imap import BATCH
from tests.streams.sources.mail.dovecot import Dovecot, dovecot, token
from tests.streams.sources.mail.letters import NOW, connection, letter, letters, round_of


def test_a_mailbox_is_read_folder_by_folder_and_is_then_complete_up_to_the_rounds_beginning(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1, 2]))
    imap.put("Archive/2026", *letters([3]))
    told = round_of(imap.section())
    assert [(item.place, item.kind) for item in told.items] == [
        ("rep@us.example INBOX uid 1", "mail"),
        ("rep@us.example INBOX uid 2", "mail"),
        ("rep@us.example Archive/2026 uid 1", "mail"),
    ]
    assert told.ids == ["1", "2", "3"]
    assert told.complete == Complete(("activity.email",), NOW, "rep@us.example")


def test_of_a_mail_its_headers_are_kept_and_nothing_that_follows(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]))
    [item] = round_of(imap.section()).items
    assert item.raw == bytes(letter(1)).partition(b"\r\n\r\n")[0] + b"\r\n"
    [event] = item.events
    assert (event.source, event.time) == ("mail", NOW - timedelta(minutes=1))


def test_the_second_round_gives_only_what_is_new_and_its_heartbeat(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1, 2]))
    first = round_of(imap.section())
    quiet = round_of(imap.section(), first.bookmark, NOW + timedelta(minutes=1))
    assert (quiet.batches, quiet.complete) == (
        [],
        Complete(("activity.email",), NOW + timedelta(minutes=1), "rep@us.example"),
    )
    imap.put("INBOX", *letters([3]))
    imap.put("Sent", *letters([4]))
    assert round_of(imap.section(), first.bookmark).ids == ["3", "4"]


def test_a_first_round_says_how_much_lies_ahead(imap: Dovecot) -> None:
    imap.put("INBOX", *letters(range(2 * BATCH + 1)))
    imap.put("Sent", *letters([1000]))
    told = round_of(imap.section())
    assert [(len(batch.items), batch.total) for batch in told.batches if batch.items] == [
        (BATCH, 2 * BATCH + 2),
        (BATCH, 2 * BATCH + 2),
        (1, 2 * BATCH + 2),
        (1, 2 * BATCH + 2),
    ]


def test_what_a_crash_cut_off_goes_on_where_it_was_kept(imap: Dovecot) -> None:
    imap.put("Archive", *letters(range(1000, 1000 + BATCH + 2)))
    imap.put("INBOX", *letters(range(2 * BATCH + 5)))
    under_way = connection(imap.section()).round({}, NOW)
    batches = [next(under_way) for _ in range(2)]
    under_way.close()
    told = round_of(imap.section(), batches[1].bookmark)  # type: ignore[union-attr]
    assert told.ids == [str(n) for n in (*range(2 * BATCH, 2 * BATCH + 5), *range(1000, 1000 + BATCH + 2))]
    assert told.complete is not None


def test_a_folder_that_was_made_anew_is_read_again_from_its_beginning(imap: Dovecot) -> None:
    imap.put("Customers", *letters([1, 2, 3]))
    imap.put("INBOX", *letters([7]))
    first = round_of(imap.section())
    with imap.client() as program:
        program.delete_folder("Customers")
    imap.put("Customers", *letters([2, 4]))
    second = round_of(imap.section(), first.bookmark)
    assert second.ids == ["2", "4"]
    again = {event.id: event for item in first.items for event in item.events}
    [known] = [event for item in second.items for event in item.events if event.id in again]
    assert known == again[known.id]
    assert round_of(imap.section(), second.bookmark).items == []


def test_mail_that_was_deleted_is_no_trouble(imap: Dovecot) -> None:
    def delete(*uids: int) -> None:
        with imap.client() as program:
            program.select_folder("INBOX")
            program.delete_messages(uids)
            program.expunge()

    imap.put("INBOX", *letters(range(5)))
    first = round_of(imap.section())
    delete(2, 5)
    assert round_of(imap.section(), first.bookmark).batches == []
    imap.put("INBOX", *letters([6]))
    assert round_of(imap.section(), first.bookmark).ids == ["6"]
    delete(6)
    second = round_of(imap.section(), first.bookmark)
    assert second.items == []
    assert second.bookmark["folders"]["INBOX"]["uid"] == 6


def test_folders_have_any_name(imap: Dovecot) -> None:
    names = ["Angebote & Verträge", 'Kunden/Größe "XL"', "商談", "2026", "{5}", "100%", "a\\b", "(", "NIL", "a *b"]
    for number, name in enumerate(names):
        imap.put(name, *letters([number]))
    told = round_of(imap.section())
    assert {item.place for item in told.items} == {f"rep@us.example {name} uid 1" for name in names}
    assert round_of(imap.section(folders=names), told.bookmark).batches == []


def test_what_is_unread_stays_unread_and_what_is_new_stays_new(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]), bytes(letter(2, "x" * 200_000)))
    imap.put("INBOX", *letters([3]), flags=[rb"\Seen"])
    round_of(imap.section())
    with imap.client() as program:
        program.select_folder("INBOX")
        flags = program.get_flags([1, 2, 3])
    assert [rb"\Seen" in flags[uid] for uid in (1, 2, 3)] == [False, False, True]
    assert all(rb"\Recent" in flags[uid] for uid in (1, 2, 3))


def test_junk_trash_and_drafts_are_not_read_by_whatever_name(imap: Dovecot) -> None:
    for number, name in enumerate(["Drafts", "Müll", "Trash", "Trash/Old", "Trashy", "Sent"]):
        imap.put(name, *letters([number]))
    assert round_of(imap.section()).ids == ["5", "4"]


def test_where_a_server_does_not_say_what_a_folder_is_for_its_usual_name_says_it() -> None:
    with dovecot(special="") as imap:
        for number, name in enumerate(["Entwürfe", "Spam", "Deleted Items", "Deleted Items/Old", "Spam talks"]):
            imap.put(name, *letters([number]))
        assert round_of(imap.section()).ids == ["4"]


def test_a_draft_is_no_mail_wherever_it_lies(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]), flags=[rb"\Draft"])
    imap.put("INBOX", *letters([2]))
    assert round_of(imap.section()).ids == ["2"]


def test_the_folders_that_are_named_are_read_and_no_others(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]))
    imap.put("Trash", *letters([2]))
    imap.put("Private", *letters([3]))
    assert round_of(imap.section(folders=["Trash", "INBOX"])).ids == ["2", "1"]


def test_where_one_folder_holds_all_mail_it_is_the_only_one_that_is_read() -> None:
    with dovecot(more="mailbox Everything {\n special_use = \\All\n auto = create\n }") as imap:
        imap.put("INBOX", *letters([1]))
        imap.put("Everything", *letters([1, 2]))
        told = round_of(imap.section())
    assert [item.place for item in told.items] == [f"rep@us.example Everything uid {uid}" for uid in (1, 2)]


def test_what_others_share_is_not_somebodys_own_mail() -> None:
    shared = (
        "}\nnamespace {\n type = public\n separator = /\n prefix = Public/\n location = maildir:~/public\n list = yes\n"
    )
    with dovecot(more=shared) as imap:
        imap.put("INBOX", *letters([1]))
        imap.put("Public/News", *letters([2]))
        assert round_of(imap.section()).ids == ["1"]


def test_the_first_round_goes_back_a_year(imap: Dovecot) -> None:
    for days in (10, 360, 370):
        imap.put("INBOX", *letters([days]), came=NOW - timedelta(days=days))
    assert round_of(imap.section()).ids == ["10", "360"]


def test_the_first_round_goes_back_as_far_as_is_said_and_farther_when_that_is_changed(imap: Dovecot) -> None:
    for days in (1000, 100, 1):
        imap.put("INBOX", *letters([days]), came=NOW - timedelta(days=days))
    first = round_of(imap.section(since=NOW.date() - timedelta(days=10)))
    assert first.ids == ["1"]
    second = round_of(imap.section(since=NOW.date() - timedelta(days=200)), first.bookmark)
    assert second.ids == ["100", "1"]
    assert round_of(imap.section(since=NOW.date() - timedelta(days=200)), second.bookmark).batches == []
    assert round_of(imap.section(since=NOW.date()), second.bookmark).batches == []
    third = round_of(imap.section(since=date(2000, 1, 1)), second.bookmark)
    assert third.ids == ["1000", "100", "1"]


def test_the_same_mail_in_two_folders_and_two_mailboxes_is_one_event(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]))
    imap.put("Archive", *letters([1]))
    imap.put("INBOX", *letters([1]), name="boss")
    items = [*round_of(imap.section()).items, *round_of(imap.section("boss")).items]
    assert len(items) == 3
    assert len({event.ref for item in items for event in item.events}) == 1
    assert all(item.events == items[0].events for item in items)


def test_of_a_mail_without_any_date_the_time_is_when_it_came(imap: Dovecot) -> None:
    mail = letter(1)
    del mail["Date"]
    came = NOW - timedelta(days=3)
    imap.put("INBOX", bytes(mail), came=came)
    [item] = round_of(imap.section()).items
    assert [event.time for event in item.events] == [came]


def test_what_is_no_mail_is_refused_with_its_place_and_the_rest_is_read(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]), b"\x00\xff\r\nno mail at all\r\n", *letters([2]))
    told = round_of(imap.section())
    assert told.ids == ["1", "2"]
    [bad] = [item for item in told.items if item.refusal is not None]
    assert bad.place == "rep@us.example INBOX uid 2"
    assert told.complete is not None


def test_a_round_is_one_connection(imap: Dovecot) -> None:
    imap.put("INBOX", *letters(range(BATCH + 1)))
    imap.put("Archive", *letters([1000]))
    first = round_of(imap.section())
    round_of(imap.section(), first.bookmark)
    imap.sessions(2 + 2)


def test_mail_that_moves_while_it_is_read_is_found_where_it_went(imap: Dovecot) -> None:
    imap.put("Archive", *letters([1000]))
    imap.put("INBOX", *letters(range(BATCH + 3)))
    told = []
    for each in connection(imap.section()).round({}, NOW):
        told.append(each)
        if len(told) == 1:
            with imap.client() as program:
                program.select_folder("INBOX")
                program.move([BATCH + 1, BATCH + 2], "Archive")
    ids = [event.id for each in told[:-1] for item in each.items for event in item.events]  # type: ignore[union-attr]
    assert sorted(ids) == sorted(f"{n}@customer.example" for n in (*range(BATCH + 3), 1000))
    assert isinstance(told[-1], Complete)


@pytest.mark.parametrize("change", ["renamed", "deleted", "made anew"])
def test_a_folder_that_changes_while_others_are_read_is_read_as_it_is_then(imap: Dovecot, change: str) -> None:
    imap.put("INBOX", *letters([1]))
    imap.put("Old", *letters([2, 3]))
    told = []
    for each in connection(imap.section()).round({}, NOW):
        told.append(each)
        if len(told) == 1:
            with imap.client() as program:
                if change == "renamed":
                    program.rename_folder("Old", "New")
                else:
                    program.delete_folder("Old")
            if change == "made anew":
                imap.put("Old", *letters([3, 4, 5]))
    items = [item for each in told[:-1] for item in each.items]  # type: ignore[union-attr]
    given = {"renamed": ["1", "2", "3"], "deleted": ["1"], "made anew": ["1", "3", "4", "5"]}
    assert [event.id.partition("@")[0] for item in items for event in item.events] == given[change]
    assert isinstance(told[-1], Complete)


def test_in_a_very_large_folder_nothing_is_overlooked(imap: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    # the answer to one search is one line, and a line has its limit: a large folder is searched in pieces
    monkeypatch.setattr(server, "SEARCHED_AT_ONCE", 7)
    imap.put("INBOX", *letters(range(40)))
    with imap.client() as program:
        program.select_folder("INBOX")
        program.delete_messages([3, 7, 8, 15, 40])
        program.expunge()
    first = round_of(imap.section())
    assert first.ids == [str(number) for number in range(39) if number not in (2, 6, 7, 14)]
    imap.put("INBOX", *letters([50]))
    assert round_of(imap.section(), first.bookmark).ids == ["50"]


def test_mail_that_comes_meanwhile_is_not_lost(imap: Dovecot) -> None:
    imap.put("INBOX", *letters(range(BATCH + 1)))
    under_way = connection(imap.section()).round({}, NOW)
    next(under_way)
    imap.put("INBOX", *letters([1000]))
    *_, last, complete = under_way
    assert isinstance(complete, Complete)
    assert complete.through == NOW
    assert round_of(imap.section(), last.bookmark).ids == ["1000"]  # type: ignore[union-attr]


def test_a_mailbox_is_read_with_a_token_too(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]))
    file = imap.folder / "token"
    file.write_text(token())
    section = imap.section(password_file=None, token_file=file)
    assert round_of(section).ids == ["1"]


@pytest.mark.parametrize("tls", ["implicit", "starttls", "none"])
def test_a_mailbox_is_read_by_whatever_way_the_section_says(tls: str) -> None:
    with dovecot(plain_is_refused="no" if tls == "none" else "yes") as imap:
        imap.put("INBOX", *letters([1]))
        port = imap.tls_port if tls == "implicit" else imap.port
        assert round_of(imap.section(tls=tls, port=port)).ids == ["1"]
        imap.sessions(2)
        assert imap.log.count(", TLS, ") == (1 if tls == "none" else 2)


def test_an_empty_mailbox_is_complete_too(imap: Dovecot) -> None:
    told = round_of(imap.section())
    assert told.items == []
    assert told.complete is not None
    assert round_of(imap.section(), told.bookmark).batches == []
