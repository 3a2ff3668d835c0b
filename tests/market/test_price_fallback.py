"""The price fallback quote -> trade -> bar, and every check on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.market.price_fallback import (
    Gates,
    accepted_price,
    accepted_prices,
    order_gates,
    restated_previous,
    signal_gates,
)
from rebalancer.model import Bar, CorporateAction, NoPrice, Price, Quote, Session, Snapshot, Symbol, Tick, Trading

SPY = Symbol("SPY")
SESSION = date(2016, 7, 1)
NOW = datetime(2016, 7, 1, 19, 50, tzinfo=UTC)  # ten minutes before the close
YESTERDAY = NOW - timedelta(days=1)
SIGNALS = signal_gates(Trading(), Session(SESSION, NOW, NOW), NOW)
ORDERS = order_gates(Trading(), Session(SESSION, NOW, NOW), NOW)


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
    found = accepted_price(snapshot, gates)
    assert isinstance(found, Price)
    return found


def reasons(snapshot: Snapshot, gates: Gates = SIGNALS) -> tuple[str, ...]:
    found = accepted_price(snapshot, gates)
    assert isinstance(found, NoPrice)
    return found.reasons


# ------------------------------------------------------------------------------------------------ the rungs


def test_the_first_source_is_the_quote_midpoint_and_keeps_the_ask() -> None:
    expected = Price(SPY, Decimal("209.92"), "quote", ago(2), age_seconds=2.0, ask=Decimal("209.94"))
    assert accepted_price(FULL, ORDERS) == expected


def test_without_a_quote_the_last_trade_is_the_price() -> None:
    assert accepted_price(replace(FULL, quote=None), ORDERS) == Price(
        SPY, Decimal("209.91"), "trade", ago(3), age_seconds=3.0
    )


def test_without_quote_and_trade_the_days_bar_is_the_price() -> None:
    only_bar = replace(FULL, quote=None, trade=None)
    assert accepted_price(only_bar, ORDERS) == Price(SPY, Decimal("209.89"), "bar", ago(30), age_seconds=30.0)


def test_a_source_that_fails_its_check_falls_back_to_the_next() -> None:
    assert price(replace(FULL, quote=quote("0", "209.94"))).rung == "trade"


def test_if_every_source_fails_each_reason_is_given() -> None:
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
    gates = signal_gates(Trading(), Session(SESSION, NOW, NOW), late)
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
    found = accepted_prices([SPY, Symbol("TLT")], {SPY: FULL}, ORDERS)
    assert found == {SPY: accepted_price(FULL, ORDERS), Symbol("TLT"): accepted_price(Snapshot(Symbol("TLT")), ORDERS)}


# ------------------------------------------------------------------------- the distance from the previous close


def yesterday(close: str) -> Bar:
    return Bar(YESTERDAY.date(), Decimal(close), YESTERDAY)


def everything_at(price: str, previous: str) -> Snapshot:
    """Every source shows `price`."""
    shown = Tick(Decimal(price), NOW)
    return Snapshot(SPY, quote(price, price), shown, Bar(SESSION, shown.price, NOW), yesterday(previous))


@pytest.mark.parametrize("shown", ["70", "130"])
def test_an_order_accepts_a_price_as_far_from_the_previous_close_as_the_setting_allows(shown: str) -> None:
    assert price(everything_at(shown, previous="100"), ORDERS).value == Decimal(shown)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("69.99", "of 69.99 USD is 30.01 % away from the previous close of 100.00 USD: at most 30 % is accepted."),
        ("150", "of 150.00 USD is 50.00 % away from the previous close of 100.00 USD: at most 30 % is accepted."),
    ],
)
def test_an_order_refuses_a_price_further_away_from_every_source_with_its_numbers(shown: str, said: str) -> None:
    assert reasons(everything_at(shown, previous="100"), ORDERS) == tuple(
        f"The {rung} {said}" for rung in ("quote", "trade", "bar")
    )


def test_a_quote_too_far_away_falls_back_to_the_last_trade() -> None:
    odd = replace(FULL, quote=quote("99", "99"), previous=yesterday("209"))

    assert price(odd, ORDERS).rung == "trade"


def test_a_signal_accepts_a_price_however_far_away() -> None:
    assert price(everything_at("10", previous="100")).value == 10


@pytest.mark.parametrize("close", ["0", "-1", "NaN", "Infinity"])
def test_beside_a_previous_close_that_is_no_price_an_order_accepts_none(close: str) -> None:
    assert reasons(everything_at("100", previous=close), ORDERS)[0] == (
        f"The quote can't be compared: the previous close is {close} USD."
    )


def on(day: date, *, ratio: str = "1", dollars: str = "0", symbol: Symbol = SPY) -> CorporateAction:
    kind: Literal["split", "dividend"] = "dividend" if Decimal(dollars) else "split"
    return CorporateAction(symbol, day, kind, ratio=Decimal(ratio), dollars=Decimal(dollars))


def previous_close(*actions: CorporateAction) -> Decimal:
    snapshots = restated_previous({SPY: Snapshot(SPY, previous=yesterday("1200"))}, actions, SESSION)
    assert snapshots[SPY].previous is not None
    return snapshots[SPY].previous.close


def test_on_its_ex_date_a_split_divides_the_previous_close_and_a_dividend_is_taken_off() -> None:
    assert previous_close(on(SESSION, ratio="10")) == 120
    assert previous_close(on(SESSION, ratio="0.1")) == 12_000
    assert previous_close(on(SESSION, dollars="1.50")) == Decimal("1198.50")
    assert previous_close(on(SESSION, ratio="10"), on(SESSION, dollars="200")) == 100


def test_after_a_split_an_order_is_priced_and_compared_with_the_restated_close() -> None:
    snapshot = everything_at("121", previous="1200")
    assert isinstance(accepted_price(snapshot, ORDERS), NoPrice)

    restated = restated_previous({SPY: snapshot}, [on(SESSION, ratio="10")], SESSION)

    assert price(restated[SPY], ORDERS).value == 121


def test_an_action_already_in_the_close_or_in_the_future_or_of_another_symbol_changes_nothing() -> None:
    late, elsewhere = on(SESSION + timedelta(days=1), ratio="10"), on(SESSION, ratio="10", symbol=Symbol("TLT"))

    assert previous_close(on(YESTERDAY.date(), ratio="10"), late, elsewhere) == 1200


def test_without_a_previous_close_there_is_none_to_restate() -> None:
    assert restated_previous({SPY: FULL}, [on(SESSION, ratio="10")], SESSION) == {SPY: FULL}


# ----------------------------------------------------------------------------------------- what always holds

anything = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-1, 300, places=2)
moments = st.datetimes(datetime(2016, 6, 30), datetime(2016, 7, 3), timezones=st.just(UTC))  # noqa: DTZ001
snapshots = st.builds(
    Snapshot,
    st.just(SPY),
    st.none() | st.builds(Quote, anything, anything, moments),
    st.none() | st.builds(Tick, anything, moments),
    st.none() | st.builds(Bar, st.dates(date(2016, 6, 30), date(2016, 7, 2)), anything, moments),
    st.none() | st.builds(Bar, st.just(YESTERDAY.date()), anything, moments),
)


@given(snapshots)
def test_a_price_is_finite_positive_and_of_the_session_or_there_is_none(snapshot: Snapshot) -> None:
    found = accepted_price(snapshot, SIGNALS)
    if isinstance(found, NoPrice):
        assert len(found.reasons) == 3
        return
    assert found.value.is_finite()
    assert found.value > 0
    assert found.at <= NOW + timedelta(seconds=5)
    assert (found.ask is not None) == (found.rung == "quote")
    assert found.ask is None or found.value <= found.ask


@given(snapshots)
def test_a_price_for_an_order_is_near_the_previous_close_where_there_is_one(snapshot: Snapshot) -> None:
    found = accepted_price(snapshot, ORDERS)
    if isinstance(found, Price) and snapshot.previous:
        assert Decimal("0.7") <= found.value / snapshot.previous.close <= Decimal("1.3")


@given(snapshots)
def test_what_an_order_accepts_a_signal_accepts_too(snapshot: Snapshot) -> None:
    if isinstance(accepted_price(snapshot, ORDERS), Price):
        assert isinstance(accepted_price(snapshot, SIGNALS), Price)
