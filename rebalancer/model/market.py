"""Prices: daily closes and bars, current market snapshots, and prices accepted for decisions and orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Self

from rebalancer.model.names import BarField, Floats, PriceSource, Symbol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What daily bars have besides their close, of some symbols, adjusted as the closes beside them.

    `values` has, by field, (T, M) float64 over `symbols`, NaN where the source has none. Volume is in shares of today:
    adjusted for splits, as dividends change no number of shares. `remedy` is a sentence on where missing bars can come
    from.
    """

    symbols: tuple[Symbol, ...]
    values: Mapping[BarField, Floats]
    remedy: str = ""

    def until(self, count: int) -> Self:
        """The first `count` rows."""
        return replace(self, values={name: column[:count] for name, column in self.values.items()})

    def since(self, row: int) -> Self:
        return replace(self, values={name: column[row:] for name, column in self.values.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """Adjusted daily closes.

    `sessions` is (T,) datetime64[D], strictly increasing. `values` is (T, N) float64, NaN where a symbol has no close
    in that session. If `provisional`, the last row holds prices from before tonight's close. `notes` are sentences that
    every screen using these prices must show. `bars`, with the same rows, is there for bots that read more than closes.
    """

    sessions: "NDArray[np.datetime64]"
    symbols: tuple[Symbol, ...]
    values: Floats
    provisional: bool = False
    notes: tuple[str, ...] = ()
    bars: Bars | None = None

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.sessions), len(self.symbols)):
            shape = (len(self.sessions), len(self.symbols))
            raise ValueError(f"closes of shape {self.values.shape} for sessions x symbols = {shape}")
        for name, column in self.bars.values.items() if self.bars else ():
            if len(column) != len(self.sessions):
                raise ValueError(f"{name} of shape {column.shape} beside closes of {len(self.sessions)} sessions")

    def day(self, index: int) -> date:
        day: date = self.sessions[index].item()
        return day

    def until(self, day: date) -> Self:
        """These closes up to session `day`."""
        last = self.sessions.dtype.type(day)
        count = int(self.sessions.searchsorted(last, side="right"))
        return type(self)(
            self.sessions[:count],
            self.symbols,
            self.values[:count],
            provisional=self.provisional and count == len(self.sessions),
            notes=self.notes,
            bars=self.bars.until(count) if self.bars else None,
        )

    def since(self, day: date) -> Self:
        """These closes from session `day` on."""
        return self._from(int(self.sessions.searchsorted(self.sessions.dtype.type(day))))

    def last(self, count: int) -> Self:
        """The last `count` sessions, or all there are."""
        return self._from(max(len(self.sessions) - count, 0))

    def _from(self, first: int) -> Self:
        return replace(
            self,
            sessions=self.sessions[first:],
            values=self.values[first:],
            bars=self.bars.since(first) if self.bars else None,
        )


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
