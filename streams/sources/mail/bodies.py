"""What follows a mail's headers: which parts it has, and the first words of what its writer wrote anew.

Only the beginning of a mail is looked at, so that neither a huge nor a cunning one costs more than a long letter.
Nothing of it is kept but a snippet of 500 characters; attachments are never opened.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.utils import collapse_rfc2231_value
from itertools import chain, islice

import lxml.html
from inscriptis import Inscriptis  # type: ignore[import-untyped]
from lxml import etree
from mailparser_reply.parser import EmailMessage  # type: ignore[import-untyped]

from .headers import MAX_BLOCK, POLICY, ids

MAX_BODY = 256 * 1024
# what is read of a mail at all
WINDOW = MAX_BLOCK + MAX_BODY
MAX_PARTS = 100
MAX_BROKEN = 10
MAX_HTML = 64 * 1024
MAX_ELEMENTS = 3000
# what is looked through for the new text, and what the reader of absences may see of it
MAX_TEXT = 8 * 1024
MAX_NEW = 4 * 1024
MAX_LINE = 1000
MAX_SNIPPET = 500

# as the standard library tells a header from what follows; a mail may lack the empty line between them
_BLOCK = re.compile(rb"(?:(?:From |[\x21-\x39\x3b-\x7e]*+:|[\t ])[^\r\n]*+(?:\r\n|\r|\n|\Z))*+")
_BROKEN = re.compile(
    rb"[^\r\n]++(?:\r\n|\r|\n)(?=(?:received|delivered-to|message-id|date|from|to|cc|subject|mime-version|content-type):)",
    re.IGNORECASE,
)
# what parts a letter from the one that it passes on or answers
_PARTED = re.compile(
    r"-{5,} ?[^-\n]{3,60}-{2,}\s*$|(?:begin forwarded message|anfang der weitergeleiteten nachricht"
    r"|début du message (?:transféré|réexpédié)|inicio del mensaje reenviado|inizio messaggio inoltrato"
    r"|begin doorgestuurd bericht) ?:",
    re.IGNORECASE,
)
_RULED = re.compile(r"_{20,}$")
# what says that a line with a colon at its end is about a mail: its year, or its hour
_WHEN = re.compile(r"\b(?:19|20)\d{2}\b|\d:\d{2}")
# Python's own ways to write text, which no mail is in
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
_QUOTE_CLASSES = ("gmail_quote", "gmail_attr", "yahoo_quoted", "protonmail_quote", "moz-cite-prefix")
_QUOTES = etree.XPath(
    "//blockquote | //style | //script | //head | //title | //*[@id='divRplyFwdMsg']"
    "| (//*[@id='divRplyFwdMsg'])[1]/following-sibling::*"
    + "".join(f" | //*[contains(concat(' ', @class, ' '), ' {name} ')]" for name in _QUOTE_CLASSES)
)
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
_SPACES = re.compile(r"\s+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")


def split(raw: bytes) -> tuple[bytes, bytes]:
    """A mail's header block, and the beginning of its body. A broken line between headers is left out."""
    raw = raw[:WINDOW].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    head, ends = b"", 0
    for _ in range(MAX_BROKEN):
        found = _BLOCK.match(raw, ends, MAX_BLOCK)
        start, ends = ends, found.end() if found else ends
        head += raw[start:ends]
        broken = _BROKEN.match(raw, ends, MAX_BLOCK)
        if broken is None:
            break
        ends = broken.end()
    # headers that go on for ever are followed by nothing
    return head, raw[ends : ends + MAX_BODY] if ends < MAX_BLOCK else b""


def opened(head: bytes, body: bytes) -> Message:
    """A mail taken apart; one that Python cannot take apart has headers only."""
    try:
        return BytesParser(policy=POLICY).parsebytes(head + body)
    except Exception:  # too deeply nested for it; or it fails, in any way, over how the boundary is written
        return HeaderParser(policy=POLICY).parsestr(head.decode("ascii", "surrogateescape"))


def param(part: Message, name: str, header: str = "Content-Type") -> str:
    """A header's parameter; empty if there is none, or none that can be read.

    Pieces and charsets (RFC 2231) that a stranger wrote make Python's parser raise nearly anything.
    """
    with suppress(Exception):
        return collapse_rfc2231_value(part.get_param(name, "", header))
    return ""


