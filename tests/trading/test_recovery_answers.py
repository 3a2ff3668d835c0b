"""What a later start makes of the broker's answers about an order whose outcome the journal does not have."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import BrokerProxy, NonIdempotentBroker, PowerCut
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import DAYS, GLD, SPY, Stage, hold, mix, percent

from rebalancer.errors import SourceError, StoppedError
from rebalancer.journal import read
from rebalancer.model import (
    NEW_YORK,
    Absent,
    Found,
    Order,
    OrderId,
    OrderPhase,
    OrderState,
    OrderStatus,
    Position,
    RunId,
    Submitted,
    Symbol,
    Unknown,
    Venue,
)
from rebalancer.ports import OrderRecord
from rebalancer.trading.recovery import orders_before_interruption


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


def test_an_order_found_open_is_looked_up_once_more(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    order = cut_off(stage, arrives=True)
    found = stage.broker().find(order.id)
    assert isinstance(found, OrderState)
    looked = at(stage, replace(found, status="open", filled=Decimal(0), average_price=None))
    stage.on(DAYS[1]).run()
    assert looked == [order.id, order.id]
    assert stage.shares() == {SPY: Decimal(198)}


def test_an_order_found_open_keeps_that_state_where_the_second_look_up_gets_no_answer(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(50), cancel="refused")})
    stage.run()
    (left,) = stage.record().orders
    assert left.state == "open"
    shown = stage.broker().find(OrderId(left.id))
    stage.script = Script()
    stage.broker_proxy = lambda real: Counting(real, [shown, Unknown("no answer")])
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


# --------------------------------------------------------------------------------------- orders nobody knows


@dataclass
class Lists(BrokerProxy):
    """It lists these orders as of this program; `asked` is since when."""

    states: list[OrderState]
    asked: list[datetime]

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        self.asked.append(since)
        return tuple(self.states)


def stranger(name: str, status: OrderStatus, filled: int) -> OrderState:
    price = Decimal(500) if filled else None
    return OrderState(OrderId(name), SPY, "buy", Decimal(9), "market", None, status, Decimal(filled), price)


def test_unknown_orders_are_looked_for_since_the_last_recorded_session_and_30_days_back_without_one(
    tmp_path: Path,
) -> None:
    stage, asked = one_bot(tmp_path), list[datetime]()
    stage.broker_proxy = lambda real: Lists(real, [], asked)
    for day in DAYS[:2]:
        first = len(asked)
        stage.on(day).run()
        assert asked[first] == datetime(2024, 3, 4, tzinfo=NEW_YORK) - (
            timedelta(30) if day == DAYS[0] else timedelta()
        )


def test_every_unknown_order_is_named_and_a_rejected_one_only_if_it_has_fills(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    states = [stranger("rb-3", "rejected", 1), stranger("rb-1", "open", 0), stranger("rb-2", "rejected", 0)]
    states += [stranger(f"rb-{number}", "filled", 9) for number in (9, 8, 7, 6, 5, 4)]
    stage.broker_proxy = lambda real: Lists(real, states, [])
    with pytest.raises(StoppedError) as stopped:
        stage.run()
    named = "; ".join(f"buy 9 SPY (rb-{number})" for number in (1, 3, 4, 5, 6, 7, 8, 9))
    assert f"or has as refused: {named}. Was the journal" in str(stopped.value)


def test_a_resumed_run_goes_on_with_what_it_sent_but_for_refusals_that_were_sent_again() -> None:
    def sent(number: int, symbol: Symbol, phase: OrderPhase) -> OrderRecord:
        order = Order(OrderId(f"rb{number}"), symbol, "buy", Decimal(1), "market", None, "")
        return OrderRecord(order, RunId(1), DAYS[0], phase, datetime(2024, 3, 4, tzinfo=UTC), 1, Decimal(0), None, "")

    earlier = [sent(1, SPY, "refused"), sent(2, GLD, "canceled"), sent(3, SPY, "filled"), sent(4, GLD, "refused")]
    log = SimpleNamespace(earlier={each.order.id: each for each in earlier})
    assert [order.id for order in orders_before_interruption(log, "buy")] == ["rb2", "rb3", "rb4"]
    assert orders_before_interruption(log, "sell") == []
