"""Whatever the inbox accepts goes the whole way: no event that was let in may stop a worker."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from detectors.core.rules import Rules
from streams.answer import of_json, to_json
from streams.findings_text import explanation
from streams.replay import Replay
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import Clock, Record
from tests.streams.test_replay import lines
from tests.streams.told import a_shelf

RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"], "time_zone": "America/Sao_Paulo", "holidays": "DE"},
        "owners": {"far@us.example": {"time_zone": "Pacific/Kiritimati", "holidays": "JP"}},
        "pipelines": {"default": {"stages": ["Discovery", "Demo", "Proposal"]}},
    }
)
DAYS = st.sampled_from(["1901-01-01", "1999-12-31", "2024-02-29", "2026-03-08", "2199-12-31"])
TIMES = st.sampled_from(
    [
        "1990-01-01T00:00:00Z",
        "1999-12-31T23:59:59.999999-12:00",
        "2026-03-29T02:30:00+01:00",
        "2026-03-29T02:30:00+14:00",
        *(f"2026-03-{day:02}T09:00:00Z" for day in range(1, 8)),
    ]
)
AHEAD = TIMES | st.just("2199-12-31T23:59:59Z")
TEXTS = st.sampled_from(
    ["Demo", "demo ", "Proposal", "", " ", "x" * 5000, "\u202e\x1b[2J", "日本 🎌", "<b>&</b>", "{{ x }}"]
)
PEOPLE = st.sampled_from(
    ["far@us.example", "rep@us.example", "cfo@buyer.example", "ü@bücher.example", '"a b"@x.example']
)

NUMBERS = st.sampled_from([0, 0.01, 1e15, 48000])
COUNTED = st.integers(0, 3).map(str)


def fields(**each: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these, or null, or absent."""
    return st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in each.items()})


def told(kind: str, data: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "specversion": st.just("1.0"),
            "id": st.integers(0, 9).map(lambda number: f"{kind}-{number}"),
            "source": st.sampled_from(["crm", "a/b"]),
            "type": st.just(kind),
            "time": TIMES,
            "data": data,
        },
        optional={"subject": st.sampled_from(["D-1", "D/2", "D" * 1024])},
    )


def with_must(
    must: dict[str, st.SearchStrategy[Any]], more: st.SearchStrategy[dict[str, Any]]
) -> st.SearchStrategy[Any]:
    return st.builds(lambda one, other: {**other, **one}, st.fixed_dictionaries(must), more)


MANY = st.lists(PEOPLE, max_size=30)
EVENTS = st.one_of(
    told(
        "crm.deal.changed",
        fields(
            name=TEXTS,
            pipeline=TEXTS,
            stage=TEXTS,
            status=st.sampled_from(["open", "won", "lost"]),
            amount=NUMBERS,
            currency=st.just("EUR"),
            close_date=DAYS,
            owner=PEOPLE,
            team=TEXTS,
            segment=TEXTS,
            next_step=TEXTS,
            next_step_date=DAYS,
            paused_until=DAYS,
            account=fields(name=TEXTS, fit=st.just("good"), domains=st.lists(TEXTS, max_size=3)),
        ),
    ),
    told(
        "crm.contact.changed",
        with_must(
            {"email": PEOPLE}, fields(title=TEXTS, roles=st.just(["champion"]), executive=st.booleans(), joined_on=DAYS)
        ),
    ),
    told(
        "crm.milestone.changed",
        with_must({"milestone_id": COUNTED}, fields(title=TEXTS, due=DAYS, side=st.just("buyer"), done=st.booleans())),
    ),
    told(
        "activity.email",
        st.fixed_dictionaries(
            {"message_id": COUNTED, "from": PEOPLE, "to": MANY},
            optional={
                "in_reply_to": COUNTED | st.just(" <> "),
                "references": st.lists(COUNTED, max_size=5),
                "cc": MANY,
                "subject": TEXTS,
                "automatic": st.booleans(),
                "returns_on": DAYS,
            },
        ),
    ),
    told(
        "activity.meeting",
        st.fixed_dictionaries(
            {"meeting_id": COUNTED, "status": st.sampled_from(["booked", "held", "cancelled", "no_show"])},
            optional={"starts_at": AHEAD, "organizer": PEOPLE, "attendees": MANY, "kind": st.just("demo")},
        ),
    ),
    told(
        "activity.call",
        st.fixed_dictionaries(
            {"call_id": COUNTED, "direction": st.sampled_from(["inbound", "outbound"]), "with": MANY},
            optional={"connected": st.booleans()},
        ),
    ),
    told(
        "activity.document",
        st.fixed_dictionaries(
            {"document_id": COUNTED, "kind": st.just("quote"), "status": st.just("sent"), "to": MANY}
        ),
    ),
    told("source.heartbeat", st.fixed_dictionaries({"covers": st.just(["activity.email", "x"]), "through": AHEAD})),
    told(
        "finding.feedback",
        st.fixed_dictionaries(
            {"detector": st.just("ghosted"), "verdict": st.just("snooze")}, optional={"until": AHEAD}
        ),
    ),
)


@given(st.lists(EVENTS, max_size=20), st.sampled_from([2000, 2026, 2199]))
def test_whatever_is_accepted_is_applied_judged_told_and_shown(events: list[dict[str, Any]], year: int) -> None:
    replay = Replay(RULES, datetime(year, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-12))))
    for _ in replay.run(lines(*events)):
        pass
    assert not replay.errors
    assert {refusal.reason for refusal in replay.refusals} <= {"no_deal"}
    partition, books = replay.partition, a_shelf()
    again = partition.reload(Rules())
    assert not partition.errors
    for said in (*replay.partition.answers.values(), *again.answers):
        raw = to_json(said)
        assert len(raw) < MAX_MESSAGE_BYTES
        assert of_json(raw) == said
        explanation(said)
    books.advance([Record(0, send.key, send.value) for send in again.sends if send.topic == "books"], None)
    partition.advance([Record(0, None, Clock(datetime(2199, 12, 31, tzinfo=UTC), 0, 1).to_json(), Clock.HEADERS)])
