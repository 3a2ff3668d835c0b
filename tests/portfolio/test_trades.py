"""The plan: what is sold and bought to get from the holdings to the targets, and why the rest is not."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest

from rebalancer.model import (
    US_EQUITIES,
    Holdings,
    Instrument,
    NoPrice,
    Price,
    Symbol,
    Targets,
    Trade,
    Trading,
    us_equity,
)
from rebalancer.portfolio.checks import check_plan
from rebalancer.portfolio.order_ids import order_id
from rebalancer.portfolio.trades import (
    least_order,
    sell_orders,
    to_decimal,
    usable_price,
)
from rebalancer.portfolio.trades import (
    make_plan as make_plan_of_any,
)

make_plan = partial(make_plan_of_any, instruments=US_EQUITIES)
NOW = datetime(2016, 12, 30, 20, 50, tzinfo=UTC)
TONIGHT = date(2016, 12, 30)
SPY, SH, TLT = map(Symbol, ("SPY", "SH", "TLT"))
INVESTABLE = Decimal(75_000)


def price(symbol: Symbol, value: int | str) -> Price:
    return Price(symbol, Decimal(value), "trade", NOW, 0.0)


def plan_of_one(
    held="0", target=0.0, at="100", trading=None, *, untradable=None, untouchable=None, suspects=None, why=""
) -> Trade:
    """The plan's line for SPY, where only that is held and wanted. `at` None: there is no price."""
    holdings = Holdings(
        {SPY: Decimal(held)} if Decimal(held) else {},
        untouchable or {},
        Decimal(0),
        {SPY: Decimal(held) * 99} if Decimal(held) else {},
    )
    prices = {SPY: NoPrice(SPY, ("the quote is 90 s old", "no trade today")) if at is None else price(SPY, at)}
    weights = {SPY: target} if target else {}
    targets = Targets((), weights, (), weights, weights, whys={SPY: why} if why else {})
    plan = make_plan(holdings, targets, INVESTABLE, prices, untradable or {}, trading or Trading(), suspects or {})
    (line,) = plan.trades
    return line


COIN = Instrument(Symbol("BTC/EUR"), "crypto", "EUR", Decimal("0.001"), Decimal("0.01"), least_order=Decimal(10))


def coin_line(held: str, target: float, at: str = "64000") -> Trade:
    symbol, weights = COIN.symbol, {COIN.symbol: target} if target else {}
    holdings = Holdings({symbol: Decimal(held)} if Decimal(held) else {}, {}, Decimal(0))
    targets = Targets((), weights, (), weights, weights)
    prices = {symbol: price(symbol, at)}
    plan = make_plan(holdings, targets, INVESTABLE, prices, {}, Trading(), instruments={symbol: COIN})
    check_plan(plan, holdings, targets, Trading(), {symbol: COIN})
    (line,) = plan.trades
    return line


def test_an_instrument_with_a_fractional_lot_is_bought_and_sold_in_its_lots():
    bought, sold = coin_line("0.2", 0.5), coin_line("0.9", 0.5)
    assert (bought.side, str(bought.quantity), bought.target_shares) == ("buy", "0.385", Decimal("0.585"))
    assert (sold.side, str(sold.quantity)) == ("sell", "0.315")
    assert bought.why == "target 50 % of 75,000.00 EUR = 0.585 shares"


def test_less_than_a_lot_is_not_traded_and_a_full_exit_sells_the_rest_of_a_lot_too():
    assert coin_line("0.5845", 0.5).why.endswith("0.5845 held: under the lot of 0.001 apart")
    assert coin_line("0.5845", 0.0).quantity == Decimal("0.5845")


def test_an_order_below_the_least_order_of_the_venue_is_not_planned():
    line = coin_line("0", 0.0001, at="7000")
    assert (line.side, line.why) == (None, "7.00 EUR to trade, under the venue's least order of 10.00 EUR")


def test_an_order_of_exactly_the_owner_s_least_trade_is_under_the_venue_s():
    least = least_order(Decimal(7), Trading(min_trade_dollars=Decimal(7)), COIN)
    assert least == "the venue's least order of 10.00 EUR"


# ----------------------------------------------------------------------------------------------- the plan


def test_a_buy_says_its_target_and_where_that_came_from():
    line = plan_of_one(target=0.58, at="210.10", why="Trend gate 58 % x 100 %")

    assert (line.side, line.quantity, line.dollars) == ("buy", Decimal(207), Decimal("43490.70"))
    assert line.why == "target 58 % of 75,000.00 USD = 207 shares; Trend gate 58 % x 100 %"


