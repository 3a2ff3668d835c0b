"""A complete run without waiting: a market that the test sets, the sim broker, a real journal."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Self

import numpy as np
from scripted_sim import Script, ScriptedSimBroker

from rebalancer.app.evening import fingerprints
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.rule import Rebalance
from rebalancer.bots.flowchart.tree import Asset, Cash, Chart, Node, Place, Specified
from rebalancer.errors import SourceError
from rebalancer.journal import read
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import (
    NEW_YORK,
    Bar,
    Closes,
    CorporateAction,
    Investment,
    Limits,
    Payment,
    Quote,
    Reserve,
    RunId,
    RunRequest,
    Session,
    Snapshot,
    Symbol,
    Trading,
)
from rebalancer.portfolio.confirmed import ConfirmedPlan
from rebalancer.ports import AlreadyRun, Broker, InterruptedRun, Journal
from rebalancer.trading.context import RunContext
from rebalancer.trading.run import run_evening, start_run

HERE = Place(None, "chart")
SPY, SH, SGOV, TLT, GLD = (Symbol(ticker) for ticker in ("SPY", "SH", "SGOV", "TLT", "GLD"))
DAYS = tuple(date(2024, 3, 4) + timedelta(days=offset) for offset in range(5))


def session_of(day: date) -> Session:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Session(day, midnight + timedelta(hours=14, minutes=30), midnight + timedelta(hours=21))


def hold(ticker: Symbol) -> Node:
    return Asset(ticker, HERE)


def mix(**percents: int) -> Node:
    """`mix(SPY=60, SH=40)`; what is missing to 100 is cash."""
    parts: list[tuple[float, Node]] = [(share / 100, hold(Symbol(ticker))) for ticker, share in percents.items()]
    rest = 100 - sum(percents.values())
    if rest:
        parts.append((rest / 100, Cash(HERE)))
    return Specified(tuple(share for share, _ in parts), tuple(node for _, node in parts), HERE)


@dataclass
class StageMarket:
    """`prices` are today's, in dollars; a symbol that is not in it shows nothing. Yesterday's closes are the same.

    A `stale` symbol shows an hour-old bar: good enough for a decision, too old for an order.
    """

    prices: dict[Symbol, Decimal]
    clock: SimulatedClock
    quoted: bool = True
    stale: frozenset[Symbol] = frozenset()
    silent: bool = False
    unreadable_history: bool = False
    announced: tuple[CorporateAction, ...] = ()

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        if self.silent:
            raise SourceError("the quotes did not answer")
        return {name: self._snapshot(name, self.prices[name]) for name in symbols if name in self.prices}

    def _snapshot(self, name: Symbol, price: Decimal) -> Snapshot:
        now = self.clock.now()
        bar = Bar(now.date(), price, now - timedelta(hours=name in self.stale))
        quote = Quote(price, price, now) if self.quoted and name not in self.stale else None
        return Snapshot(name, quote=quote, bar=bar)

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        if self.unreadable_history:
            raise SourceError("the history did not answer")
        days = [day for day in (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), *DAYS) if day < before]
        row = [float(self.prices.get(name, "nan")) for name in symbols]
        return Closes(np.array(days, dtype="datetime64[D]"), tuple(symbols), np.array([row] * len(days)))

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        """A rename is found by either name."""
        found = (action for action in self.announced if {action.symbol, action.renamed} & {*symbols})
        return tuple(action for action in found if first <= action.day <= last)


class Weekdays:
    zone = NEW_YORK

    def session(self, day: date) -> Session | None:
        return session_of(day) if day.weekday() < 5 else None

    def sessions(self, first: date, last: date) -> tuple[date, ...]:
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return tuple(day for day in days if day.weekday() < 5)


OPENED = ExitStack()
"""Closes the brokers of a test that has ended."""


@dataclass
class Stage:
    """One account of 100,000 dollars. Every `run` opens broker and journal anew, as a new process would.

    It resumes an interrupted run of the session. `number` is the account number at the broker, `paid` what it paid.
    """

    folder: Path
    bots: Mapping[str, tuple[Node, Investment]]
    trading: Trading = field(default_factory=lambda: Trading(fallback_ticker=SGOV))
    reserve: Reserve = field(default_factory=Reserve)
    limits: Limits = field(default_factory=Limits)
    script: Script = field(default_factory=Script)
    paid: list[Payment] = field(default_factory=list)
    cash: Decimal = Decimal(100_000)
    commission: Decimal = Decimal(0)
    clock: SimulatedClock = field(init=False)
    market: StageMarket = field(init=False)
    broker_proxy: Callable[[ScriptedSimBroker], Broker] = lambda broker: broker
    journal_proxy: Callable[[SqliteJournal], Journal] = lambda journal: journal
    mode: str = "paper"
    venue: str = "sim"
    number: str = "sim"
    rebalance: Rebalance = "daily"
    bot_files: Mapping[str, bytes] = field(default_factory=dict)
    confirmed: ConfirmedPlan | None = None

    def __post_init__(self) -> None:
        prices = {SPY: "500", SH: "14.21", SGOV: "100.4", TLT: "93.5", GLD: "201"}
        self.clock = SimulatedClock(session_of(DAYS[0]).closes - timedelta(minutes=10))
        self.market = StageMarket({name: Decimal(price) for name, price in prices.items()}, self.clock)

    @property
    def journal_file(self) -> Path:
        return self.folder / "journal.sqlite"

    def on(self, day: date) -> Self:
        self.clock = SimulatedClock(session_of(day).closes - timedelta(minutes=self.trading.minutes_before_close))
        self.market.clock = self.clock
        return self

    def broker(self) -> ScriptedSimBroker:
        broker = ScriptedSimBroker(
            self.folder / f"{self.number}.sqlite",
            self.clock,
            self.market,
            Weekdays(),
            starting_cash=self.cash,
            commission_dollars=self.commission,
            script=self.script,
            paid=self.paid,
        )
        OPENED.callback(broker.close)
        return broker

    def context(self, broker: Broker, journal: Journal) -> RunContext:
        return RunContext(
            account="demo",
            broker=broker,
            history=self.market,
            quotes=self.market,
            calendar=Weekdays(),
            clock=self.clock,
            journal=journal,
            trading=self.trading,
            reserve=self.reserve,
            limits=self.limits,
            investments=tuple(investment for _, investment in self.bots.values()),
            bots={name: FlowchartBot.of(Chart(name, node, self.rebalance)) for name, (node, _) in self.bots.items()},
            mode=self.mode,
            venue=self.venue,
            files=fingerprints(self.bot_files),
            confirmed=self.confirmed,
        )

    def request(self, *, force: bool = False) -> RunRequest:
        session = session_of(self.clock.now().date())
        return RunRequest(
            at=self.clock.now(),
            account="demo",
            broker="sim",
            mode=self.mode,
            session=session.day,
            closes=session.closes,
            version="0",
            files={"config": b"x", **self.bot_files},
            force=force,
            venue=self.venue,
        )

    def run(self, *, force: bool = False) -> "RunId | AlreadyRun":
        broker, journal = self.broker(), SqliteJournal.open(self.journal_file)
        try:
            context = self.context(self.broker_proxy(broker), self.journal_proxy(journal))
            session = session_of(self.clock.now().date())
            interrupted = cut_off(journal, session)
            run = start_run(context, self.request(force=force), session, interrupted)
            if not isinstance(run, AlreadyRun):
                run_evening(context, run, session, interrupted.plan if interrupted else None)
            return run
        finally:
            broker.close()
            journal.close()

    def record(self) -> read.RunRecord:
        """The last run as the screens see it."""
        return read.run(self.journal_file, None)

    def shares(self) -> dict[Symbol, Decimal]:
        broker = self.broker()
        held = {position.symbol: position.quantity for position in broker.positions()}
        broker.close()
        return held


def cut_off(journal: SqliteJournal, session: Session) -> InterruptedRun | None:
    found = journal.interrupted("demo")
    return found if found and found.orders and found.session == session.day else None


def dollars(bot: str, amount: int) -> Investment:
    return Investment(bot, Decimal(amount))


def percent(bot: str, amount: int) -> Investment:
    return Investment(bot, Decimal(amount), "percent")


def one_bot(folder: Path, **percents: int) -> Stage:
    return Stage(folder, {"A": (mix(**percents), percent("A", 100))})
