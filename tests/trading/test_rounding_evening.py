"""An evening whose targets are rounded to the closest whole shares."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from stage import DAYS, SPY, TLT, Stage, one_bot

from rebalancer.model import Limits


def closest(folder: Path) -> Stage:
    """SPY has 59,400 USD = 146.67 shares of 405, TLT 39,600 USD = 423.53 shares of 93.50."""
    stage = one_bot(folder, SPY=60, TLT=40)
    stage.trading = replace(stage.trading, rounding="closest")
    stage.market.prices[SPY] = Decimal(405)
    return stage


def test_one_share_less_of_one_pays_for_the_closer_one_of_the_other(tmp_path: Path) -> None:
    stage = closest(tmp_path)
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert stage.shares() == {SPY: Decimal(147), TLT: Decimal(422)}
    assert record.plan is not None
    whys = {trade.symbol: trade.why.split(";")[0] for trade in record.plan.trades if trade.side}
    assert whys == {
        SPY: "target 59.4 % of 100,000.00 USD = 147 shares, rounded up",
        TLT: "target 39.6 % of 100,000.00 USD = 422 shares, rounded down further, which brings others closer",
    }


def test_the_next_evening_at_the_same_prices_trades_nothing(tmp_path: Path) -> None:
    stage = closest(tmp_path)
    stage.run()
    stage.on(DAYS[1]).run()
    assert stage.record().orders == ()
    assert stage.record().run.status == "success"


def test_a_share_more_that_a_limit_would_refuse_is_not_planned(tmp_path: Path) -> None:
    stage = closest(tmp_path)
    stage.limits = Limits(max_symbol_percent=Decimal("59.4"))
    stage.run()
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(146), TLT: Decimal(424)}


def test_a_price_that_rose_since_the_plan_buys_no_more_than_one_share_beyond_the_target(tmp_path: Path) -> None:
    stage = closest(tmp_path)
    stage.market.prices |= {SPY: Decimal(405), TLT: Decimal(200)}
    stage.run()
    held = stage.shares()
    assert held[SPY] * 405 + held[TLT] * 200 <= Decimal(99_000)
