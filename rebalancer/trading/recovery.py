"""Recovery at start-up: orders of earlier runs are settled against the broker before anything is decided, our open ones
are cancelled, and symbols with open orders of other senders are not traded.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.events import OrderAbsent, OrderLost
from rebalancer.model import Absent, Found, Order, OrderId, OrderState, Side, Symbol, Unknown
from rebalancer.model.states import IN_DOUBT
from rebalancer.model.text import listed, money, shares
from rebalancer.portfolio.order_ids import is_ours
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.halts import require_authorized
from rebalancer.trading.snapshot import POSITION_LAG_SECONDS, ZERO, AccountSnapshot, Phase, read_account, read_shares
from rebalancer.trading.tracking import (
    CANCEL_SECONDS,
    how_to_resolve,
    look_up,
    order_mismatch,
    polls,
    record_state,
    wait_until_released,
    waiting,
)

LOOK_BACK = timedelta(days=30)
"""How far back unknown orders are looked for where the journal has no record of the account yet."""

TURNED_UP = ("stands at the broker after all", "it may have arrived after all")
"""What the reason of a run has where an order that was lost turned up: by which such a run is recognised."""


def recover(context: RunContext, log: RunLog) -> None:
    """Raises where the account may send no orders, and what the steps below raise."""
    require_authorized(context)
    settle_earlier_orders(context, log)
    log.reload_earlier()
    refuse_unknown_orders(context, log)
    cancel_open_orders(context, log)


def settle_earlier_orders(context: RunContext, log: RunLog) -> None:
    """Look up every order of ours without a journalled end, the lost ones too, and journal what the broker shows.

    Settles all it can before it raises: StoppedError where broker and journal contradict each other, SourceError while
    the outcome of an order is unknown, because then it is unknown what is held.
    """
    unsettled = context.journal.unsettled(context.account)
    held = read_shares(context) if unsettled else {}
    found = look_up(context, [sent.order.id for sent in unsettled if sent.phase != "lost"])
    contradictions, unknown = [], []
    for sent in unsettled:
        match _latest(context, sent.order, found.get(sent.order.id)):
            case OrderState() as state:
                contradictions.append(_settle(context, log, sent, state))
            case Absent():
                contradictions.append(_settle_absent(context, log, sent))
            case Unknown(reason):
                unknown.append(f"{order_text(sent.order)}: {reason}")
    sentences = [sentence for sentence in contradictions if sentence]
    sentences.extend(_late_arrivals(context, held, recheck=not sentences))
    if sentences:
        raise StoppedError(" ".join(sentences))
    if unknown:
        raise SourceError(
            f"earlier orders could not be accounted for at the broker: {'; '.join(unknown)}. Look at the account; "
            "nothing is sent until the broker answers."
        )


def _latest(context: RunContext, order: Order, found: Found | None) -> Found:
    """Look up orders again that were open or not looked up: they may be terminal by now."""
    if found is None:
        return context.broker.find(order.id)
    if not isinstance(found, OrderState) or found.terminal:
        return found
    later = context.broker.find(order.id)
    return later if isinstance(later, OrderState) else found


def _settle(context: RunContext, log: RunLog, sent: OrderRecord, state: OrderState) -> str | None:
    """Journal the broker's state of an order; or return how it contradicts the journal."""
    if (mismatch := order_mismatch(sent.order, state)) is not None:
        return mismatch
    if not sent.filled <= state.filled <= state.quantity:
        return (
            f"{order_text(sent.order)} had {sent.filled} filled, and the broker now says {state.filled}. "
            f"{how_to_resolve(sent.order)}"
        )
    record_state(context, log, state)
    if sent.phase != "lost":
        return None
    return (
        f"{order_text(sent.order)} was lost by the journal and {TURNED_UP[0]}, {state.status} with "
        f"{state.filled} filled, which are counted now. Look at the account before the next run; `rebalance kill` "
        "cancels what is open."
    )


def _settle_absent(context: RunContext, log: RunLog, sent: OrderRecord) -> str | None:
    """Journal an absent order as lost, unless this very run may still resend it."""
    if sent.phase == "lost":
        return None
    if sent.phase not in {"intended", "unknown", "absent"}:
        return (
            f"the broker had {order_text(sent.order)} ({sent.phase}) and does not know it any more. "
            f"{how_to_resolve(sent.order)}"
        )
    if sent.phase != "absent":
        log.write(OrderAbsent(at=log.now(), order_id=sent.order.id))
    if sent.run != log.run or sent.times > 1 or not context.broker.venue.idempotent_ids:
        log.write(OrderLost(at=log.now(), order_id=sent.order.id, reason="it never reached the broker"))
    return None


