"""The one gate every order passes on its way to the broker: nothing else in this program submits an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from rebalancer.errors import HeldBackError, RunFailedError
from rebalancer.events import Armed, OrderAnswered, OrderIntended, OrderLost, OrderResent
from rebalancer.model import (
    Accepted,
    Order,
    OrderId,
    OrderState,
    Price,
    RefusalKind,
    Refused,
    Submitted,
    Symbol,
    Unknown,
)
from rebalancer.portfolio.buys import worst_price
from rebalancer.portfolio.checks import check_order
from rebalancer.portfolio.limits import Tally, check_armed, check_distance, check_limits
from rebalancer.ports import OrderRecord
from rebalancer.trading.busy import until_taken
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.halts import arming, buys_stopped, first_order_halt, halt_reason, latest_time
from rebalancer.trading.moved import Recheck
from rebalancer.trading.pricing import Prices
from rebalancer.trading.snapshot import AccountSnapshot
from rebalancer.trading.sound import DONE_WITH, may_still_stand, require_sound, require_written
from rebalancer.trading.tracking import verify

ZERO = Decimal(0)


@dataclass(slots=True)
class Gate:
    """Counts what was let through as done: shares as sold, dollars as spent, whatever the broker says later.

    `budget` is what may be spent on buys in dollars; a gate for sells has none. `others_buys` are the dollars that open
    buys of other hands may still invest, `left_alone` the symbols that another hand has an order in, with the reason.
    What the whole run has sent is read from the journal before every order.
    """

    context: RunContext
    log: RunLog
    snapshot: AccountSnapshot
    prices: Prices
    budget: Decimal = ZERO
    others_buys: Decimal = ZERO
    left_alone: Mapping[Symbol, str] = field(default_factory=dict)
    sold: dict[Symbol, Decimal] = field(default_factory=dict)
    bought: Decimal = ZERO
    spent: Decimal = ZERO
    counted: set[OrderId] = field(default_factory=set)
    recheck: Recheck = field(init=False)

    def __post_init__(self) -> None:
        """What left before, and may still turn up or fill, is in no account that the broker shows."""
        self.recheck = Recheck(self.context, self.context.clock.elapsed())
        for sent in self.context.journal.orders(self.log.run):
            if sent.order.id in self.log.earlier and may_still_stand(sent):
                self._count(sent.order)
            elif sent.order.side == "buy" and sent.phase not in DONE_WITH:
                self.bought += self._dollars(sent) * (1 - sent.filled / sent.order.quantity)

    def send(self, order: Order) -> Submitted:
        """Write the order down, then send it. What is not let through is noted and refused, and was never written."""
        if (stopped := self._sold_meanwhile(order) or self(order) or self._intended(order)) is not None:
            self.log.note(stopped.reason, "warning")
            return stopped
        return self._submit(order)

    def send_again(self, order: Order) -> Submitted:
        """An absent order once more, under its own id. One that is not let through now, or is refused, is lost: of what
        was sent first neither tells. Where the shares have moved meanwhile it is looked for again, and not sent.
        """
        if (stopped := self._held_back_now(order) or self._resent(order)) is None:
            return self._submit(order, again=True)
        if isinstance(found := self.context.broker.find(order.id), OrderState):
            verify(order, found)
            return Accepted(found)
        self.log.write(OrderLost(at=self.log.now(), order_id=order.id, reason=stopped.reason))
        return stopped

    def _intended(self, order: Order) -> Refused | None:
        """Write the order down; or why it does not leave after all: a person was faster than its line."""
        self._say_what_was_not_compared(order)
        halts = first_order_halt(self.context)
        try:
            self.log.write(OrderIntended(at=self.log.now(), order=order), *halts)
        except HeldBackError as error:
            return self._called_back(order, error)
        return None

    def _resent(self, order: Order) -> Refused | None:
        try:
            self.log.write(OrderResent(at=self.log.now(), order_id=order.id))
        except HeldBackError as error:
            return self._called_back(order, error)
        return None

    def repeat(self, order: Order) -> Submitted:
        """An order that stands already: only the paper trial asks whether the venue takes an id twice."""
        return self.context.broker.submit(order)

    def _submit(self, order: Order, *, again: bool = False) -> Submitted:
        require_written(order, self.context.journal.orders(self.log.run))
        answer = self.context.broker.submit(order)
        answer = until_taken(self.context, order, answer, self.context.broker.submit, self._held_back_now)
        match answer:
            case Accepted(state):
                verify(order, state)
                self.log.write(OrderAnswered(at=self.log.now(), order_id=order.id, answer="accepted"))
            case Refused(reason) if again:
                answer = replace(answer, reason=f"sent once more, and refused: {reason}")
                self.log.write(OrderLost(at=self.log.now(), order_id=order.id, reason=answer.reason))
            case Refused(reason):
                self.release(order)
                self.log.write(OrderAnswered(at=self.log.now(), order_id=order.id, answer="refused", reason=reason))
            case Unknown(reason):
                self.log.write(OrderAnswered(at=self.log.now(), order_id=order.id, answer="unknown", reason=reason))
        return answer

    def _held_back_now(self, order: Order) -> Refused | None:
        """For what was counted already."""
        self.release(order)
        return self._moved_meanwhile(order) or self(order)

    # ------------------------------------------------------------------------------------- may it leave?

    def __call__(self, order: Order) -> Refused | None:
        """The pre-trade check: why `order` is not sent, or None where it may leave; then it is counted.

        Raises RunFailedError where the program was told to end before any order left, and StoppedError where the run
        has come to what must never be.
        """
        if self.context.shutdown_requested():
            if not self.log.sent:
                raise RunFailedError("the program was told to end before the first order left. Nothing was sent.")
            return Refused("the program was told to end before this order left")
        sent = self.context.journal.orders(self.log.run)
        require_sound(order, sent)
        if (why := self._held_back() or self._left_alone(order) or self._broken_rule(order)) is not None:
            return _not_sent(order, why, "other")
        if (why := self._by_the_owner(order, sent)) is not None:
            return _not_sent(order, why, "setting")
        if (why := self._beyond_the_armed(order, sent)) is not None:
            return _not_sent(order, why, "other")
        self._count(order)
        return None

    def _held_back(self) -> str | None:
        """By a person."""
        unarmed = arming(self.context)
        return halt_reason(self.context) or (unarmed if isinstance(unarmed, str) else None)

    def _left_alone(self, order: Order) -> str | None:
        """What another hand has changed, or has an order in, since the plan is neither bought nor sold."""
        return self.snapshot.holdings.untouchable.get(order.symbol) or self.left_alone.get(order.symbol)

    def _by_the_owner(self, order: Order, sent: Sequence[OrderRecord]) -> str | None:
        """By the owner's own settings: for the rest of the day after a loss, or beyond a limit."""
        spent = buys_stopped(self.context, self.log) if order.side == "buy" else None
        return spent or self._broken_limit(order, sent)

    def _moved_meanwhile(self, order: Order) -> Refused | None:
        """Why an absent order is not sent once more: it may have arrived and filled, or another hand has traded."""
        why = self.recheck.now(order)
        return Refused(f"{order.symbol}: the {order.side} was not sent once more: {why}") if why else None

    def _sold_meanwhile(self, order: Order) -> Refused | None:
        why = self.recheck.before_a_sell(order)
        return _not_sent(order, why, "other") if why else None

    def _called_back(self, order: Order, error: HeldBackError) -> Refused:
        self.release(order)
        return _not_sent(order, self._held_back() or str(error), "other")

    def _broken_rule(self, order: Order) -> str | None:
        price = self._price(order.symbol)
        return check_order(
            order,
            managed=self._left(order.symbol),
            equity=self.snapshot.account.equity,
            invested=self.snapshot.long_value + self.others_buys + self.bought,
            price=price.value if price else None,
            cash_left=self.budget - self.spent - self.context.broker.venue.fee_per_order,
            now=latest_time(self.context, self.log),
            session=self.log.session,
            trading=self.context.trading,
            instrument=self.context.instrument(order.symbol),
        ) or self._too_far(order)

    def _too_far(self, order: Order) -> str | None:
        """From the previous close. A full exit is sold wherever its price is."""
        if self._is_full_exit(order):
            return None
        price, instrument = self._price(order.symbol), self.context.instrument(order.symbol)
        return check_distance(order, price, self.context.trading.max_distance_percent, instrument)

    def _is_full_exit(self, order: Order) -> bool:
        """Also one that leaves less than a lot."""
        left = self._left(order.symbol) - order.quantity
        return order.side == "sell" and left < self.context.instrument(order.symbol).lot

    def _broken_limit(self, order: Order, sent: Sequence[OrderRecord]) -> str | None:
        """Of `[limits]`. A full exit breaks none."""
        if self._is_full_exit(order):
            return None
        price, held = self._price(order.symbol), self.snapshot.shares.get(order.symbol, ZERO)
        equity, tally = self.snapshot.account.equity, self._tally(order, sent)
        instrument = self.context.instrument(order.symbol)
        return check_limits(order, price, held, equity, tally, self.context.limits, instrument)

    def _beyond_the_armed(self, order: Order, sent: Sequence[OrderRecord]) -> str | None:
        """A full exit is let through; what no price is known of, no limit has let through."""
        price = self._price(order.symbol)
        match arming(self.context):
            case Armed(max_dollars=most) if price is not None and not self._is_full_exit(order):
                dollars = self._tally(order, sent).dollars + order.quantity * price.value
                return check_armed(dollars, most, self.snapshot.account.currency)
        return None

    def _tally(self, order: Order, sent: Sequence[OrderRecord]) -> Tally:
        """What the run has sent but for `order`."""
        others = [each for each in sent if each.order.id != order.id]
        return Tally(len(others), sum(map(self._dollars, others), ZERO))

    def _say_what_was_not_compared(self, order: Order) -> None:
        """A simulated broker's prices are often closes, and show no previous one."""
        price = self._price(order.symbol)
        if order.side == "buy" and price and price.previous is None and not self.context.broker.venue.simulated:
            self.log.note(
                f"{order.symbol}: the market shows no previous close, so trading.max_distance_percent was not checked"
            )

    # ------------------------------------------------------------------------------------- what is counted

    def release(self, order: Order) -> None:
        """Take back what was counted for an order that surely does not stand at the broker."""
        if order.id in self.counted:
            self.counted.remove(order.id)
            self._move(order, -1)

    def _count(self, order: Order) -> None:
        self.counted.add(order.id)
        self._move(order, 1)

    def _move(self, order: Order, times: int) -> None:
        price = self._price(order.symbol)
        if order.side == "sell":
            self.sold[order.symbol] = self.sold.get(order.symbol, ZERO) + times * order.quantity
        elif price is not None:
            self.bought += times * order.quantity * price.value
            instrument = self.context.instrument(order.symbol)
            self.spent += times * order.quantity * worst_price(order, price.value, self.context.trading, instrument)
            self.spent += times * self.context.broker.venue.fee_per_order

    def _left(self, symbol: Symbol) -> Decimal:
        """Our shares that are not on their way out. Those that an open order holds may come free while a sale waits."""
        holdings = self.snapshot.holdings
        ours = holdings.managed.get(symbol, ZERO) + holdings.on_hold.get(symbol, ZERO)
        return ours - self.sold.get(symbol, ZERO)

    def _price(self, symbol: Symbol) -> Price | None:
        price = self.prices.get(symbol)
        return price if isinstance(price, Price) else None

    def _dollars(self, sent: OrderRecord) -> Decimal:
        """What it trades, unless it was refused: at what it got, at the price now, its limit or the broker's value.

        A buy that none of these tells of may be as large as the account.
        """
        if sent.phase == "refused":
            return ZERO
        order, price, holdings = sent.order, self._price(sent.order.symbol), self.snapshot.holdings
        per_share = sent.average_price or (price.value if price else order.limit)
        if per_share is None:
            unpriced = self.snapshot.account.equity if order.side == "buy" else ZERO
            return max(holdings.values.get(order.symbol, ZERO), unpriced)
        return order.quantity * per_share


def _not_sent(order: Order, why: str, kind: RefusalKind) -> Refused:
    return Refused(f"{order.symbol}: the {order.side} was not sent: {why}", kind)
