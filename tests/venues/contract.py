"""The contract of every broker adapter, by number. A test module inherits these classes and provides their fixtures.

A case is skipped only where its broker declares, by its Ability, that the case does not apply to it. Lots, ticks and
currency are those of the class's `venue` and `instrument`, which are compared with what the broker declares and does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from scripted_sim import ScriptedFault
from street import BIL, SPY, XYZ, Street, buy, sell

from rebalancer.errors import SourceError
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock
from rebalancer.model import (
    Absent,
    Accepted,
    Instrument,
    Order,
    OrderId,
    OrderState,
    Refused,
    Symbol,
    Unknown,
    us_equity,
)
from rebalancer.ports import Broker
from rebalancer.venues.sim.venue import SIM

CASH = Decimal(10_000)


def holdings(instrument: Instrument) -> dict[Symbol, str]:
    """Ten and half a lot of SPY, and 20 of BIL."""
    return {SPY: str(10 + instrument.lot / 2), BIL: "20"}


HOLDINGS = holdings(us_equity(SPY))


@dataclass(frozen=True)
class Ability:
    """`wire`: its answers come over a network. `sells_fractions`: of a position that is kept, too.

    `takes`: the orders that it accepts reach its account's list. `unique_ids`: a second order of an id is refused.
    """

    wire: bool
    sells_fractions: bool
    takes: bool = True
    unique_ids: bool = True


def held(broker: Broker) -> dict:
    return {position.symbol: position.quantity for position in broker.positions()}


def state_of(broker: Broker, order_id: str) -> OrderState:
    return broker.orders([OrderId(order_id)])[OrderId(order_id)]


def settled(broker: Broker, street: Street, order_id: str) -> OrderState:
    """The order once it is over, or as it stands after some seconds of the street's time."""
    for _ in range(5):
        if (state := state_of(broker, order_id)).terminal:
            return state
        street.sleep(1)
    return state_of(broker, order_id)


def by_rule(order_id: str) -> bool:
    """Selects the orders of the contract; the broker has no rule of its own."""
    return order_id.startswith("rb")


def listed(broker: Broker, since: datetime) -> set[str]:
    return {state.id for state in broker.named(by_rule, since)}


def cost(broker: Broker, order_id: str) -> Decimal:
    """Dollars that an order's fills took (above 0) or brought in, fees included."""
    fills = broker.fills(OrderId(order_id))
    return sum(
        (fill.fee + fill.quantity * fill.price * (1 if fill.side == "buy" else -1) for fill in fills), Decimal(0)
    )


REFUSED: Mapping[str, Callable[[Instrument], Order]] = {
    "no shares": lambda _: buy("rb1", SPY, "0"),
    "a negative number of shares": lambda _: sell("rb1", SPY, "-1"),
    "not a number": lambda _: buy("rb1", SPY, "NaN"),
    "endless shares": lambda _: buy("rb1", SPY, "Infinity"),
    "a fraction to buy": lambda instrument: buy("rb1", SPY, str(1 + instrument.lot / 2)),
    "more than is held": lambda _: sell("rb1", SPY, "11"),
    "what is not held": lambda _: sell("rb1", XYZ, "1"),
    "more than the cash can pay": lambda _: buy("rb1", SPY, "101"),
    "more than the cash can pay at the limit": lambda _: buy("rb1", SPY, "100", limit="101.00"),
    "an unknown symbol": lambda _: buy("rb1", XYZ, "1"),
    "a limit between two ticks": lambda instrument: buy("rb1", SPY, "1", limit=str(100 + instrument.tick / 2)),
    "a limit below zero": lambda _: buy("rb1", SPY, "1", limit="-1"),
    "a limit that is not a number": lambda _: buy("rb1", SPY, "1", limit="NaN"),
    "a market order with a limit": lambda _: Order(OrderId("rb1"), SPY, "buy", Decimal(1), "market", Decimal(100), ""),
    "a limit order without one": lambda _: Order(OrderId("rb1"), SPY, "buy", Decimal(1), "limit", None, ""),
}
LIMITS: Mapping[str, Callable[[Instrument], Decimal]] = {
    "the smallest": lambda instrument: instrument.smallest_tick,
    "just below 1": lambda instrument: 1 - instrument.smallest_tick,
    "1": lambda _: Decimal("1.00"),
    "just below 100": lambda instrument: 100 - instrument.tick,
}


