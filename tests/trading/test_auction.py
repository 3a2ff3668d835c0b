"""Buys for the closing auction: only while it takes orders, and only at a venue that has one."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from fakes import BrokerProxy
from scripted_sim import ScriptedSimBroker
from stage import DAYS, SGOV, SPY, Stage, hold, percent, session_of

from rebalancer.model import Account, Fill, Order, OrderId, OrderState, Submitted, Trading, Venue

CLOSE = session_of(DAYS[0]).closes


class AuctionBroker(BrokerProxy):
    """The sim broker with a closing auction: a "moc" order rests until the close and is filled there."""

    real: ScriptedSimBroker
    standing: dict[OrderId, Order]
    stage: Stage

    @property
    def venue(self) -> Venue:
        return replace(self.real.venue, order_kinds=frozenset({"limit", "market", "moc"}))

    def submit(self, order: Order) -> Submitted:
        if order.kind != "moc":
            return super().submit(order)
        answer = super().submit(replace(order, kind="limit", limit=Decimal(1)))
        self.standing[order.id] = order
        return replace(answer, state=self._shown(answer.state))

    def orders(self, ids):
        return {key: self._shown(state) for key, state in self.real.orders(ids).items()}

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        order = self.standing.get(order_id)
        if order is None:
            return self.real.fills(order_id)
        return (Fill("auction", order_id, order.symbol, "buy", order.quantity, Decimal(500), Decimal(0), CLOSE),)

    def account(self) -> Account:
        return self.real.account()

    def _shown(self, state: OrderState) -> OrderState:
        order = self.standing.get(state.id)
        if order is None:
            return state
        asked = replace(state, quantity=order.quantity, kind="moc", limit=None)
        if self.stage.clock.now() < CLOSE:
            return replace(asked, status="open", filled=Decimal(0), average_price=None, reason="")
        self._carry_out(order)
        return replace(asked, status="filled", filled=order.quantity, average_price=Decimal(500), reason="")

    def _carry_out(self, order: Order) -> None:
        """Fill the order once, against the cash."""
        if order.symbol not in {position.symbol for position in self.real.positions()}:
            self.real.change_position(order.symbol, order.quantity)
            self.real.deposit(-500 * order.quantity)


def evening(folder: Path, minutes: int, *, auction: bool = True) -> Stage:
    trading = Trading(order_type="moc", minutes_before_close=minutes, fallback_ticker=SGOV)
    stage = Stage(folder, {"A": (hold(SPY), percent("A", 50))}, trading=trading)

    def opened(real):
        broker = AuctionBroker(real)
        broker.standing, broker.stage = {}, stage
        return broker

    if auction:
        stage.broker_proxy = opened
    return stage.on(DAYS[0])


def test_a_closing_auction_buy_is_tracked_to_the_close_and_its_fill_counts(tmp_path: Path) -> None:
    stage = evening(tmp_path, minutes=20)
    stage.run()
    record = stage.record()
    (order,) = record.orders
    assert (order.kind, order.limit, order.state) == ("moc", None, "filled")
    assert record.run.status == "success"
    assert stage.clock.now() >= CLOSE
    assert any("buys go to the closing auction: it is 2024-03-04 15:40" in remark.text for remark in record.remarks)


def test_a_closing_auction_buy_is_sized_at_one_percent_above_the_price(tmp_path: Path) -> None:
    stage = evening(tmp_path, minutes=20)
    stage.cash = Decimal(100_000)
    stage.bots = {"A": (hold(SPY), percent("A", 100))}
    stage.run()
    (order,) = stage.record().orders
    assert order.quantity == 198
    assert order.quantity * Decimal(505) <= 100_000


def test_after_the_auction_cut_off_buys_are_limit_orders_with_a_warning(tmp_path: Path) -> None:
    stage = evening(tmp_path, minutes=10, auction=False)
    stage.run()
    record = stage.record()
    assert [order.kind for order in record.orders] == ["limit"]
    assert any("no closing auction tonight (none here): buys are limit orders" in said.text for said in record.remarks)


def test_shortly_before_the_auction_cut_off_the_fallback_order_type_is_used(tmp_path: Path) -> None:
    stage = evening(tmp_path, minutes=10)
    stage.trading = replace(stage.trading, moc_fallback="market")
    stage.run()
    record = stage.record()
    assert [order.kind for order in record.orders] == ["market"]
    assert any("it takes orders until 2024-03-04 15:49:30 New York time" in said.text for said in record.remarks)


def test_after_a_shutdown_request_the_next_run_counts_the_auction_fill(tmp_path: Path) -> None:
    stage = evening(tmp_path, minutes=20)
    end = CLOSE - timedelta(minutes=12)
    plain = stage.context
    stage.context = lambda broker, journal: replace(
        plain(broker, journal), shutdown_requested=lambda: stage.clock.now() > end
    )
    stage.run()
    record = stage.record()
    assert record.run.status == "partial"
    assert [order.state for order in record.orders] == ["open"]
    assert any("the next run counts what the closing auction fills" in said.text for said in record.remarks)
