"""Up to when each source has reported."""

from datetime import datetime
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from streams.coverage import Heartbeats
from tests.streams.sample_deals import MONDAY, day

MAIL, CALL = "activity.email", "activity.call"
ANN, BOB = "ann@us.example", "bob@us.example"


def beat(source: str, through: datetime, *covers: str, mailbox: str | None = None) -> events.Heartbeat:
    told: dict[str, Any] = {"covers": covers or (MAIL,), "through": through.isoformat()}
    if mailbox:
        told["mailbox"] = mailbox
    event = {"specversion": "1.0", "id": "h", "source": source, "type": "source.heartbeat", "time": MONDAY.isoformat()}
    parsed = events.parse(orjson.dumps(event | {"data": told}))
    assert isinstance(parsed, events.Heartbeat)
    return parsed


def test_a_type_that_nobody_reports_on_counts_as_complete() -> None:
    beats = Heartbeats()
    assert beats.through([MAIL], ANN) is None
    beats.take(beat("crm", day(1), "crm.deal.changed"))
    assert beats.through([MAIL], ANN) is None


def test_of_several_sources_the_slowest_counts() -> None:
    beats = Heartbeats()
    beats.take(beat("gmail", day(3), MAIL))
    beats.take(beat("dialer", day(1), CALL))
    assert beats.through([MAIL], ANN) == day(3)
    assert beats.through([MAIL, CALL], ANN) == day(1)


def test_a_mailbox_counts_for_its_owner_only() -> None:
    beats = Heartbeats()
    beats.take(beat("gmail", day(3), mailbox=ANN))
    beats.take(beat("gmail", day(1), mailbox=BOB))
    assert (beats.through([MAIL], ANN), beats.through([MAIL], BOB)) == (day(3), day(1))
    assert beats.through([MAIL], "cleo@us.example") is None
    assert beats.through([MAIL], None) is None


def test_a_watermark_never_goes_back() -> None:
    beats = Heartbeats()
    assert beats.take(beat("gmail", day(3)))
    assert not beats.take(beat("gmail", day(2)))
    assert not beats.take(beat("gmail", day(3)))
    assert beats.through([MAIL], ANN) == day(3)


def test_a_source_a_mailbox_or_a_type_that_was_not_reported_on_before_is_new() -> None:
    beats = Heartbeats()
    assert beats.is_new(beat("gmail", day(1), MAIL))
    beats.take(beat("gmail", day(1), MAIL, CALL))
    assert not beats.is_new(beat("gmail", day(2), MAIL))
    assert beats.is_new(beat("gmail", day(2), MAIL, "activity.meeting"))
    assert beats.is_new(beat("gmail", day(2), MAIL, mailbox=ANN))
    assert beats.is_new(beat("exchange", day(2), MAIL))


BEATS = st.lists(
    st.builds(
        lambda source, through, covers, mailbox: beat(source, day(through), *covers, mailbox=mailbox),
        st.sampled_from(["gmail", "dialer"]),
        st.integers(0, 5),
        st.sets(st.sampled_from([MAIL, CALL]), min_size=1),
        st.sampled_from([None, ANN]),
    ),
    max_size=8,
)


@given(BEATS)
def test_heartbeats_told_twice_and_kept_over_a_restart_say_the_same(beats: list[events.Heartbeat]) -> None:
    once, again = Heartbeats(), Heartbeats()
    for each in beats:
        once.take(each)
    for each in [*beats, *beats]:
        again.take(each)
        again = Heartbeats.of(orjson.dumps(again.to_list()))
    assert again.to_list() == once.to_list()
    for types in ([MAIL], [CALL], [MAIL, CALL]):
        for owner in (ANN, BOB, None):
            assert again.through(types, owner) == once.through(types, owner)
