"""A position without a price counts at its last close, is reported, and does not stop the run."""

from pathlib import Path

import pytest
from stage import DAYS, GLD, SPY, Stage, mix, percent


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Yesterday half of the account bought GLD at 201 dollars, which has no price today."""
    stage = Stage(tmp_path, {"A": (mix(GLD=50, SPY=50), percent("A", 100))})
    stage.run()
    del stage.market.prices[GLD]
    return stage.on(DAYS[1])


def warnings(stage: Stage) -> list[str]:
    return [remark.text for remark in stage.record().remarks if remark.level == "warning"]


def test_a_position_without_a_price_is_reported_and_counts_at_its_last_close(stage: Stage) -> None:
    stage.run()
    worth = f"{stage.record().holdings[0].holdings[0].value:,.2f} USD"
    assert f"GLD: no price now: it counts for {worth} by its last close, of {DAYS[0]}" in warnings(stage)
    assert stage.record().holdings[0].investable == 100_000


def test_the_other_symbols_are_traded_and_a_position_without_a_price_is_not(stage: Stage) -> None:
    before = stage.shares()
    stage.bots = {"A": (mix(TLT=50), percent("A", 100))}
    stage.run()
    after = stage.shares()
    assert after[GLD] == before[GLD]
    assert SPY not in after
    assert {order.symbol for order in stage.record().orders} == {"SPY", "TLT"}


def test_a_position_without_a_price_is_reported_every_evening(stage: Stage) -> None:
    for day in DAYS[1:4]:
        stage.on(day).run()
        assert [text for text in warnings(stage) if text.startswith("GLD: no price now")]
        assert not [text for text in warnings(stage) if "were expected" in text]
