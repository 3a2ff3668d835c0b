"""Short sales, manual trades and external orders at the local Alpaca."""

from decimal import Decimal

import pytest
from local_alpaca import faults
from local_alpaca.order_validation import RefusalError

NOT_ALLOWED = "account is not allowed to short"


def test_a_sale_of_what_is_not_held_opens_a_short(venue, wire):
    wire.taken("sell", "SPY", 2)
    venue.clock.sleep(1)
    (position,) = wire.get("/v2/positions")
    assert (position["qty"], position["side"], position["market_value"]) == ("-2", "short", "-1000")
    assert position["avg_entry_price"] == "499.99"
    assert venue.cash == 100_000 + 2 * Decimal("499.99")
    assert venue.audit().shorts == ("SPY",)


def test_short_sale_proceeds_do_not_count_as_own_cash(venue, wire):
    wire.taken("sell", "SPY", 100)
    venue.clock.sleep(1)
    said = wire.order("buy", "TLT", 1200, limit_price=90)
    assert (said.status, said.body["buying_power"]) == (403, "99999")


def test_a_short_is_covered_without_a_cash_check(venue, wire):
    venue.hold("SPY", -2)
    venue.cash = 0
    wire.taken("buy", "SPY", 2)
    venue.clock.sleep(1)
    assert wire.get("/v2/positions") == []


@pytest.mark.parametrize(
    ("asset", "qty", "message"),
    [
        ({"shortable": False}, 1, 'asset "SPY" cannot be sold short'),
        ({}, "1.5", "fractional orders cannot be sold short"),
        ({}, 1000, "insufficient buying power"),
    ],
)
def test_not_everything_can_be_sold_short(venue, wire, asset, qty, message):
    venue.assets["SPY"] = asset
    assert wire.order("sell", "SPY", qty).body["message"] == message


def test_the_configuration_can_forbid_shorts(venue, wire):
    assert wire.get("/v2/account/configurations")["no_shorting"] is False
    venue.terms.no_shorting = True
    assert wire.get("/v2/account/configurations")["no_shorting"] is True
    said = wire.order("sell", "SPY", 1)
    assert (said.status, said.body["code"], said.body["message"]) == (403, 40310000, NOT_ALLOWED)


def test_an_account_with_shorting_disabled_may_not_go_short(venue, wire):
    venue.account["shorting_enabled"] = False
    assert wire.order("sell", "SPY", 1).body["message"] == NOT_ALLOWED


def test_more_than_is_held_is_refused_or_goes_through_to_a_short(venue, wire):
    venue.hold("SPY", 4)
    said = wire.order("sell", "SPY", 130)
    assert said.body["message"] == "insufficient qty available for order (requested: 130, available: 4)"
    venue.terms.flips = True
    wire.taken("sell", "SPY", 130)
    venue.clock.sleep(1)
    assert venue.shares("SPY") == -126


@pytest.mark.parametrize("enforces", [True, False])
def test_a_sell_to_close_intent_is_enforced_or_ignored(venue, wire, enforces):
    venue.terms.enforces_intent = enforces
    said = wire.order("sell", "SPY", 1, position_intent="sell_to_close")
    if enforces:
        text = "position intent mismatch, inferred: sell_to_open, specified: sell_to_close"
        assert (said.status, said.body["message"]) == (422, text)
    else:
        assert (said.status, said.body["position_intent"]) == (200, "sell_to_close")


def test_a_missing_position_intent_is_inferred(venue, wire):
    venue.hold("TLT", 1)
    bodies = [wire.order(side, symbol, 1).body for side, symbol in (("sell", "TLT"), ("sell", "SPY"), ("buy", "SUB"))]
    assert [body.get("position_intent") for body in bodies[:2]] == ["sell_to_close", "sell_to_open"]


def test_an_intent_of_the_other_side_is_malformed(wire):
    assert wire.order("sell", "SPY", 1, position_intent="buy_to_open").status == 422


# ------------------------------------------------------------------------------------- manual and external orders


def test_a_manual_trade_moves_shares_and_cash_and_shows_no_order(venue, wire):
    venue.trade_by_hand("SPY", 2)
    venue.trade_by_hand("SPY", -1)
    assert (venue.shares("SPY"), venue.cash) == (1, 100_000 - 2 * Decimal("500.01") + Decimal("499.99"))
    assert wire.get("/v2/orders", status="all") == []


def test_an_external_order_is_like_any_other(venue, wire):
    venue.order_from_elsewhere("buy", "SPY", 1, client_id="somebody-1")
    waiting = venue.order_from_elsewhere("buy", "TLT", 1, limit_price="80")
    venue.clock.sleep(1)
    assert [order["id"] for order in wire.get("/v2/orders")] == [waiting]
    assert wire.get("/v2/orders:by_client_order_id", client_order_id="somebody-1")["status"] == "filled"
    with pytest.raises(RefusalError, match="must be unique"):
        venue.order_from_elsewhere("buy", "SPY", 1, client_id="somebody-1")


def test_an_external_action_can_happen_between_two_requests(venue, wire):
    venue.hold("SPY", 5)
    hand = faults.followed_by(lambda: venue.trade_by_hand("SPY", -5))
    venue.faults.on("GET", "/v2/positions", 2, fault=hand)
    seen = [len(wire.get("/v2/positions")) for _ in range(3)]
    assert seen == [1, 1, 0]
