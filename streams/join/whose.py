"""Whose an activity is, by what one company is known for. It belongs to

1. the deals of its thread, closed ones too, which does them no harm. People begin anew in old threads: once all deals
   of a thread were won or lost, a mail goes to the open deals of 2 or 3 as well, and the thread is theirs from then on.
   (A deal that is opened again has its thread again.) One source's words on one meeting, call or document are a thread,
   too: a further one that names nobody goes wherever an earlier one went, or waits with it;
2. without one, the open deals whose contacts are on it: the one that has more of its people than any other, else all;
3. without those, the open deals whose account the company is.

Where no open deal is left, it goes to the closed ones of 2, else of 3. Contacts and accounts count that were told of by
its time; if none was, the one that was told of first after it, as nobody waits longer than that for one. So a mail that
is read late is none of a deal that began long after it. What was placed once is placed the same when it
comes again, whatever is known by then.

A thread is known to the companies that were on it: a stranger's mail that claims to answer in it is none of it.
"""

from datetime import datetime

from detectors.core.events import Event

from .contacts import Contacts
from .deal_words import Deals
from .links import MOST_DEALS, Links
from .rows import contact_rows, thread_rows
from .waiting import LONGEST_WAIT


def whose(event: Event, company: str, links: Links, contacts: Contacts, deals: Deals) -> list[str]:
    """The deals that a company's activity is given to, the newest of very many; none if nothing leads to any."""
    return _all(event, company, links, contacts, deals)[-MOST_DEALS:]


def _all(event: Event, company: str, links: Links, contacts: Contacts, deals: Deals) -> list[str]:
    threads = thread_rows(company, event)
    if given := links.own(threads[0]):
        # it was here before: new deals of its people are none of its
        return given
    of_thread = list(links.found(threads))
    if any(deals.is_open(deal, event.time) for deal in of_thread):
        return of_thread
    of_people = _by_people(event, company, contacts, deals, event.time)
    if of_thread:
        anew = (deal for deal in of_people if deals.is_open(deal, event.time))
        return list(dict.fromkeys((*of_thread, *anew)))
    if of_people:
        return of_people
    told = (*contacts.since(contact_rows(company, event)), *deals.since(company))
    first = min((since for since in told if event.time < since <= event.time + LONGEST_WAIT), default=None)
    return _by_people(event, company, contacts, deals, first) if first else []


def _by_people(event: Event, company: str, contacts: Contacts, deals: Deals, by: datetime) -> list[str]:
    """The deals that its people lead to by what was told up to a moment."""
    of_contacts, of_account = contacts.found(contact_rows(company, event), by), deals.of_company(company, by)
    if now := [deal for deal in of_contacts if deals.is_open(deal, event.time)]:
        most = max(of_contacts[deal] for deal in now)
        best = [deal for deal in now if of_contacts[deal] == most]
        return best if len(best) == 1 else now
    now = [deal for deal in of_account if deals.is_open(deal, event.time)]
    return now or list(of_contacts) or of_account
