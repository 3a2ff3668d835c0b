"""Prices: daily closes, what the market shows now, and what passed its gates."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Self

from rebalancer.model.names import Floats, Rung, Symbol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """Adjusted daily closes.

    `sessions` is (T,) datetime64[D], strictly increasing; `values` is (T, N) float64 in dollars, NaN where a symbol has
    no close on that session. With `provisional` the last row was taken from tonight's prices, before the close.
    `notes` are sentences every screen that uses these prices must show.
    """

    sessions: "NDArray[np.datetime64]"
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
        last = self.sessions.dtype.type(day)
        count = int(self.sessions.searchsorted(last, side="right"))
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
    """What the market shows for one symbol right now; None where it shows nothing.

    `previous` is the bar of the last completed session, its close as it was traded (not adjusted).
    """

    symbol: Symbol
    quote: Quote | None = None
    trade: Tick | None = None
    bar: Bar | None = None
    previous: Bar | None = None

    @property
    def silent(self) -> bool:
        """Whether nothing is shown but what was before."""
        return self.quote is None and self.trade is None and self.bar is None


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """What changes a share on the morning of `day` (its ex-date, in New York).

    split      `ratio` new shares for each old one; a stock dividend is a split
    dividend   `dollars` a share
    rename     `symbol` becomes `renamed`
    other      spin-offs, mergers and the like: the price may jump, and by how much is not known here
    """

    symbol: Symbol
    day: date
    kind: Literal["split", "dividend", "rename", "other"]
    ratio: Decimal = Decimal(1)
    dollars: Decimal = Decimal(0)
    renamed: Symbol | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Rename:
    """What was `old` until the morning of `day` is `new` since: of shares that were held."""

    old: Symbol
    new: Symbol
    day: date


@dataclass(frozen=True, slots=True)
class Price:
    """A price that passed its gates, in dollars a share. `ask` is known only on the quote rung, and `previous`, the
    close of the session before, where the market shows one.
    """

    symbol: Symbol
    value: Decimal
    rung: Rung
    at: datetime
    age_seconds: float
    ask: Decimal | None = None
    previous: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NoPrice:
    """Why every rung was refused, one sentence a rung, with its numbers."""

    symbol: Symbol
    reasons: tuple[str, ...]
