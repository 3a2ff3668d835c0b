"""What a decision lost against the one by the official closes, from this session's close to the next."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.app.close_audit import lost_bps
from rebalancer.model import Closes, Symbol

SPY, TLT = Symbol("SPY"), Symbol("TLT")
MONDAY, TUESDAY, WEDNESDAY = date(2022, 6, 6), date(2022, 6, 7), date(2022, 6, 8)


def closes(*rows: tuple[float, float]) -> Closes:
    """Of SPY and TLT, a row a day from MONDAY on."""
    days = np.arange(MONDAY, len(rows), dtype="datetime64[D]")
    return Closes(days, (SPY, TLT), np.array(rows))


RISING = closes((100, 50), (100, 50), (110, 51))
"""From TUESDAY to WEDNESDAY SPY gains 10 %, TLT 2 %."""


def test_the_difference_of_both_returns_is_lost():
    assert lost_bps({TLT: 1.0}, {SPY: 1.0}, RISING, TUESDAY) == pytest.approx(800)
    assert lost_bps({SPY: 1.0}, {TLT: 1.0}, RISING, TUESDAY) == pytest.approx(-800)


def test_the_rest_is_cash_and_earns_nothing():
    assert lost_bps({}, {SPY: 0.5}, RISING, TUESDAY) == pytest.approx(500)
    assert lost_bps({TLT: 0.25}, {}, RISING, TUESDAY) == pytest.approx(-50)


def test_only_the_next_session_counts():
    assert lost_bps({TLT: 1.0}, {SPY: 1.0}, RISING, MONDAY) == 0


def test_on_the_last_session_it_is_not_known_yet():
    assert lost_bps({TLT: 1.0}, {SPY: 1.0}, RISING, WEDNESDAY) is None


@pytest.mark.parametrize("missing", [np.nan, 0.0])
@pytest.mark.parametrize("row", [0, 1])
def test_without_one_of_the_closes_it_is_not_known(missing, row):
    prices = [(100.0, 50.0), (110.0, 51.0)]
    prices[row] = (missing, 50.0)
    assert lost_bps({TLT: 1.0}, {SPY: 1.0}, closes(*prices), MONDAY) is None
    assert lost_bps({SPY: 0.5, TLT: 0.5}, {SPY: 0.5}, closes(*prices), MONDAY) is not None, "SPY is held either way"


prices = st.floats(1, 1000)
fractions = st.floats(0, 0.5)


@given(st.tuples(prices, prices), st.tuples(prices, prices), fractions, fractions)
def test_the_same_weights_lose_nothing_and_exchanged_ones_the_opposite(before, after, spy, tlt):
    found = closes(before, after)
    one, other = {SPY: spy, TLT: tlt}, {SPY: tlt, TLT: spy}
    assert lost_bps(one, dict(one), found, MONDAY) == 0
    exchanged = lost_bps(other, one, found, MONDAY)
    assert exchanged is not None
    assert lost_bps(one, other, found, MONDAY) == -exchanged
