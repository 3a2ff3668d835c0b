"""Which targets count as missed, and what explains one that is not reached."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import US_EQUITIES, Plan, Price, Symbol, Trade, Trading, us_equity
from rebalancer.portfolio.checks import missed_targets as missed_targets_of_any

missed_targets = partial(missed_targets_of_any, instruments=US_EQUITIES)
SPY, TLT = Symbol("SPY"), Symbol("TLT")
INVESTABLE = Decimal(100_000)
ZERO = Decimal(0)


def wanted(symbol: Symbol, target: str, price: Price | None = None, target_shares: Decimal | None = None) -> Trade:
    """Without `target_shares` the target is rounded down to whole shares."""
    floor = us_equity(symbol).quantity_for(Decimal(target) * INVESTABLE, price.value) if price else ZERO
    quantity = floor if target_shares is None else target_shares
    return Trade(symbol, ZERO, ZERO, Decimal(target), quantity, price, None, ZERO, ZERO, "")


def missed(
    *trades: Trade, held=None, prices=None, shrunk=(SPY, TLT), beyond_cap=ZERO, **settings
) -> dict[Symbol, Decimal]:
    found = missed_targets(Plan(INVESTABLE, trades), held or {}, prices or {}, Trading(**settings), shrunk, beyond_cap)
    return {miss.trade.symbol: miss.value for miss in found}


def at(*prices: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, prices))


def test_a_target_that_is_held_in_whole_shares_is_reached():
    assert missed(wanted(SPY, "0.5"), held={SPY: Decimal(166)}, prices={SPY: at("300")}) == {}


def test_a_quarter_percent_of_investable_may_be_missing():
    assert missed(wanted(SPY, "0.5"), held={SPY: Decimal(4975)}, prices={SPY: at("10")}) == {}
    assert missed(wanted(SPY, "0.5"), held={SPY: Decimal(4974)}, prices={SPY: at("10")}) == {SPY: 260}


def test_one_share_may_be_missing_however_dear_it_is():
    dear = Price(SPY, Decimal(1_000), "trade", None, 0.0)
    assert missed(wanted(SPY, "0.5", dear), held={SPY: Decimal(49)}, prices={SPY: at("1000")}) == {}
    assert missed(wanted(SPY, "0.5", dear), held={SPY: Decimal(48)}, prices={SPY: at("1000")}) == {SPY: 2_000}


def test_a_missed_sell_counts_like_a_missed_buy():
    assert missed(wanted(SPY, "0"), held={SPY: Decimal(100)}, prices={SPY: at("100")}) == {SPY: -10_000}


def test_a_target_without_a_price_is_missed_completely():
    assert missed(wanted(SPY, "0.495")) == {SPY: 49_500}


def test_a_target_that_is_reached_at_the_price_of_the_plan_or_at_a_later_one_is_reached():
    assert missed(wanted(SPY, "0.5"), held={SPY: Decimal(454)}, prices={SPY: at("100", "110")}) == {}
    assert missed(wanted(SPY, "0.5"), held={SPY: Decimal(500)}, prices={SPY: at("100", "110")}) == {}


@pytest.mark.parametrize("settings", [{"min_trade_dollars": Decimal(5_000)}, {"drift_percent": Decimal(5)}])
def test_a_difference_below_the_small_trade_settings_is_not_a_miss(settings):
    held = {SPY: Decimal(451)}
    assert missed(wanted(SPY, "0.5"), held=held, prices={SPY: at("100")}, **settings) == {}
    assert missed(wanted(SPY, "0.5"), held=held, prices={SPY: at("100")}) == {SPY: 4_900}


def test_a_buy_without_cash_because_of_drift_elsewhere_is_not_a_miss():
    trades = wanted(SPY, "0.5"), wanted(TLT, "0.4")
    held, prices = {SPY: Decimal(504), TLT: Decimal(350)}, {SPY: at("100"), TLT: at("100")}
    assert missed(*trades, held=held, prices=prices, drift_percent=Decimal("4.5")) == {TLT: 5_000}
    assert missed(*trades, held={**held, SPY: Decimal(505)}, prices=prices, drift_percent=Decimal("4.5")) == {}


def test_a_buy_without_room_below_99_percent_of_equity_is_not_a_miss():
    held, prices = {SPY: Decimal(493)}, {SPY: at("100")}
    assert missed(wanted(SPY, "0.5"), held=held, prices=prices, beyond_cap=Decimal(449)) == {SPY: 700}
    assert missed(wanted(SPY, "0.5"), held=held, prices=prices, beyond_cap=Decimal(450)) == {}


def test_a_symbol_that_was_left_alone_is_missed_whatever_room_there_was():
    held, prices = {SPY: Decimal(440)}, {SPY: at("100")}
    assert missed(wanted(SPY, "0.5"), held=held, prices=prices, shrunk=(), beyond_cap=Decimal(9_000)) == {SPY: 6_000}


@given(st.decimals(0, 1, places=4), st.decimals("0.01", 5_000, places=2))
def test_holding_the_shares_that_the_target_buys_at_a_price_reaches_it(target, price):
    shares = Decimal(int(target * INVESTABLE // price))
    assert missed(wanted(SPY, str(target)), held={SPY: shares}, prices={SPY: (price,)}) == {}


def test_one_lot_is_tolerated_and_so_is_less_than_the_least_order_of_the_venue():
    coin = replace(us_equity(SPY), lot=Decimal("0.001"), least_order=Decimal(10))
    price = Price(SPY, Decimal(64_000), "trade", datetime(2026, 11, 20, tzinfo=UTC), 0.0)
    plan = Plan(Decimal(20_000), (wanted(SPY, "0.5", price, Decimal("0.156")),))

    def missed(held: str, share=coin):
        return missed_targets(plan, {SPY: Decimal(held)}, {SPY: [price.value]}, Trading(), instruments={SPY: share})

    assert missed("0.155") == ()
    assert [miss.value for miss in missed("0.154")] == [128]
    assert missed("0.154", replace(coin, least_order=Decimal(200))) == ()


def test_a_target_that_was_rounded_up_or_further_down_is_reached_by_the_shares_of_the_plan():
    price = Price(SPY, Decimal(100), "trade", datetime(2026, 11, 20, tzinfo=UTC), 0.0)
    rounded_up, down = (wanted(SPY, "0.5", price, Decimal(shares)) for shares in (501, 490))
    assert missed(rounded_up, held={SPY: Decimal(501)}, prices={SPY: at("100", "101")}) == {}
    assert missed(down, held={SPY: Decimal(490)}, prices={SPY: at("100")}) == {}
    assert missed(down, held={SPY: Decimal(500)}, prices={SPY: at("100")}) == {SPY: -1_000}
