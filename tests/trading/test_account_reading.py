"""Readings of the account are taken at once, or wait until the broker shows the fills of tonight."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from fakes import BrokerProxy
from gate_run import GateRun, order, scripted
from scripted_sim import ScriptedFault
from stage import DAYS, SPY, TLT, session_of

from rebalancer.errors import SourceError
from rebalancer.model import Position, Symbol
from rebalancer.trading.context import RunLog
from rebalancer.trading.snapshot import AccountSnapshot, Phase, read_account, read_shares

Shown = tuple[Position, ...]
LATER: list[Phase] = ["again", "after_sells", "end"]


@dataclass
class Late(BrokerProxy):
    """Its first position lists are changed, as many as `late`."""

    change: Callable[[Shown], Shown]
    late: int = 1000
    lists: int = 0

    def positions(self) -> Shown:
        self.lists += 1
        whole = self.real.positions()
        return self.change(whole) if self.lists <= self.late else whole


@dataclass
class Reading:
    """What `read_account` made of a broker: the snapshot, the seconds waited, and what was said meanwhile."""

    snapshot: AccountSnapshot
    seconds: float
    said: list[str]


def one_less(symbol: Symbol) -> Callable[[Shown], Shown]:
    return lambda whole: tuple(replace(each, quantity=each.quantity - (each.symbol == symbol)) for each in whole)


def twice(symbol: Symbol) -> Callable[[Shown], Shown]:
    return lambda whole: tuple(replace(each, quantity=each.quantity * (1 + (each.symbol == symbol))) for each in whole)


def without(symbol: Symbol) -> Callable[[Shown], Shown]:
    return lambda whole: tuple(each for each in whole if each.symbol != symbol)


def taken(gate_run: GateRun, phase: Phase, change: Callable[[Shown], Shown], late: int = 1000) -> Reading:
    """The account read at a broker that shows `late` position lists with a `change`."""
    said: list[str] = []
    context = replace(
        gate_run.context,
        broker=Late(gate_run.context.broker, change, late),
        progress=lambda text, done, total: said.append(text),
    )
    began = context.clock.elapsed()
    snapshot = read_account(context, RunLog(context, gate_run.run, session_of(DAYS[1])), phase)
    return Reading(snapshot, context.clock.elapsed() - began, said)


@pytest.mark.parametrize("phase", LATER)
def test_a_position_that_was_sold_tonight_is_awaited(gate_run: GateRun, phase: Phase) -> None:
    assert gate_run.carry_out(order(1, "sell", SPY, 10))
    reading = taken(gate_run, phase, twice(SPY), late=3)
    assert reading.snapshot.shares == {SPY: 90, TLT: 100}
    assert reading.seconds == 3
    assert reading.said == [f"Waiting at most {left} s for the account to show every fill" for left in (30, 29, 28)]


def test_a_position_that_never_shows_the_fill_is_recorded_after_half_a_minute(gate_run: GateRun) -> None:
    assert gate_run.carry_out(order(1, "sell", SPY, 10))
    reading = taken(gate_run, "after_sells", one_less(SPY))
    assert reading.snapshot.shares[SPY] == 89
    assert reading.seconds == 30


def test_a_position_that_shows_the_fill_is_recorded_at_once(gate_run: GateRun) -> None:
    assert gate_run.carry_out(order(1, "sell", SPY, 10))
    reading = taken(gate_run, "after_sells", lambda whole: whole)
    assert (reading.seconds, reading.said) == (0, [])


def test_only_what_was_traded_tonight_is_awaited(gate_run: GateRun) -> None:
    assert gate_run.carry_out(order(1, "sell", SPY, 10))
    reading = taken(gate_run, "after_sells", one_less(TLT))
    assert reading.snapshot.shares[TLT] == 99
    assert reading.seconds == 0


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (ScriptedFault(fills_at_most=Decimal(4)), 30),
        (ScriptedFault(fills_at_most=Decimal(0)), 0),
        (ScriptedFault(fills_at_most=Decimal(4), cancel="refused"), 0),
    ],
    ids=["cancelled after 4 shares", "cancelled without a fill", "4 shares filled, still open"],
)
def test_the_fills_of_an_order_are_awaited_once_it_is_over(
    gate_run: GateRun, fault: ScriptedFault, seconds: int
) -> None:
    """An open one may fill at any moment, so that no number of shares would be the last."""
    faulty = scripted(gate_run, TLT=fault)
    assert not faulty.carry_out(order(1, "buy", TLT, 10))
    assert taken(faulty, "after_sells", one_less(TLT)).seconds == seconds


def test_a_position_that_is_missing_after_a_trade_is_awaited_too(gate_run: GateRun) -> None:
    assert gate_run.carry_out(order(1, "sell", SPY, 10))
    reading = taken(gate_run, "after_sells", without(TLT), late=5)
    assert reading.snapshot.shares == {SPY: 90, TLT: 100}
    assert reading.seconds == 5


def test_the_first_run_of_a_session_waits_for_no_position(gate_run: GateRun) -> None:
    reading = taken(gate_run, "start", one_less(SPY))
    assert reading.snapshot.shares[SPY] == 99
    assert reading.seconds == 0


def test_a_later_run_of_a_session_waits_for_every_position_of_the_journal(gate_run: GateRun) -> None:
    taken(gate_run, "start", lambda whole: whole)
    reading = taken(gate_run, "start", one_less(SPY), late=7)
    assert reading.snapshot.shares[SPY] == 100
    assert reading.seconds == 7


def test_a_difference_that_is_open_already_is_not_awaited(gate_run: GateRun) -> None:
    """A doubled position may be a split that is announced later."""
    taken(gate_run, "start", twice(SPY))
    assert taken(gate_run, "start", twice(SPY)).seconds == 0


def test_a_missing_position_is_not_awaited_where_nothing_was_traded(gate_run: GateRun) -> None:
    began = gate_run.context.clock.elapsed()
    with pytest.raises(SourceError, match="its answer is not whole"):
        taken(gate_run, "start", without(SPY))
    assert gate_run.context.clock.elapsed() == began


def test_the_shares_of_every_position_are_read_at_once(gate_run: GateRun) -> None:
    said: list[str] = []
    context = replace(gate_run.context, progress=lambda text, done, total: said.append(text))
    began = context.clock.elapsed()
    assert read_shares(context) == {SPY: 100, TLT: 100}
    assert context.clock.elapsed() == began
    assert said == []


def test_the_shares_are_not_read_from_a_part_of_the_positions(gate_run: GateRun) -> None:
    began = gate_run.context.clock.elapsed()
    with pytest.raises(SourceError, match="its answer is not whole"):
        read_shares(replace(gate_run.context, broker=Late(gate_run.context.broker, without(SPY))))
    assert gate_run.context.clock.elapsed() == began
