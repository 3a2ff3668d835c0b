"""A share is renamed while bots and settings still use its old name."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from stage import DAYS, GLD, SPY, TLT, Stage, StageMarket, mix, percent
from test_restated_ledger import dry_run

from rebalancer.model import Closes, CorporateAction, Limits, Symbol, Trading

OLD, NEW = SPY, Symbol("NEW")
TODAY, LATER = DAYS[1], DAYS[2]
RENAME = CorporateAction(OLD, TODAY, "rename", renamed=NEW, words=f"rename to NEW of {TODAY}")
SAID = f"SPY: it is called NEW since {TODAY}, and is looked up and traded as NEW. Write NEW in bot A"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """100 SPY were bought at 500 dollars, and are 100 NEW the next morning."""
    stage = Stage(tmp_path, {"A": (mix(SPY=50), percent("A", 100))}, Trading(fallback_ticker=None))
    stage.run()
    assert stage.shares() == {OLD: 100}
    stage.on(TODAY)
    rename(stage)
    return stage


def rename(stage: Stage) -> None:
    broker = stage.broker()
    broker.change_position(OLD, Decimal(-100))
    stage.market.prices[NEW] = stage.market.prices.pop(OLD)
    broker.change_position(NEW, Decimal(100))
    broker.close()
    stage.market.announced = (RENAME,)


def notes(stage: Stage) -> str:
    return "\n".join(remark.text for remark in stage.record().remarks)


def orders(stage: Stage) -> list[tuple[Symbol, str, Decimal]]:
    return [(order.symbol, order.side, order.quantity) for order in stage.record().orders]


def test_a_bot_that_uses_the_old_name_keeps_the_renamed_share(stage: Stage) -> None:
    stage.run()
    assert (orders(stage), stage.shares()) == ([], {NEW: 100})
    assert SAID in notes(stage)
    assert stage.record().run.status == "success"


def test_a_renamed_share_is_traded_by_its_new_name_with_a_warning_until_the_file_is_changed(stage: Stage) -> None:
    stage.run()
    stage.bots = {"A": (mix(SPY=80), percent("A", 100))}
    stage.on(LATER).run()
    assert orders(stage) == [(NEW, "buy", 60)]
    assert SAID in notes(stage)

    stage.bots = {"A": (mix(NEW=80), percent("A", 100))}
    stage.on(DAYS[3]).run()
    assert orders(stage) == []
    assert "it is called NEW" not in notes(stage)


def test_a_dry_run_warns_of_the_old_name_too(stage: Stage) -> None:
    dry = dry_run(stage)
    assert dry.orders == ()
    assert SAID in [remark.text for remark in dry.remarks]


@pytest.mark.parametrize(
    "bots",
    [
        {"A": (mix(SPY=30, NEW=10), percent("A", 100))},
        {"A": (mix(SPY=30), percent("A", 50)), "B": (mix(NEW=30), percent("B", 50))},
    ],
)
def test_neither_symbol_is_traded_where_both_names_are_used(stage: Stage, bots: dict) -> None:
    stage.bots = bots
    stage.run()
    assert (orders(stage), stage.shares()) == ([], {NEW: 100})
    assert "both are named: neither is traded until only one of them is" in notes(stage)


class ReusedTickerHistory(StageMarket):
    """The old ticker belongs to another share since the rename, at 7 dollars."""

    def closes(self, symbols, before):
        found = super().closes(symbols, before)
        values = found.values.copy()
        if OLD in symbols:
            values[found.sessions > np.datetime64(TODAY), symbols.index(OLD)] = 7.0
        return replace(found, values=values)


def reuse(stage: Stage) -> None:
    stage.run()
    stage.market = ReusedTickerHistory({**stage.market.prices, OLD: Decimal(7)}, stage.clock)
    stage.on(DAYS[3])


def test_another_share_under_the_old_ticker_is_not_taken_for_the_renamed_one(stage: Stage) -> None:
    reuse(stage)
    stage.run()
    assert (orders(stage), stage.shares()) == ([], {NEW: 100})
    assert "another share trades as SPY since: name the one that is meant" in notes(stage)


def test_once_the_renamed_shares_are_sold_the_old_ticker_means_the_other_share(stage: Stage) -> None:
    reuse(stage)
    stage.bots = {"A": (mix(NEW=0, GLD=10), percent("A", 100))}
    stage.run()
    assert NEW not in stage.shares()
    stage.bots = {"A": (mix(SPY=50, GLD=10), percent("A", 100))}
    stage.on(DAYS[4]).run()
    assert [(symbol, side) for symbol, side, _ in orders(stage)] == [(OLD, "buy")]


class NoNewNameHistory(StageMarket):
    """The history has no closes of the new name yet."""

    def closes(self, symbols, before):
        found = super().closes(symbols, before)
        values = np.where(np.array(symbols) == NEW, np.nan, found.values)
        return Closes(found.sessions, found.symbols, values)


def test_without_a_history_of_the_new_name_it_is_not_sold(stage: Stage) -> None:
    stage.market = NoNewNameHistory(stage.market.prices, stage.clock, announced=(RENAME,))
    stage.bots = {"A": (mix(SPY=50), percent("A", 50)), "B": (mix(GLD=10), percent("B", 50))}
    stage.run()
    assert stage.shares()[NEW] == 100
    assert "NEW has no price history yet" in notes(stage)


def test_a_protected_share_stays_protected_under_its_new_name(stage: Stage) -> None:
    stage.trading = Trading(fallback_ticker=None, manage="account", protected=(OLD,))
    stage.bots = {"A": (mix(GLD=10), percent("A", 100))}
    stage.run()
    stage.on(LATER).run()
    assert stage.shares()[NEW] == 100
    assert "Write NEW in the config" in notes(stage)


@pytest.mark.parametrize("limits", [Limits(denied=(OLD,)), Limits(allowed=(OLD,))])
def test_denied_and_allowed_symbols_follow_a_rename(stage: Stage, limits: Limits) -> None:
    stage.limits = limits
    stage.bots = {"A": (mix(SPY=80), percent("A", 100))}
    stage.run()
    assert stage.shares()[NEW] == (160 if limits.allowed else 100)


def test_pairs_and_the_fallback_follow_a_rename(stage: Stage) -> None:
    stage.trading = Trading(fallback_ticker=None, paired_tickers=((OLD, TLT),))
    stage.bots = {"A": (mix(SPY=50, TLT=20), percent("A", 100))}
    stage.run()
    assert stage.shares() == {NEW: 60}

    stage.trading = Trading(fallback_ticker=OLD, paired_tickers=((GLD, TLT),))
    stage.bots = {"A": (mix(GLD=40, TLT=30), percent("A", 100))}
    stage.on(LATER).run()
    assert stage.shares()[NEW] > 60
