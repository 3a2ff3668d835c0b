"""Evenings of bots that read highs, lows and volumes, and of bots that don't."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from stage import DAYS, GLD, SGOV, SPY, TLT, Stage, StageMarket, hold, mix, one_bot, percent
from test_renames import NEW, rename

from rebalancer.bots.flowchart.tree import Compare, Constant, If, Indicator, Place
from rebalancer.errors import SourceError
from rebalancer.events import BotFailed
from rebalancer.model import BarField, Bars, BarsRead, Closes, Snapshot, Symbol

HERE = Place(None, "chart")


@dataclass
class MarketWithBars(StageMarket):
    """Highs are 1 % above the closes, lows 1 % below, of completed sessions; `so_far` is tonight's bar of SPY."""

    so_far: dict[BarField, Decimal] = field(default_factory=dict)
    unreadable_bars: bool = False
    asked: list[BarsRead] = field(default_factory=list)

    def bars(self, closes: Closes, read: BarsRead) -> Bars:
        self.asked.append(read)
        if self.unreadable_bars:
            raise SourceError("the bars did not answer")
        own = closes.values[:, [closes.symbols.index(name) for name in sorted(read)]].copy()
        own[-1] = np.nan
        return Bars(tuple(sorted(read)), {"high": own * 1.01, "low": own * 0.99}, "ask another venue")

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        shown = dict(super().snapshots(symbols))
        if SPY in shown and (bar := shown[SPY].bar):
            shown[SPY] = replace(shown[SPY], bar=replace(bar, rest=self.so_far))
        return shown


def calm_or_not(folder: Path, **market: object) -> Stage:
    """Bot A holds GLD while the true range of SPY is below 11 USD, else TLT; bot B always SGOV. SPY stands at 500."""
    atr = Indicator("average-true-range", (2,), SPY, HERE)
    gate = Compare(atr, "lt", Constant(11.0, HERE), 1, HERE)
    chart = If(gate, hold(GLD), hold(TLT), HERE)
    stage = Stage(folder, {"A": (chart, percent("A", 40)), "B": (hold(SGOV), percent("B", 50))})
    stage.market = MarketWithBars(stage.market.prices, stage.clock, **market)
    return stage


def notes(stage: Stage) -> list[str]:
    return [remark.text for remark in stage.record().remarks]


def failure(stage: Stage) -> str:
    (failed,) = (each for each in stage.record().decisions if isinstance(each, BotFailed))
    return failed.failure.reason


def test_a_bot_decides_by_the_bars_and_tonights_bar_so_far(tmp_path: Path) -> None:
    # Two true ranges of 10, then 508 - 490 = 18: a mean of 14.
    stage = calm_or_not(tmp_path, so_far={"high": Decimal(508), "low": Decimal(490)})
    stage.run()
    assert set(stage.shares()) == {TLT, SGOV}
    assert f"the bar of SPY of {DAYS[0]} so far: high 508, low 490" in notes(stage)


def test_tonights_price_above_the_high_so_far_is_the_high(tmp_path: Path) -> None:
    stage = calm_or_not(tmp_path, so_far={"high": Decimal(499), "low": Decimal(490)})
    stage.run()
    assert set(stage.shares()) == {GLD, SGOV}
    assert f"the bar of SPY of {DAYS[0]} so far: high 500, low 490" in notes(stage)


def test_without_a_bar_of_tonight_the_bot_fails_by_name_and_the_others_trade(tmp_path: Path) -> None:
    stage = calm_or_not(tmp_path)
    stage.run()
    assert set(stage.shares()) == {SGOV}
    assert failure(stage) == f"SPY has no high on {DAYS[0]}: ask another venue"


def test_bars_that_can_not_be_read_stop_only_the_bots_that_need_them(tmp_path: Path) -> None:
    stage = calm_or_not(tmp_path, unreadable_bars=True)
    stage.run()
    assert set(stage.shares()) == {SGOV}
    assert "the bars can't be read, and the bots that need them can't decide: the bars did not answer" in notes(stage)
    assert failure(stage) == "SPY has no high on any session: the bars did not answer"


def test_only_the_fields_and_tickers_that_are_read_are_asked_for(tmp_path: Path) -> None:
    stage = calm_or_not(tmp_path)
    stage.run()
    assert isinstance(stage.market, MarketWithBars)
    assert stage.market.asked == [{SPY: ("high", "low")}]


def test_an_evening_of_bots_of_closes_asks_for_no_bars_and_writes_nothing_about_them(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain, stage = one_bot(tmp_path / "plain", SPY=60, TLT=40), one_bot(tmp_path, SPY=60, TLT=40)
    stage.market = market = MarketWithBars(stage.market.prices, stage.clock, so_far={"high": Decimal(508)})
    plain.run()
    stage.run()
    assert market.asked == []
    assert notes(stage) == notes(plain)


def test_a_bot_that_uses_the_old_name_of_a_renamed_share_reads_the_bars_of_the_new_one(tmp_path: Path) -> None:
    stage = calm_or_not(tmp_path)
    watching = stage.bots
    stage.bots = {"A": (mix(SPY=50), percent("A", 100))}
    stage.run()
    stage.bots = watching
    stage.on(DAYS[1])
    rename(stage)
    stage.run()
    assert isinstance(stage.market, MarketWithBars)
    assert stage.market.asked[-1] == {NEW: ("high", "low")}
    assert failure(stage) == f"SPY has no high on {DAYS[1]}: ask another venue"
