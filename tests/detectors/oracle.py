"""Twelve rules of the catalogue written a second time: slowly, plainly, and apart from the detectors.

The detectors say from when to when a deal stalls. Here one moment is taken and the rule's sentence is asked of it, by
loops over the plain list of events. Only the words and the default thresholds are shared: no code of the detectors, of
the deal that they ask, or of its calendar (but which of two contents under one identity counts, which is arbitrary, is
asked of the log). Business days are Monday to Friday in UTC, counted by walking day by day.

Where the catalogue's words leave a choice, the one that a detector's docstring names is taken, and said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from detectors.core.events import (
    Call,
    ContactChanged,
    DealChanged,
    Document,
    Email,
    Event,
    Meeting,
    MilestoneChanged,
)
from detectors.core.log import entry_of, weight

DAY = timedelta(days=1)
Rule = Callable[["Story", datetime], bool]
POWER = {"economic_buyer", "decision_maker", "executive_sponsor"}
TITLES_OF_POWER = {"ceo", "cfo"}  # those that generated lives have


# -- days


def business_days_after(moment: datetime, days: int) -> datetime:
    """The same time of day, so many business days on; a weekend counts from Monday's first moment."""
    if moment.weekday() >= 5:
        while moment.weekday() >= 5:
            moment += DAY
        moment = datetime.combine(moment.date(), time.min, moment.tzinfo)
    for _ in range(days):
        moment += DAY
        while moment.weekday() >= 5:
            moment += DAY
    return moment


def end_of(day: date, like: datetime) -> datetime:
    """The last moment of a day."""
    return datetime.combine(day, time.max, like.tzinfo)


# -- what is known


def known_at(events: Iterable[Event], moment: datetime) -> list[Event]:
    """What has happened up to a moment, in order of time; of two contents of one identity the weightier one.

    What a machine wrote says nothing, but until when somebody is away.
    """
    kept: dict[str, Event] = {}
    for each in events:
        if each.time > moment or (isinstance(each, Email) and each.data.automatic and not each.data.returns_on):
            continue
        other = kept.get(each.ref)
        if other is None or weight(entry_of(other)) < weight(entry_of(each)):
            kept[each.ref] = each
    return sorted(kept.values(), key=lambda each: (each.time, each.ref))


def as_told(events: Iterable[Event]) -> dict[str, Any]:
    """What is known of one thing after these words on it: what is absent did not change."""
    told: dict[str, Any] = {}
    for each in events:
        for name in each.data.model_fields_set:
            told[name] = getattr(each.data, name)
    return told


def parent_of(mail: Email) -> str:
    """The id of the mail that a mail answers."""
    named = [mail.data.in_reply_to or "", *reversed(mail.data.references or ())]
    return next((each.strip(" <>") for each in named if each.strip(" <>")), "")


def thread_of(mail: Email) -> str:
    """The id of its thread's first mail, as far as it tells."""
    named = [*(mail.data.references or ()), mail.data.in_reply_to or ""]
    return next((each.strip(" <>") for each in named if each.strip(" <>")), id_of(mail))


def id_of(mail: Email) -> str:
    return mail.data.message_id.strip(" <>") or mail.ref


def opens_thread(mail: Email) -> bool:
    return parent_of(mail) == ""


def recipients_of(mail: Email) -> set[str]:
    return {*(mail.data.to or ()), *(mail.data.cc or ())}


def words_of(mail: Email) -> tuple[bool, str]:
    """Whether a subject begins as an answer, and what it is without prefixes; of those that lives have."""
    words = (mail.data.subject or "").lower().strip()
    answers = words.startswith(("re:", "aw:"))
    while words.startswith(("re:", "aw:", "fwd:")):
        words = words.partition(":")[2].strip()
    return answers, words


def is_copy(mail: Email, other: Email, buyers: set[str], other_buyers: set[str]) -> bool:
    """Whether it is the same mail from another mailbox: one sender, second and subject, and somebody got both.

    Of the buyers on one of the two, all are on the other.
    """
    return (
        mail.data.sender == other.data.sender
        and int(mail.time.timestamp()) == int(other.time.timestamp())
        and words_of(mail)[1] == words_of(other)[1]
        and bool(recipients_of(mail) & recipients_of(other))
        and (buyers <= other_buyers or other_buyers <= buyers)
    )


