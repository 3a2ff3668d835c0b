"""Pre-trade checks of an order, and consistency checks of a plan."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from rebalancer.errors import StoppedError
from rebalancer.model import (
    US_EQUITIES,
    Holdings,
    Order,
    OrderId,
    Plan,
    Session,
    Symbol,
    Targets,
    Trade,
    Trading,
    us_equity,
)
from rebalancer.portfolio.checks import ROUNDING, check_order, check_plan

SPY, SH = Symbol("SPY"), Symbol("SH")
OPENS = datetime(2016, 12, 30, 14, 30, tzinfo=UTC)
CLOSES = datetime(2016, 12, 30, 21, 0, tzinfo=UTC)
SESSION = Session(date(2016, 12, 30), OPENS, CLOSES)
BUY = Order(OrderId("rbA"), SPY, "buy", Decimal(10), "limit", Decimal("101.00"), "")
SELL = Order(OrderId("rbB"), SPY, "sell", Decimal("7.5"), "market", None, "")
NOT_NUMBERS = ["NaN", "Infinity", "-Infinity"]


def checked(order: Order, *, trading: Trading | None = None, now: datetime | None = None, **state: str | None):
    """`check_order` on an account of 100,000 dollars with half of it invested, ten minutes before the close."""
    amounts = {"managed": "7.5", "equity": "100000", "invested": "50000", "price": "100", "cash_left": "1010"} | state
    return check_order(
        order,
        **{name: None if amount is None else Decimal(amount) for name, amount in amounts.items()},
        now=now or CLOSES - timedelta(minutes=10),
        session=SESSION,
        trading=trading or Trading(),
        instrument=us_equity(SPY),
        auction_cutoff=timedelta(minutes=10),
    )


# -------------------------------------------------------------------------------------------- every order


def test_an_order_within_every_limit_is_accepted():
    assert checked(BUY) is None
    assert checked(SELL) is None


def test_a_sell_of_more_than_is_ours_is_refused():
    assert checked(SELL, managed="7.4") == "7.5 shares is more than the 7.4 that are ours to sell"


@pytest.mark.parametrize("managed", NOT_NUMBERS)
def test_a_sell_needs_to_know_what_is_ours(managed):
    assert "ours to sell" in checked(SELL, managed=managed)


def test_a_sell_needs_neither_a_price_nor_cash():
    assert checked(SELL, price=None, equity="NaN", invested="NaN", cash_left="NaN") is None


@pytest.mark.parametrize("order", [BUY, SELL], ids=["buy", "sell"])
@pytest.mark.parametrize("quantity", ["0", "-1", *NOT_NUMBERS, "sNaN"])
def test_a_quantity_must_be_a_number_above_zero(order, quantity):
    assert "which is not above 0" in checked(replace(order, quantity=Decimal(quantity)))


def test_one_share_and_a_fraction_of_one_are_amounts_like_any_other():
    assert checked(replace(BUY, quantity=Decimal(1))) is None
    assert checked(replace(SELL, quantity=Decimal("0.5"))) is None


def test_a_share_may_cost_less_than_a_dollar():
    assert checked(replace(BUY, limit=Decimal("0.51")), price="0.50") is None


def test_an_order_for_the_auction_is_sent_until_ten_minutes_before_the_close():
    auction = replace(BUY, kind="moc", limit=None)
    assert checked(auction) is None
    assert "orders leave from" in checked(auction, now=CLOSES - timedelta(minutes=10) + timedelta(seconds=1))


def test_a_buy_is_in_whole_shares():
    assert checked(replace(BUY, quantity=Decimal("1.5"))) == "1.5 shares is not a whole number"


def test_a_buy_may_fill_the_account_to_99_percent_and_not_a_cent_more():
    assert checked(BUY, invested="98000") is None
    assert checked(BUY, invested="98000.01") == (
        "99,000.01 USD would be invested, more than 99 % of equity, 99,000.00 USD"
    )


def test_a_buy_may_cost_what_is_left_at_its_limit_and_not_a_cent_more():
    assert checked(BUY, cash_left="1010.00") is None
    assert checked(BUY, cash_left="1009.99") == (
        "10 shares at up to 101.00 USD cost more than the 1,009.99 USD left for buys"
    )


def test_a_market_buy_counts_with_the_collar_it_would_have_had():
    at_market = replace(BUY, kind="market", limit=None)

    assert checked(at_market, cash_left="1010.00") is None
    assert "cost more" in checked(at_market, cash_left="1009.99")


@pytest.mark.parametrize("name", ["price", "equity", "invested", "cash_left"])
@pytest.mark.parametrize("amount", [*NOT_NUMBERS, "sNaN"])
def test_a_buy_is_refused_unless_every_amount_is_a_number(name, amount):
    assert "must all be numbers" in checked(BUY, **{name: amount})


def test_a_buy_without_a_price_is_refused():
    assert "must all be numbers" in checked(BUY, price=None)


@pytest.mark.parametrize("price", ["0", "-1"])
def test_a_buy_at_no_price_is_refused(price):
    assert "must be above 0" in checked(BUY, price=price)


@pytest.mark.parametrize("limit", ["0", "-1", *NOT_NUMBERS, "sNaN"])
def test_an_invalid_limit_price_is_refused(limit):
    assert "must be above 0" in checked(replace(BUY, limit=Decimal(limit)))


@pytest.mark.parametrize("now", [OPENS, CLOSES - timedelta(seconds=60)])
def test_orders_are_sent_from_the_open_to_the_cutoff(now):
    assert checked(BUY, now=now) is None


def test_no_order_is_sent_after_the_cutoff():
    assert checked(SELL, now=CLOSES - timedelta(seconds=59)) == (
        "it is 2016-12-30 15:59:01 New York time, "
        "orders leave from 2016-12-30 09:30:00 New York time to 15:59:00 New York time"
    )


def test_no_order_is_sent_before_the_open():
    assert checked(SELL, now=OPENS - timedelta(seconds=1)) is not None


# -------------------------------------------------------------------------------------------- the whole plan

ZERO = Decimal(0)
HOLDINGS = Holdings({SPY: Decimal(10)}, {}, ZERO)
TRADING = Trading(paired_tickers=((SPY, SH),))


def line(symbol: Symbol = SPY, side="sell", quantity="10", target="0", dollars="1000") -> Trade:
    held = HOLDINGS.managed.get(symbol, ZERO)
    return Trade(symbol, held, Decimal("0.1"), Decimal(target), 0, None, side, Decimal(quantity), Decimal(dollars), "")


def verdict(*trades: Trade, holdings: Holdings = HOLDINGS, total: float = 0.99) -> None:
    weights = {SPY: total}
    check_plan(
        Plan(Decimal(10_000), trades), holdings, Targets((), weights, (), weights, weights), TRADING, US_EQUITIES
    )


def test_a_plan_that_sells_what_is_held_passes():
    verdict(line(quantity="10"))


@pytest.mark.parametrize(
    ("trade", "sentence"),
    [
        pytest.param(line(quantity="10.001"), "it sells 10.001 shares of SPY, 10 are ours", id="more than held"),
        pytest.param(line(SH, quantity="1"), "it sells 1 share of SH, 0 are ours", id="not held at all"),
        pytest.param(line(side="buy", quantity="1.5"), "not a whole number", id="part of a share"),
        pytest.param(line(quantity="NaN"), "SPY has a number that is none", id="no quantity"),
        pytest.param(line(target="NaN"), "SPY has a number that is none", id="no target"),
        pytest.param(
            line(dollars="-1"), "SPY has a number that is none: 10, 0.1, 0, 10, -1. Nothing was", id="negative dollars"
        ),
    ],
)
def test_an_impossible_plan_is_stopped(trade, sentence):
    with pytest.raises(StoppedError, match=sentence):
        verdict(trade)


def test_a_plan_that_wants_both_sides_of_a_pair_is_stopped():
    with pytest.raises(StoppedError, match="both sides of the pair SPY / SH"):
        verdict(line(side="buy", target="0.5"), line(SH, side="buy", target="0.1"))


def test_wanting_both_sides_is_enough_even_where_only_one_is_traded():
    with pytest.raises(StoppedError, match="both sides"):
        verdict(line(side=None, quantity="0", target="0.5"), line(SH, side="buy", target="0.1"))


def test_selling_one_side_of_a_pair_to_buy_the_other_is_accepted():
    verdict(line(side="sell", target="0"), line(SH, side="buy", target="0.1"))


def test_a_plan_that_trades_an_untouchable_symbol_is_stopped():
    with pytest.raises(StoppedError, match="it trades SPY, which is protected in the config"):
        verdict(line(), holdings=replace(HOLDINGS, untouchable={SPY: "protected in the config"}))


@pytest.mark.parametrize("total", [0.99, 0.99 + ROUNDING])
def test_targets_may_sum_to_the_cap_within_float_rounding(total):
    verdict(line(), total=total)


@pytest.mark.parametrize("total", [math.nextafter(0.99 + ROUNDING, 1), 0.990001, float("nan")])
def test_targets_over_the_cap_are_stopped(total):
    with pytest.raises(StoppedError, match="more than 99 %"):
        verdict(line(), total=total)
