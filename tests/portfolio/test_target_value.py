"""From weights, which are floats, to money, which is not."""

import math
from decimal import Decimal

import pytest

from rebalancer.errors import RunFailedError
from rebalancer.model import (
    Symbol,
    us_equity,
)
from rebalancer.portfolio.trades import target_value, to_decimal

SPY = Symbol("SPY")
INVESTABLE = Decimal(75_000)


def test_a_weight_becomes_the_decimal_that_was_meant():
    assert to_decimal(0.74 - 0.16) == Decimal("0.58")
    assert target_value(to_decimal(0.58), INVESTABLE) == Decimal("43500.00")
    assert (to_decimal(0.0), to_decimal(1.0)) == (0, 1)


@pytest.mark.parametrize("weight", [math.nan, math.inf, -math.inf, -0.01, 1.01])
def test_a_weight_that_is_no_fraction_stops_the_run_before_any_order(weight):
    with pytest.raises(RunFailedError, match="Nothing was sent"):
        to_decimal(weight)


def test_target_dollars_are_floored_to_the_cent():
    assert target_value(to_decimal(1 / 3), Decimal("100.00")) == Decimal("33.33")


def test_a_weight_that_no_float_holds_loses_no_cent():
    assert target_value(to_decimal(50_000 / 112_500), Decimal(112_500)) == Decimal("50000.00")
    assert target_value(to_decimal(0.5), Decimal("200000.0199")) == Decimal("100000.00")
    assert target_value(to_decimal(0.5), Decimal("200000.0199992")) == Decimal("100000.01")


def test_dollars_a_fraction_of_a_cent_short_do_not_buy_another_share():
    assert us_equity(SPY).quantity_for(Decimal("299.99999999999999999999999999999999"), Decimal(100)) == 2
    assert us_equity(SPY).quantity_for(Decimal(300), Decimal(100)) == 3
    assert us_equity(SPY).quantity_for(Decimal(-300), Decimal(100)) == 0