def is_continued(before: Email, mail: Email) -> bool:
    """Whether a mail without headers goes on with another: by subject, within 30 days, between those people."""
    answers, words = words_of(mail)
    people = recipients_of(before) | {before.data.sender}
    return (
        answers
        and bool(words)
        and words == words_of(before)[1]
        and mail.time - before.time <= 30 * DAY
        and mail.data.sender in people
        and bool((recipients_of(mail) - {mail.data.sender}) & people)
    )


def goes_back_to(asked: str, mail: Email) -> bool:
    """Whether a mail reaches somebody, or is at least for their company and not passed on."""
    companies = {person.split("@")[1] for person in recipients_of(mail)}
    passed_on = (mail.data.subject or "").lower().startswith("fwd:")
    return asked in recipients_of(mail) or (not passed_on and asked.split("@")[1] in companies)


@dataclass
class Letter:
    """A mail, the ids under which it was told, and the number of the talk that it is part of."""

    mail: Email
    ids: set[str]
    talk: int
    buyers: set[str]


@dataclass
class Touch:
    """A mail, a call or a meeting between the two sides; `buyers` are those whose two-way touch it would be."""

    at: datetime
    kind: str
    inbound: bool
    outbound: bool
    two_way: bool
    buyers: set[str]
    event: Event
    # the mail of the other side that it answers
    answers: Email | None = None
    # whether it opens a thread
    opens: bool = False
    # buyers of whom it is the first touch of all
    new_people: frozenset[str] = frozenset()


