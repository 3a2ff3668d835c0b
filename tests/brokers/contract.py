"""What every broker adapter has to keep. A test module inherits these classes and provides their fixtures."""

from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from street import BIL, SPY, XYZ, Street, buy, sell

from rebalancer.brokers.script import Twist
from rebalancer.model import Absent, Accepted, Order, OrderId, OrderState, Refused, Unknown
from rebalancer.ports import Broker

CASH = Decimal(10_000)
HOLDINGS = {SPY: "10.5", BIL: "20"}


def held(broker: Broker) -> dict:
    return {position.symbol: position.quantity for position in broker.positions()}


def state_of(broker: Broker, order_id: str) -> OrderState:
    return broker.orders([OrderId(order_id)])[OrderId(order_id)]


def cost(broker: Broker, order_id: str) -> Decimal:
    """Dollars that an order's fills took (above 0) or brought in, fees included."""
    fills = broker.fills(OrderId(order_id))
    return sum(
        (fill.fee + fill.quantity * fill.price * (1 if fill.side == "buy" else -1) for fill in fills), Decimal(0)
    )


REFUSED = {
    "no shares": buy("rb1", SPY, "0"),
    "a negative number of shares": sell("rb1", SPY, "-1"),
    "not a number": buy("rb1", SPY, "NaN"),
    "endless shares": buy("rb1", SPY, "Infinity"),
    "a fraction to buy": buy("rb1", SPY, "1.5"),
    "a fraction to sell while some is kept": sell("rb1", SPY, "0.5"),
    "more than is held": sell("rb1", SPY, "11"),
    "what is not held": sell("rb1", XYZ, "1"),
    "more than the cash can pay": buy("rb1", SPY, "101"),
    "more than the cash can pay at the limit": buy("rb1", SPY, "100", limit="101.00"),
    "an unknown symbol": buy("rb1", XYZ, "1"),
    "a limit between two ticks": buy("rb1", SPY, "1", limit="100.005"),
    "a limit below zero": buy("rb1", SPY, "1", limit="-1"),
    "a limit that is not a number": buy("rb1", SPY, "1", limit="NaN"),
    "a market order with a limit": Order(OrderId("rb1"), SPY, "buy", Decimal(1), "market", Decimal(100), ""),
    "a limit order without one": Order(OrderId("rb1"), SPY, "buy", Decimal(1), "limit", None, ""),
}


