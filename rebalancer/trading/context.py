"""What a run works with: the account behind its ports, and the log of its events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from rebalancer.bots.base import Bot
from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.events import Event, Noted, OrderIntended, OrderResent
from rebalancer.model import (
    Closes,
    Instrument,
    Instruments,
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
from rebalancer.portfolio.confirmed import ConfirmedPlan
from rebalancer.portfolio.plan_inputs import PlanInputs
from rebalancer.ports import Broker, Calendar, Clock, History, Journal, OrderRecord, Progress, Quotes, unwatched

KeepInputs = Callable[[PlanInputs, Closes], None]


def not_kept(inputs: PlanInputs, closes: Closes, /) -> None:
    """For runs whose plan inputs are not kept."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """One account with everything that a run of it uses. `bots` has each investment's bot by name.

    `pinned` is the only account number that may be traded, None where the owner named none. `venue` is where orders go,
    such as a host. `files` maps the config, the settings and each bot to the SHA-256 of its bytes.

    `renames` maps the old names that bots still use to the new ones. `ambiguous` are symbols that could mean two
    different shares, with the reason why they are not traded.

    Once `shutdown_requested` returns True no order is sent any more, and those sent are tracked to their end.
    `progress` watches what takes long: waiting, and the bots. `keep` is given what the plan was made from, once it is
    journalled; it must not fail. Where a plan is `confirmed`, no order is sent for another one. `skews` collects for
    observers how far the venue's clock was from ours each time it was read; nothing in the run reads it.
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
    progress: Progress = unwatched
    pinned: str | None = None
    limits: Limits = field(default_factory=Limits)
    mode: str = "paper"
    venue: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[Symbol, Symbol] = field(default_factory=dict)
    ambiguous: Mapping[Symbol, str] = field(default_factory=dict)
    keep: KeepInputs = not_kept
    confirmed: ConfirmedPlan | None = None
    skews: list[timedelta] = field(default_factory=list)

    def symbols(self) -> tuple[Symbol, ...]:
        """Every ticker that the bots and the fallback can name, by its present name, sorted."""
        named = {*self.trading.fallback, *(symbol for bot in self.bots.values() for symbol in bot.symbols)}
        return tuple(sorted({self.renames.get(symbol, symbol) for symbol in named}))

    @property
    def currency(self) -> str:
        return self.broker.venue.currency

    def instruments(self, symbols: Iterable[Symbol]) -> Instruments:
        """Of each symbol. Raises SourceError for one that the broker omits or quotes in another currency."""
        asked = tuple(symbols)
        found = self.broker.instruments(asked)
        for symbol in asked:
            if symbol not in found or found[symbol].currency != self.currency:
                known = f"is in {found[symbol].currency}" if symbol in found else "has no lot and no tick"
                raise SourceError(
                    f"{symbol} {known} at {self.broker.venue.name}, whose accounts are in {self.currency}: take it out "
                    "of the bots, or report it to the author of that venue's package"
                )
        return found

    def instrument(self, symbol: Symbol) -> Instrument:
        return self.instruments([symbol])[symbol]


class RunLog:
    """Writes the events of one run, and keeps what the rest of the run and its final status need to know.

    `orders_sent`: an order of this run may have reached the broker; `sent_now`: by this process, not before an
    interruption. `earlier` are the orders sent before the interruption of a resumed run, `shares_at_start` the US
    shares of the account when this run or its resumption began (None before they are read). `venue_time` is the
    venue's last reported time, and our elapsed seconds just before it was asked.

    `since` is, by bot, the day on which its simulation had begun before tonight.

    By symbol: `warnings` is the last warning, `last_prices` the last price for an order. `held_back` are the symbols
    that the owner's settings keep from their targets, `underfunded` the buys reduced for lack of cash or room.
    `problems` make the run partial, beside its orders and targets.
    """

    def __init__(self, context: RunContext, run: RunId, session: Session) -> None:
        self.run = run
        self.session = session
        self.number = context.journal.run_number(run)
        self.currency = context.currency
        self._context = context
        self.venue_time: tuple[datetime, float] | None = None
        self.warnings: dict[Symbol, str] = {}
        self.held_back: set[Symbol] = set()
        self.last_prices: dict[Symbol, Price] = {}
        self.underfunded: set[Symbol] = set()
        self.problems: list[str] = []
        self.since: dict[str, date | None] = {}
        self.shares_at_start: Mapping[Symbol, Decimal] | None = None
        self.earlier: Mapping[OrderId, OrderRecord] = {}
        self.reload_earlier()
        self.orders_sent, self.sent_now = bool(self.earlier), False

    def reload_earlier(self) -> None:
        self.earlier = {sent.order.id: sent for sent in self.orders()}

    def orders(self) -> tuple[OrderRecord, ...]:
        """Every order of this run by the journal, oldest first."""
        return self._context.journal.orders(self.run)

    def next_attempt(self, symbol: Symbol, side: Side) -> int:
        """The attempt number in the id of this run's next order of `symbol` and `side`."""
        return 1 + sum((sent.order.symbol, sent.order.side) == (symbol, side) for sent in self.orders())

    def now(self) -> datetime:
        return self._context.clock.now()

    def write(self, *events: Event) -> None:
        """Commit `events` together. If this raises, nothing more may be sent.

        Raises what the journal raises before the first order of this run is sent, StoppedError after that.
        """
        try:
            self._context.journal.record(self.run, *events)
        except RunFailedError as error:
            if self.orders_sent:
                raise StoppedError(f"{error} Orders had left before: look at the account.") from error
            raise
        if any(isinstance(event, OrderIntended | OrderResent) for event in events):
            self.orders_sent = self.sent_now = True

    def warn_about(self, symbol: Symbol, text: str) -> None:
        """A warning about one symbol, which the run's final sentence may repeat."""
        self.warnings[symbol] = text
        self.note(f"{symbol}: {text}", "warning")

    def warn_each(self, reasons: Mapping[Symbol, str]) -> Mapping[Symbol, str]:
        """Warn of each symbol with its reason; `reasons` again."""
        for symbol, reason in reasons.items():
            self.note(f"{symbol}: {reason}", "warning")
        return reasons

    def note(self, text: str, level: Literal["note", "warning", "error"] = "note") -> None:
        self.write(Noted(at=self.now(), level=level, text=text))