def parts(mail: Message) -> Iterator[Message]:
    """The parts that hold something, in order, at most a hundred; a mail within the mail is one part, not opened."""
    ahead = [mail]
    for _ in range(MAX_PARTS):
        if not ahead:
            return
        part = ahead.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            ahead += inside(part)[::-1]
        else:
            yield part


def inside(part: Message) -> list[Message]:
    """What a part consists of, if it has parts; it is not asked of others, as Python would decode them."""
    inner = part.get_payload() if part.is_multipart() else ()
    return [each for each in inner if isinstance(each, Message)]


def reported(mail: Message) -> tuple[str, ...]:
    """The id of the mail that a report (a bounce, a receipt) is about, if it says so."""
    for part in parts(mail):
        about: list[Message] = []
        if part.get_content_type() == "text/rfc822-headers":
            about = [HeaderParser(policy=POLICY).parsestr(text_of(part, MAX_TEXT))]
        elif part.get_content_type() in ("message/rfc822", "message/disposition-notification"):
            about = inside(part)
        for each in about:
            if found := ids(each, "Original-Message-ID") or ids(each, "Message-ID"):
                return found[:1]
    return ()


def text_of(part: Message, most: int) -> str:
    """A text part in Unicode, in whatever charset it claims to be and is not, its first characters."""
    try:
        raw = part.get_payload(decode=True)
    except Exception:  # as above
        return ""
    if not isinstance(raw, bytes):
        return ""
    raw = raw[: 4 * most]
    for charset in (param(part, "charset").lower() or "utf-8", "utf-8"):
        with suppress(ValueError, LookupError):
            b"a".decode(charset, "replace")  # is refused for what is no charset but a way to pack files
            if codecs.lookup(charset).name not in _NO_CHARSETS:
                # step by step, as it may end within a letter
                return codecs.getincrementaldecoder(charset)().decode(raw)[:most]
    return raw.decode("cp1252", "replace")[:most]


def is_attached(part: Message) -> bool:
    """Whether a part is a file that comes with the mail."""
    return part.get_content_disposition() == "attachment" or bool(
        param(part, "filename", "Content-Disposition") or param(part, "name")
    )


def new_text(mail: Message) -> str:
    """What the writer wrote anew, without what is quoted, line by line; its first 4,000 characters."""
    html = None
    for part in parts(mail):
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or is_attached(part):
            continue
        if kind == "text/html":
            html = html or part
        elif (told := _CONTROLS.sub("", text_of(part, MAX_TEXT).replace("\r\n", "\n"))).strip():
            return _unquoted(told)
    return _unquoted(_CONTROLS.sub("", _seen(text_of(html, MAX_HTML)))[:MAX_TEXT]) if html is not None else ""


def _seen(html: str) -> str:
    """HTML as it is seen, without quotations."""
    try:
        tree = lxml.html.document_fromstring(html)
        for each in chain(_QUOTES(tree), islice(list(tree.iter()), MAX_ELEMENTS, None)):
            if each.getparent() is not None:
                each.drop_tree()
        return str(Inscriptis(tree).get_text())
    except (etree.LxmlError, ValueError, RecursionError, AssertionError):
        return ""


def _unquoted(told: str) -> str:
    own = "\n".join(_own(line[:MAX_LINE].strip() for line in told.split("\n")))
    letter = EmailMessage(own, languages=list(_LANGUAGES), keep_hyphen_lists=True).read()
    return next((each.body for each in letter.replies if each.body), "").rstrip("-_ \n")[:MAX_NEW]


def _own(lines: Iterable[str]) -> list[str]:
    """The lines that are not quoted, whether they stand above, among or below what is; up to what is passed on."""
    own: list[str] = []
    before = ""
    for line in lines:
        if _PARTED.match(line) or (_RULED.match(line) and any(own)):
            break
        if not line.startswith(">"):
            own.append(line)
        elif not before.startswith(">"):
            _drop_attribution(own)
        before = line
    return own


def _drop_attribution(own: list[str]) -> None:
    """Takes away the line that says who wrote what is quoted below it, which may be broken into three."""
    while own and not own[-1]:
        own.pop()
    for count in range(1, 4):
        last = " ".join(own[-count:])
        if count <= len(own) and own[-count] and last.endswith(":") and _WHEN.search(last):
            del own[-count:]
            return


def snippet(told: str) -> str:
    """The first 500 characters, on one line."""
    return _SPACES.sub(" ", told).strip()[:MAX_SNIPPET].rstrip()
