"""What a backtest measured and found, in sentences for people who read no statistics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from detectors.core.registry import catalogue
from detectors.core.words import count_of

from .backtest import Backtest
from .comparison import Move, Way
from .endings import DOCUMENT, Condition, Ending, Endings
from .figures import CRITICAL, WARNING, Quartiles, Share
from .lives import Life

_SIGNS = {"=": "is", "!=": "is not", "~": "contains", ">=": "is at least", "<=": "is at most"}


def label(name: str) -> str:
    """What figures are of: a detector by its headline, a family or a severity in words."""
    if name in (WARNING, CRITICAL):
        return "Any alert" if name == WARNING else "Critical alerts"
    known = catalogue().get(name)
    return known.headline() if known else name.capitalize()


def percent(share: Share) -> str:
    """45 %; a dash where there is nothing to take a part of."""
    return "–" if share.value is None else f"{100 * share.value:.0f} %"


def interval(share: Share) -> str:
    """42–48 %, where the true share lies in 19 of 20 cases."""
    return f"{100 * share.low:.0f}–{100 * share.high:.0f} %"


def in_days(days: Quartiles | None) -> str:
    """15 days; a dash where there are none."""
    return "–" if days is None else count_of(round(days.median), "day")


def condition(told: Condition) -> str:
    """lost_reason contains “no response”."""
    if told.field == DOCUMENT and told.sign == "=":
        return f"a {told.value} was sent"
    return f"{told.field} {_SIGNS[told.sign]} “{told.value}”"


def bad_end(endings: Endings) -> str:
    """All conditions of a bad end."""
    return " and ".join(map(condition, endings.bad))


def summary(backtest: Backtest) -> str:
    """What the critical alerts alone are worth, and what an alert is worth that is no better than chance."""
    bad, ended = ends(backtest)
    critical = backtest.figures_of(CRITICAL)
    share = percent(Share.of(bad, ended))
    chance = f"Of all deals that ended, {share} ended badly: an alert on each would be right as often."
    if not critical.alerted:
        return f"{chance} No deal that ended was told of as critical."
    early = f", {in_days(critical.lead_days)} before the bad end" if critical.lead_days else ""
    return (
        f"{chance} Critical alerts alone were right on {percent(critical.precision)} of the deals that they told of, "
        f"found {percent(critical.recall)} of the bad ends{early}, and told of {percent(critical.false_alarms)} of the "
        "won deals."
    )


def ends(backtest: Backtest) -> tuple[int, int]:
    """How many deals ended badly, and how many at all."""
    ended = sum(number for ending, number in backtest.deals.items() if ending is not Ending.OPEN)
    return backtest.deals.get(Ending.BAD, 0), ended


def measured(backtest: Backtest) -> Iterator[str]:
    """What was looked at, what counts as right, and what is in no figure."""
    deals, endings = backtest.deals, backtest.endings
    bad, ended = ends(backtest)
    whose = f" of {count_of(backtest.reps, 'rep')}" if backtest.reps else ""
    limits = [
        *map(condition, endings.among),
        *([f"the deal began on {endings.registered_from:%Y-%m-%d} or later"] if endings.registered_from else []),
        *([f"the deal began before {endings.registered_until:%Y-%m-%d %H:%M}"] if endings.registered_until else []),
    ]
    among = f", those of which this holds: {' and '.join(limits)}" if limits else ""
    yield (
        f"The history from {backtest.began:%Y-%m-%d} to {backtest.ended:%Y-%m-%d} was played again through the same "
        "code that watches deals every day. Each alert hangs on what was known at its moment, and on nothing later. "
        f"Measured are {count_of(sum(deals.values()), 'deal')}{whose}{among}."
    )
    yield (
        f"{count_of(ended, 'deal')} came to an end. An alert was right if its deal then ended badly, which means: "
        f"{bad_end(endings)}. That was the end of {count_of(bad, 'deal')}; "
        f"{deals.get(Ending.GOOD, 0):,} were won."
    )
    if other := deals.get(Ending.OTHER, 0):
        yield (
            f"{count_of(other, 'deal')} ended neither way. An alert on such a deal counts as not right; "
            "it is no false alarm on a won deal, either."
        )
    if still := deals.get(Ending.OPEN, 0):
        yield (
            f"{count_of(still, 'deal')} {'was' if still == 1 else 'were'} still open when the history ends. "
            "Nobody knows how they end, so they are in no percentage and no number of days."
        )
    yield (
        "Where reps were already warned at that time, a deal that a warning saved counts as a wrong alert. "
        "What is wrong with a rep’s whole book, such as too many deals at once, has no deal’s end to be judged by: "
        "it is left out."
    )


def deal_name(life: Life) -> str:
    """What people call a deal; its id where it has no name."""
    return str(life.facts.get("name") or life.deal_id)


def example(move: Move) -> str:
    """Why a deal is told of, when before and when now, and how it ended."""
    told = "Critical" if move.name == CRITICAL else f"{label(move.name)}: told of"
    match move.way:
        case Way.OPENS:
            when = f"{told} since {_day(move.after)}"
        case Way.CLOSES:
            when = f"{told} since {_day(move.before)}, and no longer"
        case _:
            # on one day, the hour tells them apart
            exact = move.before is not None and move.after is not None and move.before.date() == move.after.date()
            when = f"{told} since {_day(move.after, exact)} instead of {_day(move.before, exact)}"
    life = move.life
    reason = f" ({life.facts['lost_reason']})" if life.status == "lost" and life.facts.get("lost_reason") else ""
    end = "still open" if life.ended is None else f"{life.status}{reason} on {_day(life.ended)}"
    return f"{when}; {end}."


def _day(at: datetime | None, exact: bool = False) -> str:
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M}" if exact else f"{at:%Y-%m-%d}"
