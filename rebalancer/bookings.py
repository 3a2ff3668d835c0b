"""The events that change the bots' books without an order. They are stored as those of `rebalancer.events` are."""

from dataclasses import dataclass
from decimal import Decimal

from rebalancer.events import Event
from rebalancer.model import Symbol


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
    """A bot that a person removed left these shares to their owner: no run trades them any more."""

    account: str
    bot: str
    symbol: Symbol
    quantity: Decimal
    by: str