@dataclass
class Story:
    """All that is known of a deal: events in order of time, each identity once."""

    events: Sequence[Event]
    domain: str
    stages: Sequence[str]

    def ours(self, address: str) -> bool:
        return address.endswith("@" + self.domain)

    # -- the CRM's word

    def is_bulk(self, field: str) -> list[bool]:
        """Of each of those values, whether it was written to many deals at once."""
        return [
            bool(each.bulk)
            for each in self.events
            if isinstance(each, DealChanged) and field in each.data.model_fields_set
        ]

    def values(self, field: str) -> list[tuple[datetime, object]]:
        """Every value that a field of the deal was told, in order."""
        return [
            (each.time, getattr(each.data, field))
            for each in self.events
            if isinstance(each, DealChanged) and field in each.data.model_fields_set
        ]

    def value(self, field: str) -> object:
        told = self.values(field)
        return told[-1][1] if told else None

    @cached_property
    def is_open(self) -> bool:
        return bool(self.events) and self.value("status") not in ("won", "lost")

    @cached_property
    def created(self) -> datetime:
        for each in self.events:
            if isinstance(each, DealChanged):
                return each.time
        return self.events[0].time

    @cached_property
    def reopened(self) -> datetime | None:
        found, closed = None, False
        # of one moment, the last word counts
        for at, status in dict(self.values("status")).items():
            if status in ("won", "lost"):
                closed = True
            elif closed:
                found, closed = at, False
        return found

    @cached_property
    def stage_changes(self) -> list[tuple[datetime, str | None, str | None]]:
        """When, from what and to what the stage changed."""
        return [(at, old, new) for at, old, new, _ in self.stage_moves]

    @cached_property
    def stage_moves(self) -> list[tuple[datetime, str | None, str | None, bool]]:
        """The same, and whether it was somebody who moved it."""
        found = []
        stage: str | None = None
        for (at, value), bulk in zip(self.values("stage"), self.is_bulk("stage"), strict=True):
            new = str(value).strip().casefold() if value is not None else None
            if new != stage:
                found.append((at, stage, new, not bulk))
                stage = new
        return found

    def place(self, stage: str | None) -> int | None:
        """Which of the pipeline's stages, counted from 0."""
        names = [name.casefold() for name in self.stages]
        return names.index(stage) if stage in names else None

    @property
    def stage(self) -> str | None:
        return self.stage_changes[-1][2] if self.stage_changes else None

    @property
    def stage_moved(self) -> datetime:
        """When somebody last moved its stage, or when it was told first."""
        first = [at for at, *_ in self.stage_moves[:1]]
        moved = [at for at, *_, by_somebody in self.stage_moves[1:] if by_somebody]
        return max([*first, *moved], default=self.created)

    def is_late(self, stage: str | None) -> bool:
        place = self.place(stage)
        return place is not None and 2 * place >= len(self.stages)

    @cached_property
    def late_since(self) -> datetime | None:
        """Since when it has been in late stages without leaving them; None if it is not in one."""
        since = None
        for at, _, new in self.stage_changes:
            if not self.is_late(new):
                since = None
            elif since is None:
                since = at
        return since

    @cached_property
    def stage_exits(self) -> list[datetime]:
        return [at for at, old, _, by_somebody in self.stage_moves if old is not None and by_somebody]

    @cached_property
    def advances(self) -> list[datetime]:
        found = []
        seen: set[str | None] = set()
        for at, old, new, by_somebody in self.stage_moves:
            before, after = self.place(old), self.place(new)
            if before is not None and after is not None:
                forward = after > before
            else:
                # where the rules do not know the order, a stage that it was never in is progress
                forward = new is not None and new not in seen
            if forward and by_somebody and at != self.stage_changes[0][0]:
                found.append(at)
            seen.add(new)
        return found

    @cached_property
    def date_moves(self) -> list[tuple[datetime, int]]:
        """When somebody moved the close date, and by how many days."""
        found = []
        last: date | None = None
        for (at, value), bulk in zip(self.values("close_date"), self.is_bulk("close_date"), strict=True):
            if isinstance(value, date):
                if last is not None and value != last and not bulk:
                    found.append((at, (value - last).days))
                last = value
        return found

    @cached_property
    def milestones_done(self) -> list[datetime]:
        found, done = [], {}
        for each in self.events:
            if isinstance(each, MilestoneChanged) and "done" in each.data.model_fields_set:
                if each.data.done and not done.get(each.data.milestone_id):
                    found.append(each.time)
                done[each.data.milestone_id] = each.data.done
        return found

    @cached_property
    def new_roles(self) -> list[datetime]:
        """When somebody took a role that they never had before."""
        found: list[datetime] = []
        had: set[tuple[str, str]] = set()
        for each in self.events:
            if isinstance(each, ContactChanged):
                roles = {(each.data.email, role) for role in each.data.roles or ()}
                if roles - had:
                    found.append(each.time)
                had |= roles
        return found

    @cached_property
    def people_with_power(self) -> set[str]:
        """Executives, by the CRM's word or else by title, and those whose role is to decide or to pay."""
        return self.executives | {
            email for email, told in self.contacts.items() if POWER & set(told.get("roles") or ())
        }

    @cached_property
    def executives(self) -> set[str]:
        found = set()
        for email, told in self.contacts.items():
            if told.get("executive") is not None:
                if told["executive"]:
                    found.add(email)
            elif str(told.get("title") or "").casefold() in TITLES_OF_POWER:
                found.add(email)
        return found

    @cached_property
    def contacts(self) -> dict[str, dict[str, Any]]:
        words = [each for each in self.events if isinstance(each, ContactChanged)]
        emails = {each.data.email for each in words}
        return {email: as_told(each for each in words if each.data.email == email) for email in emails}

    # -- touches

    @cached_property
    def touches(self) -> list[Touch]:
        """A mail or a call is one touch, however often it was told; each time that a meeting was held is one."""
        found: list[Touch] = []
        letters: list[Letter] = []
        talks: dict[str, int] = {}
        calls: list[str] = []
        for number, each in enumerate(self.events):
            touch = None
            if isinstance(each, Email) and not any(id_of(each) in letter.ids for letter in letters):
                touch = self._mail(each, letters, talks)
            elif isinstance(each, Call) and each.data.call_id not in calls:
                touch = self._call(each)
                calls.append(each.data.call_id)
            elif isinstance(each, Meeting) and each.data.status == "held":
                told = self.meeting_after(number)
                if self.is_with_buyer(told):
                    touch = Touch(each.time, "meeting", False, False, True, self.buyers_in(told), each)
            found += [touch] if touch else []
        found.sort(key=lambda touch: (touch.at, touch.event.ref))
        known: set[str] = set()
        for touch in found:
            if touch.outbound and touch.answers is None:
                touch.new_people = frozenset(touch.buyers - known)
            known |= touch.buyers
        return found

    def _mail(self, mail: Email, letters: list[Letter], talks: dict[str, int]) -> Touch | None:
        people, own_id = recipients_of(mail), id_of(mail)
        inbound = not self.ours(mail.data.sender)
        buyers = {mail.data.sender} if inbound else {person for person in people if not self.ours(person)}
        if mail.data.automatic or not buyers:
            return None
        copied = [each for each in letters if is_copy(mail, each.mail, buyers, each.buyers)]
        if copied:
            copied[-1].ids.add(own_id)
            if opens_thread(mail):
                talks[own_id] = copied[-1].talk
            return None
        opens, answered = opens_thread(mail), None
        talk = talks.setdefault(thread_of(mail), len(letters))
        thread = [each for each in letters if each.talk == talk]
        continued = [each for each in letters if opens and is_continued(each.mail, mail)]
        if not opens:
            # the mail that it names, or else the last of its thread
            named = [each for each in letters if parent_of(mail) in each.ids]
            answered = (named or thread or [None])[-1]
        elif continued:
            # the other side's newest mail in the thread that its subject and people name
            opens, talk = False, continued[-1].talk
            talks[own_id] = talk
            theirs = [each for each in letters if each.talk == talk and self.ours(each.mail.data.sender) == inbound]
            answered = (theirs or [None])[-1]
        letters.append(Letter(mail, {own_id}, talk, buyers))
        if answered is not None:
            asked = answered.mail.data.sender
            if self.ours(asked) != inbound or (not inbound and not goes_back_to(asked, mail)):
                answered = None
        found = answered.mail if answered else None
        return Touch(mail.time, "mail", inbound, not inbound, inbound, buyers, mail, found, opens)

    def _call(self, call: Call) -> Touch | None:
        """A call as it was told last, at the moment at which it was told first."""
        told = as_told(
            each for each in self.events if isinstance(each, Call) and each.data.call_id == call.data.call_id
        )
        people = set(told.get("with_") or ())
        buyers = {person for person in people if not self.ours(person)}
        if people and not buyers:
            return None
        inbound, connected = told["direction"] == "inbound", bool(told.get("connected"))
        return Touch(call.time, "call", inbound, not inbound, connected, buyers, call)

    def touch_of(self, event: Event) -> Touch | None:
        return next((touch for touch in self.touches if touch.event is event), None)

    @cached_property
    def ping_pong(self) -> list[Touch]:
        return ping_pong(self)

    @cached_property
    def unanswered(self) -> list[Touch]:
        return unanswered(self)

    @cached_property
    def asked(self) -> datetime | None:
        return asked(self)

    @cached_property
    def two_way(self) -> list[Touch]:
        return [touch for touch in self.touches if touch.two_way]

    # -- what lies ahead

    def meeting_after(self, number: int) -> dict[str, Any]:
        """What is known of a meeting once the event of this number is told."""
        meeting = self.events[number].data.meeting_id
        words = [each for each in self.events[: number + 1] if isinstance(each, Meeting)]
        return as_told(each for each in words if each.data.meeting_id == meeting)

    def is_booked_by_us(self, number: int) -> bool:
        told = self.meeting_after(number)
        ours = not told.get("organizer") or self.ours(told["organizer"])
        return told["status"] == "booked" and ours and self.is_with_buyer(told)

    def is_with_buyer(self, meeting: dict[str, Any]) -> bool:
        """Whether a meeting is between the two sides; where nobody told who comes, it is."""
        return not meeting.get("attendees") or bool(self.buyers_in(meeting))

    def buyers_in(self, meeting: dict[str, Any]) -> set[str]:
        people = {*(meeting.get("attendees") or ()), meeting.get("organizer")}
        return {person for person in people if person and not self.ours(person)}

    def steps_after(self, count: int, awaited: frozenset[str] | None = None) -> list[datetime]:
        """The moments of the future steps that stand once so many events are known.

        Of absences only those of who is awaited; None is anybody.
        """
        days: dict[str, date | None] = {}
        starts: dict[str, datetime | None] = {}
        for number, each in enumerate(self.events[:count]):
            if isinstance(each, DealChanged):
                for name in {"next_step_date", "paused_until"} & each.data.model_fields_set:
                    days[name] = getattr(each.data, name)
            elif isinstance(each, Email) and each.data.returns_on and not self.ours(each.data.sender):
                if awaited is None or each.data.sender in awaited:
                    days["away " + each.data.sender] = each.data.returns_on
            elif isinstance(each, Meeting):
                told = self.meeting_after(number)
                booked = told["status"] == "booked" and self.is_with_buyer(told)
                starts[each.data.meeting_id] = told.get("starts_at") if booked else None
            elif isinstance(each, MilestoneChanged):
                words = [one for one in self.events[: number + 1] if isinstance(one, MilestoneChanged)]
                told = as_told(one for one in words if one.data.milestone_id == each.data.milestone_id)
                days["milestone " + each.data.milestone_id] = None if told.get("done") else told.get("due")
        found = [end_of(day, self.created) for day in days.values() if day is not None]
        return found + [start for start in starts.values() if start is not None]

    def planned(self, awaited: frozenset[str] | None = None) -> list[tuple[datetime, datetime]]:
        """From when to when a step lay ahead: in each stretch between two events, and after the last one."""
        if awaited not in self._planned:
            found = self._planned[awaited] = []
            for number, each in enumerate(self.events, start=1):
                after = self.events[number].time if number < len(self.events) else None
                for step in self.steps_after(number, awaited):
                    end = step if after is None else min(step, after)
                    if each.time < end:
                        found.append((each.time, end))
        return self._planned[awaited]

    @cached_property
    def _planned(self) -> dict[frozenset[str] | None, list[tuple[datetime, datetime]]]:
        return {}

    def lies_ahead(self, at: datetime, awaited: frozenset[str] | None = None) -> bool:
        return any(start <= at < end for start, end in self.planned(awaited))

    def last_ahead(self, at: datetime, awaited: frozenset[str] | None = None) -> datetime | None:
        """The last moment up to this one at which a step lay ahead."""
        return max((min(end, at) for start, end in self.planned(awaited) if start <= at), default=None)

    def is_held(self, at: datetime, awaited: frozenset[str] | None = None) -> bool:
        """Whether silence is no stall: a step lies ahead, or did so less than a business day ago.

        A deal that was taken up again has that day, too.
        """
        return self.lies_ahead(at, awaited) or any(at < each for each in self.held_until(at, awaited))

    def held_until(self, at: datetime, awaited: frozenset[str] | None = None) -> list[datetime]:
        """When what had held silence until then let it go."""
        ends = [self.last_ahead(at, awaited), self.reopened]
        return [business_days_after(end, 1) for end in ends if end is not None]


