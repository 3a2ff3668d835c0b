"""A second round of buys with the cash that limit prices reserved but fills did not cost."""

import pytest
from alpaca_stage import NEXT, AlpacaStage
from fakes import PowerCut, PowerCutProxy
from local_alpaca import LocalAlpaca, order_scripts


@pytest.mark.parametrize("script", [order_scripts.halted(), order_scripts.rejected()], ids=["not filled", "rejected"])
def test_one_missing_share_within_tolerance_is_still_a_success(
    alpaca: AlpacaStage, venue: LocalAlpaca, script: order_scripts.OrderScript
) -> None:
    alpaca.trading = "limit_percent = 1.2"
    venue.script_orders("GLD", order_scripts.ORDINARY, times=1)
    venue.script_orders("GLD", script)
    record = alpaca.wants(GLD=0.99).run()
    assert [(order.quantity, order.filled) for order in record.orders] == [(568, 568), (1, 0)]
    assert record.run.status == "success", record.run.reason


def test_a_target_missed_by_more_than_a_share_is_reported(alpaca: AlpacaStage, venue: LocalAlpaca) -> None:
    alpaca.trading = "limit_percent = 3"
    venue.script_orders("GLD", order_scripts.ORDINARY, times=1)
    venue.script_orders("GLD", order_scripts.halted())
    record = alpaca.wants(GLD=0.99).run()
    assert record.run.status == "partial"
    assert "GLD: bought 0 of 11, canceled" in record.run.reason


def test_a_buy_that_fills_while_another_is_looked_up_after_an_interruption_is_counted_once(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(SPY=0.6).run()
    venue.at(NEXT)
    alpaca.broker_proxy = lambda real: PowerCutProxy(real, frozenset({"submit"}), at=3)
    with pytest.raises(PowerCut):
        alpaca.wants(GLD=0.5, TLT=0.45).run()
    alpaca.broker_proxy = lambda real: real
    record = alpaca.run()
    assert [(order.symbol, order.state) for order in record.orders] == [
        ("SPY", "filled"),
        ("GLD", "filled"),
        ("TLT", "filled"),
    ]
    assert record.run.status == "success", record.run.reason
