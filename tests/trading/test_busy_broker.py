"""Too many requests: an order that a busy broker did not take is sent again under its id, after a new check."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from gate_run import GateRun, order
from scripted_sim import ScriptedSimBroker
from stage import GLD

from rebalancer.events import Halted
from rebalancer.model import NO_RUN, Accepted, Found, Order, OrderId, Refused, Submitted, Unknown


@dataclass
class BusyBroker:
    """Asks for `pause` seconds for the first `times` submits; `meanwhile` is called at each of them."""

    inner: Any
    times: int
    pause: float = 7
    takes: bool = False
    blind: bool = False
    meanwhile: Callable[[], None] = lambda: None
    submits: int = 0

    def submit(self, order: Order) -> Submitted:
        self.submits += 1
        if self.times <= 0:
            return self.inner.submit(order)
        self.times -= 1
        self.meanwhile()
        if self.takes:
            self.inner.submit(order)
        return Unknown("too many requests", self.pause)

    def find(self, order_id: OrderId) -> Found:
        return Unknown("too many requests") if self.blind else self.inner.find(order_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def sent(gate_run: GateRun, **how: Any) -> tuple[Submitted, BusyBroker, float]:
    """The gate's answer for a buy at a busy broker, that broker, and the seconds it took."""
    assert isinstance(gate_run.context.broker, ScriptedSimBroker)
    broker = BusyBroker(gate_run.context.broker, **how)
    busy = replace(gate_run, context=replace(gate_run.context, broker=broker))
    began = gate_run.context.clock.now()
    answer = busy.gate().send(order(1, "buy", GLD, 5, "202"))
    return answer, broker, (gate_run.context.clock.now() - began).total_seconds()


def test_an_order_is_sent_again_after_the_pause_that_the_broker_asked_for(gate_run: GateRun) -> None:
    answer, broker, seconds = sent(gate_run, times=2)
    assert isinstance(answer, Accepted)
    assert (broker.submits, seconds, gate_run.phase()) == (3, 14, "accepted")


@pytest.mark.parametrize(("pause", "waited"), [(0.0, 1), (3600.0, 60)])
def test_no_pause_is_shorter_than_a_second_or_longer_than_a_minute(
    gate_run: GateRun, pause: float, waited: float
) -> None:
    _, _, seconds = sent(gate_run, times=1, pause=pause)
    assert seconds == waited


def test_an_order_found_after_the_pause_is_not_sent_again(gate_run: GateRun) -> None:
    answer, broker, _ = sent(gate_run, times=1, takes=True)
    assert isinstance(answer, Accepted)
    assert broker.submits == 1


def test_an_order_is_refused_if_the_broker_stays_busy(gate_run: GateRun) -> None:
    answer, _, _ = sent(gate_run, times=99)
    assert isinstance(answer, Refused)
    assert answer.reason == "the broker took no orders for 126 s: too many requests"
    assert gate_run.phase() == "refused"


def test_an_order_that_can_not_be_looked_up_is_unknown(gate_run: GateRun) -> None:
    answer, broker, _ = sent(gate_run, times=99, blind=True)
    assert isinstance(answer, Unknown)
    assert (answer.pause, broker.submits, gate_run.phase()) == (None, 1, "unknown")


def test_an_order_is_not_sent_again_if_the_account_was_halted_meanwhile(gate_run: GateRun) -> None:
    def halt() -> None:
        journal: Any = gate_run.context.journal
        journal.record(NO_RUN, Halted(gate_run.context.clock.now(), "", "ann@desk", "stop"))

    answer, broker, _ = sent(gate_run, times=1, meanwhile=halt)
    assert isinstance(answer, Refused)
    assert (broker.submits, gate_run.phase()) == (1, "refused")
    assert gate_run.at_the_broker() == set()
