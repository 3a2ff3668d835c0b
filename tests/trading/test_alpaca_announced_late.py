"""Splits and renames at Alpaca that are announced later than they are booked, or while a bot uses the old ticker."""

from datetime import date, timedelta

import pytest
from alpaca_stage import EVENING, AlpacaStage
from local_alpaca import LocalAlpaca

from rebalancer.journal import read

MONDAY, TUESDAY = EVENING + timedelta(days=3), EVENING + timedelta(days=4)


@pytest.fixture
def stage(alpaca: AlpacaStage) -> AlpacaStage:
    stage = alpaca.wants(SPY=0.4, GLD=0.3)
    stage.run()
    return stage


def notes(record: read.RunRecord) -> str:
    return "\n".join(remark.text for remark in record.remarks)


def halve(venue: LocalAlpaca, symbol: str, day: date) -> None:
    venue.market.list(symbol, {each: close / 2 for each, close in venue.market.closes[symbol].items() if each >= day})


def test_a_split_that_alpaca_announces_a_day_late_is_restated_then_and_sells_nothing(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    before, others = venue.shares("SPY"), venue.shares("GLD")
    venue.at(MONDAY)
    halve(venue, "SPY", MONDAY.date())
    venue.hold("SPY", before * 2)
    venue.market.action("forward_split", "SPY", MONDAY.date(), new_rate=2, old_rate=1, known_from=TUESDAY)

    first = stage.run()
    venue.at(TUESDAY)
    second = stage.run()

    assert "SPY: left alone until a split or rename is announced" in notes(first)
    assert "SPY" not in [order.symbol for order in first.orders]
    assert abs(venue.shares("GLD") - others) <= others / 20
    assert f"SPY: 2 for 1 split of {MONDAY.date()}: our {before} shares are {before * 2} now" in notes(second)
    assert abs(venue.shares("SPY") - before * 2) < before / 10


def test_a_renamed_share_is_kept_and_traded_while_the_bot_uses_the_old_ticker(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    before = venue.shares("SPY")
    venue.at(MONDAY)
    venue.market.list("NEW", venue.market.closes["SPY"])
    for day in [day for day in venue.market.closes["SPY"] if day >= MONDAY.date()]:
        venue.market.drop_bar("SPY", day)
    venue.hold("SPY", 0)
    venue.hold("NEW", before)
    venue.market.action("name_change", "SPY", MONDAY.date(), new_symbol="NEW")

    record = stage.run()

    assert abs(venue.shares("NEW") - before) < before / 10
    assert f"SPY: it is called NEW since {MONDAY.date()}, and is looked up and traded as NEW" in notes(record)
    assert record.run.status == "success"
