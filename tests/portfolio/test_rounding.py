"""Whole shares that together come closest to the targets, against every possible choice."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import US_EQUITIES, Holdings, Instrument, Limits, Price, Targets, Trading, symbol
from rebalancer.model.instrument import us_equity
from rebalancer.portfolio.rounding import Caps, Wanted, closest_quantities
from rebalancer.portfolio.trades import make_plan as make_plan_of_any

make_plan = partial(make_plan_of_any, instruments=US_EQUITIES)
NO_CAPS = Caps(
    Limits(max_order_dollars=Decimal(10**12), max_run_dollars=Decimal(10**12)), equity=Decimal(10**9), owned={}
)
NOW = datetime(2026, 11, 27, 17, 50, tzinfo=UTC)
NAMES = ("AAA", "BBB", "CCC", "DDD")


def wanted(*targets_and_prices, held=0):
    return [
        Wanted(us_equity(symbol(name)), Decimal(str(target)), Decimal(str(price)), Decimal(held))
        for name, (target, price) in zip(NAMES, targets_and_prices, strict=False)
    ]


def quantities(asked, caps=NO_CAPS):
    return [int(quantity) for quantity in closest_quantities(asked, caps).values()]


def error(asked, chosen):
    return sum(abs(each.price * count - each.target) for each, count in zip(asked, chosen, strict=True))


def cost(asked, chosen):
    return sum(each.price * count for each, count in zip(asked, chosen, strict=True))


def optimum(asked):
    """The smallest error of all choices within the money of the targets."""
    money = sum(each.target for each in asked)
    choices = product(*[range(each.floor + 2) for each in asked])
    return min(error(asked, chosen) for chosen in choices if cost(asked, chosen) <= money)


books = st.lists(
    st.tuples(st.integers(1, 40_000).map(lambda cents: cents / 100), st.integers(2_000, 30_000).map(lambda c: c / 100)),
    min_size=1,
    max_size=4,
).map(lambda pairs: wanted(*pairs))


def test_the_money_that_is_left_buys_the_share_that_comes_closest():
    assert quantities(wanted((190, 100), (150, 100))) == [2, 1]


def test_without_money_for_another_share_every_target_is_rounded_down():
    assert quantities(wanted((190, 100))) == [1]


def test_one_share_less_here_pays_for_a_closer_one_there():
    asked = wanted((150, 50), (170, 200))
    assert quantities(asked) == [2, 1]
    assert error(asked, [2, 1]) < error(asked, [3, 0])


def test_of_two_equal_gains_the_first_symbol_has_its_share():
    assert quantities(wanted((175, 100), (175, 100), (50, 100))) == [2, 2, 0]
    assert quantities(wanted((160, 100), (160, 100))) == [2, 1]


def test_a_share_that_a_limit_refuses_is_not_bought():
    most_of_one = Caps(Limits(max_symbol_percent=Decimal(19)), Decimal(1_000), {})
    assert quantities(wanted((190, 100), (170, 100)), most_of_one) == [1, 1]
    most_of_an_order = Caps(Limits(max_order_dollars=Decimal(150)), Decimal(1_000), {})
    assert quantities(wanted((190, 100), (170, 100)), most_of_an_order) == [1, 1]


def test_the_owners_own_shares_count_towards_the_limit_of_a_symbol():
    caps = Caps(Limits(max_symbol_percent=Decimal(25)), Decimal(1_000), {symbol("AAA"): Decimal(1)})
    assert quantities(wanted((190, 100), (160, 100)), caps) == [1, 2]


def test_a_run_that_would_trade_more_than_its_limit_rounds_down():
    caps = Caps(Limits(max_run_dollars=Decimal(250)), Decimal(1_000), {})
    assert quantities(wanted((190, 100), (150, 100)), caps) == [1, 1]


@given(books)
def test_no_choice_costs_more_than_the_targets_or_is_worse_than_rounding_down(asked):
    chosen, floors = quantities(asked), [each.floor for each in asked]
    assert cost(asked, chosen) <= sum(each.target for each in asked)
    assert error(asked, chosen) <= error(asked, floors)


def test_of_200_random_books_all_but_a_few_have_the_best_choice_there_is():
    cents = np.random.default_rng(1).integers([1_000, 2_000], [40_000, 30_000], (200, 4, 2))
    asked = [wanted(*(book[: 1 + place % 4] / 100).tolist()) for place, book in enumerate(cents)]
    assert sum(error(each, quantities(each)) == optimum(each) for each in asked) >= 190


def test_lots_are_the_instruments_own():
    coin = Instrument(symbol("AAA"), "crypto", "EUR", Decimal("0.5"), Decimal("0.01"))
    (found,) = closest_quantities([Wanted(coin, Decimal(290), Decimal(100), Decimal(0))], NO_CAPS).values()
    assert found == Decimal("2.5")


# ---------------------------------------------------------------------------------------------- the plan


def plan(rounding, held, prices, untradable=()):
    holdings = Holdings({symbol(name): Decimal(count) for name, count in held.items()}, {}, Decimal(0))
    targets = Targets((), {}, (), {}, {symbol("AAA"): 0.19, symbol("BBB"): 0.15})
    quotes = {symbol(name): Price(symbol(name), Decimal(value), "trade", NOW, 0.0) for name, value in prices.items()}
    left_alone = dict.fromkeys(map(symbol, untradable), "halted")
    trading = Trading(rounding=rounding)
    trades = make_plan(holdings, targets, Decimal(1_000), quotes, left_alone, trading, caps=NO_CAPS).trades
    return {trade.symbol: trade for trade in trades}


def test_a_plan_rounds_down_unless_the_owner_chose_the_closest():
    prices = {"AAA": 100, "BBB": 100}
    assert [trade.target_shares for trade in plan("floor", {}, prices).values()] == [1, 1]
    found = plan("closest", {}, prices)
    assert [trade.target_shares for trade in found.values()] == [2, 1]
    assert "= 2 shares, rounded up" in found["AAA"].why


def test_a_share_that_would_be_bought_back_is_not_sold():
    assert plan("floor", {"AAA": 2}, {"AAA": 100, "BBB": 100})["AAA"].side == "sell"
    assert plan("closest", {"AAA": 2}, {"AAA": 100, "BBB": 100})["AAA"].side is None


def test_the_money_of_a_symbol_that_is_not_traded_is_not_spent_on_others():
    found = plan("closest", {}, {"AAA": 100, "BBB": 100}, untradable=["BBB"])
    assert found["AAA"].target_shares == 1
    assert plan("closest", {}, {"AAA": 100})["AAA"].target_shares == 1