# -- silence


def clock(story: Story, start: datetime) -> datetime:
    """Where a silence clock starts: not before a reopening."""
    return max(start, story.reopened) if story.reopened else start


def silent_since(
    story: Story, start: datetime, days: int, at: datetime, awaited: frozenset[str] | None = None
) -> datetime | None:
    """Since when a silence that began at `start` has been a stall; None if it is none."""
    if story.is_held(at, awaited):
        return None
    since = max([business_days_after(clock(story, start), days), *story.held_until(at, awaited)])
    return since if since <= at else None


def gone_quiet(story: Story, at: datetime) -> bool:
    """No two-way touch for 10 business days."""
    return quiet_since(story, at) is not None


def quiet_since(story: Story, at: datetime) -> datetime | None:
    return silent_since(story, story.two_way[-1].at if story.two_way else story.created, 10, at)


def quiet_for_long(story: Story, at: datetime) -> bool:
    """For 20, or for 10 more than what was planned let it be."""
    since = quiet_since(story, at)
    return since is not None and at >= business_days_after(since, 10)


def ghosted(story: Story, at: datetime) -> bool:
    """The second unanswered outbound in a row is 3 business days old."""
    return ghosted_since(story, at) is not None


def ghosted_since(story: Story, at: datetime) -> datetime | None:
    row = story.unanswered
    return silent_since(story, row[1].at, 3, at) if len(row) >= 2 else None