class Contract:
    """`venue` has the facts that the broker must declare, but for a fee that an account's settings decide.

    `instrument` is that of SPY and BIL there: what the contract's lots and ticks go by.
    """

    venue = SIM
    ability = Ability(wire=False, sells_fractions=False)
    instrument = us_equity(SPY)

    def spy(self, more: int = 0) -> Decimal:
        """The quantity of SPY held at the start, and `more`."""
        return Decimal(holdings(self.instrument)[SPY]) + more

    def needs(self, name: str) -> None:
        if not getattr(self.ability, name):
            pytest.skip(f"its Ability says: {name} = False")


class BrokerContract(Contract):
    """The fixture `broker` holds CASH dollars and HOLDINGS, and sees the `street`, which is open."""

    def test_b01_the_snapshot_shows_the_whole_account(self, broker):
        account = broker.account()
        assert account.cash == account.spendable == CASH
        assert held(broker) == {SPY: self.spy(), BIL: Decimal(20)}
        assert account.equity == CASH + sum(position.market_value for position in broker.positions())
        assert broker.open_orders() == ()

    def test_b01_every_position_has_a_value(self, broker):
        assert all(position.valued for position in broker.positions())

    def test_b01_shares_that_no_order_holds_are_available(self, broker):
        assert all(position.available in {None, position.quantity} for position in broker.positions())

    def test_b03_an_order_is_accepted_as_it_was_sent(self, broker):
        order = buy("rb1", SPY, "3", limit="101.00")
        answer = broker.submit(order)
        assert isinstance(answer, Accepted)
        assert order.same_as(answer.state)
        assert order.same_as(state_of(broker, "rb1"))

    def test_b03_a_buy_takes_its_cost_and_its_fee_from_the_cash(self, broker, street):
        broker.submit(buy("rb1", SPY, "3"))
        assert settled(broker, street, "rb1").status == "filled"
        assert held(broker)[SPY] == self.spy(3)
        assert cost(broker, "rb1") >= 300
        assert broker.account().cash == broker.account().spendable == CASH - cost(broker, "rb1")

    def test_b03_the_cash_of_a_sale_can_be_spent_again(self, broker, street):
        broker.submit(sell("rb1", SPY, "10"))
        assert settled(broker, street, "rb1").status == "filled"
        assert held(broker)[SPY] == self.spy(-10)
        assert cost(broker, "rb1") < 0
        assert broker.account().cash == CASH - cost(broker, "rb1")
        assert isinstance(broker.submit(buy("rb2", SPY, "108", limit="101.00")), Accepted)

    def test_b03_a_whole_position_is_sold_with_its_fraction(self, broker, street):
        assert isinstance(broker.submit(sell("rb1", SPY, str(self.spy()))), Accepted)
        settled(broker, street, "rb1")
        assert held(broker) == {BIL: Decimal(20)}

    def test_b03_a_limit_buy_never_pays_more_than_its_limit(self, broker, street):
        street.quotes_at(SPY, bid="99.00", ask="100.50")
        broker.submit(buy("rb1", SPY, "1", limit="100.50"))
        assert settled(broker, street, "rb1").average_price == Decimal("100.50")

    def test_b03_a_limit_buy_does_not_fill_above_its_limit(self, broker, street):
        broker.submit(buy("rb1", SPY, "1", limit="99.99"))
        assert settled(broker, street, "rb1").filled == 0
        assert broker.account().cash == CASH

    def test_b12_an_order_never_sent_is_absent_at_once(self, broker):
        assert broker.find(OrderId("rb9")) == Absent()
        assert broker.fills(OrderId("rb9")) == ()

    def test_b13_the_same_id_again_is_no_second_order_and_no_refusal(self, broker, street):
        self.needs("unique_ids")
        broker.submit(buy("rb1", SPY, "3"))
        again = broker.submit(buy("rb1", SPY, "3"))
        assert isinstance(again, Unknown)
        settled(broker, street, "rb1")
        assert held(broker)[SPY] == self.spy(3)

    def test_b13_the_same_id_with_other_parameters_leaves_the_first_order(self, broker):
        self.needs("unique_ids")
        broker.submit(buy("rb1", SPY, "3"))
        assert isinstance(broker.submit(buy("rb1", BIL, "5")), Unknown)
        assert state_of(broker, "rb1").symbol == SPY
        assert held(broker)[BIL] == 20

    @pytest.mark.parametrize("order", REFUSED.values(), ids=REFUSED)
    def test_b14_refused_is(self, broker, order):
        order = order(self.instrument)
        answer = broker.submit(order)
        assert isinstance(answer, Refused)
        assert answer.reason
        assert broker.find(order.id) == Absent()
        assert broker.account().cash == CASH

    def test_b14_a_fraction_is_sold_only_with_the_whole_position(self, broker):
        if self.ability.sells_fractions:
            pytest.skip("its Ability says: sells_fractions = True")
        assert isinstance(broker.submit(sell("rb1", SPY, str(self.instrument.lot / 2))), Refused)

    def test_b14_an_untradable_symbol_is_named_with_its_reason(self, broker):
        untradable = broker.untradable([XYZ, SPY])
        assert list(untradable) == [XYZ]
        assert untradable[XYZ]

    def test_b16_a_cancel_after_the_fill_changes_nothing(self, broker, street):
        broker.submit(buy("rb1", SPY, "3"))
        before = settled(broker, street, "rb1")
        broker.cancel(OrderId("rb1"))
        assert settled(broker, street, "rb1") == before

    def test_b16_a_cancel_of_an_unknown_order_changes_nothing(self, broker):
        broker.cancel(OrderId("rb9"))
        assert broker.find(OrderId("rb9")) == Absent()

    def test_b17_repeated_reads_agree(self, broker, street):
        broker.submit(buy("rb1", SPY, "3"))
        over = settled(broker, street, "rb1")
        assert [state_of(broker, "rb1"), broker.find(OrderId("rb1"))] == [over, over]

    def test_b18_fills_have_unique_ids_and_sum_to_the_filled_quantity(self, broker, street):
        broker.submit(buy("rb1", SPY, "3"))
        broker.submit(buy("rb2", SPY, "2"))
        assert settled(broker, street, "rb1").filled + settled(broker, street, "rb2").filled == 5
        fills = broker.fills(OrderId("rb1")) + broker.fills(OrderId("rb2"))
        assert len({fill.execution_id for fill in fills}) == len(fills)
        assert sum(fill.quantity for fill in fills) == 5
        assert broker.fills(OrderId("rb1")) + broker.fills(OrderId("rb2")) == fills

    def test_b18_a_fee_is_never_more_than_the_broker_declares(self, broker, street):
        broker.submit(buy("rb1", SPY, "3"))
        settled(broker, street, "rb1")
        assert 0 <= sum(fill.fee for fill in broker.fills(OrderId("rb1"))) <= broker.venue.fee_per_order

    @pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
    def test_b19_a_limit_on_the_tick_is_taken(self, broker, limit):
        price = limit(self.instrument)
        assert isinstance(
            broker.submit(buy("rb1", SPY, "99" if price > Decimal("0.5") else "10000", str(price))), Accepted
        )

    @pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
    def test_b19_a_limit_between_two_ticks_is_refused(self, broker, limit):
        price = limit(self.instrument)
        between = price + self.instrument.tick_at(price) / 2
        assert isinstance(broker.submit(buy("rb1", SPY, "10", str(between))), Refused)

    def test_b19_every_lot_can_be_bought(self, broker, street):
        least = self.instrument.lot + self.instrument.quantity_for(self.instrument.least_order, Decimal(100))
        broker.submit(buy("rb1", SPY, str(least)))
        assert settled(broker, street, "rb1").filled == least

    def test_b19_an_order_below_the_least_order_is_refused(self, broker):
        if not self.instrument.least_order:
            pytest.skip("its instrument has no least order")
        assert isinstance(broker.submit(buy("rb1", SPY, str(self.instrument.lot))), Refused)

    def test_b28_the_broker_names_the_instrument_of_each_symbol(self, broker):
        expected = {symbol: replace(self.instrument, symbol=symbol) for symbol in (SPY, BIL)}
        assert broker.instruments([SPY, BIL]) == expected

    def test_b28_account_and_instruments_are_in_the_currency_of_the_venue(self, broker):
        assert broker.account().currency == self.venue.currency == self.instrument.currency

    def test_b28_the_broker_declares_its_venue(self, broker):
        assert replace(broker.venue, fee_per_order=self.venue.fee_per_order) == self.venue

    def test_b28_the_zone_of_the_venue_is_that_of_its_exchange(self):
        assert str(ExchangeCalendar(SystemClock(), self.venue.exchange).zone) == str(self.venue.zone)

    def test_b21_hours_are_by_the_venues_own_clock(self, broker, street):
        hours = broker.hours()
        assert (hours.now, hours.open) == (street.now(), True)
        assert hours.closes > street.now()

    def test_b23_many_orders_are_read_at_once_and_the_unknown_are_left_out(self, broker):
        broker.submit(sell("rb1", SPY, "1"))
        broker.submit(buy("rb2", BIL, "1"))
        seen = broker.orders([OrderId("rb1"), OrderId("rb2"), OrderId("rb9")])
        assert {order_id: state.symbol for order_id, state in seen.items()} == {"rb1": SPY, "rb2": BIL}

    def test_b26_all_our_orders_are_listed_in_any_state_and_no_others(self, broker, street):
        self.needs("takes")
        since = street.now()
        broker.submit(buy("rb1", SPY, "3"))
        settled(broker, street, "rb1")
        for order_id in ("rb2", "rb3", "by hand"):
            broker.submit(buy(order_id, SPY, "1", limit="50.00"))
        broker.cancel(OrderId("rb2"))
        settled(broker, street, "rb2")
        states = broker.named(by_rule, since)
        assert {state.id: state.status for state in states} == {"rb1": "filled", "rb2": "canceled", "rb3": "open"}
        assert all(state == broker.find(state.id) for state in states)

    def test_b26_orders_of_an_earlier_day_are_not_listed(self, broker, street):
        self.needs("takes")
        broker.submit(buy("rb1", SPY, "3"))
        assert listed(broker, street.now() - timedelta(minutes=1)) == {"rb1"}
        street.sleep(86_400)
        broker.submit(buy("rb2", SPY, "1"))
        assert listed(broker, street.now() - timedelta(hours=12)) == {"rb2"}

    def test_b27_an_order_resent_under_its_own_id_exists_once(self, broker, street):
        self.needs("unique_ids")
        since = street.now()
        order = buy("rb1", SPY, "3")
        answers = [broker.submit(order) for _ in range(3)]
        assert [type(answer) for answer in answers] == [Accepted, Unknown, Unknown]
        settled(broker, street, "rb1")
        assert held(broker)[SPY] == self.spy(3)
        assert not self.ability.takes or listed(broker, since) == {"rb1"}