class BrokerContract:
    """The fixture `broker` holds CASH dollars and HOLDINGS, and sees the `street`, which is open."""

    def test_the_snapshot_shows_the_whole_account(self, broker):
        account = broker.account()
        assert account.cash == account.spendable == CASH
        assert held(broker) == {SPY: Decimal("10.5"), BIL: Decimal(20)}
        assert account.equity == CASH + sum(position.market_value for position in broker.positions())
        assert broker.open_orders() == ()

    def test_an_order_is_accepted_as_it_was_sent(self, broker):
        order = buy("rb1", SPY, "3", limit="101.00")
        answer = broker.submit(order)
        assert isinstance(answer, Accepted)
        assert order.same_as(answer.state)
        assert order.same_as(state_of(broker, "rb1"))

    def test_a_buy_takes_its_cost_and_its_fee_from_the_cash(self, broker):
        broker.submit(buy("rb1", SPY, "3"))
        assert state_of(broker, "rb1").status == "filled"
        assert held(broker)[SPY] == Decimal("13.5")
        assert cost(broker, "rb1") >= 300
        assert broker.account().cash == broker.account().spendable == CASH - cost(broker, "rb1")

    def test_the_cash_of_a_sale_can_be_spent_again(self, broker):
        broker.submit(sell("rb1", SPY, "10"))
        assert held(broker)[SPY] == Decimal("0.5")
        assert cost(broker, "rb1") < 0
        assert broker.account().cash == broker.account().spendable == CASH - cost(broker, "rb1")

    def test_a_whole_position_is_sold_with_its_fraction(self, broker):
        assert isinstance(broker.submit(sell("rb1", SPY, "10.5")), Accepted)
        assert held(broker) == {BIL: Decimal(20)}

    def test_a_limit_buy_never_pays_more_than_its_limit(self, broker, street):
        street.quotes_at(SPY, bid="99.00", ask="100.50")
        broker.submit(buy("rb1", SPY, "1", limit="100.50"))
        assert state_of(broker, "rb1").average_price == Decimal("100.50")

    def test_a_limit_buy_does_not_fill_above_its_limit(self, broker):
        broker.submit(buy("rb1", SPY, "1", limit="99.99"))
        assert state_of(broker, "rb1").filled == 0
        assert broker.account().cash == CASH

    @pytest.mark.parametrize("order", REFUSED.values(), ids=REFUSED)
    def test_refused_is(self, broker, order):
        answer = broker.submit(order)
        assert isinstance(answer, Refused)
        assert answer.reason
        assert broker.find(order.id) == Absent(conclusive=True)
        assert broker.account().cash == CASH

    def test_the_same_id_again_is_no_second_order_and_no_refusal(self, broker):
        broker.submit(buy("rb1", SPY, "3"))
        again = broker.submit(buy("rb1", SPY, "3"))
        assert isinstance(again, Unknown)
        assert held(broker)[SPY] == Decimal("13.5")

    def test_the_same_id_with_other_parameters_leaves_the_first_order(self, broker):
        broker.submit(buy("rb1", SPY, "3"))
        assert isinstance(broker.submit(buy("rb1", BIL, "5")), Unknown)
        assert state_of(broker, "rb1").symbol == SPY
        assert held(broker)[BIL] == 20

    def test_an_order_never_sent_is_absent(self, broker):
        assert broker.find(OrderId("rb9")) == Absent(conclusive=True)
        assert broker.fills(OrderId("rb9")) == ()

    def test_many_orders_are_read_by_one_call_which_leaves_out_the_unknown(self, broker):
        broker.submit(sell("rb1", SPY, "1"))
        broker.submit(buy("rb2", BIL, "1"))
        seen = broker.orders([OrderId("rb1"), OrderId("rb2"), OrderId("rb9")])
        assert {order_id: state.symbol for order_id, state in seen.items()} == {"rb1": SPY, "rb2": BIL}

    def test_fills_have_ids_of_their_own_and_sum_to_what_is_filled(self, broker):
        broker.submit(buy("rb1", SPY, "3"))
        broker.submit(buy("rb2", SPY, "2"))
        fills = broker.fills(OrderId("rb1")) + broker.fills(OrderId("rb2"))
        assert len({fill.execution_id for fill in fills}) == len(fills)
        assert sum(fill.quantity for fill in fills) == 5

    def test_a_cancel_after_the_fill_changes_nothing(self, broker):
        broker.submit(buy("rb1", SPY, "3"))
        before = state_of(broker, "rb1")
        broker.cancel(OrderId("rb1"))
        assert state_of(broker, "rb1") == before

    def test_a_cancel_of_an_unknown_order_changes_nothing(self, broker):
        broker.cancel(OrderId("rb9"))
        assert broker.find(OrderId("rb9")) == Absent(conclusive=True)

    def test_what_can_not_be_traded_is_named_with_its_reason(self, broker):
        untradable = broker.untradable([XYZ, SPY])
        assert list(untradable) == [XYZ]
        assert untradable[XYZ]


class FaultContract:
    """The fixture `broker_with` opens the same account at a venue whose orders in SPY, both ways, obey a Twist."""

    def test_a_part_filled_order_keeps_its_fill_when_it_is_canceled(self, broker_with):
        broker = broker_with(Twist(fills_at_most=Decimal(2)))
        broker.submit(buy("rb1", SPY, "5"))
        assert [state.filled for state in broker.open_orders()] == [2]
        broker.cancel(OrderId("rb1"))
        state = state_of(broker, "rb1")
        assert (state.status, state.filled) == ("canceled", 2)
        assert held(broker)[SPY] == Decimal("12.5")

    def test_a_fill_beats_the_cancel_that_was_under_way(self, broker_with):
        broker = broker_with(Twist(fills_at_most=Decimal(2), cancel="beaten"))
        broker.submit(buy("rb1", SPY, "5"))
        broker.cancel(OrderId("rb1"))
        state = state_of(broker, "rb1")
        assert (state.status, state.filled) == ("filled", 5)
        fills = broker.fills(OrderId("rb1"))
        assert [fill.quantity for fill in fills] == [2, 3]
        assert len({fill.execution_id for fill in fills}) == 2

    def test_a_slow_cancel_is_seen_one_look_later(self, broker_with):
        broker = broker_with(Twist(waits=99, cancel="slow"))
        broker.submit(buy("rb1", SPY, "5"))
        broker.cancel(OrderId("rb1"))
        assert [state_of(broker, "rb1").status for _ in range(2)] == ["open", "canceled"]

    def test_a_refused_cancel_leaves_the_order_open(self, broker_with):
        broker = broker_with(Twist(waits=99, cancel="refused"))
        broker.submit(buy("rb1", SPY, "5"))
        broker.cancel(OrderId("rb1"))
        assert [state_of(broker, "rb1").status for _ in range(3)] == ["open"] * 3

    def test_a_lost_answer_is_unknown_and_find_tells_the_truth(self, broker_with):
        broker = broker_with(Twist(silent=True))
        order = buy("rb1", SPY, "5")
        assert isinstance(broker.submit(order), Unknown)
        found = broker.find(order.id)
        assert isinstance(found, OrderState)
        assert order.same_as(found)

    def test_a_lost_order_is_absent_and_can_be_sent_again(self, broker_with):
        broker = broker_with(Twist(lost=1))
        order = buy("rb1", SPY, "5")
        assert isinstance(broker.submit(order), Unknown)
        assert broker.find(order.id) == Absent(conclusive=True)
        assert isinstance(broker.submit(order), Accepted)

    def test_an_order_may_be_refused_for_the_venues_own_reason(self, broker_with):
        assert broker_with(Twist(refuse="halted")).submit(buy("rb1", SPY, "5")) == Refused("halted")

    def test_an_accepted_order_may_be_rejected_later(self, broker_with):
        broker = broker_with(Twist(reject="halted", waits=1))
        answer = broker.submit(buy("rb1", SPY, "5"))
        assert isinstance(answer, Accepted)
        assert answer.state.status == "open"
        state = state_of(broker, "rb1")
        assert (state.status, state.filled, state.reason) == ("rejected", 0, "halted")
        assert broker.account().spendable == CASH

    def test_open_sells_hold_their_shares(self, broker_with):
        broker = broker_with(Twist(waits=99))
        broker.submit(sell("rb1", SPY, "8"))
        assert isinstance(broker.submit(sell("rb2", SPY, "3")), Refused)
        assert isinstance(broker.submit(sell("rb3", SPY, "2")), Accepted)

    def test_open_buys_hold_their_cash(self, broker_with):
        broker = broker_with(Twist(waits=99))
        broker.submit(buy("rb1", SPY, "90", limit="101.00"))
        account = broker.account()
        assert account.cash == CASH
        assert account.spendable <= CASH - 9090
        assert isinstance(broker.submit(buy("rb2", BIL, "20")), Refused)


