"""Answers that prove that an order was refused, and their messages."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import Order, OrderId, Refused, Symbol
from rebalancer.venues.alpaca.refusals import refusal

BUY = Order(OrderId("rb1"), Symbol("SPY"), "buy", Decimal(3), "limit", Decimal("500.00"), "")
SELL = Order(OrderId("rb1"), Symbol("SPY"), "sell", Decimal(100), "market", None, "")
AUCTION = Order(OrderId("rb1"), Symbol("SPY"), "buy", Decimal(3), "moc", None, "")
FORBIDDEN, MALFORMED, UNPROCESSABLE = (403, 40310000), (422, 40010001), (422, 42210000)


def refused(order, family, text, **extras) -> Refused | None:
    status, code = family
    return refusal(order, status, {"code": code, "message": text, **extras})


TEXTS = [
    (FORBIDDEN, "insufficient buying power", "funds"),
    (FORBIDDEN, "insufficient qty available for order (requested: 100, available: 0)", "held"),
    (FORBIDDEN, "potential wash trade detected. use complex orders", "wash"),
    (UNPROCESSABLE, "potential wash trade detected. opposite side market/stop order exists", "wash"),
    (FORBIDDEN, "cannot open a long buy while a short sell order is open", "wash"),
    (FORBIDDEN, "account is not allowed to short", "other"),
    (UNPROCESSABLE, 'asset "SPY" cannot be sold short', "other"),
    (UNPROCESSABLE, "position intent mismatch, inferred: sell_to_open, specified: sell_to_close", "other"),
    (FORBIDDEN, "account is not authorized to trade", "account"),
    (FORBIDDEN, "account is restricted to liquidation only", "account"),
    (FORBIDDEN, "new orders are rejected by user request", "account"),
    (MALFORMED, "us_equity orders not allowed for account", "account"),
    (UNPROCESSABLE, 'asset "SPY" not found', "symbol"),
    (UNPROCESSABLE, 'asset "SPY" is not active', "symbol"),
    (UNPROCESSABLE, 'asset "SPY" is not tradable', "symbol"),
    (MALFORMED, "could not find us_equity 'b28f4066-5c6d-479b-a2af-85dc1a8f16fb'", "symbol"),
    (UNPROCESSABLE, "market on close orders must be submitted before 15:50", "late"),
    (UNPROCESSABLE, "cls orders must be submitted after 7:00pm and before 3:55pm", "late"),
    (FORBIDDEN, 'asset "SPY" is not fractionable', "whole"),
    (FORBIDDEN, "cost basis must be >= minimal amount of order 1", "other"),
    (UNPROCESSABLE, "fractional orders must be DAY orders", "other"),
    (MALFORMED, "client_order_id must be no more than 128 characters", "other"),
    ((400, 40010000), "request body format is invalid", "other"),
    ((400, 40010001), "qty must be > 0", "other"),
    ((403, 40310100), "trade denied due to pattern day trading protection", "other"),
    (UNPROCESSABLE, "a rule of a later year", "other"),
]


@pytest.mark.parametrize(("family", "text", "kind"), TEXTS, ids=[text for _, text, _ in TEXTS])
def test_a_refusal_names_the_remedy(family, text, kind):
    assert refused(BUY, family, text).kind == kind


def test_a_refusal_for_money_names_both_amounts():
    answer = refused(BUY, FORBIDDEN, "insufficient buying power", buying_power="999.5", cost_basis="1500")
    assert (
        answer.reason == "Alpaca refused the buy of 3 SPY: it costs 1,500.00 USD, and the account can spend 999.50 USD"
    )


def test_a_refusal_has_the_spendable_amount_that_the_broker_names():
    assert refused(BUY, FORBIDDEN, "insufficient buying power", buying_power="7.42").buying_power == Decimal("7.42")
    assert refused(BUY, FORBIDDEN, "insufficient buying power").buying_power is None


def test_a_refused_sell_never_names_a_cost():
    answer = refused(SELL, FORBIDDEN, "insufficient buying power", buying_power="7.42", cost_basis="500")
    assert (answer.kind, answer.buying_power) == ("other", None)
    assert answer.reason == "Alpaca refused the sell of 100 SPY: insufficient buying power"


def test_a_sale_of_more_than_is_held_says_so():
    assert refused(SELL, FORBIDDEN, "account is not allowed to short").reason.endswith(
        "account is not allowed to short. Fewer shares are held than were to be sold"
    )


def test_a_refusal_for_held_shares_names_their_number():
    numbers = {"available": "40", "existing_qty": "100", "held_for_orders": "60"}
    answer = refused(SELL, FORBIDDEN, "insufficient qty available for order", **numbers)
    assert answer.kind == "held"
    assert answer.reason == "Alpaca refused the sell of 100 SPY: 40 of 100 shares are free, open orders hold 60"


def test_fewer_shares_than_expected_are_not_awaited():
    numbers = {"available": "40", "existing_qty": "40", "held_for_orders": "0"}
    assert refused(SELL, FORBIDDEN, "insufficient qty available for order", **numbers).kind == "other"


def test_an_unknown_rule_about_an_order_for_the_auction_is_taken_for_its_cutoff():
    assert refused(AUCTION, UNPROCESSABLE, "words nobody has written down").kind == "late"


@pytest.mark.parametrize(
    "body", [{"message": "unauthorized."}, {"code": 40110000, "message": "request is not authorized"}]
)
def test_a_key_that_is_not_accepted_stops_the_account(body):
    assert refusal(BUY, 401, body).kind == "account"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"code": 40010001, "message": "client_order_id must be unique"}),
        (422, {"code": 40010001, "message": "client_order_id was used before"}),
        (400, {"code": 40010001, "message": "client_order_id must be unique"}),
        (400, {"message": "bad request"}),
        (429, {"code": 42910000, "message": "too many requests"}),
        (429, {"message": "account is not authorized to trade"}),
        (500, {"code": 50010000, "message": "internal server error occurred"}),
        (504, {"code": 40310000, "message": "insufficient buying power"}),
        (408, {"message": "insufficient buying power"}),
        (200, {"message": "insufficient buying power"}),
        (403, None),
        (401, None),
        (403, {"message": "words of a proxy"}),
        (404, {"code": 40410000, "message": "endpoint not found."}),
        (422, {"code": 42210000}),
        (422, ["insufficient buying power"]),
    ],
)
def test_everything_else_is_unknown(status, body):
    assert refusal(BUY, status, body) is None


def test_a_message_is_one_printable_line_of_bounded_length():
    flood = refused(BUY, FORBIDDEN, "account \x1b[2J\n" * 1_000_000 + "blocked")
    assert flood.reason.isprintable()
    assert len(flood.reason) < 600


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({})


@given(st.integers(100, 599), junk | st.fixed_dictionaries({"code": junk, "message": junk}))
def test_whatever_is_answered_is_unknown_or_refused_for_a_reason(status, body):
    answer = refusal(BUY, status, body)
    assert answer is None or answer.reason


@given(st.sampled_from(["cost_basis", "buying_power", "available", "existing_qty", "held_for_orders"]), junk)
def test_invalid_numbers_are_left_out(name, value):
    for text in ("insufficient buying power", "insufficient qty available for order"):
        assert refused(SELL, FORBIDDEN, text, **{name: value}).reason
