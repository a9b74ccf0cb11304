"""One deal's story as it is told: what a rep, a buyer or the CRM can do, each as the events that others see of it.

A story only moves forward in time. It ends with `Curtain` when it comes to the end of the history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

import orjson

from streams.demo import words
from streams.demo.people import DOMAIN, Account, Contact, Rep
from streams.demo.workdays import DAY, Workdays

Event = dict[str, Any]
# Seconds since 1970 in UTC, a number of its own, and the event as JSON, which is small while it waits.
Dated = tuple[int, int, bytes]
T = TypeVar("T")
STAGES = ("Discovery", "Demo", "Proposal", "Negotiation")
LATE = 2  # index of the first late stage
_FORECAST = ("pipeline", "pipeline", "best_case", "commit")
_MEDIAN_AMOUNT = {"smb": 9_000, "mid-market": 42_000, "enterprise": 160_000}
_OPENS_AT, _CLOSES_AT = 8 * 3600 + 1800, 18 * 3600


class Curtain(Exception):
    """The history ends before the story does."""


@dataclass(slots=True)
class Thread:
    """A mail thread, as its participants see it."""

    subject: str
    buyer: Contact
    ids: list[str] = field(default_factory=list)
    answer: str = ""


@dataclass(slots=True)
class Planned:
    """When a detector should find the deal stalled, and when no more; seconds since 1970 in UTC."""

    opens: int
    clears: int | None = None


@dataclass(frozen=True, slots=True)
class Casting:
    """Who plays in a story, where and when; `turn` counts the stories with the same life before this one."""

    number: int
    owner: Rep
    colleague: Rep | None
    account: Account
    returning: bool
    workdays: Workdays
    begins: int
    ends: int
    turn: int


class Story:
    """Tells a deal. `now` is a moment on the owner's clock; `ends` is seconds since 1970 in UTC."""

    def __init__(self, chance: Random, casting: Casting) -> None:
        self.chance, self.casting = chance, casting
        self.random = chance.random
        self.deal_id = f"D-{casting.number}"
        self.owner, self.account, self.workdays = casting.owner, casting.account, casting.workdays
        self.champion, self.power, *self.users = casting.account.contacts
        self.words = "de" if casting.account.language == "de" else "en"
        self.product = self.pick(words.PRODUCTS)
        self.now = self.created = self.two_way = casting.begins
        self.stage = 0
        self.close_day = 0
        self.pushes = 0
        self.replies = 0  # in a row, since our last purposeful step
        self.won_at: int | None = None
        self.power_met = False
        self.planned: dict[str, Planned] = {}
        self.events: list[Dated] = []
        self._amount = 0
        self._known: set[Contact] = set()
        self._count = 0
        self._asked = 0
        self._meeting: tuple[str, str, int, list[str], bool] = ("", "", 0, [], False)

    # --- time -------------------------------------------------------------------------------------------------------

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    def in_turn(self, *options: T) -> T:
        """Each option in turn, over the stories with the same life."""
        return options[self.casting.turn % len(options)]

    def between(self, least: int, most: int) -> int:
        return least + int(self.random() * (most - least + 1))

    def wait(self, least: int, most: int) -> None:
        """Nothing happens for some business days."""
        day = self.workdays.open_day(self.now // DAY, self.between(least, most))
        self._move_to(day * DAY + 9 * 3600 + int(self.random() * 7.5 * 3600))

    def soon(self, least: int = 25, most: int = 420) -> None:
        """Some minutes pass; what falls after hours happens the next morning."""
        then = self.now + 60 * least + int(self.random() * 60 * (most - least))
        day, second = divmod(then, DAY)
        if second > _CLOSES_AT or second < _OPENS_AT:
            day = self.workdays.open_day(day + (second > _CLOSES_AT))
            then = day * DAY + _OPENS_AT + 600 + int(self.random() * 4500)
        self._move_to(then)

    def _move_to(self, moment: int) -> None:
        self.now = moment
        if self.workdays.utc(moment) >= self.casting.ends:
            raise Curtain

    @property
    def today(self) -> int:
        return self.now // DAY

    # --- the CRM ----------------------------------------------------------------------------------------------------

    def crm(self, **changes: Any) -> None:
        """The deal's record changes."""
        self._emit("salesforce", self._sf_id(), "crm.deal.changed", changes)

    def create(self, close_in: int) -> None:
        """The deal appears, to be closed in so many days; dates further off are a month's end."""
        amount = _MEDIAN_AMOUNT[self.account.segment] * self.chance.lognormvariate(0, 0.45)
        self._amount = max(2, round(amount / 500)) * 500
        day = self.today + close_in
        self.close_day = self._working_day(self._month_end(day) if close_in > 60 else day)
        self.crm(
            name=f"{self.account.name}: {self.product}",
            pipeline="default",
            stage=STAGES[0],
            status="open",
            amount=self._amount,
            currency=self.account.currency,
            close_date=self.workdays.date(self.close_day),
            owner=self.owner.email,
            team=self.owner.team.name,
            segment=self.account.segment,
            account={
                "id": self.account.id,
                "name": self.account.name,
                "domains": [self.account.domain],
                "fit": "good" if self.random() < 0.8 else "unknown",
            },
            forecast_category=_FORECAST[0],
            need="unknown",
            budget="unknown",
        )

    def introduce(self, contact: Contact) -> None:
        """The contact is entered into the CRM, as a rule before the first mail; sometimes mail has to wait for it."""
        if contact in self._known:
            return
        self._known.add(contact)
        at = self.now
        if self.random() < 0.06 and not self.casting.returning:
            at += 3600 + int(self.random() * 29 * 3600)
        else:
            self.now += 60 + int(self.random() * 600)
        changes: Event = {"email": contact.email, "name": contact.name, "title": contact.title}
        if contact.roles:
            changes["roles"] = list(contact.roles)
        if contact.executive is not None:
            changes["executive"] = contact.executive
        changes["account_id"] = self.account.id
        self._emit("salesforce", self._sf_id(), "crm.contact.changed", changes, at=at)

    def depart(self, contact: Contact) -> None:
        """The contact leaves the account."""
        self._emit("salesforce", self._sf_id(), "crm.contact.changed", {"email": contact.email, "left": True})

    def advance(self, **changes: Any) -> None:
        """The next stage."""
        self.stage += 1
        self.replies = 0
        self.crm(stage=STAGES[self.stage], forecast_category=_FORECAST[self.stage], **changes)

    def next_step(self, least: int = 1, most: int = 4) -> None:
        """The rep writes down what is to be done, and by when."""
        self.replies = 0
        day = self.workdays.open_day(self.today, self.between(least, most))
        self.crm(next_step=self.pick(words.NEXT_STEPS), next_step_date=self.workdays.date(day))

    def date_to_close(self, day: int) -> None:
        """The close date is set to a day, or to the working day before it."""
        day = self._working_day(day)
        self.pushes += day > self.close_day
        self.close_day = day
        self.crm(close_date=self.workdays.date(day))
        self._ends("close_date_overdue")

    def resize(self) -> None:
        """The scope changes a little, and the amount with it."""
        self._amount = max(2, round(self._amount * (0.88 + self.random() * 0.3) / 500)) * 500
        self.crm(amount=self._amount)

    def hand_over(self, colleague: Rep) -> None:
        """A colleague takes the deal over."""
        self.owner = colleague
        self.crm(owner=colleague.email)

    def milestone(self, key: int, title: str, side: str, day: int) -> None:
        """A step of the close plan that is agreed with the buyer, due on a day."""
        plan = {"milestone_id": self._milestone(key), "title": title, "due": self.workdays.date(day), "side": side}
        self._emit("salesforce", self._sf_id(), "crm.milestone.changed", plan | {"done": False})

    def reach(self, key: int) -> None:
        """A milestone is done."""
        self.replies = 0
        done = {"milestone_id": self._milestone(key), "done": True}
        self._emit("salesforce", self._sf_id(), "crm.milestone.changed", done)

    def win(self) -> None:
        self._close(status="won", forecast_category="closed")
        self.won_at = self.workdays.utc(self.now)

    def lose(self, reason: str = "") -> None:
        self._close(status="lost", forecast_category="omitted", lost_reason=reason or self.pick(words.LOSS_REASONS))

    def _close(self, **changes: Any) -> None:
        self.crm(**changes)
        self._ends(*self.planned)

    # --- mail -------------------------------------------------------------------------------------------------------

    def write(self, to: Contact, kind: str, copy: Contact | None = None) -> Thread:
        """Our own mail, in a new thread."""
        if to not in self._known:
            self.replies = 0
        self.introduce(to)
        subject, text = self.pick(words.OPENERS[self.words][kind])
        thread = Thread(self._fill(subject, to), to)
        copies = [copy.email] if copy else [self.owner.team.engineer] if self.random() < 0.12 else []
        self._mail(thread, self.owner.email, [to.email], text, copies)
        self._ends("reply_only")
        return thread

    def reply(self, thread: Thread, kind: str = "") -> None:
        """We answer the buyer's mail."""
        self.replies += 1
        text = self.pick(words.ANSWERS[self.words][kind]) if kind else thread.answer
        self._mail(thread, self.owner.email, [thread.buyer.email], text)

    def follow_up(self, thread: Thread) -> None:
        """We write again in our own thread, unanswered."""
        texts = words.ANSWERS[self.words]["follow_up"]
        text = texts[(len(thread.ids) - 1) % len(texts)]
        self._mail(thread, self.owner.email, [thread.buyer.email], text)

    def hear(self, thread: Thread, kind: str, sender: Contact | None = None) -> None:
        """The buyer answers in a thread."""
        sender = sender or thread.buyer
        self.introduce(sender)
        copies = [] if sender is thread.buyer else [thread.buyer.email]
        thread.buyer = sender
        text = self.pick(words.ANSWERS[self.words][kind])
        self._mail(thread, self._as_typed(sender), [self.owner.email], text, copies)
        self._talked(sender.power)

    def hear_first(self, sender: Contact, kind: str) -> Thread:
        """The buyer opens a thread."""
        return self._heard(sender, *self.pick(words.OPENERS[self.words][kind]))

    def asked(self, sender: Contact) -> Thread:
        """The buyer opens a thread with a question; the thread holds our answer to it."""
        subject, question, answer = self._question()
        thread = self._heard(sender, subject, question)
        thread.answer = answer
        return thread

    def asked_again(self, thread: Thread) -> None:
        """The buyer has another question in the same thread."""
        _, question, thread.answer = self._question()
        self._mail(thread, self._as_typed(thread.buyer), [self.owner.email], question)
        self._talked(thread.buyer.power)

    def _question(self) -> tuple[str, str, str]:
        """The next question; none comes again before all were asked."""
        questions = words.QUESTIONS[self.words]
        self._asked += 1
        return questions[(self.casting.number + self._asked) % len(questions)]

    def away(self, thread: Thread, business_days: int) -> None:
        """The buyer's mailbox answers by itself: back in so many business days."""
        back = self.workdays.date(self.workdays.open_day(self.today, business_days))
        text = words.ANSWERS[self.words]["away"][0]
        robot = {"automatic": True, "returns_on": back}
        self.now += 20 + int(self.random() * 40)
        self._mail(thread, thread.buyer.email, [self.owner.email], text, extra=robot, aside=True)

    def confer(self, thread: Thread) -> None:
        """The rep forwards a mail to the manager or the engineer: nothing of it reaches the buyer."""
        colleague = self.pick((self.owner.team.manager, self.owner.team.engineer))
        self._mail(thread, self.owner.email, [colleague], self.pick(words.ANSWERS[self.words]["internal"]), aside=True)

    def _heard(self, sender: Contact, subject: str, text: str) -> Thread:
        self.introduce(sender)
        thread = Thread(self._fill(subject, sender), sender)
        self._mail(thread, self._as_typed(sender), [self.owner.email], text)
        self._talked(sender.power)
        return thread

    def _as_typed(self, contact: Contact) -> str:
        """Addresses are compared without regard to case, so now and then one is written with capitals."""
        return contact.email.title() if self.random() < 0.02 else contact.email

    def _mail(
        self, thread: Thread, sender: str, to: list[str], text: str, copies: Sequence[str] = (),
        extra: Event | None = None, aside: bool = False,
    ) -> None:  # fmt: skip
        code = f"{int(self.random() * 0xFFFFFFFF):08x}{self.casting.number << 12 | self._count:08x}"
        ids = thread.ids
        message_id = f"<{code}@{DOMAIN if sender == self.owner.email else self.account.domain}>"
        mail: Event = {"message_id": message_id, "from": sender, "to": to}
        if ids:
            mail["in_reply_to"], mail["references"] = ids[-1], ids[-20:]
        if copies:
            mail["cc"] = list(copies)
        mail["subject"] = f"Re: {thread.subject}" if ids else thread.subject
        mail["snippet"] = self._fill(text, thread.buyer)
        if extra:
            mail |= extra
        if not aside:
            ids.append(message_id)
        self._emit("gmail", code, "activity.email", mail, named=self.random() < 0.1)

    def _fill(self, text: str, buyer: Contact) -> str:
        if "{" not in text:
            return text
        return text.format(first=buyer.first, account=self.account.name, product=self.product)

    # --- meetings, calls, documents ---------------------------------------------------------------------------------

    def book(self, kind: str, people: Sequence[Contact], least: int, most: int, by_us: bool = True) -> None:
        """A meeting is booked some business days ahead."""
        for contact in people:
            self.introduce(contact)
        if by_us:
            self.replies = 0
        day = self.workdays.open_day(self.today, self.between(least, most))
        starts = day * DAY + 9 * 3600 + self.between(0, 14) * 1800
        attendees = [self.owner.email, *(contact.email for contact in people)]
        meeting_id = f"mtg-{self.casting.number}-{self._count}"
        self._meeting = (meeting_id, kind, starts, attendees, self.power in people)
        self._calendar("booked", organizer=attendees[0 if by_us else 1])

    def hold(self) -> None:
        """The booked meeting takes place; now is its end."""
        *_, starts, _, with_power = self._meeting
        self._move_to(starts + self.pick((1800, 2700, 3600)))
        self.replies = 0
        self._calendar("held")
        self._talked(with_power)

    def miss(self, status: str) -> None:
        """The booked meeting does not take place: `cancelled` some time before, or a `no_show`."""
        starts = self._meeting[2]
        self._move_to(starts + 900 if status == "no_show" else max(self.now + 600, starts - self.between(1, 3) * 3600))
        self._calendar(status)

    def _calendar(self, status: str, **more: Any) -> None:
        meeting_id, kind, starts, attendees, _ = self._meeting
        meeting = {"meeting_id": meeting_id, "status": status, "kind": kind, "starts_at": self.workdays.text(starts)}
        meeting_facts = meeting | more | {"attendees": attendees}
        self._emit("calendar", f"cal-{self.casting.number}-{self._count}", "activity.meeting", meeting_facts)

    def call(self, contact: Contact, connected: bool, direction: str = "outbound") -> None:
        """A telephone call, answered or not."""
        self.introduce(contact)
        call_id = f"call-{self.casting.number}-{self._count}"
        call = {"call_id": call_id, "direction": direction, "with": [contact.email], "connected": connected}
        self._emit("salesforce", self._sf_id(), "activity.call", call)
        if connected:
            self._talked(contact.power)

    def document(self, kind: str, status: str, to: Contact) -> None:
        """A document is sent, viewed, signed or declined; there is one of a kind."""
        if status == "sent":
            self.replies = 0
        paper = {"document_id": f"{kind}-{self.casting.number}", "kind": kind, "status": status, "to": [to.email]}
        self._emit("salesforce", self._sf_id(), "activity.document", paper)

    # --- what a detector should see ---------------------------------------------------------------------------------

    def stalls(self, detector: str, after: int, business_days: int = 0) -> None:
        """So many business days after a moment the deal is stalled, unless something more happens."""
        opens = self.workdays.later(after, business_days) if business_days else after
        self.planned[detector] = Planned(self.workdays.utc(opens))

    def stalls_unmet(self) -> None:
        """Nobody with power will be met; to be said at the beginning, and again when the late stages begin."""
        opens = self.workdays.utc(self.created) + 30 * DAY
        if self.stage == LATE:
            opens = min(opens, self.workdays.utc(self.workdays.later(self.now, 5)))
        self.planned["no_executive_contact"] = Planned(opens)

    def _ends(self, *detectors: str) -> None:
        """What just happened ends these stalls, if the deal was in them."""
        for detector in detectors:
            plan = self.planned.get(detector)
            if plan and plan.clears is None:
                plan.clears = self.workdays.utc(self.now)

    # --- writing it down --------------------------------------------------------------------------------------------

    def _talked(self, with_power: bool) -> None:
        self.two_way = self.now
        self.power_met |= with_power
        self._ends("gone_quiet", "ghosted", *(["no_executive_contact"] if with_power else []))

    def _sf_id(self) -> str:
        return f"sf-{self.casting.number:04}-{self._count}"

    def _milestone(self, key: int) -> str:
        return f"ms-{self.casting.number}-{key}"

    def _working_day(self, day: int) -> int:
        while self.workdays.open_day(day) != day:
            day -= 1
        return day

    def _month_end(self, day: int) -> int:
        while self.workdays.date(day + 1)[-2:] != "01":
            day += 1
        return day

    def _emit(
        self, source: str, event_id: str, kind: str, facts: Event, *, named: bool = True, at: int | None = None
    ) -> None:
        at = self.now if at is None else at
        utc = self.workdays.utc(at)
        self._count += 1
        if utc >= self.casting.ends:
            return
        event: Event = {"specversion": "1.0", "id": event_id, "source": source, "type": kind}
        if named:
            event["subject"] = self.deal_id
        event["time"] = self.workdays.text(at)
        event["data"] = facts
        line = bytes(memoryview(orjson.dumps(event)))  # a copy, because orjson's own takes a KiB however short it is
        self.events.append((utc, self.casting.number << 12 | self._count, line))
