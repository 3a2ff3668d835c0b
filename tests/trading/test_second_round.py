"""A second round of buys, for the little that limits kept the first from buying."""

from pathlib import Path

import pytest
from alpaca_stage import AlpacaStage, alpaca_stage, local_venue
from local_alpaca import LocalAlpaca, order_scripts
from test_carry_on import Cutting, PowerCut
from test_other_traders import NEXT


@pytest.fixture
def venue():
    with local_venue() as venue:
        yield venue


@pytest.fixture
def stage(tmp_path: Path, venue: LocalAlpaca, monkeypatch: pytest.MonkeyPatch) -> AlpacaStage:
    return alpaca_stage(tmp_path, venue, monkeypatch)


@pytest.mark.parametrize("script", [order_scripts.halted(), order_scripts.rejected()], ids=["not filled", "rejected"])
def test_one_missing_share_within_tolerance_is_still_a_success(
    stage: AlpacaStage, venue: LocalAlpaca, script: order_scripts.OrderScript
) -> None:
    stage.trading = "limit_percent = 1.2"
    venue.script_orders("GLD", order_scripts.ORDINARY, times=1)
    venue.script_orders("GLD", script)
    record = stage.wants(GLD=0.99).run()
    assert [(order.quantity, order.filled) for order in record.orders] == [(568, 568), (1, 0)]
    assert record.run.status == "success", record.run.reason


def test_a_target_missed_by_more_than_a_share_is_reported(stage: AlpacaStage, venue: LocalAlpaca) -> None:
    stage.trading = "limit_percent = 3"
    venue.script_orders("GLD", order_scripts.ORDINARY, times=1)
    venue.script_orders("GLD", order_scripts.halted())
    record = stage.wants(GLD=0.99).run()
    assert record.run.status == "partial"
    assert "GLD: bought 0 of 11, canceled" in record.run.reason


def test_a_buy_that_fills_while_another_is_looked_up_after_an_interruption_is_counted_once(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    stage.wants(SPY=0.6).run()
    venue.at(NEXT)
    stage.between = lambda real: Cutting(real, frozenset({"submit"}), at=3)
    with pytest.raises(PowerCut):
        stage.wants(GLD=0.5, TLT=0.45).run()
    stage.between = lambda real: real
    record = stage.run()
    assert [(order.symbol, order.state) for order in record.orders] == [
        ("SPY", "filled"),
        ("GLD", "filled"),
        ("TLT", "filled"),
    ]
    assert record.run.status == "success", record.run.reason
