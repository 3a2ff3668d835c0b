"""Buys without a limit: what they are sized by is what the gate holds against them."""

from decimal import Decimal
from pathlib import Path

import pytest
from stage import TLT, Stage, hold, percent

from rebalancer.model import Trading


@pytest.mark.parametrize("limit_percent", [1, 2, 3])
@pytest.mark.parametrize("cents", [9301, 9312, 9333, 9347, 9355])
def test_a_market_buy_that_takes_all_of_the_cash_is_not_refused_by_the_gate_for_a_rounding(
    tmp_path: Path, cents: int, limit_percent: int
) -> None:
    trading = Trading(order_type="market", limit_percent=Decimal(limit_percent))
    stage = Stage(tmp_path, {"A": (hold(TLT), percent("A", 99))}, trading=trading)
    stage.market.prices[TLT] = price = Decimal(cents) / 100
    worst = (price * (1 + Decimal(limit_percent) / 100)).quantize(Decimal("0.01"), "ROUND_DOWN")
    stage.cash = 1000 * worst
    stage.run()
    record = stage.record()
    assert record.orders, record.run.reason
    assert record.run.status == "success", record.run.reason
