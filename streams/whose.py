"""Whose an activity is, by what one company is known for. It belongs to

1. the deals of its thread, closed ones too, which does them no harm. People begin anew in old threads: once all deals
   of a thread were won or lost, a mail goes to the open deals of 2 or 3 as well, and the thread is theirs from then on.
   (A deal that is opened again has its thread again.) One source's words on one meeting, call or document are a thread,
   too: a further one that names nobody goes wherever an earlier one went, or waits with it;
2. without one, the open deals whose contacts are on it: the one that has more of its people than any other, else all;
3. without those, the open deals whose account the company is.

Where no open deal is left, it goes to the closed ones of 2, else of 3. What was placed once is placed the same when it
comes again, whatever is known by then.

A thread is known to the companies that were on it: a stranger's mail that claims to answer in it is none of it.
"""

from detectors.core.events import Event

from .deal_words import Deals
from .join_rows import contact_rows, thread_rows
from .links import MOST_DEALS, Links


def whose(event: Event, company: str, links: Links, deals: Deals) -> list[str]:
    """The deals that a company's activity is given to, the newest of very many; none if nothing leads to any."""
    return _all(event, company, links, deals)[-MOST_DEALS:]


def _all(event: Event, company: str, links: Links, deals: Deals) -> list[str]:
    threads = thread_rows(company, event)
    if given := links.own(threads[0]):
        # it was here before: new deals of its people are none of its
        return given
    of_thread = list(links.found(threads))
    if any(deals.is_open(deal, event.time) for deal in of_thread):
        return of_thread
    of_people = _by_people(event, company, links, deals)
    if not of_thread:
        return of_people
    anew = (deal for deal in of_people if deals.is_open(deal, event.time))
    return list(dict.fromkeys((*of_thread, *anew)))


def _by_people(event: Event, company: str, links: Links, deals: Deals) -> list[str]:
    of_contacts, of_account = links.found(contact_rows(company, event)), deals.of_company(company)
    if now := [deal for deal in of_contacts if deals.is_open(deal, event.time)]:
        most = max(of_contacts[deal] for deal in now)
        best = [deal for deal in now if of_contacts[deal] == most]
        return best if len(best) == 1 else now
    now = [deal for deal in of_account if deals.is_open(deal, event.time)]
    return now or list(of_contacts) or of_account
