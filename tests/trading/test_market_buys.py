"""Market buys: sized at the amount that the gate reserves for them."""

from decimal import Decimal
from pathlib import Path

import pytest
from alpaca_stage import alpaca_stage, local_venue
from fakes import BrokerProxy
from stage import TLT, Stage, hold, percent

from rebalancer.model import Order, Submitted, Trading


@pytest.mark.parametrize("limit_percent", [1, 2, 3])
@pytest.mark.parametrize("cents", [9301, 9312, 9333, 9347, 9355])
def test_a_market_buy_of_all_cash_is_not_rejected_because_of_rounding(
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


def test_slightly_negative_cash_after_market_buys_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with local_venue() as venue:
        venue.lends = True
        stage = alpaca_stage(tmp_path, venue, monkeypatch).wants(GLD=0.99)
        stage.trading = 'order_type = "market"'

        class Rises(BrokerProxy):
            def submit(self, order: Order) -> Submitted:
                answer = self.real.submit(order)
                venue.market.trade("GLD", Decimal(177))
                return answer

        stage.broker_proxy = Rises
        record = stage.run()
        assert -1000 < venue.cash < 0
    assert any("of own cash after tonight's buys" in remark.text for remark in record.remarks)
