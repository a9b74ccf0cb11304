"""`python -m bench.loans`: the naive rules beside the tuned ones, as Markdown; docs/results.md quotes it."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import histories
from streams.tuning.endings import Ending
from streams.tuning.figures import Share
from streams.tuning.lives import Life

from .others import others
from .trial import ENDINGS, Trial, by_month, in_folds, is_automatic, trial
from .worth import Alerts, Gain, at_recall, gains, gains_at_recall, worth

PATIENCES = {7: 6, 14: 12, 21: 18}
"""Days of the naive rules, and the same in working days of a week with six of them."""

SETTINGS = tuple(range(3, 22))
ROUNDS = 1000
FOLDS = 5

out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True)
app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def main(
    history: Annotated[Path, typer.Argument(help="The loans' events.")] = histories.LOANS,
    with_others: Annotated[
        bool, typer.Option("--others/--no-others", help="Also sweep the other detectors: three minutes more.")
    ] = True,
) -> None:
    """Print what the alerts were worth."""
    if not history.exists():
        err.print(f"no loans: {history} is missing")
        raise typer.Exit(2)
    err.print("replaying the loans")
    tried = trial(history, PATIENCES, SETTINGS)
    parts: dict[str, Sequence[Life]] = {
        "first two thirds": tried.first_two_thirds,
        "last third": tried.last_third,
    }
    for name, deals in parts.items():
        _print(f"{name}: {_ends(deals)}", _COLUMNS, _beside(tried, deals))
    _print("the tuned rules, last third", _COLUMNS, _tuned(tried, tried.last_third))
    _print("each patience, first two thirds", _COLUMNS, _each(tried, tried.first_two_thirds))
    _print("with the same patience, more than the naive rule (95 %)", _GAIN_COLUMNS, _gains(tried, parts))
    _print("at the recall of the naive rule, more than it (95 %)", _AT_RECALL_COLUMNS, _gains_at_recall(tried, parts))
    _print("by weeks of registration", _SLICE_COLUMNS, _sliced(tried))
    manual = [life for life in tried.last_third if not is_automatic(life)]
    _print(f"without automatic cancellations, last third: {_ends(manual)}", _COLUMNS, _beside(tried, manual))
    if with_others:
        err.print("sweeping the other detectors")
        _print("other detectors, at the recall of the naive rule of 14 days", _OTHER_COLUMNS, _others(history, tried))


_COLUMNS = (
    "rule",
    "alerted",
    "precision",
    "recall",
    "false alarms",
    "lead, days: median (quartiles)",
    "right a week ahead",
)
_GAIN_COLUMNS = ("deals", "naive days", "precision", "recall", "fewer false alarms")
_AT_RECALL_COLUMNS = ("deals", "naive days", "precision", "fewer false alarms")
_SLICE_COLUMNS = ("deals", "naive days", "precision", "tuned", "recall", "tuned", "false alarms", "tuned")
_OTHER_COLUMNS = ("detector", "precision, first two thirds", "false alarms", "precision, last third", "false alarms")


def _ends(deals: Iterable[Life]) -> str:
    ends = [ENDINGS.of_life(life) for life in deals]
    return f"{ends.count(Ending.GOOD)} won, {ends.count(Ending.BAD)} bad, {ends.count(Ending.OTHER)} other"


def _slices(tried: Trial) -> dict[str, Sequence[Life]]:
    """Months, and parts of those that thresholds were chosen on: does what was found hang on a few weeks?"""
    folds = in_folds(tried.first_two_thirds, FOLDS)
    return {
        **by_month(tried.lives, tried.calendar),
        **{f"part {number} of {FOLDS}": each for number, each in enumerate(folds, 1)},
    }


def _beside(tried: Trial, deals: Sequence[Life]) -> Iterator[tuple[str, ...]]:
    for days, patience in PATIENCES.items():
        yield _row(f"no reply {days} days after the first offer", tried.naive[days], deals)
        yield _row(f"proposal_unanswered, {patience} working days", tried.settings[patience], deals)


def _tuned(tried: Trial, deals: Sequence[Life]) -> Iterator[tuple[str, ...]]:
    yield _row("any warning", tried.warning, deals)
    yield _row("any critical", tried.critical, deals)


def _each(tried: Trial, deals: Sequence[Life]) -> Iterator[tuple[str, ...]]:
    for patience, alerts in tried.settings.items():
        yield _row(f"{patience} working days", alerts, deals)


def _row(name: str, alerts: Alerts, deals: Sequence[Life]) -> tuple[str, ...]:
    told = worth(alerts, deals, ENDINGS)
    lead = told.lead_days
    return (
        name,
        str(told.precision.whole),
        _share(told.precision),
        _share(told.recall),
        _share(told.false_alarms),
        f"{lead.median:.1f} ({lead.first:.1f} to {lead.third:.1f})" if lead else "",
        _share(told.in_time),
    )


def _gains(tried: Trial, parts: dict[str, Sequence[Life]]) -> Iterator[tuple[str, ...]]:
    for name, deals in parts.items():
        for days, patience in PATIENCES.items():
            found = gains(tried.settings[patience], tried.naive[days], deals, ENDINGS, ROUNDS)
            yield (name, str(days), *map(_gain, found or ()))


def _gains_at_recall(tried: Trial, parts: dict[str, Sequence[Life]]) -> Iterator[tuple[str, ...]]:
    settings = list(tried.settings.values())
    for name, deals in parts.items():
        for days, naive in tried.naive.items():
            found = gains_at_recall(settings, naive, deals, ENDINGS, ROUNDS)
            yield (name, str(days), *map(_gain, found or ()))


def _gain(gain: Gain) -> str:
    return f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"


def _sliced(tried: Trial) -> Iterator[tuple[str, ...]]:
    for name, deals in _slices(tried).items():
        for days, patience in PATIENCES.items():
            both = [worth(each, deals, ENDINGS) for each in (tried.naive[days], tried.settings[patience])]
            shares = [(told.precision, told.recall, told.false_alarms) for told in both]
            values = [f"{share.value:.3f}" for pair in zip(*shares, strict=True) for share in pair]
            yield (name, str(days), *values)


def _others(history: Path, tried: Trial) -> Iterator[tuple[str, ...]]:
    parts = (tried.first_two_thirds, tried.last_third)
    recalls = [worth(tried.naive[14], deals, ENDINGS).recall.value or 0.0 for deals in parts]
    naive = [worth(tried.naive[14], deals, ENDINGS) for deals in parts]
    yield ("the naive rule", *(f"{each.value:.3f}" for told in naive for each in (told.precision, told.false_alarms)))
    yield ("proposal_unanswered, as tuned", *_at(tuple(tried.settings.values()), parts, recalls))
    for other in others(history):
        yield (other.name, *_at(other.settings, parts, recalls))


def _at(settings: Sequence[Alerts], parts: Sequence[Sequence[Life]], recalls: Sequence[float]) -> Iterator[str]:
    for deals, recall in zip(parts, recalls, strict=True):
        point = at_recall([worth(alerts, deals, ENDINGS) for alerts in settings], recall)
        yield from (f"{point.precision:.3f}", f"{point.false_alarms:.3f}") if point else ("not reached", "")


def _share(share: Share) -> str:
    return "" if share.value is None else f"{share.value:.3f} ({share.low:.2f} to {share.high:.2f})"


def _print(title: str, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    out.print(f"\n**{title}**\n", markup=False)
    for row in (columns, ["---", *["---:"] * (len(columns) - 1)], *rows):
        out.print(f"| {' | '.join(row)} |", markup=False)


if __name__ == "__main__":
    app()
