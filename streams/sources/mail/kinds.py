"""What a mail is, and what shows it: tests in the order in which one thing rules out the next."""

import re

from . import automatic, headers, reports
from .domains import Domains
from .kind import Kind
from .letter import Letter, is_our_group, list_name

MEETINGS = frozenset({"meeting request", "meeting cancelled"})

_CALENDAR = {"request": "meeting request", "cancel": "meeting cancelled", "counter": "meeting counter-proposal"}
_ASKS_NOTHING = MEETINGS | {"meeting accepted"}
_FORWARD = re.compile(r"(?:fwd?|wg|tr|rv|i|doorst|fs|enc)\s?:", re.IGNORECASE)
_REPLY = re.compile(r"(?:re|aw|antw|sv|r[ée]f|r)(?:\[\d{1,3}\])?\s?:", re.IGNORECASE)


def of(letter: Letter, ours: Domains) -> Kind:
    """The kind of a mail.

    A calendar mail is told before automatic mail, which calendars call everything that they send. Invitations,
    cancellations and acceptances are touches no more than that: what they say is the meeting, and nobody owes them an
    answer. Who declines, is not sure or proposes another time waits for one: unless a program answers, as rooms do.
    """
    return (
        reports.of(letter)
        or (_listed(letter, ours) or _calendar(letter) if letter.invitation else None)
        or automatic.of(letter)
        or _listed(letter, ours)
        or _by_hand(letter, ours)
    )


def _calendar(letter: Letter) -> Kind | None:
    if letter.invitation is None:
        return None
    method = letter.invitation.method
    name = f"meeting {letter.invitation.answer}" if method == "reply" else _CALENDAR.get(method)
    if name is None:
        return None
    by_program = automatic.answers_by_itself(letter) or automatic.is_nobody(letter)
    why = f"a calendar part, method {method}{', by a program' if by_program else ''}"
    return Kind(name, why, by_program or name in _ASKS_NOTHING)


def _listed(letter: Letter, ours: Domains) -> Kind | None:
    mail = letter.mail
    if is_our_group(mail, ours):
        return None
    if letter.said("List-Post") not in ("", "no") and any(map(ours.ours, letter.everybody)):
        return None  # people talk on that list, and whoever wrote wants one of us to read it
    for name in ("List-Id", "List-Post", "Mailing-List"):
        if said := headers.text(mail, name):
            return Kind("list mail", f"{name}: {list_name(mail) or said[:80]}", True)
    precedence = letter.said("Precedence")
    if precedence in ("list", "bulk", "junk"):
        return Kind("list mail" if precedence == "list" else "bulk mail", f"Precedence: {precedence}", True)
    # sales tools put such a link into what a person writes, too
    if mail.get("List-Unsubscribe") and not ours.ours(letter.writer) and not mail.get("In-Reply-To"):
        return Kind("bulk mail", "List-Unsubscribe, and it answers nothing", True)
    return None


def _by_hand(letter: Letter, ours: Domains) -> Kind:
    if _FORWARD.match(letter.subject):
        return Kind("forward", "the subject says that it was passed on")
    if ours.ours(letter.writer) and letter.everybody and all(map(ours.ours, letter.everybody)):
        return Kind("internal", "everybody on it is one of ours")
    if answered := letter.answers or headers.references(letter.mail, letter.own_id):
        return Kind("reply", f"answers {answered[-1][:80]}")
    if _REPLY.match(letter.subject):
        return Kind("reply", "the subject says so, though no header names what it answers")
    return Kind("mail", "nothing says that it is anything else")
