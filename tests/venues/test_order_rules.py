from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from street import SPY, Street

from rebalancer.model import Snapshot, us_equity
from rebalancer.venues.order_rules import Market, fill_price, market, slipped

prices = st.decimals("0.0001", "5000", places=4)
percents = st.decimals("0", "99", places=2)
sides = st.sampled_from(["sell", "buy"])


def one(price: str) -> Market:
    return Market(Decimal(price), Decimal(price))


def test_a_buy_pays_the_ask_and_a_sell_fetches_the_bid():
    here = Market(Decimal("99.90"), Decimal("100.10"))
    assert slipped(here, "buy", Decimal(0), us_equity(SPY)) == Decimal("100.10")
    assert slipped(here, "sell", Decimal(0), us_equity(SPY)) == Decimal("99.90")
    assert here.middle == 100


@pytest.mark.parametrize(
    ("side", "price", "percent", "expected"),
    [
        ("buy", "33.33", "0.1", "33.37"),  # 33.36333
        ("sell", "33.33", "0.1", "33.29"),  # 33.29667
        ("buy", "0.5", "0.01", "0.5001"),  # 0.50005
        ("sell", "0.5", "0.01", "0.4999"),  # 0.49995
        ("buy", "0.99999", "0", "1"),
    ],
)
def test_slippage_is_rounded_to_the_tick_against_us(side, price, percent, expected):
    assert slipped(one(price), side, Decimal(percent), us_equity(SPY)) == Decimal(expected)


@given(side=sides, price=prices, percent=percents)
def test_a_slipped_price_is_on_the_tick_and_never_better_than_the_market(side, price, percent):
    moved = slipped(Market(price, price), side, percent, us_equity(SPY))
    assert moved % us_equity(SPY).tick_at(moved) == 0
    assert moved >= price if side == "buy" else moved <= price


@given(side=sides, price=prices, percent=percents, limit=prices)
def test_a_limit_order_fills_within_its_limit_or_not_at_all(side, price, percent, limit):
    filled = fill_price(side, limit, Market(price, price), percent, us_equity(SPY))
    assume(filled is not None)
    assert filled <= limit if side == "buy" else filled >= limit
    assert price <= limit if side == "buy" else price >= limit


def test_a_limit_that_the_market_has_not_reached_does_not_fill():
    assert fill_price("buy", Decimal("99.99"), one("100"), Decimal(0), us_equity(SPY)) is None
    assert fill_price("sell", Decimal("100.01"), one("100"), Decimal(0), us_equity(SPY)) is None


def test_a_sale_that_would_fetch_nothing_does_not_fill():
    assert fill_price("sell", None, one("0.00005"), Decimal(0), us_equity(SPY)) is None


@pytest.mark.parametrize("bid_and_ask", [("100.10", "100.00"), ("0", "100.00"), ("NaN", "100.00"), ("99", "Infinity")])
def test_an_unsound_quote_is_no_price(bid_and_ask):
    street = Street()
    street.quotes_at(SPY, *bid_and_ask)
    assert market(street.shown[SPY]) is None


def test_the_trade_stands_in_for_the_quote_and_the_bar_for_the_trade():
    street = Street()
    street.trades_at(SPY, "101")
    trade = street.shown[SPY].trade
    street.closes_at(SPY, "102")
    bar = street.shown[SPY].bar
    street.quotes_at(SPY, "0", "0")
    quote = street.shown[SPY].quote
    assert market(Snapshot(SPY, quote, trade, bar)) == one("101")
    assert market(Snapshot(SPY, quote, None, bar)) == one("102")
    assert market(Snapshot(SPY)) is None
    assert market(None) is None
