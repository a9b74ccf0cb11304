"""What can go wrong with a mail server, and what a round makes of it."""

import gzip
import os
import socket
import socketserver
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sources.connection import Batch, SourceError, SourceRefused, SourceUnavailable
from streams.sources.mail.imap import BATCH
from streams.sources.mail.settings import Mailbox
from tests.streams.sources.mail.dovecot import PASSWORD, Dovecot, dovecot, token
from tests.streams.sources.mail.letters import NOW, Round, connection, letter, letters, round_of


def cut_off(section: Mailbox, bookmark: Any = None) -> tuple[Round, SourceError]:
    """A round that comes to no end: what it gave, and why it stopped."""
    out = Round()
    try:
        for told in connection(section).round(bookmark or {}, NOW):
            assert isinstance(told, Batch), "a round that fails is not complete"
            out.batches.append(told)
    except SourceError as error:
        return out, error
    raise AssertionError("it came to its end")


# -- who is let in


def test_a_wrong_password_is_for_somebody_to_mend_and_is_told_to_nobody(
    imap: Dovecot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    file = imap.folder / "wrong"
    file.write_text("hunter2-canary\n")
    _, error = cut_off(imap.section(password_file=file))
    assert isinstance(error, SourceRefused)
    assert str(error) == "localhost: login: [AUTHENTICATIONFAILED] Authentication failed."
    assert "canary" not in caplog.text
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_a_password_is_told_to_nobody_when_it_is_right(imap: Dovecot, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    imap.put("INBOX", bytes(letter(1, "a canary in the text")))
    round_of(imap.section())
    assert PASSWORD not in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("wrong", [{"key": b"another key"}, {"expires_in": -60}, {"name": "stranger"}])
def test_a_token_that_is_no_good_is_for_somebody_to_mend(imap: Dovecot, wrong: dict[str, Any]) -> None:
    file = imap.folder / "token"
    file.write_text(token(**wrong))
    _, error = cut_off(imap.section(password_file=None, token_file=file))
    assert isinstance(error, SourceRefused)
    assert file.read_text() not in str(error)


def test_a_password_that_is_not_there_is_named_by_its_file(imap: Dovecot, tmp_path: Path) -> None:
    _, error = cut_off(imap.section(password_file=tmp_path / "nothing"))
    assert isinstance(error, SourceRefused)
    assert str(error) == f"{tmp_path / 'nothing'}: No such file or directory"


# -- whom we talk to


def test_a_certificate_of_somebody_unknown_is_refused(imap: Dovecot) -> None:
    _, error = cut_off(imap.section(ca_file=None))
    assert isinstance(error, SourceRefused)
    assert str(error) == "localhost: its certificate is not valid: self-signed certificate"


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_for_another_name_is_refused(imap: Dovecot, tls: str) -> None:
    port = imap.tls_port if tls == "implicit" else imap.port
    _, error = cut_off(imap.section(host="127.0.0.1", tls=tls, port=port))
    assert isinstance(error, SourceRefused)
    assert "certificate is not valid: IP address mismatch" in str(error)


def test_a_file_of_certificates_that_holds_none_is_named(imap: Dovecot, tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        if content:
            (tmp_path / "ca").write_text(content)
        _, error = cut_off(imap.section(ca_file=tmp_path / "ca"))
        assert isinstance(error, SourceRefused)
        assert str(error).startswith(f"{tmp_path / 'ca'}: ")


# -- folders


def test_a_folder_that_is_not_there_is_named_after_all_others_were_read(imap: Dovecot) -> None:
    imap.put("INBOX", *letters([1]))
    told, error = cut_off(imap.section(folders=["Angebote", "INBOX"]))
    assert told.ids == ["1"]
    assert isinstance(error, SourceRefused)
    assert str(error) == "localhost: there is no folder Angebote"


def test_a_bookmark_that_is_none_is_for_somebody_to_mend(imap: Dovecot) -> None:
    for none in ({"folders": 7}, {"folders": {"INBOX": {"uid": "x"}}}):
        _, error = cut_off(imap.section(), none)
        assert isinstance(error, SourceRefused)
        assert str(error).startswith("mailboxes.rep: its bookmark is none")


# -- servers that go away


def test_a_server_that_is_not_there_is_asked_again_later(imap: Dovecot) -> None:
    imap.stop()
    _, error = cut_off(imap.section())
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "localhost: connecting: Connection refused"


def test_a_server_that_is_killed_during_a_round_is_asked_again_and_nothing_is_lost_or_given_up(imap: Dovecot) -> None:
    imap.put("INBOX", *letters(range(2 * BATCH + 1)))
    under_way = connection(imap.section()).round({}, NOW)
    first = next(under_way)
    assert isinstance(first, Batch)
    imap.stop()
    second = next(under_way)
    assert isinstance(second, Batch)
    assert second.items == ()
    with pytest.raises(SourceUnavailable):
        next(under_way)
    imap.start()
    told = round_of(imap.section(), second.bookmark)
    assert told.ids == [str(n) for n in range(BATCH, 2 * BATCH + 1)]
    assert told.complete is not None


def test_a_mail_over_which_the_server_breaks_off_is_refused_in_the_end_and_the_rest_is_read() -> None:
    with dovecot(more="}\nmail_plugins = zlib\nplugin {") as imap:
        imap.put("INBOX", *letters(range(BATCH + 3)))
        broken = sorted((imap.folder / "home/rep@us.example/mail/new").iterdir())[2]
        broken.write_bytes(gzip.compress(os.urandom(9000))[:300] + bytes(500))
        rounds = [cut_off(imap.section())]
        while len(rounds) < 3:
            rounds.append(cut_off(imap.section(), rounds[-1][0].bookmark))
        last = round_of(imap.section(), rounds[-1][0].bookmark)
    assert all(isinstance(error, SourceUnavailable) for _, error in rounds)
    assert [told.ids for told, _ in rounds] == [[], ["0", "1"], []]
    [bad] = rounds[-1][0].items
    assert bad.place == "rep@us.example INBOX uid 3"
    assert bad.refusal is not None
    assert bad.refusal.reason == "unreadable"
    assert last.ids == [str(number) for number in range(3, BATCH + 3)]
    assert last.complete is not None


# -- servers that talk nonsense: none of them would be found on a disk, so these are scripted


SANE = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
    "AUTHENTICATE": b"",
    "LOGIN": b"",
    "LIST": b"".join(
        b'* LIST (%b) "/" %b\r\n' % each
        for each in ((b"\\Junk", b"Spam"), (b"\\Trash", b"Trash"), (b"\\Drafts", b"Drafts"), (b"", b"INBOX"))
    ),
    "EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] yes\r\n* OK [UIDNEXT 3] yes\r\n",
    "SEARCH": b"* SEARCH 1 2\r\n",
    "FETCH": b"".join(
        b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%b)\r\n" % (uid, uid, len(raw), raw)
        for uid, raw in enumerate(letters([1, 2]), start=1)
    ),
    "NOOP": b"",
    "LOGOUT": b"* BYE\r\n",
}
DONE = b"%s OK done\r\n"


class Script:
    """A server on loopback that answers each command with what the script has for it; `%s` is the command's tag.

    What ends in no line that begins with the tag is the last that it says: it closes the connection.
    """

    def __init__(self, greeting: bytes, answers: dict[str, bytes]) -> None:
        self.said: list[bytes] = []
        script = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(greeting)
                for line in self.rfile if greeting else ():
                    script.said.append(line)
                    tag, *command = line.split()
                    if not command:
                        return
                    name = command[1 if command[0] == b"UID" else 0].decode().upper()
                    if name == "AUTHENTICATE":
                        self.wfile.write(b"+ \r\n")
                        script.said.append(self.rfile.readline())
                    answer = answers.get(name, b"%s BAD what?\r\n")
                    self.wfile.write(answer.replace(b"%s", tag).replace(b"%line", script.said[-1].strip()))
                    if b"%s" not in answer:
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> "Script":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def section(self, password: Path, **more: Any) -> Mailbox:
        return section_of(self.port, password, **more)


def section_of(port: int, password: Path, **more: Any) -> Mailbox:
    password.write_text("hunter2-canary")
    told = {"mailbox": "rep@us.example", "host": "127.0.0.1", "port": port, "user": "rep", "tls": "none"}
    return Mailbox.model_validate({**told, "password_file": password, "timeout_seconds": 5, **more})


def scripted(greeting: bytes = b"* OK hello\r\n", **answers: bytes) -> Script:
    """A server that is sane but for these answers."""
    sane = {name: answer + DONE for name, answer in SANE.items()}
    return Script(greeting, {**sane, **answers})


def test_a_sane_server_is_read_without_any_extension(tmp_path: Path) -> None:
    with scripted() as imap:
        told = round_of(imap.section(tmp_path / "password"))
    assert told.ids == ["1", "2"]
    assert told.complete is not None
    assert told.bookmark["folders"]["INBOX"]["uid"] == 2


@pytest.mark.parametrize(
    ("kind", "greeting", "answers"),
    [
        (SourceUnavailable, b"", {}),
        (SourceUnavailable, b"* BYE Too many connections\r\n", {}),
        (SourceUnavailable, b"HTTP/1.1 400 Bad Request\r\n\r\n", {}),
        (SourceUnavailable, b"\xff\x00" * 500 + b"\r\n", {}),
        (SourceUnavailable, b"x" * 2_000_000, {}),
        (SourceUnavailable, b"* OK hello\r\n", {"CAPABILITY": b""}),
        (SourceUnavailable, b"* OK hello\r\n", {"CAPABILITY": b"%s BAD\r\n"}),
        (SourceUnavailable, b"* OK hello\r\n", {"AUTHENTICATE": b""}),
        (SourceUnavailable, b"* OK hello\r\n", {"AUTHENTICATE": b"* BYE overloaded\r\n"}),
        (SourceUnavailable, b"* OK hello\r\n", {"AUTHENTICATE": b"%s NO [UNAVAILABLE] later\r\n"}),
        (SourceRefused, b"* OK hello\r\n", {"AUTHENTICATE": b"%s NO [ALERT] Web login required\r\n"}),
        (SourceRefused, b"* OK hello\r\n", {"AUTHENTICATE": b"%s BAD hunter2-canary is no password\r\n"}),
        (SourceRefused, b"* OK hello\r\n", {"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n" + DONE}),
        (
            SourceRefused,
            b"* OK hello\r\n",
            {"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n" + DONE, "LOGIN": b"%s NO no\r\n"},
        ),
        (SourceRefused, b"* PREAUTH hello\r\n", {}),
        (SourceUnavailable, b"* OK hello\r\n", {"LIST": b""}),
        (SourceUnavailable, b"* OK hello\r\n", {"LIST": b"%s NO\r\n"}),
        (SourceUnavailable, b"* OK hello\r\n", {"LIST": b"* LIST\r\n* LIST (\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"LIST": b"* LIST " + b"(" * 5000 + b"\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"LIST": b'* LIST () "/" {50}\r\nINB'}),
        (SourceUnavailable, b"* OK hello\r\n", {"EXAMINE": b"* 2 EXISTS\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"EXAMINE": b"* OK [UIDVALIDITY x]\r\n* x EXISTS\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"EXAMINE": b"%s NO busy\r\n"}),
        (SourceRefused, b"* OK hello\r\n", {"EXAMINE": b"%s NO [NOPERM] not for you\r\n"}),
        (SourceUnavailable, b"* OK hello\r\n", {"SEARCH": b"* SEARCH two\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"SEARCH": b"%s BAD\r\n"}),
        (SourceUnavailable, b"* OK hello\r\n", {"FETCH": b"* 1 FETCH (UID 1 BODY[]<0> {999}\r\nFrom"}),
        (SourceUnavailable, b"* OK hello\r\n", {"FETCH": b"* 1 FETCH (UID one BODY[]<0> {1}\r\nx)\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"FETCH": b"* 1 FETCH (\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"FETCH": b"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n" + DONE}),
        (SourceUnavailable, b"* OK hello\r\n", {"FETCH": b"%s NO [SERVERBUG] sorry\r\n"}),
        (SourceUnavailable, b"* OK hello\r\n", {"FETCH": b"* BYE I am going down\r\n"}),
    ],
)
def test_nonsense_is_no_answer(
    kind: type[SourceError], greeting: bytes, answers: dict[str, bytes], tmp_path: Path
) -> None:
    with scripted(greeting, **answers) as imap:
        told, error = cut_off(imap.section(tmp_path / "password"))
    assert type(error) is not SourceError
    assert isinstance(error, kind)
    assert told.items == []
    assert "canary" not in str(error)
    assert str(error).startswith("127.0.0.1: ")
    assert len(str(error)) < 500
    assert str(error).isprintable()


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, error = cut_off(section_of(silent.getsockname()[1], tmp_path / "password", timeout_seconds=0.2))
    assert isinstance(error, SourceUnavailable)
    assert str(error) == "127.0.0.1: connecting: timed out"


@pytest.mark.parametrize("secret", ["hunter2-canary", 'hunter"2-\\canary'])
@pytest.mark.parametrize("way", ["AUTH=PLAIN", "LOGIN", "token"])
@pytest.mark.parametrize("no", [b"NO", b"BAD"])
def test_a_server_that_repeats_what_it_was_told_betrays_no_secret(
    tmp_path: Path, secret: str, way: str, no: bytes
) -> None:
    file = tmp_path / "password"
    answers = dict.fromkeys(("LOGIN", "AUTHENTICATE"), b"%s " + no + b" what is %line?\r\n")
    with scripted(CAPABILITY=f"* CAPABILITY IMAP4rev1 {way}\r\n".encode() + DONE, **answers) as imap:
        section = imap.section(file, **({"password_file": None, "token_file": file} if way == "token" else {}))
        file.write_text(secret)
        _, error = cut_off(section)
    assert isinstance(error, SourceRefused)
    repeated = imap.said[-1].split()[-1].decode()
    assert repeated.strip('"') not in str(error)
    assert "canary" not in str(error)


def test_a_password_is_not_said_to_who_would_not_take_it(tmp_path: Path) -> None:
    with scripted(CAPABILITY=b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n" + DONE) as imap:
        _, error = cut_off(imap.section(tmp_path / "password"))
    assert str(error) == "127.0.0.1: takes no password without TLS"
    assert not any(b"LOGIN" in line for line in imap.said)


def test_who_has_no_starttls_is_told_no_password(tmp_path: Path) -> None:
    with scripted() as imap:
        _, error = cut_off(imap.section(tmp_path / "password", tls="starttls"))
    assert isinstance(error, SourceRefused)
    assert "STARTTLS" in str(error)
    assert not any(b"AUTHENTICATE" in line for line in imap.said)


def test_one_mail_that_is_not_given_is_refused_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    second = SANE["FETCH"].partition(b"* 2 FETCH")
    unread = b"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n" + second[1] + second[2]
    with scripted(FETCH=unread + DONE) as imap:
        told = round_of(imap.section(tmp_path / "password"))
    bad, good = sorted(told.items, key=lambda item: item.place)
    assert (bad.place, bad.raw) == ("rep@us.example INBOX uid 1", b"rep@us.example INBOX uid 1")
    assert bad.refusal is not None
    assert str(bad.refusal) == "the server gives nothing of it"
    assert [event.id for event in good.events] == ["2@customer.example"]
    assert told.complete is not None


def test_a_folder_whose_name_is_none_is_read_by_it_and_hides_no_other(tmp_path: Path) -> None:
    names = [b"INBOX", b"R&D", b"R&-D", b"x&2AA-", b"a&AAo-b"]
    listed = b"".join(b'* LIST (\\Trash) "/" Trash\r\n* LIST () "/" "%b"\r\n' % name for name in names)
    with scripted(LIST=listed + DONE) as imap:
        told = round_of(imap.section(tmp_path / "password"))
        named = round_of(imap.section(tmp_path / "password", folders=["R&D"]))
    shown = {item.place.removeprefix("rep@us.example ").removesuffix(" uid 1") for item in told.items[::2]}
    assert shown == {"INBOX", "R&D", "x&2AA-", "a b"}
    assert set(told.bookmark["folders"]) == {name.decode() for name in names}
    examined = [line.split(b"EXAMINE ")[1].strip() for line in imap.said if b"EXAMINE" in line]
    assert set(examined) == {b'"%b"' % name for name in names}
    assert named.ids == ["1", "2"]


@pytest.mark.parametrize("when", [b"01-Jan-1980 00:00:00 +0000", b"31-Dec-9999 23:59:59 -1200", b"yesterday"])
def test_when_a_mail_came_may_be_nonsense(tmp_path: Path, when: bytes) -> None:
    mail = b"From: ada@customer.example\r\n\r\nShall we talk?\r\n"
    told = b'* 1 FETCH (UID 1 INTERNALDATE "%b" BODY[]<0> {%d}\r\n%b)\r\n' % (when, len(mail), mail)
    with scripted(SEARCH=b"* SEARCH 1\r\n" + DONE, FETCH=told + DONE) as imap:
        [item] = round_of(imap.section(tmp_path / "password")).items
    assert item.refusal is not None
    assert item.refusal.reason == "time"


def test_words_about_other_mails_are_not_taken_for_mails(tmp_path: Path) -> None:
    chatter = b"* 3 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 9 FETCH (UID 9 FLAGS ())\r\n* 2 EXPUNGE\r\n"
    with scripted(FETCH=chatter + SANE["FETCH"] + chatter + DONE) as imap:
        assert round_of(imap.section(tmp_path / "password")).ids == ["1", "2"]


WORDS = [b"* ", b"1 ", b"FETCH ", b"(", b")", b"UID ", b"BODY[]<0> ", b"{3}\r\n", b"abc", b"NIL ", b'"', b"\\", b"\r\n"]
WORDS += [b"LIST ", b"SEARCH ", b"OK ", b"[UIDVALIDITY ", b"] ", b"EXISTS", b"BYE ", b"99999999999 "]


@settings(max_examples=60, deadline=None)
@given(
    command=st.sampled_from(["CAPABILITY", "AUTHENTICATE", "LIST", "EXAMINE", "SEARCH", "FETCH", "NOOP"]),
    answer=st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(WORDS), max_size=30).map(b"".join)),
    ends=st.booleans(),
)
def test_whatever_a_server_answers_only_its_own_trouble_comes_out(
    tmp_path_factory: pytest.TempPathFactory, command: str, answer: bytes, ends: bool
) -> None:
    answer = answer.replace(b"%", b"") + (b"\r\n" + DONE if ends else b"")
    password = tmp_path_factory.getbasetemp() / "password"
    with scripted(**{command: answer}) as imap:
        told, problem = Round(), None
        try:
            told = round_of(imap.section(password))
        except SourceError as error:
            problem = error
    assert (told.complete is None) == (problem is not None)
    assert "canary" not in str(problem)
