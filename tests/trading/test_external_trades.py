"""Trades of other senders in the same account: by hand during a run, or with a copy of the journal."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import BrokerProxy
from scripted_sim import ScriptedSimBroker
from stage import DAYS, SPY, Stage, mix, percent

from rebalancer.errors import StoppedError
from rebalancer.model import Order, Submitted


def holding(folder: Path) -> Stage:
    """A run bought SPY; on the next day the bot wants TLT instead."""
    stage = Stage(folder, {"A": (mix(SPY=100), percent("A", 100))})
    stage.run()
    stage.bots = {"A": (mix(TLT=100), percent("A", 100))}
    return stage.on(DAYS[1])


class SellsByHandFirst(BrokerProxy):
    real: ScriptedSimBroker

    def submit(self, order: Order) -> Submitted:
        if order.side == "sell":
            self.real.change_position(SPY, Decimal(-10))
        return super().submit(order)


def test_shares_sold_manually_during_the_run_are_never_sold_short(tmp_path: Path) -> None:
    stage = holding(tmp_path)
    held = stage.shares()[SPY]
    stage.broker_proxy = SellsByHandFirst
    stage.run()
    (order, *_) = stage.record().orders
    assert (order.side, order.state, order.filled) == ("sell", "refused", 0)
    assert stage.shares()[SPY] == held - 10
    assert stage.record().run.status == "partial"


def test_a_copy_of_the_journal_on_another_host_sends_nothing_once_the_first_has_sent(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    first = holding(here)
    shutil.copytree(here, there)
    first.run()
    held = first.shares()
    shutil.copy(here / "sim.sqlite", there)  # there is one broker, and it knows what the first host sent
    second = Stage(there, first.bots).on(DAYS[1])
    with pytest.raises(StoppedError, match="or does another machine"):
        second.run()
    assert second.shares() == held


def test_a_split_that_is_not_announced_yet_causes_no_sell_of_other_holdings(tmp_path: Path) -> None:
    """200 shares at 250 dollars where 100 at 500 were recorded: all of them count in Investable."""
    stage = Stage(tmp_path, {"A": (mix(SPY=50, TLT=40), percent("A", 100))})
    stage.run()
    before = stage.shares()
    broker = stage.on(DAYS[1]).broker()
    broker.change_position(SPY, before[SPY])
    broker.close()
    stage.market.prices[SPY] = Decimal(250)
    stage.run()
    record = stage.record()
    assert record.holdings[0].investable == record.holdings[0].account.equity
    assert record.orders == ()
    assert stage.shares() == {**before, SPY: 2 * before[SPY]}
