"""Open orders before and during a run: ours are cancelled, symbols with orders of other senders are not traded."""

from collections.abc import Iterable, Mapping

from rebalancer.errors import RunFailedError
from rebalancer.model import Order, OrderId, OrderState, Symbol
from rebalancer.model.states import IN_DOUBT
from rebalancer.model.text import money, shares
from rebalancer.portfolio.order_ids import is_ours
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.recovery import order_text
from rebalancer.trading.tracking import CANCEL_SECONDS, polls, record_state, wait_until_released


def cancel_open_orders(context: RunContext, log: RunLog) -> None:
    """Cancel our open orders, or everyone's with `cancel_scope` "all", and wait until they and their shares are gone.

    Also those that only a look-up showed as open. A resumed run's own orders are tracked, not cancelled. Raises
    RunFailedError if an order stays open.
    """
    cancelled = _orders_to_cancel(context, log)
    for order in cancelled.values():
        whose = "our" if is_ours(order.id) else "the"
        log.note(
            f"{order.symbol}: cancelling {whose} open {order.side} of {open_quantity(order, log.currency)} ({order.id})"
        )
        context.broker.cancel(order.id)
    if not cancelled:
        return None
    waiting = set(cancelled)
    for _ in polls(context, CANCEL_SECONDS):
        for state in context.broker.orders(sorted(waiting)).values():
            if state.terminal:
                if is_ours(state.id):
                    record_state(context, log, state)
                waiting.discard(state.id)
        if not waiting:
            sold = {order.symbol for order in cancelled.values() if order.side == "sell"}
            return wait_until_released(context, log, sold)
    raise RunFailedError(
        f"the open orders {', '.join(sorted(waiting))} were still there {CANCEL_SECONDS} s after their cancel. Nothing "
        "was sent; look at the account."
    )


def _orders_to_cancel(context: RunContext, log: RunLog) -> Mapping[OrderId, Order | OrderState]:
    everyones = context.trading.cancel_scope == "all"
    shown: list[Order | OrderState] = [
        state for state in context.broker.open_orders() if everyones or is_ours(state.id)
    ]
    shown += [sent.order for sent in context.journal.unsettled(context.account) if sent.phase == "open"]
    return {order.id: order for order in shown if order.id not in log.earlier}


def open_quantity(order: Order | OrderState, currency: str) -> str:
    """The shares that are not filled yet; of an order by amount that amount, in the account's `currency`."""
    if isinstance(order, OrderState):
        return money(order.quantity, currency) if order.by_amount else shares(order.quantity - order.filled)
    return shares(order.quantity)


# --------------------------------------------------------------------------------------------- other senders


def external_orders(context: RunContext) -> tuple[OrderState, ...]:
    """The open orders that other programs or people sent."""
    return tuple(state for state in context.broker.open_orders() if not is_ours(state.id))


def blocked_symbols(external: Iterable[OrderState], currency: str) -> Mapping[Symbol, str]:
    """The symbols with `external` open orders, with the reason why they are not traded tonight.

    Our orders could trade against them, which brokers refuse as a wash trade; and open sells hold shares.
    """
    return {
        state.symbol: f"left alone, since a {state.side} of {open_quantity(state, currency)} that is not ours is open "
        f'({state.id}). Cancel it, or set cancel_scope = "all"'
        for state in external
    }


def warn_blocked_symbols(context: RunContext, log: RunLog) -> Mapping[Symbol, str]:
    return _warned(log, blocked_symbols(external_orders(context), log.currency))


# --------------------------------------------------------------------------------------------- in doubt


def orders_in_doubt(context: RunContext, log: RunLog) -> Mapping[Symbol, OrderRecord]:
    """Tonight's orders with unknown outcome; treated as fully filled until reconciled.

    Without those that a resumed run tracks.
    """
    unsettled = context.journal.unsettled(context.account)
    doubtful = (sent for sent in unsettled if sent.phase in IN_DOUBT and sent.session == log.session.day)
    return {sent.order.symbol: sent for sent in doubtful if sent.order.id not in log.earlier}


def warn_orders_in_doubt(context: RunContext, log: RunLog) -> Mapping[Symbol, str]:
    """The symbols of `orders_in_doubt`, with the reason why they get no second order."""
    found = {
        symbol: f"left alone tonight, since {order_text(sent.order)} of run {sent.run} is {sent.phase}: it may still "
        "turn up"
        for symbol, sent in orders_in_doubt(context, log).items()
    }
    return _warned(log, found)


def _warned(log: RunLog, found: Mapping[Symbol, str]) -> Mapping[Symbol, str]:
    for symbol, reason in sorted(found.items()):
        log.note(f"{symbol}: {reason}", "warning")
    return found
