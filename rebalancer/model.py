"""The words of the house, as frozen values.

Money, prices and quantities are `Decimal` (dollars, dollars per share, shares). Weights are fractions of Investable as
`float` up to `Targets`, and `Decimal` from the plan outward. Every `datetime` is aware and in UTC.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, NewType, Self

import numpy as np
from numpy.typing import NDArray

Symbol = NewType("Symbol", str)
OrderId = NewType("OrderId", str)
RunId = NewType("RunId", int)

Floats = NDArray[np.float64]
Weights = Mapping[Symbol, float]
"""Fractions of Investable by symbol; what is missing to 1 is cash. Only positive, finite values."""

Side = Literal["sell", "buy"]
OrderKind = Literal["market", "limit"]
Rung = Literal["quote", "trade", "bar"]
OrderStatus = Literal["open", "filled", "canceled", "expired", "rejected"]
RunStatus = Literal["running", "success", "partial", "failed", "skipped"]

CASH = "CASH"
TICKER = re.compile(r"[A-Z0-9][A-Z0-9.\-/]{0,20}", re.ASCII)


def symbol(text: str) -> Symbol:
    """`text` as a ticker. Raises ValueError for anything but 1 to 21 ASCII capitals, digits, dots, dashes, slashes."""
    if not TICKER.fullmatch(text) or text == CASH:
        raise ValueError(f"{text[:40]!r} is not a ticker: use 1 to 21 of A-Z, 0-9, dot, dash and slash, such as BRK.B")
    return Symbol(text)


# ---------------------------------------------------------------------------------------------- prices


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """Adjusted daily closes.

    `sessions` is (T,) datetime64[D], strictly increasing; `values` is (T, N) float64 in dollars, NaN where a symbol has
    no close on that session. With `provisional` the last row was taken from tonight's prices, before the close.
    `notes` are sentences every screen that uses these prices must show.
    """

    sessions: NDArray[np.datetime64]
    symbols: tuple[Symbol, ...]
    values: Floats
    provisional: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.sessions), len(self.symbols)):
            shape = (len(self.sessions), len(self.symbols))
            raise ValueError(f"closes of shape {self.values.shape} for sessions x symbols = {shape}")

    def day(self, index: int) -> date:
        day: date = self.sessions[index].item()
        return day

    def until(self, day: date) -> Self:
        """The same closes without the sessions after `day`."""
        count = int(np.searchsorted(self.sessions, np.datetime64(day, "D"), side="right"))
        return type(self)(
            self.sessions[:count],
            self.symbols,
            self.values[:count],
            provisional=self.provisional and count == len(self.sessions),
            notes=self.notes,
        )


@dataclass(frozen=True, slots=True)
class Quote:
    bid: Decimal
    ask: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """A trade that happened in the market."""

    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """The daily bar of `session` as far as it is known; `at` is when it was last updated."""

    session: date
    close: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the market shows for one symbol right now; None where it shows nothing."""

    symbol: Symbol
    quote: Quote | None = None
    trade: Tick | None = None
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """A price that passed its gates. `ask` is known only on the quote rung."""

    symbol: Symbol
    value: Decimal
    rung: Rung
    at: datetime
    age_seconds: float
    ask: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NoPrice:
    """Why every rung was refused, one sentence a rung, with its numbers."""

    symbol: Symbol
    reasons: tuple[str, ...]


# ------------------------------------------------------------------------------------- account and market


@dataclass(frozen=True, slots=True)
class Account:
    """Dollars. `spendable` is what the broker says is free of margin; it may be below `cash`.

    `blocked` is the broker's reason why this account can't trade, None where it can.
    """

    number: str
    equity: Decimal
    cash: Decimal
    spendable: Decimal
    at: datetime
    currency: str = "USD"
    blocked: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """`quantity` is negative for a short. `market_value` is the broker's own figure, in dollars."""

    symbol: Symbol
    quantity: Decimal
    market_value: Decimal
    asset_class: str = "us_equity"


@dataclass(frozen=True, slots=True)
class Session:
    """One exchange trading day; times in UTC."""

    day: date
    opens: datetime
    closes: datetime


# ------------------------------------------------------------------------------------------- settings


@dataclass(frozen=True, slots=True)
class Reserve:
    """Cash that is never invested: dollars, or percent of equity."""

    mode: Literal["dollars", "percent"] = "dollars"
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Investment:
    """Money committed to a bot. `bot` is its name, unique within the account."""

    bot: str
    amount: Decimal
    weight_mode: Literal["dollars", "percent"] = "dollars"


