"""How the rows of the join's table are named: company, kind, name.

A row of the partition itself has no company and then names the partition. Deals are found by three kinds of rows of a
company: its contacts, its threads, and the one that stands for its being somebody's account.
"""

from hashlib import blake2b

from detectors.core import events
from detectors.core.log import thread_key

from ..wire import partition_of
from .companies import is_within

SEPARATOR = "\x00"


def row_of(company: str, kind: str, name: str) -> str:
    """A row of a company."""
    return SEPARATOR.join((company, kind, name))


def own_row(partition: int, kind: str, *names: str) -> str:
    """A row of a partition."""
    return row_of("", kind, SEPARATOR.join((str(partition), *names)))


def name_of(ref: str, value: bytes) -> str:
    """The name of a record that is held: of two contents under one identity both are, and the deal decides."""
    return SEPARATOR.join((ref, blake2b(value, digest_size=12).hexdigest()))


def kind_of(row: str) -> str:
    """What a row holds."""
    return row.split(SEPARATOR, 2)[1]


def company_in(row: str) -> str:
    """The company that a row belongs to."""
    return row.split(SEPARATOR, 1)[0]


def name_in(own: str) -> str:
    """What a partition's own row is of, without the partition."""
    return own.split(SEPARATOR, 3)[3]


def partition_of_row(row: str, partitions: int) -> int:
    """The partition that a row of the table belongs to."""
    company, _, name = row.split(SEPARATOR, 2)
    return partition_of(company.encode(), partitions) if company else int(name.partition(SEPARATOR)[0])


def without_company(row: str) -> str:
    """A row's name, whichever company it is of."""
    return SEPARATOR + row.split(SEPARATOR, 1)[1]


def own_of(thread: str) -> str:
    """Beside a thread's row, the one of the activity whose thread it is."""
    return _beside(thread, "own")


def answer_of(thread: str) -> str:
    """Beside a thread's row, the one of the mail whose thread it is, if that is looked for here as an answer only."""
    return _beside(thread, "answer")


def elsewhere_of(thread: str) -> str:
    """Beside a thread's row, the one of the other companies at which the mail is looked for whose thread it is."""
    return _beside(thread, "elsewhere")


def _beside(thread: str, kind: str) -> str:
    return thread.replace(f"{SEPARATOR}thread{SEPARATOR}", f"{SEPARATOR}{kind}{SEPARATOR}", 1)


def account_row(company: str) -> str:
    """What is waited for by everything of a company: that it is somebody's account."""
    return row_of(company, "account", "")


def contact_rows(company: str, event: events.Event) -> list[str]:
    """The company's people on an activity, everybody once."""
    people = dict.fromkeys(events.people_on(event))
    return [row_of(company, "contact", each) for each in people if is_within(each, company)]


def thing_row(company: str, event: events.Event) -> str | None:
    """What one source's words on the same meeting, call or document have in common; of no company, at all of them."""
    match event:
        case events.Meeting(data=meeting):
            name = meeting.meeting_id
        case events.Call(data=call):
            name = call.call_id
        case events.Document(data=document):
            name = document.document_id
        case _:
            return None
    return row_of(company, "thing", thread_key(SEPARATOR.join((event.type, event.source, name))))


def thread_rows(company: str, event: events.Event) -> list[str]:
    """The threads of an activity: first its own, by which it is known when it comes again, then what it follows."""
    if not isinstance(event, events.Email):
        thing = thing_row(company, event)
        return [row_of(company, "thread", thread_key(event.ref)), thing] if thing else []
    references = event.data.references or ()
    ids = [event.data.message_id, event.data.in_reply_to or "", *references[:1], *references[-1:]]
    # what names nothing leads nowhere: else all that name nothing would be one thread
    own, *others = (each if each.strip(" <>") else None for each in ids)
    known = dict.fromkeys((own or event.ref, *filter(None, others)))
    return [row_of(company, "thread", thread_key(each)) for each in known]
