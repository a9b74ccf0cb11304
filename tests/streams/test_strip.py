"""The picture of a deal: where things stand on its axis, what is joined to what, and what is said of it in words."""

from streams.web.pages import render
from streams.web.pages.formats import anchor
from streams.web.pages.life import life
from streams.web.pages.strip import MOST_STALLS, Exchange, Strip, strip
from tests.streams.played import played
from tests.streams.sample_deals import Shelf, crm, day, inbound, meeting, outbound, ping_pong, verdict, watched


def drawn(shelf: Shelf, deal_id: str = "D-1") -> Strip:
    shown = life(shelf.told[deal_id], shelf.deals[deal_id], shelf.as_of).strip
    assert shown is not None
    return shown


def exchange(shelf: Shelf) -> Exchange:
    shown = drawn(shelf).exchange
    assert shown is not None
    return shown


def test_a_reply_is_joined_to_what_it_answers() -> None:
    shelf = Shelf(day(10))
    shelf.add("D-1", crm(), *ping_pong(2, first_day=5))

    told = exchange(shelf)

    assert [(mark.x, mark.kind) for mark in told.theirs] == [(50, "them"), (60, "them")]
    assert [(mark.x, mark.kind) for mark in told.ours] == [(51, "us reply"), (61, "us reply")]
    assert [(join.start, join.end, join.is_ours, join.is_quoted) for join in told.joins] == [
        (50, 51, True, False),
        (60, 61, True, False),
    ]
    assert told.joins[0].words == "our mail 'Re: Question' answers their mail 'Question'"


def test_what_the_buyer_answers_is_joined_the_other_way() -> None:
    shelf = Shelf(day(10))
    shelf.add("D-1", crm(), outbound(2, "ours"), inbound(4, "theirs", "Re: Pricing", in_reply_to="ours"))

    assert [(join.start, join.end, join.is_ours) for join in exchange(shelf).joins] == [(20, 40, False)]
    assert [mark.kind for mark in exchange(shelf).ours] == ["us"]


def test_what_stands_in_open_evidence_is_marked_and_leads_to_its_place() -> None:
    shelf = Shelf(day(10))
    shelf.add("D-1", crm(), *ping_pong(3, first_day=5))

    told = exchange(shelf)

    assert [mark.kind for mark in told.ours] == ["us reply quoted"] * 3
    assert all(join.is_quoted for join in told.joins)
    page = render.deal_page(life(shelf.told["D-1"], shelf.deals["D-1"], shelf.as_of), None)
    assert told.ours[0].anchor == anchor("test/out-5")
    assert f'<li id="{told.ours[0].anchor}"' in page
    assert f'<a href="#{told.ours[0].anchor}" tabindex="-1" aria-label="2026-03-07 12:24 our mail' in page


def test_meetings_stand_between_the_two() -> None:
    shelf = Shelf(day(10))
    shelf.add("D-1", crm(), inbound(1, "in"), meeting(5))

    assert [(mark.x, mark.kind, mark.words) for mark in exchange(shelf).both] == [
        (50, "both", "2026-03-07 10:00 meeting held")
    ]


def test_the_close_date_is_seen_to_move_both_ways() -> None:
    shelf = Shelf(day(10))
    shelf.add("D-1", crm(close_date="2026-05-01"), crm(2, close_date="2026-05-31"), crm(8, close_date="2026-05-30"))

    lane = next(each for each in drawn(shelf).lanes if each.title == "Close date moved")

    assert [(mark.x, mark.kind) for mark in lane.marks] == [(20, "later"), (80, "earlier")]
    assert lane.words == (
        "2026-03-04 10:00 from 2026-05-01 to 2026-05-31, 30 days later; "
        "2026-03-10 10:00 from 2026-05-31 to 2026-05-30, 1 day earlier"
    )


def test_stages_and_stalls_are_lanes_over_the_same_time() -> None:
    shelf = Shelf(day(10))
    shelf.add("D-1", crm(stage="Discovery"), crm(5, stage="Demo"), *ping_pong(3, first_day=6), verdict(9))

    lanes = {lane.title: lane for lane in drawn(shelf).lanes}

    assert [(mark.x, mark.width, mark.label) for mark in lanes["Stage"].marks] == [
        (0, 50, "Discovery"),
        (50, 50, "Demo"),
    ]
    [stall] = lanes["Ping-pong"].marks
    assert (stall.x, stall.width, stall.kind) == (81, 19, "info")
    assert stall.words == "muted from 2026-03-10 12:24 and still open"


def test_those_who_do_not_see_it_are_told_the_same() -> None:
    shelf = Shelf(day(10))
    shelf.add("D-1", crm(), *ping_pong(2), meeting(5))

    assert exchange(shelf).words == "2 touches by the buyer; 2 touches by us, 2 of them only replies; 1 meeting"


def test_a_short_life_is_told_in_weeks_and_a_long_one_in_months() -> None:
    for days, labels in (
        (20, ["9 Mar", "16 Mar"]),
        (100, ["Apr", "May", "Jun"]),
        (320, ["May", "Jul", "Sep", "Nov", "Jan 2027"]),
    ):
        shelf = Shelf(day(days))
        shelf.add("D-1", crm())
        assert [label for _, label in drawn(shelf).ticks] == labels


def test_a_deal_of_a_day_is_not_drawn() -> None:
    assert strip(watched([crm()]).deal, (), day(1)) is None


def test_a_deal_with_many_stalls_stays_readable() -> None:
    shelf = played()
    shown = [drawn(shelf, deal_id) for deal_id in shelf.told if len(shelf.deals[deal_id].deal.log) > 10]

    assert all(len(each.lanes) <= MOST_STALLS + 2 for each in shown)
    assert any(each.left_out for each in shown)
    for each in shown:
        assert each.exchange is None or all(0 <= mark.x <= 100 for mark in each.exchange.ours)