@dataclass(frozen=True, slots=True)
class Trading:
    """The `[trading]` table, its defaults here and nowhere else. `fallback_ticker` None keeps freed money in cash."""

    minutes_before_close: int = 10
    commit: Literal["amounts", "whole_account"] = "amounts"
    manage: Literal["own", "account"] = "own"
    protected: tuple[Symbol, ...] = ()
    fallback_ticker: Symbol | None = Symbol("SGOV")
    paired_tickers: tuple[tuple[Symbol, Symbol], ...] = ()
    paired_mode: Literal["net", "drop"] = "net"
    max_allocation_percent: Decimal = Decimal(99)
    min_trade_dollars: Decimal = Decimal(1)
    drift_percent: Decimal = Decimal(0)
    order_type: Literal["limit", "market"] = "limit"
    limit_percent: Decimal = Decimal(1)
    max_quote_age_seconds: int = 60
    max_trade_age_seconds: int = 300
    max_bar_age_seconds: int = 900
    max_spread_percent: Decimal = Decimal(1)
    sell_timeout_seconds: int = 120
    buy_timeout_seconds: int = 120
    cutoff_seconds: int = 60


# --------------------------------------------------------------------------------- from bots to targets


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one bot wants on `session`: `weights` sum to at most 1, the rest is cash.

    `path` is the chart's way to it, a line a step; `warnings` are gaps that did not touch this decision.
    """

    bot: str
    session: date
    weights: Weights
    path: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BotFailure:
    """A bot whose decision needs a value that is undefined, and the sentence that says which."""

    bot: str
    reason: str


Decision = Allocation | BotFailure


@dataclass(frozen=True, slots=True)
class Share:
    """A bot's part of Investable: `asked` before, `fraction` after the shares were scaled down to 1 together."""

    bot: str
    asked: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Netting:
    """One pair netted: both weights before, both after, and what was freed for the fallback."""

    stronger: Symbol
    weaker: Symbol
    before: tuple[float, float]
    after: tuple[float, float]
    freed: float


@dataclass(frozen=True, slots=True)
class Targets:
    """The waterfall, one dict a step; `weights` is its end: the absolute targets of the account, never deltas.

    `notes` are sentences about what was scaled, freed or kept in cash; `whys` say where each symbol's weight came from.
    """

    shares: tuple[Share, ...]
    merged: Weights
    nettings: tuple[Netting, ...]
    netted: Weights
    weights: Weights
    notes: tuple[str, ...] = ()
    whys: Mapping[Symbol, str] = field(default_factory=dict)


# --------------------------------------------------------------------------------- from targets to trades


@dataclass(frozen=True, slots=True)
class Holdings:
    """The account sorted into what is ours to manage and what is not.

    `managed` are shares we may sell, by symbol (> 0). `untouchable` are symbols that are neither bought nor sold
    tonight, with the reason. `others_value` is the absolute value in dollars of everything that is not managed.
    `values` are the managed shares in dollars by the broker's own figures; a plan needs them where it has no price.
    """

    managed: Mapping[Symbol, Decimal]
    untouchable: Mapping[Symbol, str]
    others_value: Decimal
    values: Mapping[Symbol, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trade:
    """One line of the plan. `side` None: nothing is traded, and `why` says why not.

    `now` and `target` are fractions of Investable. `quantity` and `dollars` are what changes hands (>= 0).
    `price` is None only for a full exit or a skipped symbol.
    """

    symbol: Symbol
    held: Decimal
    now: Decimal
    target: Decimal
    target_shares: int
    price: Price | None
    side: Side | None
    quantity: Decimal
    dollars: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every symbol that is held or wanted, sorted by symbol."""

    investable: Decimal
    trades: tuple[Trade, ...]

    @property
    def sells(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.side == "sell")

    @property
    def buys(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.side == "buy")


# --------------------------------------------------------------------------------------------- orders


@dataclass(frozen=True, slots=True)
class Order:
    """A day order. `limit` is in dollars per share, None for a market order. Buys are in whole shares."""

    id: OrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    kind: OrderKind
    limit: Decimal | None
    why: str

    def same_as(self, other: "OrderState") -> bool:
        """Whether `other` is this order at the broker: what was asked for, not what came of it."""
        mine = (self.id, self.symbol, self.side, self.quantity, self.kind, self.limit)
        return mine == (other.id, other.symbol, other.side, other.quantity, other.kind, other.limit)


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as the broker shows it. `filled` never falls; `average_price` is None until something filled."""

    id: OrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    kind: OrderKind
    limit: Decimal | None
    status: OrderStatus
    filled: Decimal
    average_price: Decimal | None
    reason: str = ""

    @property
    def terminal(self) -> bool:
        return self.status != "open"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; `execution_id` is unique at the broker. `fee` in dollars, >= 0."""

    execution_id: str
    order_id: OrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    state: OrderState


@dataclass(frozen=True, slots=True)
class Refused:
    """A parsed, known refusal: the order does not stand at the broker and never will."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else. The order may or may not stand at the broker."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The broker has no such order; `conclusive` once it can't turn up any more."""

    conclusive: bool


Submitted = Accepted | Refused | Unknown
Found = OrderState | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one order. Until it is `certain`, all of it counts as done."""

    order: Order
    status: OrderStatus | Literal["refused", "unknown"]
    filled: Decimal
    average_price: Decimal | None
    reason: str = ""

    @property
    def certain(self) -> bool:
        return self.status not in {"open", "unknown"}

    @property
    def complete(self) -> bool:
        return self.certain and self.filled == self.order.quantity
