"""An account at a broker, and the day it trades on."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rebalancer.model.names import Symbol


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
