"""How much of a book its owner is told, and when: a few deals once a day, the most urgent first, none in quiet hours.

Pure: `told_at` is a function of the book, of what the owner was told before, of the rules and of a moment of event
time. What was told stands in rows of the books' table, so it survives restarts and goes with its partition. It is
level-triggered: what is told goes on being told for as long as it is open, whatever the hour, and costs nothing more.
What is not told yet waits, and ranks again the next day: one mail a day, whatever else turns up.

A deal is told with all of its findings. What opens on it, or turns worse, later on is news: the deal ranks again, and
until it is told again the owner knows of it what they knew. A finding that only becomes unknown, because a source does
not report, and then opens again is no news. Nor is one that is critical no longer: that is said with the next mail.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from detectors.core.breach import Finding, Severity

from ..answer import Answer
from .quiet import Hours
from .ranking import is_of_a_source, ranked

CHOICE_OPEN = timedelta(minutes=4)
"""How long a day's first choice may be made anew: an import brings a book in pieces, and the worst deal may be in the
last one. Alertmanager waits longer than this before it writes the first mail."""


@dataclass(frozen=True, slots=True)
class Word:
    """A finding as it was told: how severe, and when."""

    severity: Severity
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What an owner was told of a deal, by detector, and when last.

    `before` is what they had been told by then, for a choice that is made anew.
    """

    at: datetime
    words: Mapping[str, Word]
    before: Mapping[str, Word] = field(default_factory=dict)

    def findings(self, told: Answer) -> tuple[Finding, ...]:
        """The open findings of the deal that its owner was told of, as severe as they were told.

        Critical ones come first, then what was new when the deal was last told, then what is open for longer.
        """
        found = [
            each if each.severity == word.severity else replace(each, severity=word.severity)
            for each in told.stalls
            if (word := self.words.get(each.detector)) is not None
        ]
        newest = max((word.at for word in self.words.values()), default=self.at)

        def urgency(finding: Finding) -> tuple[bool, bool, float]:
            is_new = self.words[finding.detector].at == newest
            return finding.severity != "critical", not is_new, finding.since.timestamp()

        return tuple(sorted(found, key=urgency))


_TOLD = TypeAdapter(Told)


def to_json(told: Told) -> bytes:
    """A row's value."""
    return _TOLD.dump_json(told)


def of_json(value: bytes) -> Told:
    """What a row's value says; pydantic's `ValidationError` if it is none."""
    return _TOLD.validate_json(value)


def told_at(
    now: datetime, book: Mapping[str, Answer], before: Mapping[str, Told], hours: Hours, most: int
) -> dict[str, Told]:
    """What the owner of a book is told of its deals, by deal id: of no more than `most` anew on a day."""
    today = hours.day_of(now)
    told = {
        deal_id: still
        for deal_id, each in before.items()
        if (still := _still(each, book.get(deal_id))).words or hours.day_of(each.at) == today
    }
    if not hours.is_open(now):
        return told
    at = min((each.at for each in told.values() if hours.day_of(each.at) == today), default=now)
    if now - at >= CHOICE_OPEN:
        return told
    told = {deal_id: back for deal_id, each in told.items() if (back := _taken_back(each, at)) is not None}
    for deal_id in ranked(news(book, told), book, now)[:most]:
        known = told[deal_id].words if deal_id in told else {}
        told[deal_id] = Told(at, _words(book[deal_id], known, at), known)
    if any(each.at == at for each in told.values()):
        # there is a mail, in which what is critical no longer may be said, too
        told = {deal_id: _eased(each, book.get(deal_id), at) for deal_id, each in told.items()}
    return told


def news(book: Mapping[str, Answer], told: Mapping[str, Told]) -> dict[str, tuple[Finding, ...]]:
    """Of each stalled deal what its owner was not told: what opened, or turned worse, since they were."""
    found = {}
    for deal_id, answer in book.items():
        if answer.is_open and (untold := tuple(_untold(answer, told.get(deal_id)))):
            found[deal_id] = untold
    return found


def _untold(answer: Answer, told: Told | None) -> Iterator[Finding]:
    words = told.words if told else {}
    for finding in answer.stalls:
        word = words.get(finding.detector)
        if words and is_of_a_source(finding):
            continue  # that a source has failed is on all deals at once, and makes none of them news
        if word is None or (finding.severity == "critical" and word.severity != "critical"):
            yield finding


def _words(answer: Answer, known: Mapping[str, Word], at: datetime) -> dict[str, Word]:
    """All of a deal's findings as they are told now; of one that was told before, since when."""
    words = {each.detector: Word(each.severity, at) for each in answer.stalls}
    # what a source does not report on just now was told all the same
    return {**known, **{name: _older(known.get(name), word) for name, word in words.items()}}


def _older(known: Word | None, word: Word) -> Word:
    return known if known is not None and known.severity == word.severity else word


def _still(told: Told, answer: Answer | None) -> Told:
    """What is left of what was told: what is open, or unknown."""
    left = _severities(answer)
    if left.keys() >= told.words.keys() | told.before.keys():
        return told
    return replace(told, words=_of(told.words, left), before=_of(told.before, left))


def _of(words: Mapping[str, Word], left: Collection[str]) -> dict[str, Word]:
    return {detector: word for detector, word in words.items() if detector in left}


def _eased(told: Told, answer: Answer | None, at: datetime) -> Told:
    """The same, where what was told as critical and is so no longer is told as the warning that it is from then on."""
    now = _severities(answer)
    eased = {
        detector: Word("warning", at)
        for detector, word in told.words.items()
        if word.severity == "critical" and now.get(detector) == "warning"
    }
    return replace(told, words={**told.words, **eased}) if eased else told


def _severities(answer: Answer | None) -> dict[str, Severity | None]:
    """How severe each finding is that is open, by detector; None of those that are unknown."""
    found: dict[str, Severity | None] = {}
    for finding in answer.findings if answer is not None and answer.is_open else ():
        if finding.state == "unknown":
            found.setdefault(finding.detector, None)
        elif finding.is_stall:
            found[finding.detector] = finding.severity
    return found


def _taken_back(told: Told, since: datetime) -> Told | None:
    """What was told before a choice that was made at a moment; None if that was nothing."""
    if told.at != since:
        return told
    if not told.before:
        return None
    return Told(max(word.at for word in told.before.values()), told.before)
