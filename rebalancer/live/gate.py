"""The one gate every order passes on its way to the broker."""

from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.errors import RunFailedError
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.survey import Prices, Survey
from rebalancer.model import Order, Price, Symbol
from rebalancer.portfolio.buys import worst_price
from rebalancer.portfolio.checks import check_order


@dataclass(slots=True)
class Gate:
    """Counts what was let through as done: shares as sold, dollars as spent, whatever the broker says later.

    `budget` is what may be spent on buys in dollars; a gate for sells has none.
    """

    desk: Desk
    diary: Diary
    survey: Survey
    prices: Prices
    budget: Decimal = Decimal(0)
    sold: dict[Symbol, Decimal] = field(default_factory=dict)
    bought: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)

    def __call__(self, order: Order) -> str | None:
        """Raises RunFailedError where the program was told to end before any order left."""
        if self.desk.ending():
            if not self.diary.sent:
                raise RunFailedError("the program was told to end before the first order left. Nothing was sent.")
            return "the program was told to end before this order left"
        price = self.prices.get(order.symbol)
        held = self.survey.holdings.managed.get(order.symbol, Decimal(0))
        value = price.value if isinstance(price, Price) else None
        refusal = check_order(
            order,
            managed=held - self.sold.get(order.symbol, Decimal(0)),
            equity=self.survey.account.equity,
            invested=self.survey.long_value + self.bought,
            price=value,
            cash_left=self.budget - self.spent - self.desk.broker.caps.fee_per_order,
            now=self.desk.clock.now(),
            session=self.diary.session,
            trading=self.desk.trading,
        )
        if refusal is None:
            self._count(order, value)
        return refusal

    def release(self, order: Order) -> None:
        """Take back what was counted for an order that the broker surely refused."""
        price = self.prices.get(order.symbol)
        self._count(order, price.value if isinstance(price, Price) else None, -1)

    def _count(self, order: Order, value: Decimal | None, times: int = 1) -> None:
        if order.side == "sell":
            self.sold[order.symbol] = self.sold.get(order.symbol, Decimal(0)) + times * order.quantity
        elif value is not None:
            self.bought += times * order.quantity * value
            self.spent += times * order.quantity * worst_price(order, value, self.desk.trading)
            self.spent += times * self.desk.broker.caps.fee_per_order
