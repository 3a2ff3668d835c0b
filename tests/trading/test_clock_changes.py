"""A machine clock that is set back, or stood still during sleep, lets no order leave after the close."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alpaca_stage import EVENING, AlpacaStage
from gate_run import GateRun, open_gate_run, order
from local_alpaca import LocalAlpaca
from stage import GLD, SPY

from rebalancer.app.evening import evening
from rebalancer.model import Order, Submitted
from rebalancer.ports import Broker, Clock
from rebalancer.trading.halts import closed_reason, latest_time
from rebalancer.trading.run import run_evening, start_run

CUTOFF = timedelta(minutes=1)


@dataclass
class MachineClock:
    """A machine whose clock is `back` behind the `true` one."""

    true: Clock
    back: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.true.now() - self.back

    def elapsed(self) -> float:
        return self.true.elapsed()

    def sleep(self, seconds: float) -> None:
        self.true.sleep(seconds)


@pytest.fixture
def gate_run(tmp_path: Path) -> Iterator[GateRun]:
    with open_gate_run(tmp_path, "paper") as gate_run:
        yield replace(gate_run, context=replace(gate_run.context, clock=MachineClock(gate_run.stage.clock)))


def test_the_venue_time_plus_elapsed_time_counts_where_the_clock_is_behind(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    assert closed_reason(gate.context, gate.log) is None
    gate_run.stage.clock.sleep(540)
    assert isinstance(gate.context.clock, MachineClock)
    gate.context.clock.back = timedelta(minutes=2)
    assert gate.check(order(1, "sell", SPY, 60)) is None
    gate_run.stage.clock.sleep(1)
    assert "it is 2024-03-05 15:59:01 New York time, orders leave from" in str(gate.check(order(2, "sell", SPY, 40)))


def test_a_clock_that_is_ahead_of_the_venue_time_counts_itself(gate_run: GateRun) -> None:
    gate = gate_run.gate()
    assert closed_reason(gate.context, gate.log) is None
    assert isinstance(gate.context.clock, MachineClock)
    gate.context.clock.back = -timedelta(minutes=9, seconds=1)
    assert latest_time(gate.context, gate.log) == gate.context.clock.now()
    assert "orders leave from" in str(gate.check(order(1, "buy", GLD, 1, "200")))


@dataclass
class SlowOnce:
    """A broker whose first answer takes two minutes, during which the machine's clock is set back by a little more."""

    real: Broker
    machine: MachineClock

    def submit(self, order: Order) -> Submitted:
        answer = self.real.submit(order)
        if not self.machine.back:
            self.machine.sleep(120)
            self.machine.back = timedelta(minutes=2, seconds=5)
        return answer

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


@pytest.fixture
def stage(alpaca: AlpacaStage) -> AlpacaStage:
    return alpaca.wants(SPY=0.3, GLD=0.3, TLT=0.2)


def test_no_order_reaches_the_venue_after_its_close_though_the_clock_was_set_back(
    stage: AlpacaStage, venue: LocalAlpaca
) -> None:
    venue.at(EVENING + timedelta(minutes=8, seconds=30))
    machine, settings = MachineClock(venue.clock), stage.settings()
    with evening(settings, settings.accounts[0], clock=machine) as tonight:
        context = replace(tonight.context, broker=SlowOnce(tonight.context.broker, machine))
        run = start_run(context, tonight.request, tonight.session)
        run_evening(context, run, tonight.session)
    (only,) = venue.book.orders
    assert only.created <= tonight.session.closes - CUTOFF
    assert stage.record().run.status == "partial"
    assert "orders leave from" in stage.record().run.reason
