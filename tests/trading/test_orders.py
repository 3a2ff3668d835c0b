"""Orders and their outcomes with a broker that loses answers, changes them, or does not answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import BrokerProxy, FullDiskJournal, NonIdempotentBroker
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SPY, Stage, dollars, hold, one_bot, percent

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.events import Event, OrderIntended
from rebalancer.journal import read
from rebalancer.model import (
    Found,
    Order,
    OrderId,
    OrderState,
    Position,
    Submitted,
    Unknown,
)


def orders_at_broker(stage: Stage) -> int:
    """The number of journalled orders that the broker has."""
    broker = stage.broker()
    known = broker.orders([OrderId(order.id) for order in read.orders(stage.journal_file)])
    broker.close()
    return len(known)


def test_an_intent_is_on_disk_before_its_order_is_sent(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    seen: list[str] = []

    class Watching(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            written = {line.id: line.state for line in read.orders(stage.journal_file)}
            seen.append(written[order.id])
            return super().submit(order)

    stage.broker_proxy = Watching
    stage.run()
    assert seen == ["intended", "intended"]


def test_an_order_whose_answer_was_lost_is_looked_up_and_never_sent_again(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): ScriptedFault(silent=True)})
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert {order.symbol: order.state for order in record.orders} == {SPY: "filled", GLD: "filled"}
    assert stage.shares()[SPY] == Decimal(118)


def test_an_order_that_never_arrived_is_sent_once_more_under_its_own_id(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): ScriptedFault(lost=1)})
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [order.symbol for order in record.orders] == [SPY, GLD]
    assert stage.shares() == {SPY: Decimal(118), GLD: Decimal(197)}


def test_an_order_that_never_arrived_twice_is_lost_and_not_sent_a_third_time(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): ScriptedFault(lost=2)})
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert "SPY: bought 0 of 118, lost (it was sent twice and never reached the broker)" in record.run.reason
    assert orders_at_broker(stage) == 1


def test_nothing_is_resent_to_a_venue_without_idempotent_ids(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): ScriptedFault(lost=1)})
    stage.broker_proxy = NonIdempotentBroker
    stage.run()
    reason = "SPY: bought 0 of 118, lost (it never reached the broker, which may take an id twice)"
    assert reason in stage.record().run.reason
    assert orders_at_broker(stage) == 1


def test_no_buy_is_sent_while_a_sell_is_unknown(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.run()

    class Deaf(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            self.real.submit(order)
            return Unknown("the answer was lost")

        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            raise SourceError("the orders did not answer")

        def find(self, order_id: OrderId) -> Found:
            return Unknown("the lookup did not answer")

    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    stage.broker_proxy = Deaf
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert [order.side for order in record.orders] == ["sell"]
    assert sum("could not be read" in remark.text for remark in record.remarks) == 1


@pytest.mark.parametrize(
    "change",
    [{"quantity": Decimal(7)}, {"side": "sell"}, {"symbol": GLD}, {"kind": "market", "limit": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_found_order_with_other_parameters_stops_the_run(tmp_path: Path, change: dict[str, object]) -> None:
    stage = one_bot(tmp_path, SPY=100)

    class Forging(BrokerProxy):
        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            return {key: replace(state, **change) for key, state in self.real.orders(ids).items()}

    stage.broker_proxy = Forging
    with pytest.raises(StoppedError, match="was written down as buy 198 SPY"):
        stage.run()
    assert stage.record().run.status == "partial"


def test_more_filled_than_ordered_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)

    class Overfilling(BrokerProxy):
        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            states = self.real.orders(ids)
            return {key: replace(state, filled=state.quantity + 1) for key, state in states.items()}

    stage.broker_proxy = Overfilling
    with pytest.raises(StoppedError, match="199 of 198 filled"):
        stage.run()


def test_a_filled_quantity_that_falls_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(50))})

    class FillsFallInOneRun(BrokerProxy):
        looks = 0

        def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
            FillsFallInOneRun.looks += 1
            states = self.real.orders(ids)
            if FillsFallInOneRun.looks < 3:
                return states
            return {key: replace(state, filled=state.filled - 1) for key, state in states.items()}

    stage.broker_proxy = FillsFallInOneRun
    with pytest.raises(StoppedError, match="49 of 198 filled, after 50"):
        stage.run()
    with pytest.raises(RunFailedError, match="is halted"):
        stage.run(force=True)


def test_nothing_is_sent_if_the_intent_can_not_be_journalled(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.journal_proxy = lambda journal: FullDiskJournal(journal, lambda event: isinstance(event, OrderIntended))
    with pytest.raises(RunFailedError, match="the disk is full"):
        stage.run()
    assert stage.record().run.status == "failed"
    assert stage.shares() == {}


def test_a_journal_failure_after_an_order_was_sent_stops_the_run(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    intended: list[Event] = []

    def second_intent(event: Event) -> bool:
        intended.extend([event] if isinstance(event, OrderIntended) else [])
        return len(intended) > 1

    stage.journal_proxy = lambda journal: FullDiskJournal(journal, second_intent)
    with pytest.raises(StoppedError, match="Orders had left before"):
        stage.run()
    assert orders_at_broker(stage) == 1


def test_a_refused_buy_does_not_affect_the_others(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.script = Script({("buy", SPY): ScriptedFault(refuse="not authorised for SPY")})
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert "SPY: bought 0 of 118, refused (not authorised for SPY)" in record.run.reason
    assert stage.shares() == {GLD: Decimal(197)}


def test_a_buy_that_does_not_fill_is_cancelled_at_its_deadline(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(50))})
    stage.run()
    (order,) = stage.record().orders
    assert (order.state, order.filled) == ("canceled", Decimal(50))
    assert stage.shares() == {SPY: Decimal(50)}


def test_a_fill_that_comes_before_its_cancel_counts(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(50), cancel="beaten")})
    stage.run()
    (order,) = stage.record().orders
    assert (order.state, order.filled) == ("filled", Decimal(198))
    assert stage.record().run.status == "success"


def test_a_failed_position_read_is_never_read_as_a_flat_account(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)

    class UnreadablePositions(BrokerProxy):
        def positions(self) -> tuple[Position, ...]:
            raise SourceError("the positions did not answer")

    stage.broker_proxy = UnreadablePositions
    with pytest.raises(SourceError):
        stage.run()
    assert stage.record().orders == ()


def test_an_answer_without_the_positions_is_never_read_as_a_flat_account(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=100)
    stage.run()

    class OmitsPositions(BrokerProxy):
        def positions(self) -> tuple[Position, ...]:
            return ()

    stage.on(DAYS[1]).broker_proxy = OmitsPositions
    with pytest.raises(SourceError, match="its answer is not whole"):
        stage.run()
    assert stage.record().orders == ()
    stage.on(DAYS[2]).broker_proxy = lambda broker: broker
    stage.run()
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}


def test_the_ledger_follows_the_fills(tmp_path: Path) -> None:
    stage = one_bot(tmp_path, SPY=60, GLD=40)
    stage.run()
    held = {line.symbol: line.ours for line in read.positions(stage.journal_file, "demo")}
    assert held == stage.shares()


class MissingPositionBroker(BrokerProxy):
    """Its list of positions lacks SPY."""

    def positions(self) -> tuple[Position, ...]:
        return tuple(position for position in self.real.positions() if position.symbol != SPY)


def test_a_small_position_that_is_missing_from_the_answer_is_not_read_as_sold(tmp_path):
    """One share of 500 dollars is missing, and so is its money: the list is incomplete."""
    stage = Stage(tmp_path, {"A": (hold(SPY), dollars("A", 600)), "B": (hold(GLD), percent("B", 50))})
    stage.run()
    assert stage.shares()[SPY] == 1
    stage.on(DAYS[1]).broker_proxy = MissingPositionBroker
    with pytest.raises(SourceError, match="its answer is not whole"):
        stage.run()
    stage.broker_proxy = lambda broker: broker
    stage.run()
    assert stage.record().run.status == "success"


class EmptyOrderListBroker(BrokerProxy):
    """Its list of orders is empty; a look-up by id finds them."""

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        return {}


def test_an_order_that_no_list_shows_is_looked_up_by_its_id_at_the_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"A": (hold(SPY), percent("A", 99))})
    stage.broker_proxy = EmptyOrderListBroker
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [(order.state, order.filled) for order in record.orders] == [("filled", Decimal(198))]
    assert stage.shares() == {SPY: Decimal(198)}