def ghosted_for_long(story: Story, at: datetime) -> bool:
    """It is 10 business days old, or there is a fourth; both later by what was planned."""
    since, row = ghosted_since(story, at), story.unanswered
    if since is None:
        return False
    held = since - business_days_after(row[1].at, 3)
    return at >= business_days_after(since, 7) or (len(row) >= 4 and at >= row[3].at + held)


def unanswered(story: Story) -> list[Touch]:
    """Our mails and calls since the buyer's last sign; what was before a reopening is none of today's."""
    row: list[Touch] = []
    for touch in story.touches:
        row = [] if touch.inbound or touch.two_way else [*row, touch]
    return [touch for touch in row if story.reopened is None or touch.at >= story.reopened]


def owed_reply(story: Story, at: datetime) -> bool:
    """The first message of the buyer after anything of ours is 2 business days old.

    The catalogue counts from the last; a buyer who asks again is not less owed an answer, nor is one who is away.
    """
    return owed_since(story, at) is not None


def owed_since(story: Story, at: datetime) -> datetime | None:
    return silent_since(story, story.asked, 2, at, awaited=frozenset()) if story.asked else None


def owed_for_long(story: Story, at: datetime) -> bool:
    """For 4 business days, or for 2 more than what was planned let it be."""
    since = owed_since(story, at)
    return since is not None and at >= business_days_after(since, 2)


