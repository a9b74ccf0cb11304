"""How deals live: most of them well, the others stalling each in a way that a sales VP knows.

A life is a function that tells a story to its end. Where the deal stalls, it says so (`story.stalls`), by the
definitions of the catalogue; a test holds that against the events.
"""

from collections.abc import Callable

from streams.demo.people import Rep
from streams.demo.progress import begin, decline, finish, meet_power, propose, work
from streams.demo.story import Story
from streams.demo.workdays import DAY

Life = Callable[[Story], None]
_FAR = 150  # days to the close date, so that it does not matter to the life
_ROUNDS = {"smb": (2, 4), "mid-market": (5, 8), "enterprise": (10, 15)}
_CYCLE = {"smb": 70, "mid-market": 95, "enterprise": 140}  # days


# --- healthy ----------------------------------------------------------------------------------------------------------


def healthy(story: Story) -> None:
    """Moves on every week; won more often than lost. At most one push, made in time."""
    hopeful = story.random() < 0.3
    begin(story, 62 if hopeful else _CYCLE[story.account.segment])
    rounds = story.between(*_ROUNDS[story.account.segment])
    won = story.random() < 0.68
    for done in range(rounds):
        if story.close_day - story.today < 38:
            if story.pushes or not hopeful:
                break  # the date holds, so it is time to finish
            story.date_to_close(story.close_day + story.between(30, 45))
        work(story)
        if done == 1 and story.casting.colleague:
            take_over(story, story.casting.colleague)
        if done == rounds // 2:
            propose(story)
        if done == 3 and len(story.users) > 2 and story.random() < 0.1:
            story.depart(story.users.pop())
    finish(story, won)


def take_over(story: Story, colleague: Rep) -> None:
    """The deal changes hands, and the new owner is in touch at once."""
    story.hand_over(colleague)
    story.soon(30, 200)
    thread = story.write(story.champion, "handover")
    story.soon(30, 400)
    story.hear(thread, "yes")
    story.next_step()


def paused(story: Story) -> None:
    """Nothing happens for weeks, and that is agreed: a pause until the budget is there, or a meeting far ahead."""
    begin(story, _FAR)
    if story.in_turn(True, False):
        story.wait(1, 2)
        story.hear(story.write(story.champion, "update"), "pause")
        story.soon(10, 60)
        until = story.workdays.open_day(story.today, story.between(24, 30))
        story.crm(paused_until=story.workdays.date(until), paused_reason="budget round")
        agreed = _business_days(story, until)
        story.wait(agreed, agreed)
        story.call(story.champion, connected=True)
        story.soon(10, 60)
        story.crm(paused_until=None, paused_reason=None)
    else:
        story.wait(1, 2)
        thread = story.write(story.champion, "invite")
        story.soon(30, 300)
        story.hear(thread, "yes")
        story.book("review", [story.champion, story.power], 18, 22)
        story.wait(4, 6)
        story.away(story.write(story.champion, "update"), 12)
        story.hold()
    for _ in range(3):
        work(story)
    finish(story, won=True)


def _business_days(story: Story, day: int) -> int:
    count = 0
    while story.workdays.open_day(story.today, count) < day:
        count += 1
    return count


# --- stalls -----------------------------------------------------------------------------------------------------------


def ping_pong(story: Story) -> None:
    """The buyer asks, we answer, the buyer asks: busy, polite, and going nowhere."""
    begin(story, _FAR)
    answer_and_answer(story, story.today + story.between(*story.in_turn((28, 45), (35, 55), (50, 70))))
    decline(story, "no decision")


def answer_and_answer(story: Story, until: int) -> None:
    """Until that day, and four times at least, a question is answered, and no step of our own is taken."""
    thread = None
    while story.replies < 4 or story.today < until:
        story.wait(1, 3)
        if thread and story.random() < 0.5:
            story.asked_again(thread)
        else:
            thread = story.asked(story.champion)
        story.soon(15, 300)
        story.reply(thread)
        if story.replies == 3:
            story.stalls("reply_only", story.now)


def gone_silent(story: Story) -> None:
    """After the offer the buyer goes silent, and so do we."""
    begin(story, _FAR)
    propose(story)
    fall_silent(story)
    story.wait(16, 28)
    if story.in_turn(True, False, False):
        come_back(story)
        work(story)
        finish(story, won=True)
    else:
        story.wait(*story.in_turn((6, 12), (6, 12), (16, 26)))  # some are hard to let go
        story.lose("no decision")


def fall_silent(story: Story) -> None:
    """The last that is heard of the buyer."""
    story.wait(1, 2)
    thread = story.write(story.champion, "update")
    story.soon(30, 300)
    story.hear(thread, "reviewing")
    story.stalls("gone_quiet", story.two_way, 10)


def come_back(story: Story) -> None:
    """The buyer writes again, and there is a meeting."""
    thread = story.hear_first(story.champion, "back")
    story.soon(15, 120)
    story.reply(thread, "gladly")
    story.book("review", [story.champion], 1, 3)
    story.hold()


def ghosted(story: Story) -> None:
    """We chase and chase; a robot is all that answers."""
    begin(story, _FAR)
    propose(story)
    chase(story)
    story.wait(3, 10)
    if story.in_turn(True, False, False):
        come_back(story)
        work(story)
        finish(story, won=False)
    else:
        story.wait(*story.in_turn((5, 15), (5, 15), (16, 26)))
        story.lose("no decision")


