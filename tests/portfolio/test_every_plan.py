"""What holds of the plan of any evening."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import (
    Holdings,
    Price,
    Symbol,
    Targets,
    Trading,
    instrument_of,
    us_equity,
)
from rebalancer.portfolio.checks import check_plan
from rebalancer.portfolio.targets import cap
from rebalancer.portfolio.trades import make_plan, target_value

NOW = datetime(2016, 12, 30, 20, 50, tzinfo=UTC)
SPY, SH, TLT = map(Symbol, ("SPY", "SH", "TLT"))


def price(symbol: Symbol, value: int | str) -> Price:
    return Price(symbol, Decimal(value), "trade", NOW, 0.0)


quantities = st.decimals("0.001", "5000", places=3)
prices = st.decimals("0.0001", "2000", places=4)
tickers = st.sampled_from([SPY, SH, TLT, Symbol("QQQ"), Symbol("GLD"), Symbol("IEF")])


lots_by_symbol = st.dictionaries(tickers, st.sampled_from([Decimal("0.001"), Decimal("0.1"), Decimal(100)]))


@st.composite
def evenings(draw):
    """An account, targets and prices; symbols without an instrument of their own are US equities."""
    holdings = Holdings(
        draw(st.dictionaries(tickers, quantities)),
        draw(st.dictionaries(tickers, st.just("changed"), max_size=1)),
        Decimal(0),
    )
    weights = cap(draw(st.dictionaries(tickers, st.floats(1e-6, 0.5))), Decimal(99))
    known = {symbol: price(symbol, value) for symbol, value in draw(st.dictionaries(tickers, prices)).items()}
    investable = draw(st.decimals("1", "1e7", places=2))
    trading = Trading(min_trade_dollars=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal(100)])))
    suspects = draw(st.dictionaries(tickers, st.just("it jumped"), max_size=1))
    instruments = {symbol: replace(us_equity(symbol), lot=lot) for symbol, lot in draw(lots_by_symbol).items()}
    return holdings, Targets((), weights, (), weights, weights), investable, known, {}, trading, suspects, instruments


def plan_of(*evening):
    *others, instruments = evening
    return make_plan(*others, instruments=instruments)


@given(evenings())
def test_no_plan_sells_more_than_is_managed_or_trades_an_untouchable_symbol(evening):
    holdings, targets, *_, trading, _, instruments = evening

    plan = plan_of(*evening)

    check_plan(plan, holdings, targets, trading, instruments)
    assert all(sell.quantity <= holdings.managed[sell.symbol] for sell in plan.sells)
    assert not holdings.untouchable.keys() & {trade.symbol for trade in (*plan.sells, *plan.buys)}


@given(evenings())
def test_every_trade_is_in_whole_lots_but_for_an_exit(evening):
    plan, instruments = plan_of(*evening), evening[-1]

    for trade in (*plan.sells, *plan.buys):
        lot = instrument_of(trade.symbol, instruments).lot
        assert trade.quantity % lot == 0 if trade.target > 0 else trade.quantity == trade.held


@given(evenings())
def test_a_suspect_is_sold_completely_or_not_at_all(evening):
    *_, suspects, _ = evening

    assert all(
        (trade.side, trade.quantity) in {(None, 0), ("sell", trade.held)}
        for trade in plan_of(*evening).trades
        if trade.symbol in suspects
    )


@given(evenings())
def test_no_trade_overshoots_its_target(evening):
    plan = plan_of(*evening)

    assert all(buy.held + buy.quantity <= buy.target_shares for buy in plan.buys)
    assert all(sell.held - sell.quantity >= sell.target_shares for sell in plan.sells)


@given(evenings())
def test_target_dollars_stay_within_the_cap(evening):
    plan = plan_of(*evening)

    wanted = sum(target_value(trade.target, plan.investable) for trade in plan.trades)
    assert wanted <= plan.investable * Decimal("0.99") + Decimal("0.0001")
    assert all(buy.target_shares * buy.price.value <= target_value(buy.target, plan.investable) for buy in plan.buys)


@given(evenings())
def test_a_line_that_trades_nothing_says_why(evening):
    assert all(trade.why for trade in plan_of(*evening).trades)