def asked(story: Story) -> datetime | None:
    """When the buyer wrote first after anything of ours that could answer."""
    row: list[datetime] = []
    given: datetime | None = None
    for number, each in enumerate(story.events):
        touch = story.touch_of(each)
        if touch is not None:
            if touch.kind == "mail" and touch.inbound:
                row = [*row, each.time]
            elif touch.outbound or touch.two_way:
                row = []
        elif isinstance(each, Document) and each.data.status == "sent":
            given = each.time
        elif isinstance(each, Meeting) and each.data.status == "booked":
            given = each.time if story.is_booked_by_us(number) else given
        # of what happened at one moment, what we gave is taken for the later
        row = [at for at in row if given is None or at > given]
    return row[0] if row else None


def has_dropped(story: Story, at: datetime, part: int) -> bool:
    """Two-way touches of 14 days are under a part of those of the 28 days before, which were 6 at least."""
    recent = [touch for touch in story.two_way if at - 14 * DAY < touch.at <= at]
    before = [touch for touch in story.two_way if at - 42 * DAY < touch.at <= at - 14 * DAY]
    return len(before) >= 6 and part * len(recent) < len(before)


def engagement_drop(story: Story, at: datetime) -> bool:
    """It has dropped under half since a touch with which it had not, and time alone will not end that, or not yet."""
    ages = [touch.at + age for touch in story.two_way for age in (timedelta(), 14 * DAY, 42 * DAY)]
    after = any(has_dropped(story, each, 2) for each in [*ages, at] if each >= at)
    return has_been_under(story, at, 2) and after and not story.is_held(at)


def has_been_under(story: Story, at: datetime, part: int) -> bool:
    """Whether there was a drop under a part since the last touch with which there was none."""
    ages = [touch.at + age for touch in story.two_way for age in (timedelta(), 14 * DAY, 42 * DAY)]
    high = max((touch.at for touch in story.two_way if not has_dropped(story, touch.at, part)), default=None)
    return any(has_dropped(story, each, part) for each in [*ages, at] if each <= at and (not high or each > high))


# -- reactive


