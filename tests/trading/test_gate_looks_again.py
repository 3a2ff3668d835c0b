"""Before an order that waited or was absent leaves, the gate looks again: at the positions, and for the order."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from gate_run import GateRun, order, scripted
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import GLD, SPY

from rebalancer.errors import StoppedError
from rebalancer.events import OrderAbsent
from rebalancer.model import Accepted, Limits, Order, Position, Refused, Unknown

NO_GLD = Limits(denied=(GLD,))


@dataclass
class OneShareLess:
    """Another program sold one share of every position."""

    sim: ScriptedSimBroker

    def positions(self) -> tuple[Position, ...]:
        return tuple(replace(position, quantity=position.quantity - 1) for position in self.sim.positions())

    def __getattr__(self, name: str) -> object:
        return getattr(self.sim, name)


@pytest.mark.parametrize(("waited", "sent"), [(0.9, True), (1.0, False)])
def test_a_sell_that_waited_a_second_is_compared_with_the_positions_again(
    gate_run: GateRun, waited: float, *, sent: bool
) -> None:
    gate = gate_run.gate()
    gate.context = replace(gate.context, broker=OneShareLess(gate_run.stage.broker()))
    gate.position_check.context = gate.context
    gate_run.stage.clock.sleep(waited)
    answer = gate.send(order(1, "sell", SPY, 50))
    assert isinstance(answer, Accepted) is sent
    if isinstance(answer, Refused):
        expected = "SPY: the sell was not sent: the broker shows 99 shares, 100 were expected"
        assert (answer.reason, answer.kind) == (expected, "other")
        assert gate_run.at_the_broker() == set()


def absent_buy(gate_run: GateRun) -> Order:
    """A buy of 1 GLD that did not arrive, and is absent by the journal."""
    gate, absent = gate_run.gate(), order(1, "buy", GLD, 1, "200")
    assert isinstance(gate.send(absent), Unknown)
    gate.log.write(OrderAbsent(at=gate.log.now(), order_id=absent.id))
    return absent


def test_an_absent_order_that_may_not_be_sent_again_and_arrived_late_is_accepted(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(lost=1))
    absent = absent_buy(gate_run)
    gate_run.context.broker.submit(absent)
    answer = gate_run.gate(NO_GLD).resend(absent)
    assert isinstance(answer, Accepted)
    assert (answer.state.id, gate_run.phase()) == (absent.id, "absent")


def test_a_late_order_of_other_parameters_stops_the_run(gate_run: GateRun) -> None:
    gate_run = scripted(gate_run, GLD=ScriptedFault(lost=1))
    absent = absent_buy(gate_run)
    gate_run.context.broker.submit(replace(absent, quantity=Decimal(2)))
    with pytest.raises(StoppedError, match="stands at the broker as buy 2 GLD"):
        gate_run.gate(NO_GLD).resend(absent)


def test_an_absent_sell_is_not_sent_again_where_another_sender_traded(gate_run: GateRun) -> None:
    gate_run.stage.script = Script({("sell", SPY): ScriptedFault(lost=1)})
    gate_run = replace(gate_run, context=replace(gate_run.context, broker=gate_run.stage.broker()))
    first, absent = gate_run.gate(), order(1, "sell", SPY, 50)
    assert isinstance(first.send(absent), Unknown)
    first.log.write(OrderAbsent(at=first.log.now(), order_id=absent.id))
    gate = gate_run.gate()
    gate.context = replace(gate.context, broker=OneShareLess(gate_run.stage.broker()))
    gate.position_check.context = gate.context
    answer = gate.resend(absent)
    assert isinstance(answer, Refused)
    assert answer.reason == "SPY: the sell was not sent once more: the broker shows 99 shares, 100 were expected"
    assert (gate_run.phase(), gate_run.at_the_broker()) == ("lost", set())


def test_an_order_that_is_repeated_is_handed_to_the_broker_as_it_is(gate_run: GateRun) -> None:
    gate, sell = gate_run.gate(), order(1, "sell", SPY, 100)
    assert isinstance(gate.send(sell), Accepted)
    assert gate.repeat(sell) == Unknown("the order id rb1 was used before: look up what came of it")
