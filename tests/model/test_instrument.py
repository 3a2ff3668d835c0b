"""Lots and ticks: quantities and limit prices that a venue accepts."""

from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import US_EQUITIES, Instrument, Symbol, instrument_of, us_equity
from rebalancer.model.text import per_share

SPY, SAP, BTC = Symbol("SPY"), Symbol("SAP"), Symbol("BTC/EUR")
SHARE = us_equity(SPY)
GERMAN = Instrument(SAP, "equity", "EUR", Decimal(1), Decimal("0.02"))
COIN = Instrument(BTC, "crypto", "EUR", Decimal("0.001"), Decimal("0.5"), least_order=Decimal(10))
money = st.decimals("0.01", "1000000", places=2)
prices = st.decimals("0.01", "10000", places=2)
lots = st.sampled_from([Decimal(1), Decimal("0.001"), Decimal("0.1"), Decimal(100)])


def test_a_us_equity_trades_in_whole_shares_and_cents_and_finer_below_one_dollar():
    assert (SHARE.lot, SHARE.currency, SHARE.least_order) == (1, "USD", 0)
    assert [SHARE.tick_at(Decimal(price)) for price in ("100", "1", "0.9999")] == [
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal("0.0001"),
    ]


def test_a_symbol_without_an_instrument_is_a_us_equity():
    assert instrument_of(SPY, US_EQUITIES) == SHARE
    assert instrument_of(BTC, {BTC: COIN}) == COIN


@pytest.mark.parametrize(
    ("instrument", "amount", "price", "quantity"),
    [
        (SHARE, "299.99", "100", "2"),
        (SHARE, "-1", "100", "0"),
        (COIN, "100", "64000", "0.001"),
        (COIN, "63.99", "64000", "0.000"),
        (COIN, "96000", "64000", "1.500"),
    ],
)
def test_money_buys_whole_lots(instrument, amount, price, quantity):
    assert str(instrument.quantity_for(Decimal(amount), Decimal(price))) == quantity


@given(money, prices, lots)
def test_what_money_buys_costs_no_more_and_one_lot_more_would(amount, price, lot):
    instrument = Instrument(BTC, "crypto", "EUR", lot, Decimal("0.01"))
    quantity = instrument.quantity_for(amount, price)
    assert instrument.is_multiple_of_lot(quantity)
    assert quantity * price <= amount < (quantity + lot) * price


@given(st.decimals("-5", "5000", places=6), lots)
def test_rounding_down_leaves_less_than_a_lot(quantity, lot):
    instrument = Instrument(BTC, "crypto", "EUR", lot, Decimal("0.01"))
    rounded = instrument.round_down(quantity)
    assert instrument.is_multiple_of_lot(rounded)
    assert rounded == 0 if quantity < 0 else 0 <= quantity - rounded < lot


@pytest.mark.parametrize(
    ("instrument", "price", "down", "up"),
    [
        (SHARE, "101.019", "101.01", "101.02"),
        (SHARE, "0.12345", "0.1234", "0.1235"),
        (GERMAN, "101.05", "101.04", "101.06"),
        (COIN, "64000.7", "64000.5", "64001.0"),
    ],
)
def test_a_price_is_rounded_to_the_tick(instrument, price, down, up):
    rounded = instrument.to_tick(Decimal(price)), instrument.to_tick(Decimal(price), ROUND_CEILING)
    assert tuple(map(str, rounded)) == (down, up)
    assert all(map(instrument.is_on_tick, rounded))


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_value_that_is_not_a_number_is_neither_a_lot_nor_on_the_tick(text):
    assert not SHARE.is_multiple_of_lot(Decimal(text))
    assert not SHARE.is_on_tick(Decimal(text))


def test_a_price_is_shown_with_the_decimals_of_its_tick_and_its_currency():
    assert [per_share(Decimal(price), SHARE) for price in ("0.5", "1234")] == ["0.5000 USD", "1,234.00 USD"]
    assert [per_share(Decimal("64000.5"), COIN), per_share(Decimal("9.5"), GERMAN)] == ["64,000.5 EUR", "9.50 EUR"]
