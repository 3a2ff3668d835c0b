"""What one account's evening stands on, and the pen it writes with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from rebalancer.bots.base import Bot
from rebalancer.errors import RunFailedError, StoppedError
from rebalancer.events import Event, Noted, OrderIntended, OrderResent
from rebalancer.model import (
    Instrument,
    Investment,
    Limits,
    OrderId,
    Price,
    Reserve,
    RunId,
    Session,
    Side,
    Symbol,
    Trading,
)
from rebalancer.ports import Broker, Calendar, Clock, History, Journal, OrderRecord, Quotes


@dataclass(frozen=True, slots=True)
class RunContext:
    """One account with everything behind its ports. `bots` has each investment's bot by name.

    `pinned` is the only account number that may be traded, None where the owner named none. `venue` is where orders go,
    such as a host. `files` maps what the run goes by to the SHA-256 of its bytes.

    `renames` has the new name by the old one that bots still use; `ambiguous` are symbols that are left alone, with the
    reason, since two shares may be meant by them.

    Once `shutdown_requested` says so no order leaves any more, and those that left are followed to their end.
    """

    account: str
    broker: Broker
    history: History
    quotes: Quotes
    calendar: Calendar
    clock: Clock
    journal: Journal
    trading: Trading
    reserve: Reserve
    investments: tuple[Investment, ...]
    bots: Mapping[str, Bot]
    shutdown_requested: Callable[[], bool] = lambda: False
    pinned: str | None = None
    limits: Limits = field(default_factory=Limits)
    mode: str = "paper"
    venue: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[Symbol, Symbol] = field(default_factory=dict)
    ambiguous: Mapping[Symbol, str] = field(default_factory=dict)

    def symbols(self) -> tuple[Symbol, ...]:
        """Every ticker tonight's decisions can name, as it is called now, sorted."""
        named = {symbol for bot in self.bots.values() for symbol in bot.symbols}
        fallback = {self.trading.fallback_ticker} if self.trading.fallback_ticker else set()
        return tuple(sorted({self.renames.get(symbol, symbol) for symbol in named | fallback}))

    @property
    def currency(self) -> str:
        return self.broker.venue.currency

    def instrument(self, symbol: Symbol) -> Instrument:
        return self.broker.instruments([symbol])[symbol]


class RunLog:
    """Writes the events of one run. `sent` tells whether an order may have left, `sent_here` whether one did just now.

    `venue_time` is what the venue's clock said when it was last asked, and what had elapsed by ours just before.
    `earlier` are the orders that left before this run was cut off and taken up again. `remarks` have the last word on
    each symbol that one was said of, `held_back` the symbols that the owner's own settings keep from their targets,
    `prices` the last price for an order of each. `shrunk` are the buys that found no room or cash. `problems` make the
    run partial beside its orders and targets.
    `at_start` are all US shares of the account when this run, or the rest of it, began; None before they are read.
    """

    def __init__(self, context: RunContext, run: RunId, session: Session) -> None:
        self.run = run
        self.session = session
        self.number = context.journal.run_number(run)
        self.currency = context.currency
        self._context = context
        self.venue_time: tuple[datetime, float] | None = None
        self.remarks: dict[Symbol, str] = {}
        self.held_back: set[Symbol] = set()
        self.prices: dict[Symbol, Price] = {}
        self.shrunk: set[Symbol] = set()
        self.problems: list[str] = []
        self.at_start: Mapping[Symbol, Decimal] | None = None
        self.earlier: Mapping[OrderId, OrderRecord] = {}
        self.recall()
        self.sent, self.sent_here = bool(self.earlier), False

    def recall(self) -> None:
        """Read `earlier` again."""
        self.earlier = {sent.order.id: sent for sent in self._context.journal.orders(self.run)}

    def attempt(self, symbol: Symbol, side: Side) -> int:
        """The number that this run's next order of `symbol` and `side` has: no two of them share an id."""
        sent = self._context.journal.orders(self.run)
        return 1 + sum((each.order.symbol, each.order.side) == (symbol, side) for each in sent)

    def now(self) -> datetime:
        return self._context.clock.now()

    def write(self, *events: Event) -> None:
        """Commit `events` together. If this raises, nothing more may be sent.

        Raises what the journal raises until an order of this run has left, StoppedError after that.
        """
        try:
            self._context.journal.record(self.run, *events)
        except RunFailedError as error:
            if self.sent:
                raise StoppedError(f"{error} Orders had left before: look at the account.") from error
            raise
        if any(isinstance(event, OrderIntended | OrderResent) for event in events):
            self.sent = self.sent_here = True

    def remark(self, symbol: Symbol, text: str) -> None:
        """A warning about one symbol, which the sentence that the run ends with may need."""
        self.remarks[symbol] = text
        self.note(f"{symbol}: {text}", "warning")

    def note(self, text: str, level: Literal["note", "warning", "error"] = "note") -> None:
        self.write(Noted(at=self.now(), level=level, text=text))
