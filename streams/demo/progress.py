"""How a deal moves forward: what healthy lives are made of, and where the others start from.

Both sides talk every few days, each meeting leads to the next, and we never reply three times without a step of our
own.
"""

from streams.demo import words
from streams.demo.people import Contact
from streams.demo.story import LATE, Story, Thread


def begin(story: Story, close_in: int, power: bool = True) -> None:
    """From the first mail to a demo and, if `power`, to a meeting with somebody who can decide; three weeks or so."""
    champion = story.champion
    story.create(close_in)
    if not power:
        story.stalls_unmet()
    if story.random() < 0.4:
        story.soon(5, 60)
        thread = story.hear_first(champion, "inquiry")
        story.soon(15, 180)
        story.reply(thread, "welcome")
        story.soon()
        story.hear(thread, "yes")
    else:
        story.soon(10, 120)
        thread = story.write(champion, "intro")
        story.soon(60, 600)
        story.hear(thread, "yes")
    story.soon(10, 60)
    story.book("discovery", [champion], 1, 3, by_us=story.random() < 0.9)
    story.hold()
    story.crm(need="interesting")
    story.soon(20, 120)
    thread = story.write(champion, "recap")
    story.soon()
    story.hear(thread, "thanks")
    story.wait(1, 2)
    story.advance()
    story.book("demo", [champion, *story.users[:1]], 1, 4)
    if story.random() < 0.12:
        _postpone(story, [champion, *story.users[:1]])
    story.hold()
    story.crm(need="important")
    if power:
        story.wait(1, 2)
        meet_power(story)


def meet_power(story: Story) -> None:
    """Somebody with power answers, and comes to a meeting."""
    thread = story.write(story.power, "executive")
    story.soon(60, 540)
    story.hear(thread, "yes")
    story.soon(10, 90)
    story.book("executive", [story.power, story.champion], 1, 3)
    story.hold()
    story.crm(need="critical", **_facts_from_the_top(story))


def _facts_from_the_top(story: Story) -> dict[str, str]:
    facts = {"budget": "confirmed"} if story.random() < 0.8 else {}
    if story.random() < 0.6:
        facts["deadline"] = story.workdays.date(story.close_day + story.between(10, 40))
    return facts


def _postpone(story: Story, people: list[Contact]) -> None:
    """The meeting falls through, the buyer says sorry, and there is a new one."""
    if story.random() < 0.5:
        story.miss("no_show")
    else:
        story.miss("cancelled")
    story.soon(10, 60)
    thread = story.asked(story.champion)
    story.soon(10, 60)
    story.reply(thread)
    story.book("demo", people, 1, 3)


def work(story: Story, least: int = 2, most: int = 4) -> None:
    """Some days of normal work: the two sides talk, and we have a next move of our own."""
    story.wait(least, most)
    person = _somebody(story)
    lot = story.random()
    if lot < 0.32:
        thread = story.asked(person)
        if story.random() < 0.12:
            story.soon(5, 30)
            story.confer(thread)
        story.soon(15, 240)
        story.reply(thread)
    elif lot < 0.56:
        thread = story.write(person, "update")
        if story.random() < 0.08:
            story.away(thread, 1)
        story.soon(30, 560)
        story.hear(thread, "thanks")
    elif lot < 0.72:
        if story.random() < 0.4:
            story.call(person, connected=False)
            story.soon(60, 300)
            story.call(person, connected=True, direction="inbound")
        else:
            story.call(person, connected=True)
    else:
        thread = story.write(person, "invite")
        story.soon(30, 400)
        story.hear(thread, "yes")
        story.soon(5, 60)
        story.book("review", [person, story.champion] if person is not story.champion else [person], 1, 3)
        story.hold()
    if story.replies >= 2 or story.random() < 0.4:
        story.soon(5, 30)
        story.next_step()


def _somebody(story: Story) -> Contact:
    lot = story.random()
    if story.power_met and lot < 0.15:
        return story.power
    return story.pick(story.users) if story.users and lot < 0.45 else story.champion


def propose(story: Story, power: bool = True) -> None:
    """The offer goes out, is read, and the buyer says what to change."""
    story.soon(30, 200)
    if story.random() < 0.3:
        story.resize()
    story.advance(**({"budget": "confirmed"} if power and story.random() < 0.5 else {}))
    if not power:
        story.stalls_unmet()
    thread = _offer(story, "proposal")
    story.soon(60, 500)
    story.hear(thread, "feedback", sender=story.power if power and story.random() < 0.3 else None)


def _offer(story: Story, kind: str) -> Thread:
    thread = story.write(story.champion, kind)
    story.document(kind, "sent", story.champion)
    story.soon(30, 300)
    story.document(kind, "viewed", story.champion)
    return thread


def negotiate(story: Story) -> None:
    """The contract is worked through; bigger deals have a close plan, whose milestones are reached in time."""
    story.wait(1, 2)
    story.advance()
    thread = _offer(story, "contract")
    story.soon(60, 500)
    buyers = [contact for contact in story.users if "procurement" in contact.roles]
    story.hear(thread, "terms", sender=story.pick(buyers) if buyers else None)
    if not story.pushes and story.close_day - story.today > 40:
        story.soon(10, 60)
        story.date_to_close(story.today + story.between(32, 38))  # all goes well: sooner than thought
    if story.account.segment != "smb":
        _follow_close_plan(story)


def _follow_close_plan(story: Story) -> None:
    story.soon(10, 60)
    for key, (title, side) in enumerate(words.CLOSE_PLAN):
        story.milestone(key, title, side, story.workdays.open_day(story.today, 4 + 3 * key))
    for key in range(len(words.CLOSE_PLAN)):
        story.wait(1, 2)
        thread = story.write(story.champion, "update")
        story.soon(20, 300)
        story.hear(thread, "milestone")
        story.reach(key)


def sign(story: Story) -> None:
    """The buyer decides for us."""
    story.wait(1, 2)
    decider = story.power if story.power_met else story.champion
    if story.random() < 0.5:
        story.call(decider, connected=True)
        story.soon(60, 400)
    thread = story.write(decider, "final")
    story.soon(30, 400)
    story.hear(thread, "decision")
    story.wait(1, 2)
    story.document("contract", "signed", decider)
    story.soon(10, 60)
    story.win()


def decline(story: Story, reason: str = "") -> None:
    """The buyer decides against us, and says so."""
    story.wait(1, 2)
    thread = story.write(story.champion, "final")
    story.soon(30, 400)
    story.hear(thread, "no")
    story.soon(20, 300)
    story.lose(reason)


def finish(story: Story, won: bool) -> None:
    """From wherever the deal is to its end, without a detour."""
    if story.stage < LATE:
        propose(story)
    if story.stage == LATE and won:
        negotiate(story)
    (sign if won else decline)(story)
