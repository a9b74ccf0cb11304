"""A made-up company: the half year of a sales organization, event by event, the same for the same seed."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import heappop, heappush, merge
from random import Random
from typing import Any

import orjson

from streams.demo.lives import LIVES, MIX, MIX_OF
from streams.demo.people import DOMAIN, Account, Accounts, Place, Rep, found_teams, hire
from streams.demo.story import STAGES, Casting, Curtain, Dated, Event, Story
from streams.demo.workdays import DAY, EPOCH, Workdays, as_datetime

# What each source reports of. Twice a day it says that all up to then has been sent.
COVERS = {
    "salesforce": (
        "crm.deal.changed", "crm.contact.changed", "crm.milestone.changed", "activity.call", "activity.document",
    ),
    "gmail": ("activity.email",),
    "calendar": ("activity.meeting",),
}  # fmt: skip
_HEARTBEAT = 12 * 3600
_REST = 21 * DAY  # before a customer buys again


@dataclass(frozen=True, slots=True)
class Stall:
    """What a detector should find: since when, and until when (None: still so when the history ends)."""

    deal_id: str
    detector: str
    opens: datetime
    clears: datetime | None


class Company:
    """A selling company with `reps` reps, who begin `deals` deals in the `weeks` from `start` (a Monday, by custom).

    `disorder` is the share of events, 0 to 1, that arrive late (up to some days) or twice.
    """

    def __init__(
        self,
        seed: int = 7,
        reps: int = 5,
        deals: int = 60,
        start: date = date(2026, 1, 5),
        weeks: int = 26,
        disorder: float = 0.0,
    ) -> None:
        chance = Random(f"{seed}/people")
        self.teams = found_teams(chance)
        self.reps = hire(chance, self.teams, reps)
        self.start, self.end = start, start + timedelta(weeks=weeks)
        self._seed, self._deals, self._disorder = seed, deals, disorder
        self._begins = (start - EPOCH).days * DAY
        self._ends = (self.end - EPOCH).days * DAY
        self._workdays: dict[Place, Workdays] = {}

    def history(self) -> Iterator[Event]:
        """The events in order of time (but for `disorder`)."""
        return map(orjson.loads, self.lines())

    def lines(self) -> Iterator[bytes]:
        """The same events as JSON. A deal is in memory from its first event to its last, and no longer."""
        lines = self._in_order()
        return self._disordered(lines) if self._disorder else (line for _, _, line in lines)

    def lives(self) -> dict[str, str]:
        """Deal id to the name of the life that it lives."""
        return {story.deal_id: life for life, story in self._stories()}

    def expected_stalls(self) -> list[Stall]:
        """What the six detectors of the demo should find up to the end of the history, by deal."""
        return [
            Stall(story.deal_id, detector, as_datetime(plan.opens), as_datetime(plan.clears) if plan.clears else None)
            for _, story in self._stories()
            for detector, plan in story.planned.items()
            if plan.opens < self._ends and (plan.clears is None or plan.clears > plan.opens)
        ]

    def rules(self) -> dict[str, Any]:
        """The part of a rules file that names this company's people and sources."""
        first = self.teams[0].place
        return {
            "organization": {
                "domains": [DOMAIN],
                "holidays": first.holidays,
                "time_zone": first.time_zone,
                "fiscal_year_starts": 2,
            },
            "teams": {
                team.name: {
                    "manager": team.manager,
                    "time_zone": team.place.time_zone,
                    "holidays": team.place.holidays,
                }
                for team in self.teams
            },
            "owners": {
                rep.email: {"team": rep.team.name, "time_zone": rep.place.time_zone, "holidays": rep.place.holidays}
                for rep in self.reps
            },
            "sources": {source: {"max_silence": "18h"} for source in COVERS},
            "pipelines": {"default": {"stages": list(STAGES), "requires": {"Proposal": ["discovery", "demo"]}}},
            # half of the old pace, not just below it
            "detectors": {"engagement_drop": {"share": 0.25, "critical_share": 0.1}},
        }

    def _in_order(self) -> Iterator[Dated]:
        waiting: list[Dated] = []
        for begins, events in merge(self._openings(), self._heartbeats(), key=lambda opening: opening[0]):
            while waiting and waiting[0][0] < begins:
                yield heappop(waiting)
            for event in events:
                heappush(waiting, event)
        while waiting:
            yield heappop(waiting)

    def _openings(self) -> Iterator[tuple[int, list[Dated]]]:
        for _, story in self._stories():
            yield story.workdays.utc(story.created), story.events

    def _heartbeats(self) -> Iterator[tuple[int, list[Dated]]]:
        for at in range(self._begins + _HEARTBEAT - 1, self._ends, _HEARTBEAT):
            time = as_datetime(at).isoformat()
            # numbered downwards from 0, since the numbers of deals' events are positive
            beats = [(at, -number, _heartbeat(source, time)) for number, source in enumerate(COVERS)]
            yield at, beats

    def _disordered(self, lines: Iterator[Dated]) -> Iterator[bytes]:
        chance = Random(f"{self._seed}/disorder")
        late: list[tuple[float, int, bytes]] = []
        for at, number, line in lines:
            while late and late[0][0] <= at:
                yield heappop(late)[-1]
            if chance.random() >= self._disorder:
                yield line
                continue
            if chance.random() < 0.5:
                yield line  # and once more, later
            heappush(late, (at + min(chance.expovariate(1 / 14_400), 3 * DAY), number, line))
        while late:
            yield heappop(late)[-1]

    def _stories(self) -> Iterator[tuple[str, Story]]:
        """Every deal's story with its life, in order of their beginnings."""
        accounts = Accounts(Random(f"{self._seed}/accounts"))
        customers: dict[Rep, list[tuple[int, str, Account]]] = defaultdict(list)
        turns: Counter[str] = Counter()
        beginnings = self._beginnings()
        lives = self._cast([begins for begins, *_ in beginnings])
        for number, ((begins, moment, rep), life) in enumerate(zip(beginnings, lives, strict=True), start=101):
            chance = Random(f"{self._seed}/{number}")
            rested = bool(customers[rep]) and customers[rep][0][0] < begins - _REST
            returning = rested and chance.random() < 0.2
            account = heappop(customers[rep])[-1] if returning else accounts.another(rep.place.languages)
            colleagues = [other for other in self.reps if other.team is rep.team and other is not rep]
            casting = Casting(
                number=number,
                owner=rep,
                colleague=colleagues[number % len(colleagues)] if colleagues and number % 20 == 7 else None,
                account=account,
                returning=returning,
                workdays=self._calendar(rep.place),
                begins=moment,
                ends=self._ends,
                turn=turns[life],
            )
            turns[life] += 1
            story = Story(chance, casting)
            with suppress(Curtain):
                LIVES[life](story)
            if story.won_at and len(customers[rep]) < 20:
                heappush(customers[rep], (story.won_at, account.id, account))
            yield life, story

    def _beginnings(self) -> list[tuple[int, int, Rep]]:
        """When each deal begins, in UTC and on its owner's clock; a third of them is what January starts with."""
        chance = Random(f"{self._seed}/beginnings")
        days = (self._ends - self._begins) // DAY
        beginnings = []
        for number in range(self._deals):
            rep = self.reps[number % len(self.reps)]
            calendar = self._calendar(rep.place)
            share = chance.random() * (0.15 if chance.random() < 0.3 else 0.93)
            day = calendar.open_day(self._begins // DAY + int(share * days))
            moment = day * DAY + 9 * 3600 + chance.randrange(7 * 3600)
            beginnings.append((calendar.utc(moment), moment, rep))
        return sorted(beginnings, key=lambda beginning: beginning[:2])

    def _cast(self, beginnings: list[int]) -> Iterator[str]:
        """A life for each deal: in every sixty the same mix, given to deals that begin early enough to show it."""
        chance = Random(f"{self._seed}/lives")
        for block in range(0, len(beginnings), MIX_OF):
            begun = beginnings[block : block + MIX_OF]
            lives = ["healthy"] * len(begun)
            for life, share, weeks in MIX:
                count = share * len(begun) // MIX_OF
                free = [place for place, taken in enumerate(lives) if taken == "healthy"]
                early = [place for place in free if begun[place] < self._ends - weeks * 7 * DAY]
                room = early if len(early) >= count else free
                for part in range(count):  # one early, one late, so that there are stalls at all times and at the end
                    least = len(room) * part // (count - 1) - 3 if part else 0
                    lives[chance.choice(room[max(0, least) :][:3])] = life
            yield from lives

    def _calendar(self, place: Place) -> Workdays:
        if place not in self._workdays:
            self._workdays[place] = Workdays(
                place.time_zone, place.holidays, self.start - timedelta(7), self.end + timedelta(400)
            )
        return self._workdays[place]


def _heartbeat(source: str, time: str) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{source}-heartbeat-{time[:13]}",
            "source": source,
            "type": "source.heartbeat",
            "time": time,
            "data": {"covers": COVERS[source], "through": time},
        }
    )