class FaultContract(Contract):
    """The fixture `broker_with` opens the same account at a venue with a ScriptedFault for all orders in SPY."""

    def test_b11_after_a_lost_answer_find_shows_whether_the_order_arrived(self, broker_with):
        broker = broker_with(ScriptedFault(silent=True))
        order = buy("rb1", SPY, "5")
        assert isinstance(broker.submit(order), Unknown)
        found = broker.find(order.id)
        assert isinstance(found, OrderState)
        assert order.same_as(found)

    def test_b12_a_lost_order_is_absent_and_can_be_sent_again(self, broker_with):
        broker = broker_with(ScriptedFault(lost=1))
        order = buy("rb1", SPY, "5")
        assert isinstance(broker.submit(order), Unknown)
        assert broker.find(order.id) == Absent()
        assert isinstance(broker.submit(order), Accepted)

    @pytest.mark.parametrize(
        "fault", [ScriptedFault(lost=1), ScriptedFault(silent=True)], ids=["it was lost", "its answer was lost"]
    )
    def test_b27_an_order_resent_after_an_unknown_answer_exists_once(self, broker_with, street, fault):
        self.needs("unique_ids")
        broker = broker_with(fault)
        assert broker.venue.idempotent_ids, "a venue that takes an id twice is never sent one twice"
        order = buy("rb1", SPY, "5")
        assert isinstance(broker.submit(order), Unknown)
        assert isinstance(broker.submit(order), Accepted | Unknown)
        assert settled(broker, street, "rb1").filled == 5
        assert held(broker)[SPY] == self.spy(5)
        assert len(broker.fills(order.id)) == 1

    def test_b14_an_order_may_be_refused_for_the_venues_own_reason(self, broker_with):
        answer = broker_with(ScriptedFault(refuse="halted")).submit(buy("rb1", SPY, "5"))
        assert isinstance(answer, Refused)
        assert "halted" in answer.reason

    def test_b14_an_accepted_order_may_be_rejected_later(self, broker_with, street):
        broker = broker_with(ScriptedFault(reject="halted", waits=1))
        answer = broker.submit(buy("rb1", SPY, "5"))
        assert isinstance(answer, Accepted)
        assert answer.state.status == "open"
        state = settled(broker, street, "rb1")
        assert (state.status, state.filled) == ("rejected", 0)
        assert state.reason
        assert broker.account().spendable == CASH

    def test_b14_open_sells_hold_their_shares(self, broker_with):
        broker = broker_with(ScriptedFault(waits=99))
        broker.submit(sell("rb1", SPY, "8"))
        assert isinstance(broker.submit(sell("rb2", SPY, "3")), Refused)
        assert isinstance(broker.submit(sell("rb3", SPY, "2")), Accepted)

    def test_b14_open_buys_hold_their_cash(self, broker_with):
        broker = broker_with(ScriptedFault(waits=99))
        broker.submit(buy("rb1", SPY, "90", limit="101.00"))
        account = broker.account()
        assert account.cash == CASH
        assert account.spendable <= CASH - 9090
        assert isinstance(broker.submit(buy("rb2", BIL, "20")), Refused)

    def test_b15_a_part_filled_order_keeps_its_fill_when_it_is_canceled(self, broker_with, street):
        broker = broker_with(ScriptedFault(fills_at_most=Decimal(2)))
        broker.submit(buy("rb1", SPY, "5"))
        settled(broker, street, "rb1")
        assert [state.filled for state in broker.open_orders()] == [2]
        broker.cancel(OrderId("rb1"))
        state = settled(broker, street, "rb1")
        assert (state.status, state.filled) == ("canceled", 2)
        assert held(broker)[SPY] == self.spy(2)
        assert sum(fill.quantity for fill in broker.fills(OrderId("rb1"))) == 2

    def test_b16_a_fill_beats_a_pending_cancel(self, broker_with, street):
        broker = broker_with(ScriptedFault(fills_at_most=Decimal(2), cancel="beaten"))
        broker.submit(buy("rb1", SPY, "5"))
        settled(broker, street, "rb1")
        broker.cancel(OrderId("rb1"))
        state = settled(broker, street, "rb1")
        assert (state.status, state.filled) == ("filled", 5)
        fills = broker.fills(OrderId("rb1"))
        assert [fill.quantity for fill in fills] == [2, 3]
        assert len({fill.execution_id for fill in fills}) == 2

    def test_b16_a_slow_cancel_is_seen_later(self, broker_with, street):
        broker = broker_with(ScriptedFault(waits=99, cancel="slow"))
        broker.submit(buy("rb1", SPY, "5"))
        broker.cancel(OrderId("rb1"))
        assert state_of(broker, "rb1").status == "open"
        assert settled(broker, street, "rb1").status == "canceled"

    def test_b16_a_refused_cancel_leaves_the_order_open(self, broker_with, street):
        broker = broker_with(ScriptedFault(waits=99, cancel="refused"))
        broker.submit(buy("rb1", SPY, "5"))
        broker.cancel(OrderId("rb1"))
        assert settled(broker, street, "rb1").status == "open"


