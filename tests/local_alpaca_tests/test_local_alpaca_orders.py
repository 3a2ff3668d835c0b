"""The life of an order at the local Alpaca."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from local_alpaca import LocalAlpaca, order_scripts


def test_a_market_order_is_pending_then_new_then_filled_at_the_far_side(venue, wire):
    venue.market.quote("SPY", 499, 501)
    order = wire.taken("buy", "SPY", 3)
    assert wire.status(order) == "pending_new"
    venue.clock.sleep(0.3)
    assert wire.status(order) == "new"
    venue.clock.sleep(0.4)
    filled = wire.look(order)
    assert (filled["status"], filled["filled_qty"], filled["filled_avg_price"]) == ("filled", "3", "501")
    assert filled["filled_at"] == "2024-03-04T20:30:00.600000000Z"
    assert venue.cash == 100_000 - 3 * 501
    assert venue.shares("SPY") == 3


def test_a_sale_brings_in_the_bid_and_the_last_share_closes_the_position(venue, wire):
    venue.hold("TLT", "2.5")
    venue.market.quote("TLT", 89, 91)
    wire.taken("sell", "TLT", "2.5")
    venue.clock.sleep(1)
    assert venue.cash == 100_000 + Decimal("2.5") * 89
    assert wire.get("/v2/positions") == []


def test_a_limit_order_waits_until_the_market_comes_to_it(venue, wire):
    venue.market.quote("SPY", 499, 501)
    order = wire.taken("buy", "SPY", 1, limit_price="500.50")
    venue.clock.sleep(60)
    assert wire.status(order) == "new"
    venue.market.quote("SPY", 499, 500)
    venue.clock.sleep(60)
    filled = wire.look(order)
    assert (filled["status"], filled["filled_avg_price"]) == ("filled", "500")
    assert filled["filled_at"].startswith("2024-03-04T20:32:00")


def test_a_day_order_expires_at_the_close(venue, wire):
    order = wire.taken("buy", "SPY", 1, limit_price=400)
    assert wire.look(order)["expires_at"] == "2024-03-04T21:00:00.000000000Z"
    venue.at(datetime(2024, 3, 4, 21, tzinfo=UTC))
    assert wire.status(order) == "expired"
    assert venue.book.reserved() == 0


def test_a_day_order_after_the_close_waits_for_the_next_open(venue, wire):
    venue.at(datetime(2024, 3, 4, 21, 30, tzinfo=UTC))
    order = wire.taken("buy", "SPY", 1)
    assert wire.look(order)["expires_at"].startswith("2024-03-05T21:00:00")
    venue.clock.sleep(3600)
    assert wire.status(order) == "accepted"
    venue.at(datetime(2024, 3, 5, 14, 30, 1, tzinfo=UTC))
    assert wire.status(order) == "filled"
    assert wire.look(order)["filled_at"].startswith("2024-03-05T14:30:00.6")


def test_an_order_of_a_half_day_ends_with_it(venue, wire):
    venue.at(datetime(2024, 11, 29, 15, tzinfo=UTC))
    assert wire.look(wire.taken("buy", "SPY", 1))["expires_at"].startswith("2024-11-29T18:00:00")


def test_an_auction_order_is_filled_at_the_close_at_the_last_price(venue, wire):
    order = wire.taken("buy", "SPY", 2, time_in_force="cls")
    venue.clock.sleep(1200)
    assert wire.status(order) == "new"
    venue.market.trade("SPY", 505)
    venue.clock.sleep(3600)
    filled = wire.look(order)
    assert (filled["status"], filled["filled_avg_price"]) == ("filled", "505")
    assert filled["filled_at"].startswith("2024-03-04T21:00:00")


def test_an_auction_order_whose_limit_is_not_met_is_canceled(venue, wire):
    order = wire.taken("buy", "SPY", 2, time_in_force="cls", limit_price=400)
    venue.clock.sleep(3600)
    assert wire.status(order) == "canceled"


@pytest.mark.parametrize(
    ("now", "taken"),
    [
        (datetime(2024, 3, 4, 20, 49, 59, tzinfo=UTC), True),
        (datetime(2024, 3, 4, 20, 50, tzinfo=UTC), False),
        (datetime(2024, 3, 4, 23, 59, tzinfo=UTC), False),
        (datetime(2024, 3, 5, 0, 0, tzinfo=UTC), True),
        (datetime(2024, 11, 29, 17, 51, tzinfo=UTC), False),
    ],
)
def test_the_auction_takes_orders_up_to_ten_minutes_before_the_close_and_from_seven_on(venue, wire, now, taken):
    venue.at(now)
    assert (wire.order("buy", "SPY", 1, time_in_force="cls").status == 200) is taken


def test_an_auction_order_that_came_in_the_evening_trades_tomorrow(venue, wire):
    venue.at(datetime(2024, 3, 5, 0, 30, tzinfo=UTC))
    order = wire.taken("buy", "SPY", 1, time_in_force="cls")
    venue.at(datetime(2024, 3, 6, tzinfo=UTC))
    assert wire.look(order)["filled_at"].startswith("2024-03-05T21:00:00")


def test_a_notional_order_shows_no_quantity_and_fills_to_nine_places(venue, wire):
    venue.market.quote("SPY", 499, 501)
    order = wire.taken("buy", "SPY", notional="100")
    venue.clock.sleep(1)
    filled = wire.look(order)
    assert (filled["qty"], filled["notional"], filled["filled_qty"]) == (None, "100", "0.199600798")


def test_digits_beyond_nine_decimal_places_are_silently_truncated(venue, wire):
    assert wire.look(wire.taken("buy", "SPY", 0.30000000000000004))["qty"] == "0.3"


# ------------------------------------------------------------------------------------- order scripts


def test_a_part_fills_first_and_the_rest_later(venue, wire):
    venue.script_orders("SPY", order_scripts.part("0.4", rest_after=30))
    order = wire.taken("buy", "SPY", 10)
    venue.clock.sleep(1)
    assert (wire.status(order), wire.look(order)["filled_qty"]) == ("partially_filled", "4")
    venue.clock.sleep(30)
    assert (wire.status(order), wire.look(order)["filled_qty"]) == ("filled", "10")


def test_a_part_that_is_never_completed_expires_with_what_it_has(venue, wire):
    venue.script_orders("SPY", order_scripts.part("0.35"))
    order = wire.taken("buy", "SPY", 10)
    venue.clock.sleep(3600)
    assert (wire.status(order), wire.look(order)["filled_qty"]) == ("expired", "3")


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (order_scripts.halted(), "new"),
        (order_scripts.rejected(), "rejected"),
        (order_scripts.done_for_day("0.5"), "done_for_day"),
        (order_scripts.slow(120), "new"),
        (order_scripts.replaced(), "replaced"),
    ],
)
def test_an_order_ends_as_its_script_says(venue, wire, script, status):
    venue.script_orders("SPY", script, side="buy")
    order = wire.taken("buy", "SPY", 10)
    venue.clock.sleep(60)
    assert wire.status(order) == status


def test_an_open_order_may_show_an_unknown_status(venue, wire):
    venue.script_orders("SPY", order_scripts.shows("held_for_review"))
    order = wire.taken("buy", "SPY", 1)
    assert wire.status(order) == "held_for_review"
    venue.clock.sleep(1)
    assert wire.status(order) == "filled"


def test_a_replaced_order_names_its_replacement_which_fills(venue, wire):
    venue.script_orders("SPY", order_scripts.replaced())
    first = wire.taken("buy", "SPY", 2)
    venue.clock.sleep(2)
    heir = wire.look(wire.look(first)["replaced_by"])
    assert (heir["replaces"], heir["status"], heir["qty"]) == (first, "filled", "2")


def test_a_script_may_apply_to_the_next_orders_only(venue, wire):
    venue.script_orders("SPY", order_scripts.halted(), times=1)
    first, second = wire.taken("buy", "SPY", 1), wire.taken("buy", "SPY", 1)
    venue.clock.sleep(1)
    assert (wire.status(first), wire.status(second)) == ("new", "filled")


# ------------------------------------------------------------------------------------- cancels


def test_the_shares_stay_held_until_a_requested_cancel_is_done(venue, wire):
    venue.hold("TLT", 10)
    order = wire.taken("sell", "TLT", 10, limit_price=200)
    assert wire.cancel(order) == (204, None)
    assert wire.status(order) == "pending_cancel"
    assert wire.get("/v2/positions")[0]["qty_available"] == "0"
    venue.clock.sleep(1)
    assert wire.status(order) == "canceled"
    assert wire.get("/v2/positions")[0]["qty_available"] == "10"


def test_shares_may_stay_held_for_a_while_after_a_cancel(venue, wire):
    venue.hold("TLT", 10)
    venue.script_orders("TLT", order_scripts.keeps_its_shares(5))
    order = wire.taken("sell", "TLT", 10)
    wire.cancel(order)
    venue.clock.sleep(1)
    assert (wire.status(order), wire.get("/v2/positions")[0]["qty_available"]) == ("canceled", "0")
    assert wire.order("sell", "TLT", 1).body["held_for_orders"] == "10"
    venue.clock.sleep(5)
    assert wire.get("/v2/positions")[0]["qty_available"] == "10"


def test_an_order_may_fill_while_its_cancel_is_pending(venue, wire):
    venue.script_orders("SPY", order_scripts.fills_while_canceling())
    order = wire.taken("buy", "SPY", 2)
    wire.cancel(order)
    venue.clock.sleep(0.5)
    assert wire.status(order) == "filled"


def test_a_canceled_order_keeps_what_it_has_filled(venue, wire):
    venue.script_orders("SPY", order_scripts.part("0.5"))
    order = wire.taken("buy", "SPY", 4)
    venue.clock.sleep(1)
    wire.cancel(order)
    venue.clock.sleep(1)
    assert (wire.status(order), wire.look(order)["filled_qty"]) == ("canceled", "2")


def test_a_cancel_may_stick_until_the_close(venue, wire):
    venue.script_orders("SPY", order_scripts.stuck_in_cancel())
    order = wire.taken("buy", "SPY", 1)
    wire.cancel(order)
    venue.clock.sleep(600)
    assert wire.status(order) == "pending_cancel"
    venue.clock.sleep(3600)
    assert wire.status(order) == "expired"


def test_an_ended_order_cannot_be_canceled(venue, wire):
    order = wire.taken("buy", "SPY", 1)
    venue.clock.sleep(1)
    said = wire.cancel(order)
    assert said == (422, {"code": 42210000, "message": 'order is already in "filled" state'})


def test_near_the_auction_a_cancel_comes_too_late(venue, wire):
    order = wire.taken("buy", "SPY", 1, time_in_force="cls")
    venue.at(datetime(2024, 3, 4, 20, 55, tzinfo=UTC))
    wire.cancel(order)
    venue.clock.sleep(600)
    assert wire.status(order) == "filled"


def test_cancel_all_returns_a_result_for_every_open_order(venue, wire):
    first, second = wire.taken("buy", "SPY", 1, limit_price=400), wire.taken("buy", "TLT", 1, limit_price=50)
    wire.cancel(second)
    reply = wire.send("DELETE", "/v2/orders")
    assert reply.status_code == 207
    assert [(entry["id"], entry["status"]) for entry in reply.json()] == [(first, 200), (second, 422)]
    assert {order["status"] for order in wire.get("/v2/orders")} == {"pending_cancel"}
    venue.clock.sleep(1)
    assert wire.get("/v2/orders") == []


# ------------------------------------------------------------------------------------- the days


def test_nothing_fills_on_a_day_that_closed_unannounced(venue, wire):
    venue.closed(date(2024, 3, 5))
    venue.at(datetime(2024, 3, 4, 22, tzinfo=UTC))
    order = wire.taken("buy", "SPY", 1)
    venue.at(datetime(2024, 3, 5, 20, tzinfo=UTC))
    assert wire.status(order) == "accepted"


def test_a_session_can_be_cut_short(venue, wire):
    venue.closes_early(date(2024, 3, 4), time(15, 45))
    assert wire.get("/v2/clock")["next_close"] == "2024-03-04T15:45:00-05:00"


def test_the_clock_of_the_venue_can_follow_the_machines():
    with LocalAlpaca(datetime(2024, 3, 4, tzinfo=UTC), running=True) as venue:
        first = venue.clock.now()
        assert first >= datetime(2024, 3, 4, tzinfo=UTC)
        venue.clock.sleep(0.01)
        assert venue.clock.now() > first
