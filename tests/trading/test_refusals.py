"""How a run reacts to a refused order depends on why the broker refused it."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import BrokerProxy
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from stage import DAYS, GLD, SH, SPY, TLT, Stage, hold, mix, percent

from rebalancer.model import Order, OrderId, OrderState, RefusalKind, Refused, Submitted, Symbol
from rebalancer.portfolio.order_ids import order_id


def refusing(
    kind: RefusalKind, symbol: Symbol, times: int = 1, buying_power: str | None = None
) -> Callable[[ScriptedSimBroker], BrokerProxy]:
    """A broker that refuses the first orders in `symbol`, and names `buying_power` dollars."""
    refused: Counter[Symbol] = Counter()

    class Refusing(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            if order.symbol == symbol and refused[symbol] < times:
                refused[symbol] += 1
                return Refused(f"refused for {kind}", kind, buying_power and Decimal(buying_power))
            return super().submit(order)

    return Refusing


def evening(folder: Path, **percents: int) -> Stage:
    return Stage(folder, {"A": (mix(**percents), percent("A", 100))})


def test_a_buy_refused_for_lack_of_funds_is_retried_within_the_named_buying_power(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=60)
    stage.broker_proxy = refusing("funds", SPY, buying_power="10000")
    stage.run()
    first, second = stage.record().orders
    assert (first.state, first.quantity) == ("refused", Decimal(120))
    assert (second.state, second.filled) == ("filled", Decimal(19))
    assert first.id != second.id


def test_a_buy_refused_for_lack_of_funds_is_not_retried_in_the_same_size(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=60)
    stage.broker_proxy = refusing("funds", SPY)
    stage.run()
    record = stage.record()
    assert [order.state for order in record.orders] == ["refused"]
    assert "SPY: bought 0 of 120, refused (refused for funds)" in record.run.reason


def test_a_sell_refused_for_held_shares_is_retried_when_the_blocking_order_is_gone(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=60)
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    stage.broker_proxy = refusing("held", SPY)
    stage.run()
    record = stage.record()
    assert record.run.status == "success"
    assert [(order.symbol, order.state) for order in record.orders] == [
        (SPY, "refused"),
        (SPY, "filled"),
        (GLD, "filled"),
    ]
    waiting = "SPY: waiting for other open orders to be gone, then sending once more"
    assert waiting in [remark.text for remark in record.remarks]


@pytest.mark.parametrize("by_hand", [-80, 20])
def test_shares_that_the_blocking_order_traded_are_not_traded_again(tmp_path: Path, by_hand: int) -> None:
    stage = evening(tmp_path, SPY=40)
    if by_hand < 0:
        stage.run()
        stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}

    class Filled(refusing("wash", SPY)):
        def submit(self, order: Order) -> Submitted:
            answer = super().submit(order)
            if isinstance(answer, Refused):
                self.real.change_position(SPY, Decimal(by_hand))
            return answer

    stage.broker_proxy = Filled
    stage.run()
    record = stage.record()
    assert [order.state for order in record.orders if order.symbol == SPY] == ["refused"]
    assert record.run.status == "partial"
    assert "were expected (a split or a trade by hand?): neither bought nor sold tonight" in record.run.reason


def test_the_retried_order_belongs_to_the_run_and_is_tracked_like_the_first(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=60)
    stage.script = Script({("buy", SPY): ScriptedFault(waits=5)})
    stage.broker_proxy = refusing("wash", SPY)
    stage.run()
    first, second = stage.record().orders
    assert (first.state, second.state) == ("refused", "filled")
    assert second.id == order_id("demo", DAYS[0], 1, "buys", SPY, "buy", attempt=2)
    assert second.id != order_id("demo", DAYS[0], 2, "buys", SPY, "buy", attempt=2)


def test_a_sell_of_shares_that_stay_held_is_not_retried(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=60)
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}

    class Blocked(refusing("held", SPY, times=9)):
        def open_orders(self) -> tuple[OrderState, ...]:
            if not self.tried:
                return ()
            one = Decimal(1)
            return (OrderState(OrderId("theirs"), SPY, "sell", one, "market", None, "open", one - 1, None),)

        tried = False

        def submit(self, order: Order) -> Submitted:
            self.tried = True
            return super().submit(order)

    stage.broker_proxy = Blocked
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert [(order.symbol, order.state) for order in record.orders] == [(SPY, "refused"), (GLD, "filled")]


def test_a_second_refusal_is_final(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=60)
    stage.broker_proxy = refusing("wash", SPY, times=2)
    stage.run()
    assert [order.state for order in stage.record().orders] == ["refused", "refused"]


def test_after_a_refusal_of_the_account_nothing_more_is_sent(tmp_path: Path) -> None:
    stage = evening(tmp_path, SH=10, SPY=40, TLT=30)
    stage.run()
    stage.on(DAYS[1]).bots = {"A": (hold(GLD), percent("A", 100))}
    stage.broker_proxy = refusing("account", SH, times=9)
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert [order.symbol for order in record.orders] == [SH]
    remarks = [(remark.level, remark.text) for remark in record.remarks]
    for symbol, quantity in ((SPY, 80), (TLT, 320)):
        reason = "not sent after the broker refused SH: refused for account"
        assert ("warning", f"{symbol}: the sell was {reason}") in remarks
        assert f"{symbol}: sold 0 of {quantity}, refused ({reason})" in record.run.reason
    assert ("warning", "no buys tonight: refused for account") in remarks
    assert set(stage.shares()) >= {SH, SPY, TLT}


def test_any_other_refusal_does_not_affect_the_other_orders(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=40, GLD=30)
    stage.broker_proxy = refusing("symbol", SPY, times=9)
    stage.run()
    assert {order.symbol: order.state for order in stage.record().orders} == {SPY: "refused", GLD: "filled"}


@pytest.mark.parametrize("kinds", [("wash", "funds"), ("funds", "wash"), ("held", "funds"), ("funds", "held")])
def test_a_buy_refused_twice_for_different_reasons_has_an_id_of_its_own_each_time(tmp_path: Path, kinds) -> None:
    stage = evening(tmp_path, SPY=60, TLT=10)
    left = list(kinds)

    class RefusesInTurn(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            if order.symbol == SPY and left:
                return Refused("not now", left.pop(0), Decimal(30_000))
            return super().submit(order)

    stage.broker_proxy = RefusesInTurn
    stage.run()
    spy = [order for order in stage.record().orders if order.symbol == SPY]
    assert [order.state for order in spy][:2] == ["refused", "refused"]
    assert len({order.id for order in spy}) == len(spy)
    assert stage.record().run.status == "partial"


def test_after_a_refusal_of_the_account_there_is_no_second_round_of_buys(tmp_path: Path) -> None:
    stage = evening(tmp_path, SPY=60, TLT=30)

    class RefusesAll(BrokerProxy):
        def submit(self, order: Order) -> Submitted:
            return Refused("no", "funds", Decimal(20_000)) if order.symbol == SPY else Refused("no", "account")

    stage.broker_proxy = RefusesAll
    stage.run()
    assert [order.symbol for order in stage.record().orders] == [SPY, TLT]
