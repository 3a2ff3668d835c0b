"""Buys are sized by fresh prices and by the cash after every sell."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import (
    US_EQUITIES,
    Account,
    Holdings,
    NoPrice,
    Order,
    OrderId,
    Plan,
    Price,
    Symbol,
    Targets,
    Trade,
    Trading,
    us_equity,
)
from rebalancer.portfolio.buys import (
    Funds,
    budget,
    budget_after_refusal,
    limit_price,
    own_cash,
    room,
    worst_price,
)
from rebalancer.portfolio.buys import (
    size_buys as size_buys_of_any,
)
from rebalancer.portfolio.order_ids import order_id
from rebalancer.portfolio.trades import make_plan as make_plan_of_any

size_buys = partial(size_buys_of_any, instruments=US_EQUITIES)
make_plan = partial(make_plan_of_any, instruments=US_EQUITIES)
NOW = datetime(2016, 12, 30, 20, 50, tzinfo=UTC)
TONIGHT = date(2016, 12, 30)
SPY, TLT, GLD = map(Symbol, ("SPY", "TLT", "GLD"))
PLENTY = Decimal(1_000_000)
NO_FEE = Decimal(0)


def traded(symbol: Symbol, value: int | str) -> Price:
    return Price(symbol, Decimal(value), "trade", NOW, 0.0)


def quoted(symbol: Symbol, mid: int | str, ask: int | str) -> Price:
    return Price(symbol, Decimal(mid), "quote", NOW, 0.0, ask=Decimal(ask))


def plan_for(**wanted: tuple[float, int]) -> Plan:
    """A plan over 100,000 dollars from cash: target and the price it was planned at, by symbol."""
    weights = {Symbol(name): target for name, (target, _) in wanted.items()}
    prices = {Symbol(name): traded(Symbol(name), at) for name, (_, at) in wanted.items()}
    targets = Targets((), weights, (), weights, weights)
    return make_plan(Holdings({}, {}, Decimal(0)), targets, Decimal(100_000), prices, {}, Trading())


def sized(plan: Plan, *prices: Price | NoPrice, funds=PLENTY, fee="0", held=None, trading=None, room=PLENTY):
    fresh = {price.symbol: price for price in prices}
    wallet = Funds(Decimal(funds), Decimal(room), Decimal(fee))
    return size_buys(plan, held or {}, fresh, wallet, trading or Trading(), "demo", TONIGHT, 1)[:2]


# ------------------------------------------------------------------------------------------- what is bought


def test_a_planned_buy_that_can_be_paid_is_sent_as_planned():
    orders, notes = sized(plan_for(SPY=(0.5, 100)), traded(SPY, 100))

    assert orders == (
        Order(
            order_id("demo", TONIGHT, 1, "buys", SPY, "buy"),
            SPY,
            "buy",
            Decimal(500),
            "limit",
            Decimal("101.00"),
            "target 50 % of 100,000.00 USD = 500 shares",
        ),
    )
    assert notes == {}


def test_a_price_that_rose_buys_less():
    (order,), notes = sized(plan_for(SPY=(0.5, 100)), traded(SPY, 125))

    assert order.quantity == 400
    assert notes == {SPY: "buying 400 of the planned 500 shares, at 125.00 USD no more fit into its target of 50 %"}


def test_a_price_that_fell_does_not_buy_more_than_was_planned():
    (order,), notes = sized(plan_for(SPY=(0.5, 100)), traded(SPY, 80))

    assert (order.quantity, notes) == (500, {})


def test_shares_already_held_are_not_bought_again():
    (order,), _ = sized(plan_for(SPY=(0.5, 100)), traded(SPY, 100), held={SPY: Decimal("100.5")})

    assert order.quantity == 399


def test_a_target_already_reached_is_not_bought():
    orders, notes = sized(plan_for(SPY=(0.5, 100)), traded(SPY, 100), held={SPY: Decimal(600)})

    assert orders == ()
    assert notes == {SPY: "not bought, at 100.00 USD no more fit into its target of 50 %"}


def test_the_largest_shortfall_comes_first_and_the_rest_gets_what_is_left():
    plan = plan_for(GLD=(0.2, 100), SPY=(0.5, 100), TLT=(0.2, 100))

    orders, notes = sized(plan, traded(GLD, 100), traded(SPY, 100), traded(TLT, 100), funds=60_000)

    assert [(order.symbol, order.quantity) for order in orders] == [(SPY, 500), (GLD, 94)]
    assert notes == {
        GLD: "buying 94 of the planned 200 shares, 9,500.00 USD of the budget is left and a share may cost 101.00 USD",
        TLT: "not bought, 6.00 USD of the budget is left and a share may cost 101.00 USD",
    }


def test_a_shortfall_is_counted_from_what_is_held_at_its_fresh_price():
    """TLT has the larger target, but most of it is held: SPY is the one that lacks more."""
    plan = plan_for(SPY=(0.3, 100), TLT=(0.4, 100))

    orders, _ = sized(plan, traded(SPY, 100), traded(TLT, 100), held={TLT: Decimal(350)}, funds=31_000)

    assert [(order.symbol, order.quantity) for order in orders] == [(SPY, 300), (TLT, 6)]


def test_the_room_that_one_buy_uses_is_not_available_to_the_next():
    plan = plan_for(SPY=(0.5, 100), TLT=(0.2, 100))

    orders, _ = sized(plan, traded(SPY, 100), traded(TLT, 100), room=60_000)

    assert [(order.symbol, order.quantity) for order in orders] == [(SPY, 500), (TLT, 100)]


def test_one_share_is_bought_where_one_is_missing():
    orders, notes = sized(plan_for(SPY=(0.5, 50_000)), traded(SPY, 50_000))

    assert [order.quantity for order in orders] == [1]
    assert notes == {}


def test_a_buy_of_exactly_the_least_trade_is_sent():
    trading = Trading(min_trade_dollars=Decimal(10_000))

    assert [order.quantity for order in sized(plan_for(SPY=(0.1, 100)), traded(SPY, 100), trading=trading)[0]] == [100]


def test_a_second_attempt_has_an_id_of_its_own():
    first, again = (
        size_buys(
            plan_for(SPY=(0.5, 100)),
            {},
            {SPY: traded(SPY, 100)},
            Funds(PLENTY, PLENTY, fee=NO_FEE),
            Trading(),
            "demo",
            TONIGHT,
            1,
            {SPY: n},
        ).orders[0]
        for n in (1, 2)
    )

    assert (first.id, again.id) == tuple(order_id("demo", TONIGHT, 1, "buys", SPY, "buy", n) for n in (1, 2))
    assert first.id != again.id


def test_the_fee_of_every_order_is_kept_back():
    orders, notes = sized(plan_for(SPY=(0.1, 100)), traded(SPY, 100), funds="10101.99", fee="2")

    assert orders[0].quantity == 99
    assert notes[SPY].endswith(
        "10,101.99 USD of the budget is left and a share may cost 101.00 USD and the order 2.00 USD"
    )


def test_the_fee_of_each_buy_is_not_available_to_the_next():
    orders, _ = sized(plan_for(SPY=(0.1, 100), TLT=(0.1, 100)), traded(SPY, 100), traded(TLT, 100), funds=20_203, fee=2)

    assert [(order.symbol, order.quantity) for order in orders] == [(SPY, 100), (TLT, 99)]


def test_a_buy_without_a_fresh_price_is_left_out_with_the_reasons():
    plan = plan_for(SPY=(0.5, 100), TLT=(0.2, 100))

    orders, notes = sized(plan, NoPrice(SPY, ("the spread is 3 %",)), traded(TLT, 100))

    assert [order.symbol for order in orders] == [TLT]
    assert notes == {SPY: "not bought, no price: the spread is 3 %"}


def test_the_least_trade_counts_after_a_buy_was_shrunk():
    trading = Trading(min_trade_dollars=Decimal(5_000))

    orders, notes = sized(plan_for(SPY=(0.1, 100)), traded(SPY, 100), funds=3_030, trading=trading)

    assert orders == ()
    assert notes == {SPY: "not bought, 3,000.00 USD is under min_trade_dollars 5,000.00 USD"}


def test_a_planned_buy_that_a_lower_price_brings_under_the_least_trade_is_left_out_with_the_reason():
    trading = Trading(min_trade_dollars=Decimal(5_000))

    orders, notes = sized(plan_for(SPY=(0.1, 100)), traded(SPY, 40), trading=trading)

    assert orders == ()
    assert notes == {SPY: "not bought, 4,000.00 USD is under min_trade_dollars 5,000.00 USD"}


def test_a_buy_shrunk_to_cents_is_under_the_least_trade_too():
    trading = Trading(min_trade_dollars=Decimal(5))

    orders, notes = sized(plan_for(SPY=(0.1, 1)), traded(SPY, "0.5"), funds="0.60", trading=trading)

    assert orders == ()
    assert notes == {SPY: "not bought, 0.50 USD is under min_trade_dollars 5.00 USD"}


def test_the_least_order_of_the_venue_counts_after_a_buy_was_shrunk_too():
    instruments = {SPY: replace(us_equity(SPY), least_order=Decimal(5_000))}
    wallet, fresh = Funds(Decimal(3_030), PLENTY, NO_FEE), {SPY: traded(SPY, 100)}

    found = size_buys(
        plan_for(SPY=(0.1, 100)), {}, fresh, wallet, Trading(), "demo", TONIGHT, 1, instruments=instruments
    )

    assert found.orders == ()
    assert found.notes == {SPY: "not bought, 3,000.00 USD is under the venue's least order of 5,000.00 USD"}


def test_a_buy_shrunk_to_exactly_the_least_trade_is_sent_with_the_reason():
    trading = Trading(min_trade_dollars=Decimal(3_000))

    orders, notes = sized(plan_for(SPY=(0.1, 100)), traded(SPY, 100), funds=3_030, trading=trading)

    assert [order.quantity for order in orders] == [30]
    assert notes == {
        SPY: "buying 30 of the planned 100 shares, 3,030.00 USD of the budget is left and a share may cost 101.00 USD"
    }


def test_a_buy_reduced_by_a_higher_price_gives_that_reason_even_if_it_uses_all_room():
    orders, notes = sized(plan_for(SPY=(0.5, 100)), traded(SPY, 125), room=50_000)

    assert [order.quantity for order in orders] == [400]
    assert notes == {SPY: "buying 400 of the planned 500 shares, at 125.00 USD no more fit into its target of 50 %"}


def test_without_a_budget_nothing_is_bought_even_where_the_least_trade_is_zero():
    orders, notes = sized(
        plan_for(SPY=(0.1, 100)), traded(SPY, 100), funds=0, trading=Trading(min_trade_dollars=Decimal(0))
    )

    assert orders == ()
    assert len(notes) == 1


# ------------------------------------------------------------------------------------------- what is paid


@pytest.mark.parametrize(
    ("price", "limit"),
    [
        pytest.param(quoted(SPY, "100.00", "100.01"), "101.01", id="from the ask"),
        pytest.param(traded(SPY, "100.99"), "101.99", id="rounded down to the cent"),
        pytest.param(traded(SPY, "0.5"), "0.5050", id="below a dollar"),
        pytest.param(traded(SPY, "0.12345"), "0.1246", id="rounded down to a hundredth of a cent"),
        pytest.param(traded(SPY, "0.995"), "1.00", id="the tick of the limit, not of the price"),
    ],
)
def test_a_limit_is_one_percent_above_what_is_asked_rounded_down_to_the_tick(price, limit):
    found = limit_price(price, Decimal(1), us_equity(SPY))

    assert (found, found.as_tuple().exponent) == (Decimal(limit), Decimal(limit).as_tuple().exponent)


def test_a_market_buy_is_budgeted_as_if_it_paid_the_limit():
    trading = Trading(order_type="market")

    (order,), _ = sized(plan_for(SPY=(0.1, 100)), traded(SPY, 100), funds=10_000, trading=trading)

    assert (order.kind, order.limit, order.quantity) == ("market", None, 99)
    assert worst_price(order, Decimal(100), trading, us_equity(SPY)) == 101


def test_a_buy_priced_by_a_bar_is_always_a_limit():
    bar = Price(SPY, Decimal(100), "bar", NOW, 300.0)

    (order,), _ = sized(plan_for(SPY=(0.1, 100)), bar, trading=Trading(order_type="market"))

    assert (order.kind, order.limit) == ("limit", Decimal("101.00"))


def test_a_buy_priced_by_a_bar_still_goes_to_the_closing_auction():
    bar = Price(SPY, Decimal(100), "bar", NOW, 300.0)

    (order,), _ = sized(plan_for(SPY=(0.1, 100)), bar, trading=Trading(order_type="moc"))

    assert (order.kind, order.limit) == ("moc", None)


def test_a_limit_order_costs_its_limit_at_worst():
    order = Order(OrderId("rb1"), SPY, "buy", Decimal(1), "limit", Decimal("101.00"), "")

    assert worst_price(order, Decimal(90), Trading(), us_equity(SPY)) == Decimal("101.00")


# ---------------------------------------------------------------------------------------------- the budget


def account(cash: str, spendable: str) -> Account:
    return Account("1", Decimal(100_000), Decimal(cash), Decimal(spendable), NOW)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        pytest.param({"spendable": "100"}, "8500", id="proceeds that the venue does not call free of margin yet"),
        pytest.param({"spendable": "NaN"}, "0", id="a figure that nobody knows"),
        pytest.param({"cash": "1000"}, "0", id="never below zero"),
        pytest.param({"cash": "NaN"}, "0", id="unknown cash buys nothing"),
        pytest.param({"cash": "NaN", "long_value": "80000"}, "0", id="unknown cash buys nothing, whatever is held"),
        pytest.param({"long_value": "NaN"}, "0", id="cash that may be borrowed buys nothing"),
        pytest.param({"long_value": "92000"}, "6500", id="cash that is equity of nobody: a short sale's proceeds"),
        pytest.param({"long_value": "80000"}, "8500", id="cash, never margin"),
        pytest.param({"pending_out": "2000"}, "6500", id="fees and transfers that are about to leave"),
    ],
)
def test_the_budget_is_own_cash_less_the_reserve_and_what_open_buys_still_need(changes, left):
    money = {name: Decimal(value) for name, value in changes.items()}
    shown = replace(account("10000", "20000"), equity=Decimal(100_000), **money)
    assert budget(shown, Decimal(1_000), Decimal(500)) == Decimal(left)


@pytest.mark.parametrize("changes", [{"cash": "NaN"}, {"long_value": "NaN"}])
def test_own_cash_that_nobody_knows_is_no_number(changes):
    money = {name: Decimal(value) for name, value in changes.items()}
    assert own_cash(replace(account("10000", "20000"), **money)).is_nan()


def test_with_a_short_position_non_marginable_buying_power_net_of_open_buys_caps_the_budget():
    assert budget(account("10000", "9000"), Decimal(1_000), Decimal(500), short=True) == 8_000
    assert budget(account("10000", "9000"), Decimal(1_000), Decimal(5_000), short=True) == 4_000


@pytest.mark.parametrize(
    ("named", "kind", "left"),
    [
        pytest.param(None, "limit", "10000", id="no figure named"),
        pytest.param("20000", "limit", "10000", id="a larger figure raises nothing"),
        pytest.param("4000", "limit", "4000", id="a smaller one counts"),
        pytest.param("4000", "market", "3840.00", id="less the collar of a market order"),
        pytest.param("NaN", "limit", "0", id="what is no number buys nothing"),
    ],
)
def test_the_buying_power_named_in_a_refusal_only_lowers_the_budget(named, kind, left):
    figure = None if named is None else Decimal(named)
    assert budget_after_refusal(Decimal(10_000), figure, kind) == Decimal(left)


def test_buys_limited_by_cash_are_distinguished_from_buys_limited_by_room():
    plan, prices = (
        plan_for(SPY=(0.5, 100), TLT=(0.4, 100)),
        {each.symbol: each for each in (traded(SPY, 100), traded(TLT, 100))},
    )
    of_cash = size_buys(plan, {}, prices, Funds(Decimal(60_000), PLENTY, NO_FEE), Trading(), "demo", TONIGHT, 1)
    of_room = size_buys(plan, {}, prices, Funds(PLENTY, Decimal(60_000), NO_FEE), Trading(), "demo", TONIGHT, 1)

    assert of_cash.short_of_cash == {TLT}
    assert (of_room.short_of_cash, of_room.short_of_room) == (set(), {TLT})


def test_room_is_what_is_left_before_99_percent_of_equity_are_invested():
    assert room(Decimal(100_000), Decimal(49_000)) == Decimal(50_000)
    assert room(Decimal(100_000), Decimal(99_500)) == 0
    assert room(Decimal(100_000), Decimal("98999.50")) == Decimal("0.50")
    assert room(Decimal("NaN"), Decimal(0)) == 0


def test_without_room_less_is_bought_and_the_reason_is_given():
    orders, notes = sized(plan_for(SPY=(0.5, 100)), traded(SPY, 100), room=10_050)

    assert [order.quantity for order in orders] == [100]
    assert notes == {
        SPY: "buying 100 of the planned 500 shares, 10,050.00 USD may still be invested before 99 % of equity are"
    }


# ------------------------------------------------------------------------------------- what always holds

prices = st.decimals("0.0001", "2000", places=4)


@st.composite
def buys(draw):
    """A plan, current holdings, fresh prices from every source, funds and settings."""
    symbols = draw(st.lists(st.sampled_from([SPY, TLT, GLD]), unique=True))
    trades = tuple(_planned(symbol, draw) for symbol in sorted(symbols))
    held = {symbol: draw(st.decimals("0", "300", places=2)) for symbol in symbols}
    fresh = {symbol: draw(_fresh(symbol)) for symbol in symbols}
    trading = Trading(
        order_type=draw(st.sampled_from(["limit", "market"])),
        limit_percent=draw(st.decimals("0", "5", places=1)),
        min_trade_dollars=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal(500)])),
    )
    dollars = st.decimals("0", "200000", places=2)
    funds = Funds(draw(dollars), draw(dollars), fee=draw(st.sampled_from([NO_FEE, Decimal(2)])))
    return Plan(Decimal(100_000), trades), held, fresh, funds, trading


def _planned(symbol: Symbol, draw) -> Trade:
    target = draw(st.decimals("0.001", "0.4", places=3))
    quantity = Decimal(draw(st.integers(1, 100_000)))
    zero = Decimal(0)
    return Trade(symbol, zero, zero, target, int(quantity), None, "buy", quantity, zero, "")


def _fresh(symbol: Symbol):
    """The ask is the price, or one percent above it."""
    on_quote = st.builds(lambda mid, ask: quoted(symbol, mid, mid * ask), prices, st.sampled_from([1, Decimal("1.01")]))
    return on_quote | prices.map(lambda value: Price(symbol, value, "bar", NOW, 0.0))


@given(buys())
def test_buys_at_their_limits_with_all_fees_never_exceed_the_cash(evening):
    _, _, fresh, funds, trading = evening

    orders, *_ = size_buys(*evening, account="demo", session=TONIGHT, run_number=1)

    costs = [
        order.quantity * limit_price(fresh[order.symbol], trading.limit_percent, us_equity(order.symbol)) + funds.fee
        for order in orders
    ]
    assert sum(costs) <= funds.cash


@given(buys())
def test_buys_at_their_prices_never_exceed_the_room(evening):
    _, _, fresh, funds, _ = evening

    orders, *_ = size_buys(*evening, account="demo", session=TONIGHT, run_number=1)

    assert sum(order.quantity * fresh[order.symbol].value for order in orders) <= funds.room


@given(buys())
def test_buys_are_whole_no_more_than_planned_and_within_their_target(evening):
    plan, held, fresh, *_ = evening
    planned = {trade.symbol: trade for trade in plan.buys}

    orders, *_ = size_buys(*evening, account="demo", session=TONIGHT, run_number=1)

    for order in orders:
        trade = planned[order.symbol]
        assert order.quantity % 1 == 0
        assert 1 <= order.quantity <= trade.quantity
        assert (held[order.symbol] + order.quantity) * fresh[order.symbol].value <= trade.target * plan.investable


@given(buys())
def test_every_planned_buy_is_sent_in_full_or_has_a_note(evening):
    plan, *_ = evening

    orders, notes, *_ = size_buys(*evening, account="demo", session=TONIGHT, run_number=1)

    sent = {order.symbol: order.quantity for order in orders}
    short = {trade.symbol for trade in plan.buys if sent.get(trade.symbol) != trade.quantity}
    assert set(notes) == short
