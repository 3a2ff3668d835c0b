"""Current market data, corporate actions, and prices accepted for decisions and orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from rebalancer.model.names import BarField, PriceSource, Symbol


@dataclass(frozen=True, slots=True)
class Quote:
    bid: Decimal
    ask: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    """The last trade in the market."""

    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """The daily bar of `session`, complete or in progress; `at` is its last update.

    `rest` is what else is known of it, of all exchanges together.
    """

    session: date
    close: Decimal
    at: datetime
    rest: Mapping[BarField, Decimal] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Current market data of one symbol; None for what the source does not have.

    `previous` is the last completed session's bar, its close unadjusted.
    """

    symbol: Symbol
    quote: Quote | None = None
    trade: Tick | None = None
    bar: Bar | None = None
    previous: Bar | None = None

    @property
    def silent(self) -> bool:
        """Whether there is no current price, only the previous close."""
        return self.quote is None and self.trade is None and self.bar is None


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """A corporate action with ex-date `day`, in the exchange's time zone.

    split      `ratio` new shares for each old one; a stock dividend is a split
    dividend   `dollars` of cash per share, in the instrument's currency
    rename     `symbol` becomes `renamed`
    other      spin-offs, mergers and the like: the price may jump by an amount unknown here

    Of a symbol that a spin-off brings, `spun_rate` shares come for each one of `spun_from`.
    """

    symbol: Symbol
    day: date
    kind: Literal["split", "dividend", "rename", "other"]
    ratio: Decimal = Decimal(1)
    dollars: Decimal = Decimal(0)
    renamed: Symbol | None = None
    words: str = ""
    spun_from: Symbol | None = None
    spun_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rename:
    """A ticker change of held shares: `old` until the morning of `day`, `new` since."""

    old: Symbol
    new: Symbol
    day: date


@dataclass(frozen=True, slots=True)
class Price:
    """An accepted price. `rung` is its source in the price fallback; `ask` is known only if that is a quote.

    `previous` is the previous session's close, None where the market data has none.
    """

    symbol: Symbol
    value: Decimal
    rung: PriceSource
    at: datetime
    age_seconds: float
    ask: Decimal | None = None
    previous: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NoPrice:
    """No source in the price fallback was accepted: one reason per source, with its numbers."""

    symbol: Symbol
    reasons: tuple[str, ...]
