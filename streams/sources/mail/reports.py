"""What machines report on a mail: that it could not be delivered, that it was read, that somebody complained."""

import re
from copy import deepcopy
from email.message import Message
from logging import NullHandler, getLogger

from flufl.bounce import all_failures

from . import headers
from .bodies import MAX_LINE, param, parts
from .kind import Kind
from .letter import Letter

# how much of a mail is searched for what a server says of a mail that it could not deliver
MAX_REPORT = 32 * 1024
MAX_NAMES = 5
NAMES = frozenset({"bounce", "read receipt", "complaint"})

_DAEMONS = frozenset({"mailer-daemon", "mail-daemon", "maildaemon", "postmaster", "mdaemon"})
_UNDELIVERED = re.compile(
    r"undeliver|returned mail|delivery (?:status|fail|notification|has failed|problem)|failure notice|mail delivery"
    r"|could not be delivered|unzustellbar|nicht zugestellt|non remis|no se (?:ha )?(?:podido|pudo) entregar"
    r"|mancato recapito|onbestelbaar",
    re.IGNORECASE,
)

# the library tells its own failures to everybody, with what it failed over
getLogger("flufl.bounce").addHandler(NullHandler())
getLogger("flufl.bounce").propagate = False


def of(letter: Letter) -> Kind | None:
    """The kind of a report; None for any other mail."""
    mail = letter.mail
    report = param(mail, "report-type").lower() if mail.get_content_type() == "multipart/report" else ""
    inside = {part.get_content_type() for part in parts(mail)}
    if report == "disposition-notification" or "message/disposition-notification" in inside:
        return Kind("read receipt", "a report on what became of a mail (disposition-notification)", True)
    if "message/feedback-report" in inside:
        return Kind("complaint", "a report of a complaint (feedback-report)", True)
    if report == "delivery-status" or "message/delivery-status" in inside:
        return Kind("bounce", f"a delivery report (delivery-status){_failed(mail)}", True)
    daemon, failed_header = letter.mailbox in _DAEMONS, mail.get("X-Failed-Recipients")
    if not (daemon or failed_header or letter.has_no_return):
        return None
    failed = _failed(mail)
    if failed or failed_header:
        return Kind("bounce", f"says that it could not be delivered{failed}", True)
    if daemon:
        bounced = letter.has_no_return or _UNDELIVERED.search(letter.subject)
        return Kind("bounce" if bounced else "automatic mail", f"comes from {letter.mailbox}", True)
    return None


def _failed(mail: Message) -> str:
    """Whom it could not be delivered to, as its server says in one of a hundred ways."""
    try:
        later, never = all_failures(_within_limits(mail))
    except Exception:  # twenty detectors of the library, on what strangers wrote
        return ""
    names = sorted(each.decode("ascii", "replace")[:80] for each in never or later)[:MAX_NAMES]
    return f": {', '.join(names)}{'' if never else ' (delayed)'}" if names else ""


def _within_limits(mail: Message) -> Message:
    """A copy with lines as long as the rules of mail allow: the library's patterns take their time over longer ones.

    And with a sender, as one of its detectors fails over mail from nobody.
    """
    short = deepcopy(mail)
    if not headers.people(mail, "From").persons:
        del short["From"]
        short["From"] = "nobody@nowhere.invalid"
    left = MAX_REPORT
    for part in short.walk():
        payload = part.get_payload()
        if isinstance(payload, str):
            part.set_payload("\n".join(line[:MAX_LINE] for line in payload[:left].split("\n")))
            left = max(0, left - len(payload))
    return short
