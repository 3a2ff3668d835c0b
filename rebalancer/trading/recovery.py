"""Recovery at start-up: the orders of earlier runs are settled against the broker before anything is decided."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from rebalancer.errors import SourceError, StoppedError
from rebalancer.events import OrderAbsent, OrderLost
from rebalancer.model import Absent, Found, Order, OrderState, Side, Symbol, Unknown
from rebalancer.portfolio.order_ids import is_ours
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.snapshot import (
    POSITION_LAG_SECONDS,
    ZERO,
    AccountSnapshot,
    Phase,
    read_account,
    read_shares,
)
from rebalancer.trading.tracking import how_to_resolve, look_up, order_mismatch, polls, record_state

LOOK_BACK = timedelta(days=30)
"""How far back unknown orders are looked for where the journal has no record of the account yet."""


# --------------------------------------------------------------------------------------------- settling


def settle_earlier_orders(context: RunContext, log: RunLog) -> None:
    """Look up every order of ours without a journalled end, the lost ones too, and journal what the broker shows.

    Settles all it can before it raises: StoppedError where broker and journal contradict each other, SourceError while
    the outcome of an order is unknown, because then it is unknown what is held.
    """
    unsettled = context.journal.unsettled(context.account)
    shares = read_shares(context) if unsettled else {}
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
    sentences.extend(_late_arrivals(context, shares, recheck=not sentences))
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
        f"{order_text(sent.order)} was lost by the journal and stands at the broker after all, {state.status} with "
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


def _late_arrivals(context: RunContext, shares: Mapping[Symbol, Decimal], *, recheck: bool) -> Sequence[str]:
    """Lost orders that must have arrived late: a venue that forgets old orders still shows their shares.

    `shares` were read before anything was settled. Fills counted since may explain a difference, so that with `recheck`
    they are read again for a while; not where the run stops anyway, since a failed read would hide the reason.
    """
    lost = [sent.order for sent in context.journal.unsettled(context.account) if sent.phase == "lost"]
    expected = context.journal.ledger(context.account).expected
    if expected is None:
        return ()
    arrived = _arrived(lost, shares, expected)
    if arrived and recheck:
        for _ in polls(context, POSITION_LAG_SECONDS):
            arrived = _arrived(lost, read_shares(context), expected)
            if not arrived:
                break
    return arrived


def _arrived(
    lost: Sequence[Order], shares: Mapping[Symbol, Decimal], expected: Mapping[Symbol, Decimal]
) -> Sequence[str]:
    """Any difference in the order's direction counts, whatever its size: a split may have come since."""
    arrived = []
    for order in lost:
        symbol, sign = order.symbol, 1 if order.side == "buy" else -1
        there, due = shares.get(symbol, ZERO), expected.get(symbol, ZERO)
        if (there - due) * sign > 0:
            arrived.append(
                f"{order_text(order)} was lost, and the broker now shows {there} {symbol} where {due} were expected: "
                f"it may have arrived after all. Look at the account's orders. {how_to_resolve(order)} Shares that "
                f"came by it are handed over with `rebalance adopt {symbol}`."
            )
    return arrived


def order_text(order: Order | OrderState) -> str:
    return f"{order.side} {order.quantity} {order.symbol} ({order.id})"


# --------------------------------------------------------------------------------------------- unknown orders


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
    """The account between rounds of orders, after a check for unknown orders.

    Raises what `refuse_unknown_orders` and `read_account` raise.
    """
    refuse_unknown_orders(context, log)
    return read_account(context, log, phase)


# --------------------------------------------------------------------------------------------- resuming


def orders_before_interruption(log: RunLog, side: Side) -> list[Order]:
    """The orders of a resumed run that were sent before the interruption, in that order.

    Without refused ones that were retried under another id.
    """
    sent = [each for each in log.earlier.values() if each.order.side == side]
    last = {each.order.symbol: each for each in sent}
    return [each.order for each in sent if each.phase != "refused" or each is last[each.order.symbol]]
