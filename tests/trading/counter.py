"""A run at its gate: an account of 100,000 dollars, and orders that are tried one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from stage import DAYS, GLD, SPY, TLT, Stage, mix, percent, session_of

from rebalancer.journal.store import SqliteJournal
from rebalancer.model import (
    Limits,
    Order,
    OrderId,
    OrderPhase,
    Price,
    Refused,
    RunId,
    Side,
    Symbol,
)
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.gate import Gate
from rebalancer.trading.orders import execute
from rebalancer.trading.snapshot import read_account
from rebalancer.venues.sim.script import Script, Twist

PRICES = {SPY: Decimal(500), GLD: Decimal(200), TLT: Decimal(100)}


def order(number: int, side: Side, symbol: Symbol, quantity: int, limit: str | None = None) -> Order:
    kind = "market" if limit is None else "limit"
    price = None if limit is None else Decimal(limit)
    return Order(OrderId(f"rb{number}"), symbol, side, Decimal(quantity), kind, price, "a test")


@dataclass
class Counter:
    """An account of 100,000 dollars: 100 SPY at 500 and 100 TLT at 100 are ours, the rest is cash.

    Every gate is of the same run, and may spend 20,000 dollars on buys.
    """

    context: RunContext
    run: RunId
    stage: Stage

    def gate(
        self, limits: Limits | None = None, *, priced: bool = True, previous: str | None = None, budget: int = 20_000
    ) -> Gate:
        """As a program makes it that has just begun, or that goes on with the run after it was cut off."""
        context = replace(self.context, limits=limits or Limits())
        log = RunLog(context, self.run, session_of(DAYS[1]))
        close, at = None if previous is None else Decimal(previous), context.clock.now()
        prices = {symbol: Price(symbol, price, "trade", at, 0.0, None, close) for symbol, price in PRICES.items()}
        snapshot = read_account(context, log, "again")
        return Gate(context, log, snapshot, prices if priced else {}, Decimal(budget))

    def carry_out(self, order: Order, limits: Limits | None = None) -> bool:
        """Send it and follow it to its end; whether all of it was done."""
        gate = self.gate(limits)
        (outcome,) = execute(gate.context, gate.log, [order], gate, timeout=1, reopen_gate=lambda: self.gate(limits))
        return outcome.complete

    def phase(self) -> OrderPhase:
        """Of the run's last order, by the journal."""
        return self.context.journal.orders(self.run)[-1].phase

    def at_the_broker(self) -> set[Symbol]:
        named = self.context.broker.named(bool, session_of(DAYS[1]).opens)
        return {state.symbol for state in named}


@contextmanager
def opened(folder: Path, mode: str) -> Iterator[Counter]:
    """The run is a trial, which trades without a plan."""
    stage = Stage(folder, {"A": (mix(SPY=50, TLT=10), percent("A", 100))}, mode=mode)
    stage.market.prices |= PRICES
    stage.run()
    stage.on(DAYS[1])
    broker = stage.broker()
    with SqliteJournal.open(stage.journal_file) as journal:
        context = stage.context(broker, journal)
        run = journal.start_run(replace(stage.request(), purpose="trial"))
        assert isinstance(run, int)
        yield Counter(context, RunId(run), stage)
    broker.close()


def scripted(counter: Counter, **twists: Twist) -> Counter:
    """The same account at a broker that does to the buys of each symbol what its twist says."""
    counter.stage.script = Script({("buy", Symbol(symbol)): twist for symbol, twist in twists.items()})
    return replace(counter, context=replace(counter.context, broker=counter.stage.broker()))


def said(refused: Refused | None) -> str:
    """Why an order was not let through, "" where it was."""
    return refused.reason if refused else ""
