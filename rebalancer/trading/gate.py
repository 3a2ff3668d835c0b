"""The gate: the pre-trade checks of every order, and the only caller of a broker's `submit`.

An order's intent is committed to the journal before the order is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from rebalancer.errors import RunFailedError, TradingBlockedError
from rebalancer.events import Armed, OrderAnswered, OrderIntended, OrderLost, OrderResent
from rebalancer.model import (
    Accepted,
    Instrument,
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
from rebalancer.model.states import IN_DOUBT
from rebalancer.portfolio.buys import worst_price
from rebalancer.portfolio.checks import check_order
from rebalancer.portfolio.limits import Tally, check_armed, check_distance, check_limits
from rebalancer.portfolio.trades import Prices
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.halts import arming, buys_stopped, first_order_halt, latest_time, unauthorized_reason
from rebalancer.trading.pretrade import DONE, PositionCheck, require_consistent, require_journalled
from rebalancer.trading.snapshot import AccountSnapshot
from rebalancer.trading.tracking import require_same_order, retry_while_busy

ZERO = Decimal(0)


@dataclass(slots=True)
class Gate:
    """Checks orders against one reading of the account, and reserves what each may use as if it fills completely.

    `budget` is what may be spent on buys; a gate for sells has none. `external_buys` is the money that
    open buys of other senders may still invest, `blocked` the symbols that they have an open order in, with the reason.

    Reserved so far: `sold` shares by symbol, `bought` at the market's price, `spent` at the limits and
    with fees; by the orders in `reserved`. The limits of a whole run count its orders in the journal.
    """

    context: RunContext
    log: RunLog
    snapshot: AccountSnapshot
    prices: Prices
    budget: Decimal = ZERO
    external_buys: Decimal = ZERO
    blocked: Mapping[Symbol, str] = field(default_factory=dict)
    sold: dict[Symbol, Decimal] = field(default_factory=dict)
    bought: Decimal = ZERO
    spent: Decimal = ZERO
    reserved: set[OrderId] = field(default_factory=set)
    position_check: PositionCheck = field(init=False)

    def __post_init__(self) -> None:
        """Reserve what the account does not show yet: orders in flight at an interruption, and this run's open buys."""
        self.position_check = PositionCheck(self.context, self.context.clock.elapsed())
        for sent in self.log.orders():
            if sent.order.id in self.log.earlier and sent.phase in IN_DOUBT:
                self._reserve(sent.order)
            elif sent.order.side == "buy" and sent.phase not in DONE:
                self.bought += self._value(sent) * (1 - sent.filled / sent.order.quantity)

    # ------------------------------------------------------------------------------------- sending

    def send(self, order: Order) -> Submitted:
        """Check, journal the intent, submit. An order that fails a check is noted, not journalled as intended."""
        if (
            refused := self._check_position_before_sell(order) or self.check(order) or self._record_intent(order)
        ) is not None:
            self.log.note(refused.reason, "warning")
            return refused
        return self._submit(order)

    def resend(self, order: Order) -> Submitted:
        """Retry an absent order under its own id: idempotent order ids, the venue rejects duplicates.

        If a check fails, the order is looked up once more, and is lost if still absent: the check says nothing about
        the first attempt.
        """
        if (refused := self._recheck(order) or self._record_resend(order)) is None:
            return self._submit(order, again=True)
        if isinstance(found := self.context.broker.find(order.id), OrderState):
            require_same_order(order, found)
            return Accepted(found)
        self.log.write(OrderLost(at=self.log.now(), order_id=order.id, reason=refused.reason))
        return refused

    def repeat(self, order: Order) -> Submitted:
        """Submit an order that the venue has already: the paper trial verifies that a duplicate id is rejected."""
        return self.context.broker.submit(order)

    def _record_intent(self, order: Order) -> Refused | None:
        """Journal the intent; or the refusal where a person halted or disarmed the account just before."""
        self._note_unknown_close(order)
        halts = first_order_halt(self.context)
        try:
            self.log.write(OrderIntended(at=self.log.now(), order=order), *halts)
        except TradingBlockedError as error:
            return self._halted_before(order, error)
        return None

    def _record_resend(self, order: Order) -> Refused | None:
        try:
            self.log.write(OrderResent(at=self.log.now(), order_id=order.id))
        except TradingBlockedError as error:
            return self._halted_before(order, error)
        return None

    def _submit(self, order: Order, *, again: bool = False) -> Submitted:
        require_journalled(order, self.log.orders())
        answer = self.context.broker.submit(order)
        answer = retry_while_busy(self.context, order, answer, self.context.broker.submit, self._recheck)
        match answer:
            case Accepted(state):
                require_same_order(order, state)
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

    def _recheck(self, order: Order) -> Refused | None:
        """Repeat all checks of a delayed order, after releasing its reservation."""
        self.release(order)
        return self._check_position(order) or self.check(order)

    def _check_position(self, order: Order) -> Refused | None:
        """Reject where the position changed: the absent order may have filled late, or another sender traded."""
        reason = self.position_check.now(order)
        return Refused(f"{order.symbol}: the {order.side} was not sent once more: {reason}") if reason else None

    def _check_position_before_sell(self, order: Order) -> Refused | None:
        reason = self.position_check.before_sell(order)
        return _not_sent(order, reason, "other") if reason else None

    def _halted_before(self, order: Order, error: TradingBlockedError) -> Refused:
        self.release(order)
        return _not_sent(order, unauthorized_reason(self.context) or str(error), "other")

    # ------------------------------------------------------------------------------------- checking

    def check(self, order: Order) -> Refused | None:
        """Pre-trade check: the rejection reason, or None after reserving it against the limits.

        Raises RunFailedError where a shutdown was requested before any order was sent, and StoppedError where the
        journal contradicts the order.
        """
        if self.context.shutdown_requested():
            if not self.log.orders_sent:
                raise RunFailedError("a shutdown was requested before the first order was sent. Nothing was sent.")
            return Refused("a shutdown was requested before this order was sent")
        sent = self.log.orders()
        require_consistent(order, sent)
        reason = unauthorized_reason(self.context) or self._blocked(order) or self._broken_rule(order)
        if reason is not None:
            return _not_sent(order, reason, "other")
        if (reason := self._beyond_settings(order, sent)) is not None:
            return _not_sent(order, reason, "setting")
        if (reason := self._beyond_arming(order, sent)) is not None:
            return _not_sent(order, reason, "other")
        self._reserve(order)
        return None

    def _blocked(self, order: Order) -> str | None:
        """Why its symbol is not traded: another sender changed the position, or has an open order in it."""
        return self.snapshot.holdings.untouchable.get(order.symbol) or self.blocked.get(order.symbol)

    def _broken_rule(self, order: Order) -> str | None:
        price = self._price(order.symbol)
        return check_order(
            order,
            managed=self._sellable(order.symbol),
            equity=self.snapshot.account.equity,
            invested=self.snapshot.long_value + self.external_buys + self.bought,
            price=price.value if price else None,
            cash_left=self.budget - self.spent - self.context.broker.venue.fee_per_order,
            now=latest_time(self.context, self.log),
            session=self.log.session,
            trading=self.context.trading,
            instrument=self._instrument(order),
            auction_cutoff=self.context.broker.venue.auction_cutoff,
        ) or self._too_far(order)

    def _too_far(self, order: Order) -> str | None:
        """Whether the price is too far from the previous close. A full exit needs no price and no collar."""
        if self._is_full_exit(order):
            return None
        price, instrument = self._price(order.symbol), self._instrument(order)
        return check_distance(order, price, self.context.trading.max_distance_percent, instrument)

    def _is_full_exit(self, order: Order) -> bool:
        """Also where less than a lot would remain."""
        left = self._sellable(order.symbol) - order.quantity
        return order.side == "sell" and left < self._instrument(order).lot

    def _beyond_settings(self, order: Order, sent: Sequence[OrderRecord]) -> str | None:
        """The owner's settings: the daily loss limit blocks buys, `[limits]` everything but full exits."""
        stopped = buys_stopped(self.context, self.log) if order.side == "buy" else None
        if stopped or self._is_full_exit(order):
            return stopped
        price, held = self._price(order.symbol), self.snapshot.shares.get(order.symbol, ZERO)
        equity, limits, instrument = self.snapshot.account.equity, self.context.limits, self._instrument(order)
        return check_limits(order, price, held, equity, self._tally(order, sent), limits, instrument)

    def _beyond_arming(self, order: Order, sent: Sequence[OrderRecord]) -> str | None:
        """Whether the run would trade more than its account is armed for. A full exit may always be sent; any
        other order without a price was rejected by the limits.
        """
        price = self._price(order.symbol)
        match arming(self.context):
            case Armed(max_dollars=most) if price is not None and not self._is_full_exit(order):
                traded = self._tally(order, sent).traded + order.quantity * price.value
                return check_armed(traded, most, self.snapshot.account.currency)
        return None

    def _note_unknown_close(self, order: Order) -> None:
        """Not for a simulated broker, whose prices are often closes and have no previous one."""
        price = self._price(order.symbol)
        if order.side == "buy" and price and price.previous is None and not self.context.broker.venue.simulated:
            self.log.note(
                f"{order.symbol}: the market shows no previous close, so trading.max_distance_percent was not checked"
            )

    # ------------------------------------------------------------------------------------- reserving

    def release(self, order: Order) -> None:
        """Undo the reservation of an order that is certainly not at the broker."""
        if order.id in self.reserved:
            self.reserved.remove(order.id)
            self._add(order, -1)

    def _reserve(self, order: Order) -> None:
        self.reserved.add(order.id)
        self._add(order, 1)

    def _add(self, order: Order, sign: int) -> None:
        price = self._price(order.symbol)
        if order.side == "sell":
            self.sold[order.symbol] = self.sold.get(order.symbol, ZERO) + sign * order.quantity
        elif price is not None:
            self.bought += sign * order.quantity * price.value
            worst = worst_price(order, price.value, self.context.trading, self._instrument(order))
            self.spent += sign * order.quantity * worst
            self.spent += sign * self.context.broker.venue.fee_per_order

    def _sellable(self, symbol: Symbol) -> Decimal:
        """Our shares that are not reserved by a sell. Shares held by an open order count: they may be released."""
        holdings = self.snapshot.holdings
        ours = holdings.managed.get(symbol, ZERO) + holdings.on_hold.get(symbol, ZERO)
        return ours - self.sold.get(symbol, ZERO)

    def _instrument(self, order: Order) -> Instrument:
        return self.context.instrument(order.symbol)

    def _price(self, symbol: Symbol) -> Price | None:
        price = self.prices.get(symbol)
        return price if isinstance(price, Price) else None

    def _tally(self, order: Order, sent: Sequence[OrderRecord]) -> Tally:
        """The run's other orders."""
        others = [each for each in sent if each.order.id != order.id]
        return Tally(len(others), sum(map(self._value, others), ZERO))

    def _value(self, sent: OrderRecord) -> Decimal:
        """The value of an order that was not refused: at its average price, else the market's, else its limit, else the
        broker's value of the position. A buy without any of these counts as the whole equity.
        """
        if sent.phase == "refused":
            return ZERO
        order, price, holdings = sent.order, self._price(sent.order.symbol), self.snapshot.holdings
        per_share = sent.average_price or (price.value if price else order.limit)
        if per_share is None:
            unpriced = self.snapshot.account.equity if order.side == "buy" else ZERO
            return max(holdings.values.get(order.symbol, ZERO), unpriced)
        return order.quantity * per_share


def _not_sent(order: Order, reason: str, kind: RefusalKind) -> Refused:
    return Refused(f"{order.symbol}: the {order.side} was not sent: {reason}", kind)
