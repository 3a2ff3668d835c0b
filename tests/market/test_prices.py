"""The ladder quote -> trade -> bar, and every gate on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.market.prices import Gates, climb, ladder, order_gates, signal_gates
from rebalancer.model import Bar, NoPrice, Price, Quote, Snapshot, Symbol, Tick, Trading

SPY = Symbol("SPY")
SESSION = date(2016, 7, 1)
NOW = datetime(2016, 7, 1, 19, 50, tzinfo=UTC)  # ten minutes before the close
YESTERDAY = NOW - timedelta(days=1)
SIGNALS = signal_gates(Trading(), SESSION, NOW)
ORDERS = order_gates(Trading(), SESSION, NOW)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def quote(bid: str, ask: str, at: datetime = NOW) -> Quote:
    return Quote(Decimal(bid), Decimal(ask), at)


FULL = Snapshot(
    SPY,
    quote=quote("209.90", "209.94", ago(2)),
    trade=Tick(Decimal("209.91"), ago(3)),
    bar=Bar(SESSION, Decimal("209.89"), ago(30)),
)


def price(snapshot: Snapshot, gates: Gates = SIGNALS) -> Price:
    found = ladder(snapshot, gates)
    assert isinstance(found, Price)
    return found


def reasons(snapshot: Snapshot, gates: Gates = SIGNALS) -> tuple[str, ...]:
    found = ladder(snapshot, gates)
    assert isinstance(found, NoPrice)
    return found.reasons


# ------------------------------------------------------------------------------------------------ the rungs


def test_the_first_rung_is_the_middle_of_the_quote_and_keeps_the_ask() -> None:
    expected = Price(SPY, Decimal("209.92"), "quote", ago(2), age_seconds=2.0, ask=Decimal("209.94"))
    assert ladder(FULL, ORDERS) == expected


def test_without_a_quote_the_last_trade_is_the_price() -> None:
    assert ladder(replace(FULL, quote=None), ORDERS) == Price(SPY, Decimal("209.91"), "trade", ago(3), age_seconds=3.0)


def test_without_quote_and_trade_the_days_bar_is_the_price() -> None:
    only_bar = replace(FULL, quote=None, trade=None)
    assert ladder(only_bar, ORDERS) == Price(SPY, Decimal("209.89"), "bar", ago(30), age_seconds=30.0)


def test_a_rung_that_fails_its_gate_leaves_the_price_to_the_next() -> None:
    assert price(replace(FULL, quote=quote("0", "209.94"))).rung == "trade"


def test_where_every_rung_fails_each_says_why() -> None:
    assert reasons(Snapshot(SPY)) == ("There is no quote.", "There is no trade.", "There is no daily bar.")


# ------------------------------------------------------------------------------------------------ the gates


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (quote("0", "10"), "The quote is not two-sided: its bid is 0 USD, its ask 10 USD."),
        (quote("10", "0"), "The quote is not two-sided: its bid is 10 USD, its ask 0 USD."),
        (quote("-1", "10"), "The quote is not two-sided: its bid is -1 USD, its ask 10 USD."),
        (quote("NaN", "10"), "The quote is not two-sided: its bid is NaN USD, its ask 10 USD."),
        (quote("10", "Infinity"), "The quote is not two-sided: its bid is 10 USD, its ask Infinity USD."),
        (quote("10.02", "10.01"), "The quote is crossed: its bid of 10.02 USD is above its ask of 10.01 USD."),
        (quote("10", "10.20"), "The quote is 1.98 % wide: at most 1 % is accepted."),
        (quote("10", "10", YESTERDAY), "The quote is of 2016-06-30, not of the session 2016-07-01."),
        (
            quote("10", "10", ago(-12)),
            "The quote of 15:50:12 New York time is 12 s ahead of the clock.",
        ),
    ],
)
def test_a_quote_is_refused_in_a_sentence_with_its_numbers(shown: Quote, reason: str) -> None:
    assert reasons(Snapshot(SPY, quote=shown))[0] == reason


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_trade_or_a_bar_has_a_finite_price_above_zero(value: str) -> None:
    odd = Snapshot(SPY, trade=Tick(Decimal(value), NOW), bar=Bar(SESSION, Decimal(value), NOW))
    assert reasons(odd)[1:] == (
        f"The last trade has a price of {value} USD.",
        f"The daily bar has a close of {value} USD.",
    )


def test_a_locked_quote_is_a_price() -> None:
    assert price(Snapshot(SPY, quote=quote("10", "10"))).value == 10


def test_a_quote_as_wide_as_allowed_is_a_price() -> None:
    assert price(Snapshot(SPY, quote=quote("99.5", "100.5"))).value == 100


def test_a_clock_a_few_seconds_behind_the_source_does_no_harm() -> None:
    assert price(Snapshot(SPY, quote=quote("10", "10", ago(-5)))).age_seconds == 0


def test_a_trade_and_a_bar_of_another_session_are_refused() -> None:
    old = Snapshot(SPY, trade=Tick(Decimal(10), YESTERDAY), bar=Bar(YESTERDAY.date(), Decimal(10), NOW))
    assert reasons(old)[1:] == (
        "The trade is of 2016-06-30, not of the session 2016-07-01.",
        "The bar is of 2016-06-30, not of the session 2016-07-01.",
    )


def test_the_session_of_a_price_is_its_date_in_new_york() -> None:
    late = datetime(2016, 7, 2, 0, 30, tzinfo=UTC)  # still July 1 in New York
    gates = signal_gates(Trading(), SESSION, late)
    assert price(Snapshot(SPY, quote=quote("10", "10", late)), gates).rung == "quote"
    assert price(Snapshot(SPY, trade=Tick(Decimal(10), late)), gates).rung == "trade"


@pytest.mark.parametrize(
    ("rung", "most", "shown"),
    [
        ("quote", 60, lambda at: Snapshot(SPY, quote=quote("10", "10", at))),
        ("trade", 300, lambda at: Snapshot(SPY, trade=Tick(Decimal(10), at))),
        ("bar", 900, lambda at: Snapshot(SPY, bar=Bar(SESSION, Decimal(10), at))),
    ],
)
def test_an_order_needs_a_price_no_older_than_its_setting(
    rung: str, most: int, shown: Callable[[datetime], Snapshot]
) -> None:
    assert price(shown(ago(most)), ORDERS).age_seconds == most
    refused = reasons(shown(ago(most + 1)), ORDERS)
    assert f"The {rung} is {most + 1} s old: at most {most} s is accepted." in refused


def test_a_signal_accepts_any_price_of_the_session_however_old() -> None:
    morning = NOW - timedelta(hours=6)
    assert price(Snapshot(SPY, trade=Tick(Decimal(10), morning))).age_seconds == 6 * 3600


def test_every_symbol_that_was_asked_for_is_answered() -> None:
    found = climb([SPY, Symbol("TLT")], {SPY: FULL}, ORDERS)
    assert found == {SPY: ladder(FULL, ORDERS), Symbol("TLT"): ladder(Snapshot(Symbol("TLT")), ORDERS)}


# ----------------------------------------------------------------------------------------- what always holds

anything = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-1, 300, places=2)
moments = st.datetimes(datetime(2016, 6, 30), datetime(2016, 7, 3), timezones=st.just(UTC))  # noqa: DTZ001
snapshots = st.builds(
    Snapshot,
    st.just(SPY),
    st.none() | st.builds(Quote, anything, anything, moments),
    st.none() | st.builds(Tick, anything, moments),
    st.none() | st.builds(Bar, st.dates(date(2016, 6, 30), date(2016, 7, 2)), anything, moments),
)


@given(snapshots)
def test_a_price_is_finite_positive_and_of_the_session_or_there_is_none(snapshot: Snapshot) -> None:
    found = ladder(snapshot, SIGNALS)
    if isinstance(found, NoPrice):
        assert len(found.reasons) == 3
        return
    assert found.value.is_finite()
    assert found.value > 0
    assert found.at <= NOW + timedelta(seconds=5)
    assert (found.ask is not None) == (found.rung == "quote")
    assert found.ask is None or found.value <= found.ask


@given(snapshots)
def test_what_an_order_accepts_a_signal_accepts_too(snapshot: Snapshot) -> None:
    if isinstance(ladder(snapshot, ORDERS), Price):
        assert isinstance(ladder(snapshot, SIGNALS), Price)