def chase(story: Story) -> None:
    """Four mails and a call, all unanswered."""
    fall_silent(story)
    story.wait(3, 4)
    thread = story.write(story.champion, "chase")
    if story.random() < 0.5:
        story.away(thread, 2)
    story.wait(2, 3)
    story.follow_up(thread)
    story.stalls("ghosted", story.now, 3)
    story.wait(4, 5)
    story.call(story.champion, connected=False)
    story.wait(1, 2)
    story.follow_up(thread)
    story.wait(4, 5)
    story.follow_up(thread)


def slipping(story: Story) -> None:
    """All are busy and in good spirits, and the close date moves again and again."""
    begin(story, 42)
    propose(story)
    slip(story, pushes=story.in_turn(2, 3, 4), last=(40, 45))
    finish(story, won=story.in_turn(True, False, False))


def slip(story: Story, pushes: int, last: tuple[int, int]) -> None:
    """Works on until the date is near, and pushes it; so many times, the last one by `last` days."""
    while story.pushes < pushes:
        if story.close_day - story.today > 16:
            work(story)
            continue
        story.soon(30, 200)
        thread = story.write(story.champion, "update")
        story.soon(30, 200)
        story.hear(thread, "busy")
        story.soon(10, 60)
        story.date_to_close(story.close_day + story.between(*(last if story.pushes == pushes - 1 else (21, 28))))
        if story.pushes == 2:
            story.stalls("close_date_slipping", story.now)


def overdue(story: Story) -> None:
    """The close date passes and nobody touches it, though the deal is alive."""
    begin(story, 40)
    propose(story)
    stay_past_the_date(story, story.between(*story.in_turn((12, 24), (14, 28), (30, 50))))
    if story.in_turn(True, False, False):
        story.date_to_close(story.today + 45)
    finish(story, won=story.in_turn(True, True, False))


def stay_past_the_date(story: Story, days: int) -> None:
    """Goes on until so many days after the close date."""
    story.stalls("close_date_overdue", (story.close_day + 1) * DAY)
    while story.today < story.close_day + days:
        work(story)


def no_power(story: Story) -> None:
    """Friendly users carry the deal far, and nobody who can decide has ever been met; we only copy them."""
    begin(story, _FAR, power=False)
    for _ in range(3):
        work(story)
    story.introduce(story.power)
    propose(story, power=False)
    for _ in range(story.between(*story.in_turn((3, 5), (3, 5), (6, 8)))):
        work(story)
        if story.close_day - story.today < 25:
            break
        story.soon(30, 200)
        thread = story.write(story.champion, "update", copy=story.power)
        story.soon(30, 400)
        story.hear(thread, "thanks")
    if story.in_turn(True, False, False):
        meet_power(story)
        finish(story, won=True)
    else:
        decline(story, "project stopped")


# --- stalls that end --------------------------------------------------------------------------------------------------


def rescued(story: Story) -> None:
    """Stalls, in one of three ways; then the rep does the right thing and it recovers."""
    story.in_turn(_rescued_from_slipping, _rescued_from_silence, _rescued_from_ping_pong)(story)
    for _ in range(2):
        work(story)
    finish(story, won=True)


def _rescued_from_ping_pong(story: Story) -> None:
    begin(story, _FAR, power=False)
    answer_and_answer(story, story.created // DAY + 40)
    meet_power(story)


def _rescued_from_silence(story: Story) -> None:
    begin(story, _FAR)
    propose(story)
    chase(story)
    story.wait(2, 3)
    story.call(story.champion, connected=True)
    story.soon(10, 60)
    story.book("executive", [story.power, story.champion], 2, 4)
    story.hold()


def _rescued_from_slipping(story: Story) -> None:
    begin(story, 42)
    propose(story)
    slip(story, pushes=2, last=(17, 21))
    stay_past_the_date(story, 14)
    story.date_to_close(story.today + 42)


def lost_after_stall(story: Story) -> None:
    """Stalls, and is lost for it."""
    if story.in_turn(True, False):
        begin(story, 42)
        propose(story)
        slip(story, pushes=2, last=(17, 21))
        stay_past_the_date(story, 20)
        decline(story, "project stopped")
    else:
        begin(story, _FAR)
        propose(story)
        chase(story)
        story.wait(4, 8)
        story.lose("competitor")


LIVES: dict[str, Life] = {
    life.__name__: life
    for life in (
        healthy, paused, ping_pong, gone_silent, ghosted, slipping, overdue, no_power, rescued, lost_after_stall,
    )
}  # fmt: skip

# What sixty deals are like, besides healthy: how many, and how many weeks such a deal needs to show it.
MIX: tuple[tuple[str, int, int], ...] = (
    ("rescued", 3, 14),
    ("lost_after_stall", 2, 16),
    ("slipping", 3, 10),
    ("overdue", 3, 8),
    ("gone_silent", 3, 7),
    ("ghosted", 3, 7),
    ("no_power", 3, 7),
    ("ping_pong", 3, 7),
    ("paused", 2, 10),
)
MIX_OF = 60