def test_shares_beyond_the_target_are_sold_in_whole_shares():
    line = plan_of_one(held="500.5", target=0.40)

    assert (line.side, line.quantity, line.target_shares) == ("sell", Decimal(200), 300)
    assert line.now == to_decimal(500.5 * 100 / 75_000)


def test_a_target_of_zero_sells_the_fraction_too():
    line = plan_of_one(held="7.123456789", target=0.0)

    assert (line.side, line.quantity, line.dollars) == ("sell", Decimal("7.123456789"), Decimal("712.35"))
    assert line.why == "no bot wants it tonight"


def test_a_symbol_with_a_target_of_zero_that_is_not_held_is_not_sold():
    targets = Targets((), {SPY: 0.0}, (), {SPY: 0.0}, {SPY: 0.0})
    plan = make_plan(Holdings({}, {}, Decimal(0)), targets, INVESTABLE, {SPY: price(SPY, 100)}, {}, Trading())

    assert [(line.side, line.quantity) for line in plan.trades] == [(None, 0)]
    assert sell_orders(plan, "demo", TONIGHT, 1) == ()


def test_an_exit_says_that_netting_made_it():
    assert plan_of_one(held="7", why="netted against SH: 16 % to its 74 %").why == "netted against SH: 16 % to its 74 %"


def test_a_full_exit_needs_no_price():
    line = plan_of_one(held="7.5", at=None)

    assert (line.side, line.quantity, line.price) == ("sell", Decimal("7.5"), None)
    assert line.dollars == Decimal("742.50")


def test_a_full_exit_ignores_the_least_trade_and_the_drift():
    trading = Trading(min_trade_dollars=Decimal(5_000), drift_percent=Decimal(50))

    assert plan_of_one(held="0.5", trading=trading).quantity == Decimal("0.5")


def test_a_positive_target_below_one_share_sells_the_whole_shares_and_keeps_the_fraction():
    line = plan_of_one(held="3.5", target=0.001, at="100")

    assert (line.target_shares, line.side, line.quantity) == (0, "sell", Decimal(3))


def test_a_difference_below_one_share_is_skipped_with_the_reason():
    line = plan_of_one(held="300.5", target=0.40)

    assert line.side is None
    assert line.why == "target 40 % = 300 shares at 100.00 USD, 300.5 held: under one share apart"


def test_a_target_below_one_share_is_skipped_with_the_reason():
    line = plan_of_one(target=0.001, at="410.20")

    assert line.side is None
    assert line.why == "target 0.1 % = 0 shares at 410.20 USD, 0 held: under one share apart"


def test_a_target_that_is_reached_says_so():
    assert plan_of_one(held="300", target=0.40).why == "already at its target of 300 shares"
    assert plan_of_one(held="1", target=0.002, at="100").why == "already at its target of 1 share"


def test_a_trade_under_the_least_dollars_is_skipped_with_both_numbers():
    line = plan_of_one(held="300", target=0.404, trading=Trading(min_trade_dollars=Decimal("300.01")))

    assert line.side is None
    assert line.why == "300.00 USD to trade, under min_trade_dollars 300.01 USD"
    assert plan_of_one(held="300", target=0.404, trading=Trading(min_trade_dollars=Decimal(300))).side == "buy"


def test_a_drift_under_the_setting_is_skipped_with_both_numbers():
    line = plan_of_one(held="300", target=0.42, trading=Trading(drift_percent=Decimal("2.5")))

    assert line.side is None
    assert line.why == "2 % of Investable away from its target, under drift_percent 2.5"
    assert plan_of_one(held="300", target=0.42, trading=Trading(drift_percent=Decimal(2))).side == "buy"
    assert plan_of_one(held="300", target=0.42, trading=Trading(drift_percent=Decimal("2.01"))).side is None


def test_a_symbol_without_a_price_is_skipped_with_every_reason():
    line = plan_of_one(held="10", target=0.5, at=None)

    assert (line.side, line.quantity, line.price) == (None, 0, None)
    assert line.why == "no price: the quote is 90 s old; no trade today"
    assert line.now == to_decimal(10 * 99 / 75_000)
    assert line.target_shares == 0


def test_a_symbol_that_is_neither_held_nor_priced_is_nothing_of_investable():
    assert plan_of_one(target=0.5, at=None).now == 0


def test_the_part_of_investable_that_is_held_has_15_decimals():
    assert plan_of_one(held="7", at="11").now == Decimal("0.001026666666667")


