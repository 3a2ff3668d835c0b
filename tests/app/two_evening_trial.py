"""One call of the two-evening trial at a sim broker that reports every account figure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from fakes import PowerCutProxy
from scripted_sim import ScriptedSimBroker
from stage import DAYS, Stage, mix, percent, session_of

from rebalancer.app.two_evenings import run_two_evenings
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import RunId, Symbol
from rebalancer.model.checkup import Check, Figures
from rebalancer.portfolio.order_ids import is_trial_order
from rebalancer.ports import Broker, Journal

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = DAYS[:4]
SCHO, USFR = Symbol("SCHO"), Symbol("USFR")
MOMENTS = ["before the buy", "after the buy", "before the sell", "after the sell"]


@dataclass
class MarginBroker:
    """The sim broker with every figure of a margin account; a subclass changes one call."""

    inner: ScriptedSimBroker

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def account(self):
        account = self.inner.account()
        value = sum((position.market_value for position in self.inner.positions()), Decimal(0))
        return replace(account, long_value=value, buying_power=4 * account.equity)


def power_cut_after_submit(inner: ScriptedSimBroker) -> PowerCutProxy:
    return PowerCutProxy(MarginBroker(inner), frozenset({"submit"}), at=1, after=True)


@dataclass
class TrialAnswer:
    checks: dict[str, Check]
    figures: tuple[Figures, ...]

    @property
    def verdicts(self) -> dict[str, str]:
        return {name: check.verdict for name, check in self.checks.items()}


def two_evening_stage(folder: Path) -> Stage:
    stage = Stage(folder, {"A": (mix(SPY=60, TLT=30), percent("A", 100))})
    stage.market.prices |= {SCHO: Decimal("24.31"), USFR: Decimal("50.4")}
    return stage


def call(
    stage: Stage,
    named: Symbol | None = None,
    around: Callable[[ScriptedSimBroker], Any] = MarginBroker,
    journal_proxy: Callable[[SqliteJournal], Any] = lambda journal: journal,
) -> TrialAnswer:
    """One call of the command, on the stage's current evening."""
    inner = stage.broker()
    try:
        broker: Broker = around(inner)
        with SqliteJournal.open(stage.folder / "trial.sqlite") as books:
            journal: Journal = journal_proxy(books)
            context = replace(stage.context(broker, journal), account="demo-two-evenings")
            request = replace(stage.request(force=True), account=context.account, purpose="trial")
            run = books.start_run(request)
            assert isinstance(run, int)
            checks, figures = run_two_evenings(context, RunId(run), session_of(stage.clock.now().date()), named)
            return TrialAnswer({check.name: check for check in checks}, figures)
    finally:
        inner.close()


def by_hand(stage: Stage, symbol: Symbol, quantity: int) -> None:
    broker = stage.broker()
    broker.change_position(symbol, Decimal(quantity))
    broker.close()


def orders(stage: Stage) -> list[tuple[str, Symbol, Decimal]]:
    """The trial's own, at the broker."""
    broker = stage.broker()
    found = broker.named(is_trial_order, session_of(MONDAY).opens)
    broker.close()
    return [(state.side, state.symbol, state.filled) for state in found]


ONE_OF_EACH = [("buy", SCHO, 1), ("sell", SCHO, 1)]
