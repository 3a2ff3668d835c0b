"""The venue's own record of the account: cash, holdings, orders, executions."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from local_alpaca.orders import NINE_PLACES, Execution, Order, identity


@dataclass(slots=True)
class Holding:
    """`shares` is negative for a short; `cost` is the whole of what was paid, in dollars."""

    shares: Decimal
    cost: Decimal
    asset_class: str = "us_equity"


class Book:
    """`withheld` are dollars of the cash that can't be spent without margin."""

    def __init__(self, cash: Decimal) -> None:
        self.cash = cash
        self.lowest_cash = cash
        self.withheld = Decimal(0)
        self.holdings: dict[str, Holding] = {}
        self.orders: list[Order] = []

    def open_orders(self) -> list[Order]:
        return [order for order in self.orders if order.open]

    def reserved(self) -> Decimal:
        """Dollars that open buys hold back."""
        return sum((order.left * order.reserved for order in self.open_orders() if _buys(order)), Decimal(0))

    def free_cash(self) -> Decimal:
        """What is spendable without margin: non_marginable_buying_power."""
        return max(Decimal(0), self.cash - self.withheld - self.reserved())

    def shares(self, symbol: str) -> Decimal:
        return self.holdings[symbol].shares if symbol in self.holdings else Decimal(0)

    def held(self, symbol: str) -> Decimal:
        """Shares that open sells hold."""
        sells = (o for o in self.open_orders() if not _buys(o) and o.ticket.symbol == symbol)
        return sum((order.left for order in sells), Decimal(0))

    def execute(self, order: Order, shares: Decimal, price: Decimal, at: datetime) -> None:
        """The shares change hands at `price`. A sale of what is not there is a mistake of the venue itself."""
        symbol, dollars = order.ticket.symbol, shares * price
        holding = self.holdings.setdefault(symbol, Holding(Decimal(0), Decimal(0)))
        if _buys(order):
            holding.cost += dollars
            holding.shares += shares
            self.cash -= dollars
        else:
            assert shares <= holding.shares, f"{shares} {symbol} sold, {holding.shares} there"
            holding.cost -= (holding.cost * shares / holding.shares).quantize(NINE_PLACES)
            holding.shares -= shares
            self.cash += dollars
        if not holding.shares:
            del self.holdings[symbol]
        self.lowest_cash = min(self.lowest_cash, self.cash)
        execution_id = identity("execution", (order.number, len(order.executions)))
        order.executions.append(Execution(execution_id, shares, price, at))


def _buys(order: Order) -> bool:
    return order.ticket.side == "buy"