def is_purposeful(story: Story, event: Event, number: int) -> bool:
    """Whether an event, the one of this number, is our own move forward."""
    touch = story.touch_of(event)
    if touch is not None and touch.new_people:
        return True
    if isinstance(event, Document):
        return event.data.status == "sent" and not any(
            isinstance(each, Document)
            and each.data.document_id == event.data.document_id
            and each.data.status == "sent"
            for each in story.events[:number]
        )
    if isinstance(event, Meeting):
        again = any(
            isinstance(each, Meeting) and each.data.meeting_id == event.data.meeting_id and each.data.status == "booked"
            for each in story.events[:number]
        )
        held = touch is not None
        return held or (story.is_booked_by_us(number) and not again)
    if isinstance(event, DealChanged | MilestoneChanged):
        before = Story(story.events[:number], story.domain, story.stages)
        after = Story(story.events[: number + 1], story.domain, story.stages)
        dated = after.value("next_step_date") not in (None, before.value("next_step_date"))
        dated = dated and not (isinstance(event, DealChanged) and event.bulk)
        return (
            dated
            or len(after.advances) > len(before.advances)
            or len(after.milestones_done) > len(before.milestones_done)
        )
    return False


def reply_only(story: Story, at: datetime, replies: int = 3) -> bool:
    """Our last three touches at least were replies, to different mails, with no move of our own since the first."""
    return len(story.ping_pong) >= replies


def ping_pong(story: Story) -> list[Touch]:
    """Our replies since anything else of ours; what follows on a mail that was answered is a reminder, and no more."""
    row: list[Touch] = []
    answered: set[str] = set()
    moved: datetime | None = None
    for number, each in enumerate(story.events):
        touch = story.touch_of(each)
        if is_purposeful(story, each, number):
            moved = each.time
        if touch is not None and touch.outbound:
            if touch.answers is None:
                row = []
            elif id_of(touch.answers) not in answered:
                row = [*row, touch]
                answered = answered | {id_of(touch.answers)}
        # of what happened at one moment, the move is taken for the later
        row = [touch for touch in row if moved is None or touch.at > moved]
    return row


def request_storm(story: Story, at: datetime, threads: int = 4) -> bool:
    """Four threads that the buyer opened in 21 days, no stage exit since, and no executive in any."""
    opened = [
        touch
        for touch in story.touches
        if touch.kind == "mail" and touch.inbound and touch.opens and at - 21 * DAY < touch.at <= at
        if not any(left >= touch.at for left in story.stage_exits)
    ]
    return len(opened) >= threads and not any(touch.buyers & story.people_with_power for touch in opened)


def is_one_sided(story: Story, at: datetime, outbound: int = 6) -> bool:
    """Six of our own mails and calls in 30 days that answered nothing, at four at least for each of theirs."""
    window = [touch for touch in story.touches if at - 30 * DAY < touch.at <= at]
    pushed = [touch for touch in window if is_push(touch)]
    came = [touch for touch in window if touch.inbound or touch.two_way]
    return len(pushed) >= outbound and len(pushed) >= 4 * len(came)


def pushes_in_window(story: Story, at: datetime) -> int:
    return len([touch for touch in story.touches if at - 30 * DAY < touch.at <= at and is_push(touch)])


def is_push(touch: Touch) -> bool:
    return touch.outbound and not touch.two_way and touch.answers is None


def one_sided_push(story: Story, at: datetime) -> bool:
    """It has been one-sided since a push of ours, without a break."""
    moments = [touch.at + age for touch in story.touches for age in (timedelta(), 30 * DAY)]
    breaks = [moment for moment in [*moments, at] if moment <= at and not is_one_sided(story, moment)]
    pushes = [touch for touch in story.touches if is_push(touch) and touch.at <= at]
    return any(not any(moment >= push.at for moment in breaks) for push in pushes)


def busy_but_stuck(story: Story, at: datetime, days: int = 30) -> bool:
    """Eight touches in this stage, and nothing has moved for 30 days."""
    if story.stage is None:
        return False
    touches = [touch for touch in story.touches if touch.at >= story.stage_moved]
    moves = [story.stage_moved, *story.milestones_done, *story.new_roles]
    moves += [moved for moved, by in story.date_moves if by < 0]
    return len(touches) >= 8 and at >= max(moves) + days * DAY


