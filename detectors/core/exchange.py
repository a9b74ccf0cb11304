"""The exchange between the two sides: who said what to whom, who was met, and what waits for an answer."""

from __future__ import annotations

from datetime import datetime

from .answers import question
from .changes import Change, newer
from .contacts import Contacts
from .conversation import Conversation, Touch
from .earlier import Seen, seen


class Exchange(Contacts):
    """A deal as far as the two sides have been in touch."""

    @question
    def _conversation(self) -> Conversation:
        return Conversation().plus(self.entries("mail", "meeting", "call"), self.is_ours)

    @property
    def touches(self) -> tuple[Touch, ...]:
        """Mails, held meetings and calls between the two sides, oldest first."""
        return self._conversation.touches

    @question
    def two_way(self) -> tuple[Touch, ...]:
        """Those of them in which the buyer took part by themselves."""
        return self._conversation.rows.two_way

    @question
    def asks(self) -> tuple[Touch, ...]:
        """The mails with which the buyer opened a thread, oldest first."""
        return self._conversation.rows.asks

    @property
    def pushes_of_ours(self) -> tuple[Touch, ...]:
        """Our mails and calls that answer nothing, and that nobody took, oldest first."""
        return self._conversation.rows.pushes

    @question
    def last_two_way(self) -> Change | None:
        """The newest touch in which the buyer took part by themselves; its value is the touch in words."""
        if not self.two_way:
            return self.earlier.last_two_way
        newest = self.two_way[-1]
        return newer(self.earlier.last_two_way, Change(newest.at, newest.event, newest.words))

    @question
    def people(self) -> dict[str, Seen]:
        """Everybody on the buyer's side who was on a touch, by address."""
        people = dict(self.earlier.people)
        for touch in self.touches:
            for person in touch.people:
                people[person] = seen(people.get(person), touch)
        return people

    @question
    def met(self) -> dict[str, Seen]:
        """Those of them with whom there was a two-way touch."""
        return {email: known for email, known in self.people.items() if known.last_two_way is not None}

    @question
    def power_met(self) -> dict[str, Seen]:
        """Those with whom there was a two-way touch and who can decide."""
        return {email: known for email, known in self.met.items() if self.has_power(email)}

    @question
    def unanswered(self) -> list[Touch]:
        """Our mails and calls since the buyer's last sign of life and the deal's being taken up, oldest first."""
        again = self.taken_up
        return [touch for touch in self._conversation.rows.unanswered if again is None or touch.at >= again.at]

    def silent_since(self, moment: datetime) -> datetime:
        """Where a silence that began at a moment counts from: when the deal was taken up again, if that was later."""
        return max(moment, self.taken_up.at) if self.taken_up else moment
