"""The venue's own record of the account: cash, holdings, orders, executions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from local_alpaca.orders import NINE_PLACES, Execution, Order, identity


@dataclass(slots=True)
class Holding:
    """`shares` is negative for a short; `cost` is the total amount paid, in dollars."""

    shares: Decimal
    cost: Decimal
    asset_class: str = "us_equity"


@dataclass(frozen=True, slots=True)
class AccountTrade:
    """`shares` that entered the account and `dollars` that left its cash; both are negative for a sale."""

    symbol: str
    shares: Decimal
    dollars: Decimal
    at: datetime


Prices = Callable[[str], Decimal]


class Book:
    """`withheld` are unsettled dollars of the cash, in addition to the unsettled proceeds of `trades`."""

    def __init__(self, cash: Decimal) -> None:
        self.cash = cash
        self.lowest_cash = cash
        self.withheld = Decimal(0)
        self.holdings: dict[str, Holding] = {}
        self.orders: list[Order] = []
        self.trades: list[AccountTrade] = []

    def open_orders(self) -> list[Order]:
        return [order for order in self.orders if order.open]

    def reserved(self) -> Decimal:
        """Dollars reserved for open buys."""
        return sum((order.left * order.reserved for order in self.open_orders() if _buys(order)), Decimal(0))

    def shares(self, symbol: str) -> Decimal:
        return self.holdings[symbol].shares if symbol in self.holdings else Decimal(0)

    def held(self, symbol: str, now: datetime) -> Decimal:
        """Shares reserved for sells: open ones, and for a while ended ones."""
        sells = (o for o in self.orders if not _buys(o) and o.ticket.symbol == symbol and o.holds(now))
        return sum((order.left for order in sells), Decimal(0))

    def execute(self, order: Order, shares: Decimal, price: Decimal, at: datetime) -> None:
        self.trade(order.ticket.symbol, shares if _buys(order) else -shares, price, at)
        execution_id = identity("execution", (order.number, len(order.executions)))
        order.executions.append(Execution(execution_id, shares, price, at))

    def trade(self, symbol: str, shares: Decimal, price: Decimal, at: datetime) -> None:
        """Buy `shares` at `price`, or sell them if below 0; selling more than is held opens a short position."""
        held = self.holdings.pop(symbol, Holding(Decimal(0), Decimal(0)))
        if after := held.shares + shares:
            self.holdings[symbol] = Holding(after, _cost(held, shares, price), held.asset_class)
        self.cash -= shares * price
        self.lowest_cash = min(self.lowest_cash, self.cash)
        self.trades.append(AccountTrade(symbol, shares, shares * price, at))


def _cost(held: Holding, shares: Decimal, price: Decimal) -> Decimal:
    after = held.shares + shares
    if held.shares * shares >= 0:
        return held.cost + shares * price
    if held.shares * after >= 0:
        return (held.cost * after / held.shares).quantize(NINE_PLACES)
    return after * price


def _buys(order: Order) -> bool:
    return order.ticket.side == "buy"