def _late_arrivals(context: RunContext, held: Mapping[Symbol, Decimal], *, recheck: bool) -> Sequence[str]:
    """Lost orders that must have arrived late: a venue that forgets old orders still shows their shares.

    `held` was read before anything was settled. Fills counted since may explain a difference, so that with `recheck`
    they are read again for a while; not where the run stops anyway, since a failed read would hide the reason.
    """
    lost = [sent.order for sent in context.journal.unsettled(context.account) if sent.phase == "lost"]
    expected = context.journal.ledger(context.account).expected
    if expected is None:
        return ()
    arrived = _arrived(lost, held, expected)
    if arrived and recheck:
        for left in polls(context, POSITION_LAG_SECONDS):
            arrived = _arrived(lost, read_shares(context), expected)
            if not arrived:
                break
            waiting(context, "the account to show every fill", left)
    return arrived


def _arrived(
    lost: Sequence[Order], held: Mapping[Symbol, Decimal], expected: Mapping[Symbol, Decimal]
) -> Sequence[str]:
    """Any difference in the order's direction counts, whatever its size: a split may have come since."""
    arrived = []
    for order in lost:
        symbol = order.symbol
        there, due = held.get(symbol, ZERO), expected.get(symbol, ZERO)
        if there > due if order.side == "buy" else there < due:
            arrived.append(
                f"{order_text(order)} was lost, and the broker now shows {there} {symbol} where {due} were expected: "
                f"{TURNED_UP[1]}. Look at the account's orders. {how_to_resolve(order)} Shares that "
                f"came by it are handed over with `rebalance adopt {symbol}`."
            )
    return arrived


def order_text(order: Order | OrderState) -> str:
    return f"{order.side} {order.quantity} {order.symbol} ({order.id})"


def refuse_unknown_orders(context: RunContext, log: RunLog) -> None:
    """Raises StoppedError where the broker has orders with our ids that the journal has not, or has as refused.

    Then this is the wrong journal (restored from a backup, deleted, or one of two), or the broker took an order that it
    had refused. Orders rejected without a fill change nothing and are allowed.
    """
    recorded = context.journal.ledger(context.account).recorded
    since = datetime.combine(recorded or log.session.day - LOOK_BACK, time(), log.session.zone)
    found = context.broker.named(is_ours, since)
    ours = {state.id: state for state in found if state.filled or state.status != "rejected"}
    unknown = sorted(ours.keys() - context.journal.knows(context.account, ours))
    if unknown:
        raise StoppedError(
            "the broker has orders with this program's names that this journal does not know, or has as refused: "
            f"{'; '.join(order_text(ours[each]) for each in unknown)}. Was the journal restored from a backup or "
            "deleted, is the account called otherwise now, or does another machine trade it? Nothing was sent. Bring "
            "the right journal back; if this is the right one, say so with `rebalance recover --account-for ID "
            "--reason TEXT`."
        )


def read_account_again(context: RunContext, log: RunLog, phase: Phase) -> AccountSnapshot:
    """The account between rounds of orders. Raises what `refuse_unknown_orders` and `read_account` raise."""
    refuse_unknown_orders(context, log)
    return read_account(context, log, phase)


def orders_before_interruption(log: RunLog, side: Side) -> list[Order]:
    """The orders that a resumed run sent before, in that order; without refused ones that were retried."""
    sent = [each for each in log.earlier.values() if each.order.side == side]
    last = {each.order.symbol: each for each in sent}
    return [each.order for each in sent if each.phase != "refused" or each is last[each.order.symbol]]


# --------------------------------------------------------------------------------------------- our open orders


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
    still_open = set(cancelled)
    for left in polls(context, CANCEL_SECONDS):
        for state in context.broker.orders(sorted(still_open)).values():
            if state.terminal:
                if is_ours(state.id):
                    record_state(context, log, state)
                still_open.discard(state.id)
        if not still_open:
            sold = {order.symbol for order in cancelled.values() if order.side == "sell"}
            return wait_until_released(context, log, sold)
        waiting(context, f"the cancel of {listed(sorted(cancelled[order_id].symbol for order_id in still_open))}", left)
    raise RunFailedError(
        f"the open orders {', '.join(sorted(still_open))} were still there {CANCEL_SECONDS} s after their cancel. "
        "Nothing was sent; look at the account."
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
        return money(order.quantity, currency) if order.by_amount else shares(order.remaining)
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
        for state in sorted(external, key=lambda state: state.symbol)
    }


def orders_in_doubt(context: RunContext, log: RunLog) -> Mapping[Symbol, OrderRecord]:
    """Tonight's orders with unknown outcome, treated as fully filled; without those that a resumed run tracks."""
    unsettled = context.journal.unsettled(context.account)
    doubtful = (sent for sent in unsettled if sent.phase in IN_DOUBT and sent.session == log.session.day)
    return {sent.order.symbol: sent for sent in doubtful if sent.order.id not in log.earlier}


def symbols_in_doubt(context: RunContext, log: RunLog) -> Mapping[Symbol, str]:
    """The symbols of `orders_in_doubt`, with the reason why they get no second order."""
    return {
        symbol: f"left alone tonight, since {order_text(sent.order)} of run {sent.run} is {sent.phase}: it may still "
        "turn up"
        for symbol, sent in sorted(orders_in_doubt(context, log).items())
    }