# -- next step, close date, people


def no_next_step(story: Story, at: datetime, days: int = 3) -> bool:
    """It is 3 business days since a step lay ahead, or since a reopening."""
    if story.lies_ahead(at):
        return False
    start = clock(story, max(story.last_ahead(at) or story.created, story.created))
    return at >= business_days_after(start, days)


def close_date_slipping(story: Story, at: datetime, pushes: int = 2) -> bool:
    """The close date moved later twice in 180 days."""
    return len([by for moved, by in story.date_moves if by > 0 and at - 180 * DAY < moved <= at]) >= pushes


def slips_badly(story: Story, at: datetime) -> bool:
    """Three times, or by 60 days in all."""
    in_all = sum(by for moved, by in story.date_moves if by > 0 and at - 180 * DAY < moved <= at)
    return close_date_slipping(story, at, 3) or in_all >= 60


def went_on(rule: Rule, badly: Rule, story: Story, at: datetime) -> bool:
    """Whether it was bad at some moment, and has not ended since then: what ages does not make it better."""
    ages = [each.time + age for each in story.events for age in (timedelta(), 21 * DAY, 30 * DAY, 180 * DAY)]
    moments = [moment for moment in [*ages, at] if moment <= at]
    return any(badly(story, bad) and all(rule(story, each) for each in moments if each >= bad) for bad in moments)


def single_threaded(story: Story, at: datetime) -> bool:
    """Fifteen business days after creation, and of fewer than two people anything was heard in 60 days."""
    people: set[str] = set()
    for touch in story.two_way:
        if at - 60 * DAY < touch.at <= at:
            people |= touch.buyers
    return at >= business_days_after(story.created, 15) and len(people) < 2


def no_executive_contact(story: Story, at: datetime) -> bool:
    """Late, or thirty days old, and nobody with power was ever met; a reopening begins both anew."""
    if any(touch.buyers & story.people_with_power for touch in story.two_way):
        return False
    late = story.late_since is not None and at >= business_days_after(clock(story, story.late_since), 5)
    return late or at >= clock(story, story.created) + 30 * DAY


def badly_without_executive(story: Story, at: datetime) -> bool:
    """Ten business days longer, or with the close date in thirty days."""
    close, late = story.value("close_date"), story.late_since
    return (
        (late is not None and at >= business_days_after(clock(story, late), 15))
        or at >= business_days_after(clock(story, story.created) + 30 * DAY, 15)
        or (isinstance(close, date) and at >= end_of(close, at) - 30 * DAY)
    )


STALLED: dict[str, Rule] = {
    "reply_only": reply_only,
    "ghosted": ghosted,
    "gone_quiet": gone_quiet,
    "owed_reply": owed_reply,
    "engagement_drop": engagement_drop,
    "request_storm": request_storm,
    "one_sided_push": one_sided_push,
    "busy_but_stuck": busy_but_stuck,
    "close_date_slipping": close_date_slipping,
    "single_threaded": single_threaded,
    "no_next_step": no_next_step,
    "no_executive_contact": no_executive_contact,
}
# when a deal that is stalled is so badly
CRITICAL: dict[str, Rule] = {
    "reply_only": lambda story, at: reply_only(story, at, 5),
    "ghosted": ghosted_for_long,
    "gone_quiet": quiet_for_long,
    "owed_reply": owed_for_long,
    "engagement_drop": lambda story, at: has_been_under(story, at, 5),
    "request_storm": lambda story, at: went_on(request_storm, lambda *of: request_storm(*of, 6), story, at),
    "one_sided_push": lambda story, at: went_on(one_sided_push, lambda *of: pushes_in_window(*of) >= 10, story, at),
    "busy_but_stuck": lambda story, at: busy_but_stuck(story, at, 60),
    "close_date_slipping": lambda story, at: went_on(close_date_slipping, slips_badly, story, at),
    "single_threaded": lambda story, at: story.is_late(story.stage),
    "no_next_step": lambda story, at: no_next_step(story, at, 10),
    "no_executive_contact": badly_without_executive,
}
