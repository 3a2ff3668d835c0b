"""An account at a broker, and the day it trades on."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from rebalancer.model.names import Symbol

NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Account:
    """Dollars. `spendable` is the venue's figure of money that is free of margin and settled; it may be below `cash`.

    `blocked` is the broker's reason why this account can't trade, None where it can. `previous_equity` is the equity at
    the close of the session before, and `deposits` what was paid in since then less what was taken out. `long_value` is
    the value of all long positions, `pending_out` what fees and transfers out will still take from `cash`, `multiplier`
    how many times its equity a margin account may invest (1: perhaps a cash account), `buying_power` the venue's
    figure, borrowed money included: never sized by. None where the broker does not say.
    """

    number: str
    equity: Decimal
    cash: Decimal
    spendable: Decimal
    at: datetime
    currency: str = "USD"
    blocked: str | None = None
    previous_equity: Decimal | None = None
    deposits: Decimal | None = None
    long_value: Decimal | None = None
    pending_out: Decimal = Decimal(0)
    multiplier: Decimal | None = None
    buying_power: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """`quantity` is negative for a short. `market_value` is the broker's own figure, in dollars.

    `available` are the shares that no open order holds, None where the broker does not say. `last_close` is the day of
    the close that `market_value` goes by; None where the market shows a price now. Not `valued`: the broker shows no
    value, and `market_value` is what its own equity counts for it.
    """

    symbol: Symbol
    quantity: Decimal
    market_value: Decimal
    asset_class: str = "us_equity"
    available: Decimal | None = None
    last_close: date | None = None
    valued: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """A quantity that is not the expected one, and that nothing announced explains yet.

    `shown` is the broker's. It differs from the record of the session `recorded`, and was seen first in the session
    `opened`.
    """

    shown: Decimal
    recorded: date
    opened: date


@dataclass(frozen=True, slots=True)
class Hours:
    """The venue's own word: its time, whether it is open, and when the open session ends (else the next one)."""

    now: datetime
    open: bool
    closes: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day of an exchange. Times are in UTC; `zone` is the exchange's, in which a person reads them."""

    day: date
    opens: datetime
    closes: datetime
    zone: tzinfo = NEW_YORK
