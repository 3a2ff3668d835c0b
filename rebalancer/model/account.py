"""An account at a broker: money, positions, and the hours it can trade in."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from rebalancer.model.names import Symbol

NEW_YORK, US_DOLLARS = ZoneInfo("America/New_York"), "USD"
"""The time zone and the currency of US exchanges, used as defaults."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account at the moment `at`; money in `currency`, None for figures that the broker does not report.

    spendable        settled money free of margin, by the venue's own figure; may be below `cash`
    blocked          the broker's reason why the account can't trade; None if it can
    previous_equity  equity at the close of the previous session
    deposits         deposits less withdrawals since that close
    long_value       market value of all long positions
    pending_out      fees and withdrawals that `cash` does not reflect yet
    multiplier       leverage that a margin account may use; 1 may be a cash account
    buying_power     the venue's figure with borrowed money; never used to size orders
    """

    number: str
    equity: Decimal
    cash: Decimal
    spendable: Decimal
    at: datetime
    currency: str = US_DOLLARS
    blocked: str | None = None
    previous_equity: Decimal | None = None
    deposits: Decimal | None = None
    long_value: Decimal | None = None
    pending_out: Decimal = Decimal(0)
    multiplier: Decimal | None = None
    buying_power: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A holding as the broker reports it; `quantity` is negative for a short.

    `available` is the quantity not reserved by open orders, None where the broker does not report it. `last_close` is
    the session whose close values the position, None where it is valued at a current price. Where the broker reports
    no value, `valued` is False and `market_value` is what its equity figure includes for the position. `average_cost`
    is what it says that a share cost, None where it does not.
    """

    symbol: Symbol
    quantity: Decimal
    market_value: Decimal
    asset_class: str = "us_equity"
    available: Decimal | None = None
    last_close: date | None = None
    valued: bool = True
    average_cost: Decimal | None = None


PaymentKind = Literal["dividend", "interest", "fee", "cash in lieu"]


@dataclass(frozen=True, slots=True)
class Payment:
    """Cash that the broker paid on `day`, or took where `amount` is below 0, beside trades, deposits and withdrawals.

    `id` is the broker's own. A dividend, the tax on it, and cash in lieu of fractions is for shares of `symbol`;
    `per_share` where it says so. A fee may be charged on the trades of `day`: on its sales, or on all of them.
    """

    id: str
    kind: PaymentKind
    amount: Decimal
    day: date
    symbol: Symbol | None = None
    per_share: Decimal | None = None
    charged_on: Literal["sales", "trades"] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A reconciliation break: the broker's quantity differs, and no announced corporate action explains it yet.

    `shown` is the broker's quantity. It differs from the one journalled in session `recorded`; the break was first
    seen in session `opened`.
    """

    shown: Decimal
    recorded: date
    opened: date


@dataclass(frozen=True, slots=True)
class Hours:
    """The venue's clock: its time, whether it is open, and when the current session closes (the next one if closed)."""

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