class OrderSequences(RuleBasedStateMachine):
    """Whatever is sent, in whatever order: no debt, no short, no order that changes after its end.

    A subclass gives `opened`, an account with CASH dollars and HOLDINGS; `self.street` is its market.
    """

    def __init__(self) -> None:
        super().__init__()
        self.street = Street()
        self.broker = self.opened()
        self.seen: dict[OrderId, OrderState] = {}

    def opened(self) -> Broker:
        raise NotImplementedError

    symbols = st.sampled_from([SPY, BIL])
    sides = st.sampled_from([buy, sell])
    prices = st.decimals("0.50", "200", places=2).map(str)

    @rule(side=sides, symbol=symbols, quantity=st.integers(1, 60).map(str), limit=st.none() | prices)
    def send(self, side, symbol, quantity, limit):
        self.broker.submit(side(f"rb{len(self.seen)}", symbol, quantity, limit))
        self.seen |= self.broker.orders([OrderId(f"rb{len(self.seen)}")])

    @rule(symbol=symbols)
    def leave(self, symbol):
        self.broker.submit(sell(f"rb{len(self.seen)}", symbol, str(held(self.broker).get(symbol, 0))))
        self.seen |= self.broker.orders([OrderId(f"rb{len(self.seen)}")])

    @precondition(lambda self: self.seen)
    @rule(pick=st.integers(0))
    def cancel(self, pick):
        self.broker.cancel(list(self.seen)[pick % len(self.seen)])

    @rule(symbol=symbols, price=prices)
    def market_moves(self, symbol, price):
        self.street.trades_at(symbol, price)

    @rule(seconds=st.integers(1, 900))
    def time_passes(self, seconds):
        self.street.sleep(seconds)

    @invariant()
    def no_debt_and_no_short(self):
        account, positions = self.broker.account(), self.broker.positions()
        assert account.cash >= account.spendable >= 0
        assert all(position.quantity > 0 for position in positions)
        assert account.equity == account.cash + sum(position.market_value for position in positions)

    @invariant()
    def orders_only_ever_go_forward(self):
        now = self.broker.orders(list(self.seen))
        assert list(now) == list(self.seen)
        for order_id, before in self.seen.items():
            assert now[order_id] == before if before.terminal else now[order_id].filled >= before.filled
        self.seen = dict(now)

    @invariant()
    def the_fills_account_for_every_share_and_every_cent(self):
        fills = {order_id: self.broker.fills(order_id) for order_id in self.seen}
        assert all(sum(fill.quantity for fill in fills[state.id]) == state.filled for state in self.seen.values())
        assert self.broker.account().cash == CASH - sum(cost(self.broker, order_id) for order_id in self.seen)
        for symbol, quantity in HOLDINGS.items():
            moved = sum(
                state.filled * (1 if state.side == "buy" else -1)
                for state in self.seen.values()
                if state.symbol == symbol
            )
            assert held(self.broker).get(symbol, 0) == Decimal(quantity) + moved
