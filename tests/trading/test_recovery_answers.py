"""What a later start makes of the broker's answers about an order whose outcome the journal does not have."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import BrokerProxy, NonIdempotentBroker, PowerCut
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import DAYS, GLD, SPY, Stage, hold, mix, percent

from rebalancer.errors import SourceError, StoppedError
from rebalancer.journal import read
from rebalancer.model import Absent, Found, Order, OrderId, Position, Submitted, Unknown
from rebalancer.ports import Venue


@dataclass
class Counting(BrokerProxy):
    """Its n-th look-up is answered by the n-th of `answers`, later ones by the venue."""

    answers: list[Found] = field(default_factory=list)
    looked: list[OrderId] = field(default_factory=list)

    def find(self, order_id: OrderId) -> Found:
        self.looked.append(order_id)
        number = len(self.looked) - 1
        return self.answers[number] if number < len(self.answers) else self.real.find(order_id)


def one_bot(folder: Path) -> Stage:
    return Stage(folder, {"A": (hold(SPY), percent("A", 100))})


def cut_off(stage: Stage, *, arrives: bool, as_quantity: int | None = None, answer: Unknown | None = None) -> Order:
    """A buy of 198 SPY is sent, and the process dies: before the answer, or after it at the look-up."""
    sent: list[Order] = []

    class Dies(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            sent.append(order)
            if arrives:
                self.real.submit(order if as_quantity is None else replace(order, quantity=Decimal(as_quantity)))
            if answer is None:
                raise PowerCut
            return answer

        def find(self, order_id: OrderId) -> Found:
            raise PowerCut

    stage.broker_proxy = Dies
    with pytest.raises(PowerCut):
        stage.run()
    stage.broker_proxy = lambda broker: broker
    (order,) = sent
    return order


def at(stage: Stage, *answers: Found) -> list[OrderId]:
    """The ids of the look-ups that later runs make at a broker that answers so."""
    looked: list[OrderId] = []
    stage.broker_proxy = lambda broker: Counting(broker, list(answers), looked)
    return looked


def test_a_filled_order_is_looked_up_once(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    order = cut_off(stage, arrives=True)
    looked = at(stage)
    stage.on(DAYS[1]).run()
    assert looked == [order.id]


def test_an_order_found_open_keeps_that_state_where_the_second_look_up_gets_no_answer(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(50), cancel="refused")})
    stage.run()
    (left,) = stage.record().orders
    assert left.state == "open"
    stage.script = Script()
    broker = stage.broker()
    stage.broker_proxy = lambda real: Counting(real, [broker.find(OrderId(left.id)), Unknown("no answer")])
    stage.run(force=True)
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}


def test_an_order_is_absent_only_after_the_quiet_time_of_the_venue(tmp_path: Path) -> None:
    """It arrives after the first look-up."""
    stage = one_bot(tmp_path)
    order = cut_off(stage, arrives=False)

    class Slow(BrokerProxy):
        @property
        def venue(self) -> Venue:
            return replace(self.real.venue, quiet_seconds=30)

        def find(self, order_id: OrderId) -> Found:
            found = self.real.find(order_id)
            if isinstance(found, Absent):
                self.real.submit(order)
            return found

    stage.broker_proxy = Slow
    stage.on(DAYS[1]).run()
    assert (stage.record().run.status, stage.record().orders) == ("success", ())
    assert [line.state for line in read.orders(stage.journal_file)] == ["filled"]
    assert stage.shares() == {SPY: Decimal(198)}


def test_an_order_that_stands_at_the_broker_with_another_quantity_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    order = cut_off(stage, arrives=True, as_quantity=197)
    with pytest.raises(StoppedError, match=rf"^order {order.id} stands at the broker as buy 197 SPY limit 505"):
        stage.on(DAYS[1]).run()
    assert stage.record().orders == ()


def test_an_order_without_a_clear_answer_that_never_arrived_is_lost_at_the_next_start(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    cut_off(stage, arrives=False, answer=Unknown("the connection broke"))
    assert [line.state for line in read.orders(stage.journal_file)] == ["unknown"]
    stage.on(DAYS[1]).run()
    assert [line.state for line in read.orders(stage.journal_file)] == ["filled", "lost"]
    assert stage.shares() == {SPY: Decimal(198)}


def test_a_resumed_run_sends_an_absent_order_again_only_where_the_venue_takes_an_id_once(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    cut_off(stage, arrives=False)
    stage.broker_proxy = NonIdempotentBroker
    stage.run()
    assert [line.state for line in stage.record().orders] == ["lost"]
    assert stage.shares() == {}


@dataclass
class ForgetsGold(BrokerProxy):
    """It knows no order of GLD any more, and shows the positions only once."""

    gold: OrderId
    reads: int = 0

    def find(self, order_id: OrderId) -> Found:
        return Absent() if order_id == self.gold else self.real.find(order_id)

    def positions(self) -> tuple[Position, ...]:
        self.reads += 1
        if self.reads > 1:
            raise SourceError("the positions did not answer")
        return self.real.positions()


def test_a_failed_second_read_of_the_positions_hides_no_contradiction(tmp_path: Path) -> None:
    """Two lost buys arrived late: one turns up, of the other only the shares show."""
    stage = Stage(tmp_path, {"A": (mix(SPY=50, GLD=40), percent("A", 100))})
    sent: list[Order] = []

    class Loses(NonIdempotentBroker):
        def submit(self, order: Order) -> Submitted:
            sent.append(order)
            return Unknown("the connection broke")

    stage.broker_proxy = Loses
    stage.run()
    broker = stage.broker()
    for order in sent:
        broker.submit(order)
    (gold,) = (order.id for order in sent if order.symbol == GLD)

    def forgets(real: ScriptedSimBroker) -> BrokerProxy:
        return ForgetsGold(real, gold)

    stage.broker_proxy = forgets
    with pytest.raises(StoppedError, match=r"stands at the broker after all.*\. .*it may have arrived after all"):
        stage.on(DAYS[1]).run()
