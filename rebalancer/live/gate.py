"""The one gate every order passes on its way to the broker: nothing else in this program submits an order."""

from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.errors import RunFailedError
from rebalancer.events import OrderAnswered, OrderIntended, OrderLost, OrderResent
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import verify
from rebalancer.live.halt import halted
from rebalancer.live.survey import Prices, Survey
from rebalancer.model import Accepted, Order, OrderId, Price, Refused, Submitted, Symbol, Unknown
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
    counted: set[OrderId] = field(default_factory=set)

    def send(self, order: Order) -> Submitted:
        """Write the order down, then send it. What is not let through is noted and refused, and was never written."""
        if (stopped := self(order)) is not None:
            self.diary.note(stopped, "warning")
            return Refused(stopped)
        self.diary.write(OrderIntended, order=order)
        return self._submit(order)

    def send_again(self, order: Order) -> Submitted:
        """An absent order once more, under its own id. One that is not let through now is lost."""
        self.release(order)
        if (stopped := self(order)) is not None:
            self.diary.write(OrderLost, order_id=order.id, reason=stopped)
            return Refused(stopped)
        self.diary.write(OrderResent, order_id=order.id)
        return self._submit(order)

    def repeat(self, order: Order) -> Submitted:
        """An order that stands already: only the paper trial asks whether the venue takes an id twice."""
        return self.desk.broker.submit(order)

    def _submit(self, order: Order) -> Submitted:
        answer = self.desk.broker.submit(order)
        match answer:
            case Accepted(state):
                verify(order, state)
                self.diary.write(OrderAnswered, order_id=order.id, answer="accepted")
            case Refused(reason):
                self.release(order)
                self.diary.write(OrderAnswered, order_id=order.id, answer="refused", reason=reason)
            case Unknown(reason):
                self.diary.write(OrderAnswered, order_id=order.id, answer="unknown", reason=reason)
        return answer

    def __call__(self, order: Order) -> str | None:
        """Raises RunFailedError where the program was told to end before any order left."""
        if self.desk.ending():
            if not self.diary.sent:
                raise RunFailedError("the program was told to end before the first order left. Nothing was sent.")
            return "the program was told to end before this order left"
        if (halt := halted(self.desk)) is not None:
            return f"{order.symbol}: the {order.side} was not sent: {halt}"
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
            self.counted.add(order.id)
            self._count(order, value)
        return refusal

    def release(self, order: Order) -> None:
        """Take back what was counted for an order that surely does not stand at the broker."""
        if order.id in self.counted:
            self.counted.remove(order.id)
            price = self.prices.get(order.symbol)
            self._count(order, price.value if isinstance(price, Price) else None, -1)

    def _count(self, order: Order, value: Decimal | None, times: int = 1) -> None:
        if order.side == "sell":
            self.sold[order.symbol] = self.sold.get(order.symbol, Decimal(0)) + times * order.quantity
        elif value is not None:
            self.bought += times * order.quantity * value
            self.spent += times * order.quantity * worst_price(order, value, self.desk.trading)
            self.spent += times * self.desk.broker.caps.fee_per_order