BROKEN_ANSWERS = {
    "b04": "nothing in time",
    "b05": "a reset",
    "b06": "a page in HTML",
    "b06-gateway": "a gateway's timeout",
    "b07": "too many requests",
    "b08": "a redirect",
    "b09": "nothing at all",
    "b09-half": "half an answer",
    "b10": "another symbol",
    "b10-quantity": "another quantity",
    "b10-id": "another id",
    "b10-fields": "no quantity",
}
BROKEN_READS = [name for name in BROKEN_ANSWERS.values() if not name.startswith(("another", "no quantity"))]


class WireContract(Contract):
    """The fixture `wire` breaks answers: `wire.submits(what)`, `wire.reads(what)` for ever, and keeps count.

    `broker` is as in BrokerContract; `hasty` is another one at the same account, that gives up waiting after
    a second, and `patient` one that does after some: on a busy machine a good answer takes a second too.
    """

    @pytest.mark.parametrize("what", BROKEN_READS)
    def test_b02_an_unreadable_account_is_never_read_as_empty(self, hasty, wire, what):
        self.needs("wire")
        wire.reads(what)
        for read in (hasty.account, hasty.positions, hasty.open_orders, hasty.hours):
            with pytest.raises(SourceError):
                read()

    @pytest.mark.parametrize("what", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
    def test_an_order_whose_answer_breaks_is_unknown_sent_once_and_found_if_it_arrived(self, patient, wire, what):
        self.needs("wire")
        wire.submits(what)
        order = buy("rb1", SPY, "3")
        answer = patient.submit(order)
        assert isinstance(answer, Unknown)
        assert (answer.pause is not None) is (what == "too many requests")
        assert wire.posts == 1
        found = patient.find(order.id)
        assert order.same_as(found) if wire.took("rb1") else found == Absent()

    @pytest.mark.parametrize("what", BROKEN_READS)
    def test_b11_a_failed_look_up_is_not_an_absence(self, hasty, wire, street, what):
        self.needs("wire")
        hasty.submit(buy("rb1", SPY, "3"))
        wire.reads(what)
        assert isinstance(hasty.find(OrderId("rb1")), Unknown)
        with pytest.raises(SourceError):
            hasty.orders([OrderId("rb1")])
        with pytest.raises(SourceError):
            hasty.named(by_rule, street.now() - timedelta(hours=1))

    def test_b10_an_unknown_status_is_an_open_order(self, broker, wire):
        self.needs("wire")
        wire.submits("an unknown status")
        answer = broker.submit(buy("rb1", SPY, "3"))
        assert isinstance(answer, Accepted)
        assert not answer.state.terminal

    def test_b16_a_lost_cancel_raises_nothing(self, broker, wire):
        self.needs("wire")
        broker.submit(buy("rb1", SPY, "3", limit="50.00"))
        wire.cancels("a reset")
        broker.cancel(OrderId("rb1"))
        assert state_of(broker, "rb1").status == "open"

    def test_b20_a_key_that_is_not_accepted_any_more_stops_orders_and_reads(self, broker, wire):
        self.needs("wire")
        wire.lock_out()
        answer = broker.submit(buy("rb1", SPY, "3"))
        assert isinstance(answer, Refused)
        assert answer.kind == "account"
        with pytest.raises(SourceError, match="key"):
            broker.account()

    def test_b22_the_venues_rate_is_never_exceeded(self, broker, wire):
        self.needs("wire")
        for _ in range(250):
            broker.hours()
        assert wire.busiest_minute <= wire.allowed_a_minute
        assert wire.busiest_minute > 100

    def test_b23_every_page_of_open_orders_is_read(self, broker, wire):
        self.needs("wire")
        wire.others_buy(BIL, orders=501, limit="1.00")
        assert len({state.id for state in broker.open_orders()}) == 501

    def test_b26_our_orders_are_listed_from_every_page(self, broker, street, wire):
        self.needs("wire")
        since = street.now()
        broker.submit(buy("rb1", BIL, "1"))
        wire.others_buy(BIL, orders=501, limit="1.00")
        broker.submit(buy("rb2", BIL, "1"))
        assert listed(broker, since) == {"rb1", "rb2"}

    def test_b23_every_page_of_fills_is_read(self, broker, street, wire):
        self.needs("wire")
        broker.submit(buy("rb1", SPY, "3", limit="100.50"))
        wire.others_buy(BIL, orders=100, limit="51.00")
        broker.submit(buy("rb2", SPY, "2", limit="100.50"))
        settled(broker, street, "rb2")
        assert [sum(fill.quantity for fill in broker.fills(OrderId(name))) for name in ("rb1", "rb2")] == [3, 2]

    def test_b24_no_log_and_no_error_shows_the_key(self, broker, wire, caplog):
        self.needs("wire")
        caplog.set_level("DEBUG")
        wire.lock_out()
        broker.submit(buy("rb1", SPY, "3"))
        with pytest.raises(SourceError) as refused:
            broker.account()
        assert caplog.text
        said = caplog.text + str(refused.value) + repr(broker)
        assert not [part for part in wire.secrets if part in said]

    @pytest.mark.parametrize("what", ["one byte at a time", "one byte of its head at a time"])
    def test_b25_a_response_that_never_ends_times_out(self, patient, wire, what):
        self.needs("wire")
        wire.submits(what)
        assert isinstance(patient.submit(buy("rb1", SPY, "3")), Unknown)
        assert isinstance(patient.submit(buy("rb2", SPY, "3")), Accepted)
        assert wire.posts == 2


class OrderSequences(RuleBasedStateMachine):
    """After any sequence of orders: no debt, no short, no order that changes after its end.

    A subclass gives `opened`, an account with CASH dollars and HOLDINGS; `self.street` is its market.
    """

    def __init__(self) -> None:
        super().__init__()
        self.street = Street()
        self.broker: Any = self.opened()
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
