"""A run of which a test sends single orders through the gate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
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
    Venue,
)
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.gate import Gate
from rebalancer.trading.orders import execute
from rebalancer.trading.snapshot import read_account

PRICES = {SPY: Decimal(500), GLD: Decimal(200), TLT: Decimal(100)}


def order(number: int, side: Side, symbol: Symbol, quantity: int, limit: str | None = None) -> Order:
    kind = "market" if limit is None else "limit"
    price = None if limit is None else Decimal(limit)
    return Order(OrderId(f"rb{number}"), symbol, side, Decimal(quantity), kind, price, "a test")


@dataclass
class GateRun:
    """An account of 100,000 dollars: 100 SPY at 500 and 100 TLT at 100 are ours, the rest is cash.

    Every gate is of the same run, and may spend 20,000 dollars on buys.
    """

    context: RunContext
    run: RunId
    stage: Stage

    def gate(
        self, limits: Limits | None = None, *, priced: bool = True, previous: str | None = None, budget: int = 20_000
    ) -> Gate:
        """The gate as a new process opens it, for a new or a resumed run."""
        context = replace(self.context, limits=limits or Limits())
        log = RunLog(context, self.run, session_of(DAYS[1]))
        close, at = None if previous is None else Decimal(previous), context.clock.now()
        prices = {symbol: Price(symbol, price, "trade", at, 0.0, None, close) for symbol, price in PRICES.items()}
        snapshot = read_account(context, log, "again")
        return Gate(context, log, snapshot, prices if priced else {}, Decimal(budget))

    def carry_out(self, order: Order, limits: Limits | None = None) -> bool:
        """Send `order` and track it to its end; whether it filled completely."""
        gate = self.gate(limits)
        (outcome,) = execute([order], gate, timeout=1, reopen_gate=lambda: self.gate(limits))
        return outcome.complete

    def phase(self) -> OrderPhase:
        """The journalled phase of the run's last order."""
        return self.context.journal.orders(self.run)[-1].phase

    def at_the_broker(self) -> set[Symbol]:
        named = self.context.broker.named(bool, session_of(DAYS[1]).opens)
        return {state.symbol for state in named}


@contextmanager
def open_gate_run(folder: Path, mode: str) -> Iterator[GateRun]:
    """The run is claimed as a paper trial, which needs no plan."""
    stage = Stage(folder, {"A": (mix(SPY=50, TLT=10), percent("A", 100))}, mode=mode)
    stage.market.prices |= PRICES
    stage.run()
    stage.on(DAYS[1])
    broker = stage.broker()
    with SqliteJournal.open(stage.journal_file) as journal:
        context = stage.context(broker, journal)
        run = journal.start_run(replace(stage.request(), purpose="trial"))
        assert isinstance(run, int)
        yield GateRun(context, RunId(run), stage)
    broker.close()


def scripted(gate_run: GateRun, **faults: ScriptedFault) -> GateRun:
    """The same run at a broker that applies the given fault to the buys of each symbol."""
    gate_run.stage.script = Script({("buy", Symbol(symbol)): fault for symbol, fault in faults.items()})
    return replace(gate_run, context=replace(gate_run.context, broker=gate_run.stage.broker()))


def reason(refused: Refused | None) -> str:
    """Why an order was rejected, "" where it was accepted."""
    return refused.reason if refused else ""


@dataclass
class RealMoneyBroker:
    """The sim broker as one of real money."""

    sim: ScriptedSimBroker

    @property
    def venue(self) -> Venue:
        return replace(self.sim.venue, simulated=False)

    def __getattr__(self, name: str) -> object:
        return getattr(self.sim, name)
