"""The events that change the bots' books without an order. They are stored as those of `rebalancer.events` are."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebalancer.events import Event
from rebalancer.model import Payment, Symbol


@dataclass(frozen=True, slots=True)
class BookUsed(Event):
    """The share of `bot`, whose capital rolls over, comes from its book: its `value` before tonight's orders.

    None on its first evening, on which it begins with its amount.
    """

    bot: str
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class CapitalMoved(Event):
    """A person gave `bot` cash of the account that no bot has; where `amount` is below 0, took it from the bot."""

    account: str
    bot: str
    amount: Decimal
    by: str


@dataclass(frozen=True, slots=True)
class HandedOver(Event):
    """A bot that a person removed left these shares to their owner: no run trades them any more.

    `config_follows`: the config still names the bot, and is written next. Earlier versions wrote it before.
    """

    account: str
    bot: str
    symbol: Symbol
    quantity: Decimal
    by: str
    config_follows: bool = False


@dataclass(frozen=True, slots=True)
class CashPaid(Event):
    """The broker paid cash, or took it where the amount is below 0, beside what the account traded.

    It is for the shares that were held before the session of `ex_date`, where that is known.
    """

    account: str
    payment: Payment
    ex_date: date | None = None


@dataclass(frozen=True, slots=True)
class SpunOff(Event):
    """Shares of `symbol` came for those of `source` that were held before the session of `ex_date`, by a spin-off.

    `quantity` of them are ours, of the `expected` ones that the broker shows.
    """

    account: str
    symbol: Symbol
    quantity: Decimal
    expected: Decimal
    source: Symbol
    ex_date: date
    why: str
