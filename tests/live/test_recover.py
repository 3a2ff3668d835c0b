"""What an earlier run left behind is settled before anything is decided."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from stage import DAYS, GLD, SPY, Stage, hold, percent
from test_execute import Between

from rebalancer.brokers.script import Script, Twist
from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import Absent, Found, Order, OrderId, Submitted, Symbol, Unknown
from rebalancer.ports import AlreadyRun, Caps

STUBBORN = Script({("buy", SPY): Twist(fills_at_most=Decimal(50), cancel="refused")})


def one_bot(folder: Path) -> Stage:
    return Stage(folder, {"A": (hold(SPY), percent("A", 100))})


class PowerCutError(Exception):
    """Stands for a process that dies here."""


class DiesAfterSending(Between):
    def submit(self, order: Order) -> Submitted:
        super().submit(order)
        raise PowerCutError


def test_an_order_left_open_is_cancelled_first_and_its_fills_are_ours(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = STUBBORN
    stage.run()
    assert stage.record().orders[0].state == "open"
    stage.script = Script()
    stage.run(force=True)
    record = stage.record()
    assert record.run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}


def test_an_open_order_of_ours_that_can_not_be_cancelled_stops_the_evening_before_any_order(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = STUBBORN
    stage.run()
    with pytest.raises(RunFailedError, match="were still there 30 s after their cancel"):
        stage.run(force=True)
    assert stage.record().orders == ()


def test_an_order_of_another_hand_stays_open(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.script = Script({("buy", GLD): Twist(waits=10_000)})
    broker = stage.broker()
    broker.submit(Order(OrderId("mine-1"), GLD, "buy", Decimal(100), "limit", Decimal(200), "by hand"))
    broker.close()
    stage.run()
    broker = stage.broker()
    assert [state.id for state in broker.open_orders()] == ["mine-1"]
    broker.close()
    assert stage.shares()[SPY] * 505 <= Decimal(100_000 - 2 * 20_000)


def by_hand(stage: Stage, symbol: Symbol, quantity: int, limit: int) -> None:
    broker = stage.broker()
    broker.submit(Order(OrderId("mine-1"), symbol, "buy", Decimal(quantity), "limit", Decimal(limit), "by hand"))
    broker.close()


def test_a_symbol_with_an_open_order_of_another_hand_is_left_alone_and_said(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    by_hand(stage, SPY, 3, 100)
    stage.run()
    record = stage.record()
    assert record.orders == ()
    assert any("SPY: left alone, since a buy of 3 shares that is not ours" in remark.text for remark in record.remarks)


def test_with_cancel_scope_all_the_orders_of_other_hands_are_cancelled_too(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.trading = replace(stage.trading, cancel_scope="all")
    by_hand(stage, SPY, 3, 100)
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [order.symbol for order in record.orders] == [SPY]
    broker = stage.broker()
    assert broker.open_orders() == ()
    broker.close()


def test_an_absent_order_is_asked_for_until_the_venue_has_been_quiet_long_enough(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    asked: list[float] = []

    class Slow(Between):
        @property
        def caps(self) -> Caps:
            return replace(self.real.caps, quiet_seconds=30)

        def find(self, order_id: OrderId) -> Found:
            asked.append(stage.clock.now().timestamp())
            return Absent(conclusive=asked[-1] - asked[0] >= 30)

    stage.between = DiesAfterSending
    with pytest.raises(PowerCutError):
        stage.run()
    stage.on(DAYS[1]).between = Slow
    stage.run()
    assert asked[-1] - asked[0] == 30
    assert stage.record().run.status == "success"


def test_after_a_power_cut_the_same_session_waits_for_a_person(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.between = DiesAfterSending
    with pytest.raises(PowerCutError):
        stage.run()
    stage.between = lambda broker: broker
    again = stage.run()
    assert isinstance(again, AlreadyRun)
    assert "cut off" in again.reason
    assert stage.shares() == {SPY: Decimal(198)}


def test_the_run_after_a_power_cut_finds_the_fills_and_buys_nothing_twice(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.between = DiesAfterSending
    with pytest.raises(PowerCutError):
        stage.run()
    stage.between = lambda broker: broker
    stage.on(DAYS[1]).run()
    record = stage.record()
    assert record.run.status == "success"
    assert record.orders == ()
    assert stage.shares() == {SPY: Decimal(198)}


def test_an_earlier_order_that_can_not_be_accounted_for_sends_nothing(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)
    stage.between = DiesAfterSending
    with pytest.raises(PowerCutError):
        stage.run()

    class Mute(Between):
        def find(self, order_id: OrderId) -> Found:
            return Unknown("the lookup did not answer")

    stage.between = Mute
    stage.on(DAYS[1])
    with pytest.raises(SourceError, match="could not be accounted for"):
        stage.run()
    assert stage.record().orders == ()


def test_an_order_that_never_arrived_is_settled_and_forgotten(tmp_path: Path) -> None:
    stage = one_bot(tmp_path)

    class DiesBeforeSending(Between):
        def submit(self, order: Order) -> Submitted:
            raise PowerCutError

    stage.between = DiesBeforeSending
    with pytest.raises(PowerCutError):
        stage.run()
    stage.between = lambda broker: broker
    stage.trading = replace(stage.trading, order_type="market")
    stage.on(DAYS[1]).run()
    assert stage.record().run.status == "success"
    assert stage.shares() == {SPY: Decimal(198)}
