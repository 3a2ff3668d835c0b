"""After a shutdown request no new order is sent, and those sent are tracked to their end."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import DAYS, GLD, SPY, TLT, Stage, mix, percent

from rebalancer.errors import RunFailedError
from rebalancer.model import Order, Submitted
from rebalancer.ports import Broker, Journal
from rebalancer.trading.context import RunContext


@dataclass
class ShutdownAtSubmit:
    """A broker at whose n-th submit a shutdown is requested."""

    broker: ScriptedSimBroker
    requested: Event
    at: int
    submits: list[Order] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.broker, name)

    def submit(self, order: Order) -> Submitted:
        self.submits.append(order)
        if len(self.submits) == self.at:
            self.requested.set()
        return self.broker.submit(order)


@dataclass
class EndingStage(Stage):
    requested: Event = field(default_factory=Event)

    def context(self, broker: Broker, journal: Journal) -> RunContext:
        return replace(super().context(broker, journal), shutdown_requested=self.requested.is_set)


def three(folder: Path) -> EndingStage:
    return EndingStage(folder, {"Mix": (mix(SPY=40, TLT=30, GLD=30), percent("Mix", 100))})


def test_a_shutdown_before_the_first_order_fails_the_run_and_leaves_the_session_free(tmp_path: Path) -> None:
    stage = three(tmp_path)
    stage.requested.set()
    with pytest.raises(RunFailedError, match="a shutdown was requested before the first order was sent"):
        stage.run()
    record = stage.record()
    assert (record.run.status, record.run.orders) == ("failed", 0)
    assert stage.shares() == {}
    stage.requested.clear()
    stage.run()
    assert stage.record().run.status == "success"


def test_a_shutdown_between_two_orders_tracks_the_first_and_sends_no_more(tmp_path: Path) -> None:
    stage = three(tmp_path)
    stage.broker_proxy = lambda broker: ShutdownAtSubmit(broker, stage.requested, at=1)
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert "a shutdown was requested before this order was sent" in record.run.reason
    (order,) = record.orders
    assert (order.state, order.settled) == ("filled", True)
    assert stage.shares() == {order.symbol: order.filled}


def test_a_shutdown_between_sells_and_buys_sends_no_buy(tmp_path: Path) -> None:
    three(tmp_path).run()
    stage = EndingStage(
        tmp_path,
        {"Mix": (mix(SH=100), percent("Mix", 100))},
        script=Script({("sell", name): ScriptedFault(waits=3) for name in (SPY, TLT, GLD)}),
    ).on(DAYS[1])
    stage.broker_proxy = lambda broker: ShutdownAtSubmit(broker, stage.requested, at=3)
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert {(order.symbol, order.side, order.state) for order in record.orders} == {
        (name, "sell", "filled") for name in (SPY, TLT, GLD)
    }
    assert stage.shares() == {}
