"""The steps of the recovery one by one: late arrivals of lost orders, cancels, and the orders that are left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from fakes import BrokerProxy
from gate_run import GateRun, order
from stage import DAYS, GLD, SH, SPY, TLT, session_of

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.events import OrderIntended
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import OrderId, OrderPhase, OrderState, Position, RunId, Side, Symbol
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunLog
from rebalancer.trading.recovery import (
    blocked_symbols,
    cancel_open_orders,
    external_orders,
    orders_in_doubt,
    settle_earlier_orders,
    symbols_in_doubt,
)
from rebalancer.trading.tracking import record_lost

# --------------------------------------------------------------------------------------------- late arrivals


@dataclass
class ShowsOneMore(BrokerProxy):
    """One SPY more in the first `lists` position lists; none but those is shown where it `fails` afterwards."""

    lists: int
    fails: bool = False
    read: int = 0

    def positions(self) -> tuple[Position, ...]:
        self.read += 1
        whole = self.real.positions()
        if self.read <= self.lists:
            return tuple(replace(each, quantity=each.quantity + (each.symbol == SPY)) for each in whole)
        if self.fails:
            raise SourceError("the positions did not answer")
        return whole


def settled(gate_run: GateRun, broker: BrokerProxy) -> tuple[float, list[str]]:
    """The seconds that the earlier orders took, and what was said meanwhile."""
    said: list[str] = []
    context = replace(gate_run.context, broker=broker, progress=lambda text, done, total: said.append(text))
    began = context.clock.elapsed()
    settle_earlier_orders(context, RunLog(context, gate_run.run, session_of(DAYS[1])))
    return context.clock.elapsed() - began, said


def lose(gate_run: GateRun, side: Side = "buy") -> None:
    """Journal an order of SPY that never reached the broker."""
    log = RunLog(gate_run.context, gate_run.run, session_of(DAYS[1]))
    lost = order(1, side, SPY, 10)
    log.write(OrderIntended(log.now(), lost))
    record_lost(log, lost, "it never reached the broker")


def test_a_difference_that_disappears_while_it_is_awaited_is_no_late_arrival(gate_run: GateRun) -> None:
    lose(gate_run)
    seconds, said = settled(gate_run, ShowsOneMore(gate_run.context.broker, lists=3))
    assert seconds == 2
    assert said == [f"Waiting at most {left} s for the account to show every fill" for left in (30, 29)]


def test_a_difference_that_stays_for_half_a_minute_is_a_late_arrival(gate_run: GateRun) -> None:
    lose(gate_run)
    began = gate_run.context.clock.elapsed()
    with pytest.raises(StoppedError, match="was lost, and the broker now shows 101 SPY where 100 were expected"):
        settled(gate_run, ShowsOneMore(gate_run.context.broker, lists=1000))
    assert gate_run.context.clock.elapsed() - began == 30


def test_a_lost_sell_does_not_explain_a_share_more(gate_run: GateRun) -> None:
    lose(gate_run, "sell")
    assert settled(gate_run, ShowsOneMore(gate_run.context.broker, lists=1000)) == (0, [])


def test_without_a_difference_the_positions_are_read_only_once(gate_run: GateRun) -> None:
    lose(gate_run, "sell")
    assert settled(gate_run, ShowsOneMore(gate_run.context.broker, lists=1, fails=True)) == (0, [])


def test_without_an_earlier_order_the_positions_are_not_read(gate_run: GateRun) -> None:
    assert settled(gate_run, ShowsOneMore(gate_run.context.broker, lists=0, fails=True)) == (0, [])


def test_before_the_first_record_of_an_account_no_difference_is_known(new_account: GateRun) -> None:
    lose(new_account)
    new_account.stage.broker().change_position(SPY, Decimal(3))
    assert settled(new_account, BrokerProxy(new_account.context.broker)) == (0, [])


# --------------------------------------------------------------------------------------------- cancels


def state(letter: str, symbol: Symbol, side: Side = "sell", *, ours: bool = True) -> OrderState:
    name = f"rb{letter * 18}" if ours else f"other-{letter}"
    return OrderState(OrderId(name), symbol, side, Decimal(9), "market", None, "open", Decimal(0), None)


@dataclass
class Cancels:
    """A broker whose open orders are cancelled at the poll numbered `after`, and that holds `back` shares of each."""

    states: Sequence[OrderState]
    after: int = 1
    back: int = 0
    asked: list[list[OrderId]] = field(default_factory=list)
    cancelled: list[OrderId] = field(default_factory=list)

    def open_orders(self) -> Sequence[OrderState]:
        return [] if self.cancelled else self.states

    def cancel(self, order_id: OrderId) -> None:
        self.cancelled.append(order_id)

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        self.asked.append([*ids])
        over = len(self.asked) >= self.after
        return {each.id: replace(each, status="canceled" if over else "open") for each in self.states if each.id in ids}

    def positions(self) -> Sequence[Position]:
        free = Decimal(10 - self.back)
        return [Position(each.symbol, Decimal(10), Decimal(100), available=free) for each in self.states]


@dataclass
class Cancelling:
    """The recovery at `broker`, by a run that has sent the orders `earlier` itself."""

    broker: Cancels
    earlier: Sequence[OrderId] = ()
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    written: list[object] = field(default_factory=list)
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(datetime(2024, 3, 5, tzinfo=UTC)))

    def go(self) -> None:
        context = SimpleNamespace(
            account="demo",
            broker=self.broker,
            clock=self.clock,
            journal=SimpleNamespace(unsettled=lambda account: ()),
            trading=SimpleNamespace(cancel_scope="own"),
            progress=lambda text, done, total: self.said.append(text),
        )
        log = SimpleNamespace(
            currency="USD",
            earlier=dict.fromkeys(self.earlier),
            now=self.clock.now,
            note=lambda text, level="note": self.notes.append(text),
            write=self.written.append,
        )
        cancel_open_orders(context, log)


MANY = [state(letter, Symbol(f"S{letter}")) for letter in "HDFBGCEA"]


def test_cancelled_orders_are_polled_in_the_order_of_their_ids_until_they_are_over() -> None:
    recovery = Cancelling(Cancels(MANY, after=3))
    recovery.go()
    assert recovery.broker.cancelled == [each.id for each in MANY]
    assert recovery.broker.asked == [sorted(each.id for each in MANY)] * 3
    assert recovery.clock.elapsed() == 2
    names = "SA, SB, SC, SD, SE, SF, SG, SH"
    assert recovery.said == [f"Waiting at most {left} s for the cancel of {names}" for left in (30, 29)]
    assert len(recovery.written) == len(MANY)


def test_orders_that_can_not_be_cancelled_are_named_in_the_order_of_their_ids() -> None:
    recovery = Cancelling(Cancels(MANY, after=1000))
    with pytest.raises(RunFailedError) as failed:
        recovery.go()
    assert f"the open orders {', '.join(sorted(each.id for each in MANY))} were still there 30 s" in str(failed.value)
    assert recovery.clock.elapsed() == 30


def test_the_shares_of_a_cancelled_sell_are_awaited() -> None:
    recovery = Cancelling(Cancels([state("A", SPY)], back=4))
    recovery.go()
    assert recovery.clock.elapsed() == 30
    assert "4 shares are still held 30 s after" in recovery.notes[-1]


def test_no_share_is_awaited_after_a_cancelled_buy() -> None:
    recovery = Cancelling(Cancels([state("A", SPY, "buy")], back=4))
    recovery.go()
    assert recovery.clock.elapsed() == 0


def test_where_no_order_is_open_no_order_is_polled() -> None:
    recovery = Cancelling(Cancels([]))
    recovery.go()
    assert (recovery.broker.asked, recovery.said, recovery.notes) == ([], [], [])


def test_the_orders_that_a_resumed_run_sent_itself_are_not_cancelled() -> None:
    earlier, left = state("A", SPY), state("B", TLT)
    recovery = Cancelling(Cancels([earlier, left]), [earlier.id])
    recovery.go()
    assert recovery.broker.cancelled == [left.id]


# --------------------------------------------------------------------------------------------- left alone


def test_only_orders_that_this_program_did_not_send_are_external() -> None:
    theirs = state("B", GLD, ours=False)
    broker = SimpleNamespace(open_orders=lambda: (state("A", SPY), theirs))
    assert external_orders(SimpleNamespace(broker=broker)) == (theirs,)


def test_the_symbols_of_external_orders_are_named_in_alphabetical_order() -> None:
    blocked = blocked_symbols([state("A", symbol, ours=False) for symbol in (TLT, GLD, SPY, SH)], "USD")
    assert list(blocked) == [GLD, SH, SPY, TLT]
    assert blocked[GLD] == (
        "left alone, since a sell of 9 shares that is not ours is open (other-A). Cancel it, or set "
        'cancel_scope = "all"'
    )


def in_doubt(*unsettled: OrderRecord, earlier: Sequence[OrderId] = ()) -> tuple[SimpleNamespace, SimpleNamespace]:
    journal = SimpleNamespace(unsettled=lambda account: unsettled)
    log = SimpleNamespace(session=session_of(DAYS[1]), earlier=dict.fromkeys(earlier))
    return SimpleNamespace(account="demo", journal=journal), log


def unsettled(number: int, symbol: Symbol, phase: OrderPhase, day: int = 1) -> OrderRecord:
    sent = order(number, "buy", symbol, 9)
    at = datetime(2024, 3, 5, tzinfo=UTC)
    return OrderRecord(sent, RunId(7), DAYS[day], phase, at, 1, Decimal(0), None, "")


@pytest.mark.parametrize("phase", ["intended", "unknown", "absent", "lost"])
def test_an_order_of_tonight_with_an_unknown_outcome_is_in_doubt(phase: OrderPhase) -> None:
    sent = unsettled(1, SPY, phase)
    assert orders_in_doubt(*in_doubt(sent)) == {SPY: sent}


def test_open_orders_those_of_earlier_sessions_and_those_that_the_run_tracks_are_not_in_doubt() -> None:
    sent = [unsettled(1, SPY, "open"), unsettled(2, GLD, "lost", day=0), unsettled(3, TLT, "unknown")]
    assert orders_in_doubt(*in_doubt(*sent, earlier=[sent[2].order.id])) == {}


def test_the_symbols_in_doubt_are_named_in_alphabetical_order_with_order_and_run() -> None:
    doubtful = symbols_in_doubt(*in_doubt(unsettled(1, TLT, "lost"), unsettled(2, GLD, "unknown")))
    assert list(doubtful) == [GLD, TLT]
    assert doubtful[TLT] == "left alone tonight, since buy 9 TLT (rb1) of run 7 is lost: it may still turn up"