def test_whole_target_shares_are_stored_as_an_integer_and_parts_of_a_share_as_a_decimal():
    assert isinstance(plan_of_one(target=0.5).target_shares, int)
    assert coin_line("0", 0.5).target_shares == Decimal("0.585")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "0", "-1"])
def test_an_invalid_price_counts_as_no_price(value):
    assert plan_of_one(target=0.5, at=value).why == f"no price: the trade shows {value} USD"


@pytest.mark.parametrize("ask", ["NaN", "Infinity", "0", "0.00009"])
def test_an_invalid_ask_counts_as_no_price(ask):
    quoted = Price(SPY, Decimal(100), "quote", NOW, 0.0, ask=Decimal(ask))
    assert usable_price(us_equity(SPY), {SPY: quoted}) == NoPrice(SPY, (f"the quote shows {ask} USD",))


def test_the_smallest_tick_is_a_price_and_an_unrequested_symbol_has_none():
    cheap = Price(SPY, Decimal("0.0001"), "trade", NOW, 0.0)
    assert usable_price(us_equity(SPY), {SPY: cheap}) == cheap
    assert usable_price(us_equity(SPY), {}) == NoPrice(SPY, ("none was asked for",))


@pytest.mark.parametrize("target", [0.0, 0.5])
def test_an_untouchable_symbol_is_neither_bought_nor_sold(target):
    line = plan_of_one(
        held="10", target=target, untouchable={SPY: "protected in the config"}, untradable={SPY: "halted"}
    )

    assert (line.side, line.quantity, line.why) == (None, 0, "protected in the config")


def test_an_untradable_symbol_is_skipped_with_the_reason():
    assert plan_of_one(held="10", untradable={SPY: "halted"}).why == "halted"


@pytest.mark.parametrize("held", ["0", "100", "300", "500.5"])
def test_a_suspect_is_neither_bought_nor_sold_in_part_and_the_plan_says_why(held):
    line = plan_of_one(held=held, target=0.40, suspects={SPY: "its close fell by 62 % and nothing was announced"})

    assert (line.side, line.quantity, line.dollars) == (None, 0, 0)
    assert line.why == "its close fell by 62 % and nothing was announced"


@pytest.mark.parametrize("at", ["100", None])
def test_a_suspect_that_no_bot_wants_is_still_sold_out(at):
    line = plan_of_one(held="7.5", at=at, suspects={SPY: "its close fell by 62 %"})

    assert (line.side, line.quantity, line.why) == ("sell", Decimal("7.5"), "no bot wants it tonight")


def test_an_untouchable_suspect_is_not_sold_out_either():
    line = plan_of_one(held="7.5", untouchable={SPY: "protected in the config"}, suspects={SPY: "it jumped"})

    assert (line.side, line.why) == (None, "protected in the config")


def test_the_plan_has_a_line_for_all_that_is_held_or_wanted_by_symbol():
    holdings = Holdings({TLT: Decimal(1)}, {}, Decimal(0))
    weights = {SPY: 0.5, SH: 0.1}
    targets = Targets((), weights, (), weights, weights)

    plan = make_plan(holdings, targets, INVESTABLE, {}, {}, Trading())

    assert [line.symbol for line in plan.trades] == [SH, SPY, TLT]
    assert plan.trades[0].why == "no price: none was asked for"


def test_a_position_that_another_sender_changed_has_a_line_with_its_part_of_investable():
    holdings = Holdings({}, {TLT: "it was sold by hand"}, Decimal(0), changed={TLT: Decimal(7_500)})

    (line,) = make_plan(holdings, Targets((), {}, (), {}, {}), INVESTABLE, {}, {}, Trading()).trades

    assert (line.symbol, line.held, line.now, line.side) == (TLT, 0, to_decimal(0.1), None)
    assert line.why == "it was sold by hand"


# ---------------------------------------------------------------------------------------------- the sells


def test_sells_are_market_orders_for_all_that_the_plan_sells():
    holdings = Holdings({SPY: Decimal("7.5"), TLT: Decimal(3)}, {}, Decimal(0))
    weights = {TLT: 0.5}
    targets = Targets((), weights, (), weights, weights)
    plan = make_plan(holdings, targets, INVESTABLE, {TLT: price(TLT, 100)}, {}, Trading())

    (order,) = sell_orders(plan, "demo", TONIGHT, 1)

    assert (order.symbol, order.side, order.quantity, order.kind, order.limit) == (
        SPY,
        "sell",
        Decimal("7.5"),
        "market",
        None,
    )
    assert order.why == "no bot wants it tonight"
    assert order.id == order_id("demo", TONIGHT, 1, "sells", SPY, "sell")
