"""The journal of a dry run: writes to its own file, reads the account's state from the real journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from rebalancer.bookings import CashPaid, SpunOff
from rebalancer.events import DailyLossHit, Event, FillSeen, HoldingsRead, Restated
from rebalancer.journal.ledger import Change, renamed, with_changes
from rebalancer.model import NO_RUN, OrderId, RunId, RunRequest
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded
from rebalancer.ports import AlreadyRun, BalanceRecord, InterruptedRun, Journal, Ledger, OrderRecord, TradingStatus


@dataclass(slots=True)
class DryRunJournal:
    """`own` records every event. `real` is only read; `changes` are this dry run's simulated fills and restatements,
    `booked` its events that the books follow.
    """

    own: Journal
    real: Journal
    changes: list[Change] = field(default_factory=list)
    booked: list[Event] = field(default_factory=list)
    session: date = date.min
    loss: date | None = None

    def start_run(self, request: RunRequest) -> RunId | AlreadyRun:
        self.session = request.session
        return self.own.start_run(request)

    def record(self, run: RunId, *events: Event) -> None:
        self.own.record(run, *events)
        self.booked.extend(event for event in events if isinstance(event, CashPaid | HoldingsRead | Restated | SpunOff))
        for event in events:
            match event:
                case FillSeen(fill=fill):
                    self.changes.append(fill)
                case Restated() | SpunOff():
                    self.changes.append(event)
                case DailyLossHit():
                    self.loss = self.session

    def run_number(self, run: RunId) -> int:
        return self.own.run_number(run)

    def ledger(self, account: str) -> Ledger:
        ledger = with_changes(self.real.ledger(account), self.changes)
        tonight = [change for change in self.changes if isinstance(change, Restated)]
        renames = (renamed(change) for change in tonight)
        return replace(
            ledger,
            restated={**ledger.restated, **{change.symbol: self.session for change in tonight}},
            renames=(*ledger.renames, *(rename for rename in renames if rename)),
        )

    def unsettled(self, account: str) -> tuple[OrderRecord, ...]:
        return self.real.unsettled(account)

    def orders(self, run: RunId) -> tuple[OrderRecord, ...]:
        return self.own.orders(run)

    def orders_since(self, account: str, first: date) -> tuple[OrderRecord, ...]:
        return self.real.orders_since(account, first)

    def balances(self, account: str, first: date) -> tuple[BalanceRecord, ...]:
        return self.real.balances(account, first)

    def knows(self, account: str, ids: Iterable[OrderId]) -> frozenset[OrderId]:
        ids = tuple(ids)
        return self.real.knows(account, ids) | self.own.knows(account, ids)

    def payments(self, account: str) -> frozenset[str]:
        return self.real.payments(account)

    def books(self, account: str) -> Bookkeeper:
        keeper = self.real.books(account)
        for event in self.booked:
            keeper.enter(Recorded(NO_RUN, self.session, event))
        return keeper

    def trading_status(self, account: str) -> TradingStatus:
        """Ignores a halt: a dry run sends no order."""
        status = self.real.trading_status(account)
        return replace(status, halt=None, loss=self.loss or status.loss)

    def failures(self, run: RunId) -> Mapping[str, str]:
        return self.own.failures(run)

    def since(self, account: str, bot: str, sha256: str) -> date | None:
        return self.real.since(account, bot, sha256)

    def interrupted(self, account: str) -> InterruptedRun | None:  # noqa: ARG002 - a port
        """A dry run never resumes a real run."""
        return None

    def resume(self, run: RunId, request: RunRequest, *, running: bool) -> None:
        self.own.resume(run, request, running=running)

    def check_disk_space(self) -> None:
        self.own.check_disk_space()
