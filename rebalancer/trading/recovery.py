"""Before anything is decided: what earlier runs left behind is settled, and no order of ours is open."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from rebalancer.errors import RunFailedError, SourceError, StoppedError
from rebalancer.events import OrderAbsent, OrderLost
from rebalancer.model import Absent, Found, Order, OrderPhase, OrderState, Side, Symbol, Unknown
from rebalancer.model.text import money, shares
from rebalancer.portfolio.order_ids import is_ours
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.freed import wait_until_free
from rebalancer.trading.snapshot import LAG_SECONDS, ZERO, AccountSnapshot, Phase, read_holdings, read_shares
from rebalancer.trading.tracking import CANCEL_SECONDS, journal_state, look_up, looks, mismatch, vouch

LOOK_BACK = timedelta(days=30)
"""How far back orders of ours are looked for where the journal has no record of the account yet."""
DOUBTFUL: frozenset[OrderPhase] = frozenset({"intended", "unknown", "absent", "lost"})


def settle_earlier_orders(context: RunContext, log: RunLog) -> None:
    """Look up every order of ours whose end is not journalled, and those that were lost.

    All are settled that can be. Raises StoppedError where the broker shows what can't be, and SourceError while an
    order can't be accounted for: until then nobody knows what is held.
    """
    left = context.journal.unsettled(context.account)
    shown = read_shares(context) if left else {}
    found = look_up(context, [sent.order.id for sent in left if sent.phase != "lost"])
    unknown, impossible = [], []
    for sent in left:
        match _now(context, sent.order, found.get(sent.order.id)):
            case OrderState() as state:
                impossible.append(_settled(context, log, sent, state))
            case Absent():
                impossible.append(_settled_absent(context, log, sent))
            case Unknown(reason):
                unknown.append(f"{_told(sent.order)}: {reason}")
    told = [sentence for sentence in impossible if sentence]
    told.extend(_arrived_unseen(context, shown, sure=bool(told)))
    if told:
        raise StoppedError(" ".join(told))
    if unknown:
        raise SourceError(
            f"earlier orders could not be accounted for at the broker: {'; '.join(unknown)}. Look at the account; "
            "nothing is sent until the broker answers."
        )


def _now(context: RunContext, order: Order, found: Found | None) -> Found:
    """What was open may be over by the time that another order was found to be absent."""
    if found is None:
        return context.broker.find(order.id)
    if not isinstance(found, OrderState) or found.terminal:
        return found
    later = context.broker.find(order.id)
    return later if isinstance(later, OrderState) else found


def _settled(context: RunContext, log: RunLog, sent: OrderRecord, state: OrderState) -> str | None:
    """Count what the broker shows; or say why that can't be."""
    if (other := mismatch(sent.order, state)) is not None:
        return other
    if not sent.filled <= state.filled <= state.quantity:
        return (
            f"{_told(sent.order)} had {sent.filled} filled, and the broker now says {state.filled}. {vouch(sent.order)}"
        )
    journal_state(context, log, state)
    if sent.phase != "lost":
        return None
    return (
        f"{_told(sent.order)} was lost by the journal and stands at the broker after all, {state.status} with "
        f"{state.filled} filled, which are counted now. Look at the account before the next run; `rebalance kill` "
        "cancels what is open."
    )


def _settled_absent(context: RunContext, log: RunLog, sent: OrderRecord) -> str | None:
    """An absent order of this very run may be sent once more; one of an earlier run is too old for that."""
    if sent.phase == "lost":
        return None
    if sent.phase not in {"intended", "unknown", "absent"}:
        return f"the broker had {_told(sent.order)} ({sent.phase}) and does not know it any more. {vouch(sent.order)}"
    if sent.phase != "absent":
        log.write(OrderAbsent(at=log.now(), order_id=sent.order.id))
    if sent.run != log.run or sent.times > 1 or not context.broker.venue.idempotent_ids:
        log.write(OrderLost(at=log.now(), order_id=sent.order.id, reason="it never reached the broker"))
    return None


def _arrived_unseen(context: RunContext, shown: Mapping[Symbol, Decimal], *, sure: bool) -> Sequence[str]:
    """A venue that forgets an order with its day can't show one that came late: but its shares are there.

    `shown` was read before anything was settled, so that an answer that is not whole settles nothing. Fills that were
    counted since may be why it differs: what speaks for an order that was lost must stay. Where it is `sure` that this
    start stops, nothing is read again, since a failing read would keep the reason from being said.
    """
    lost = [sent.order for sent in context.journal.unsettled(context.account) if sent.phase == "lost"]
    expected = context.journal.ledger(context.account).expected
    if expected is None:
        return ()
    told = _arrived(lost, shown, expected)
    if told and not sure:
        for _ in looks(context, LAG_SECONDS):
            told = _arrived(lost, read_shares(context), expected)
            if not told:
                break
    return told


def _arrived(
    lost: Sequence[Order], shown: Mapping[Symbol, Decimal], expected: Mapping[Symbol, Decimal]
) -> Sequence[str]:
    """Any number of shares tells, since a split may have come between."""
    told = []
    for order in lost:
        symbol, sign = order.symbol, 1 if order.side == "buy" else -1
        there, due = shown.get(symbol, ZERO), expected.get(symbol, ZERO)
        if (there - due) * sign > 0:
            told.append(
                f"{_told(order)} was lost, and the broker now shows {there} {symbol} where {due} were expected: "
                f"it may have arrived after all. Look at the account's orders. {vouch(order)} Shares that came by "
                f"it are handed over with `rebalance adopt {symbol}`."
            )
    return told


def refuse_strangers(context: RunContext, log: RunLog) -> None:
    """Raises StoppedError where the broker has orders with our names that the journal has not, or has as refused.

    Then the journal is not the one those orders were written down in: it was restored from a backup, deleted, or there
    are two of them. Or the broker took what it had refused. An order that it rejected whole changes nothing.
    """
    recorded = context.journal.ledger(context.account).recorded
    since = datetime.combine(recorded or log.session.day - LOOK_BACK, time(), log.session.zone)
    found = context.broker.named(is_ours, since)
    named = {state.id: state for state in found if state.filled or state.status != "rejected"}
    strangers = sorted(named.keys() - context.journal.knows(context.account, named))
    if strangers:
        listed = "; ".join(_shown(named[each]) for each in strangers)
        raise StoppedError(
            "the broker has orders with this program's names that this journal does not know, or has as refused: "
            f"{listed}. Was the journal restored from a backup or deleted, is the account called otherwise now, or "
            "does another machine trade it? Nothing was sent. Bring the right journal back; if this is the right one, "
            "say so with `rebalance recover --account-for ID --reason TEXT`."
        )


def _shown(state: OrderState) -> str:
    return f"{state.side} {state.quantity} {state.symbol} ({state.id})"


def _told(order: Order) -> str:
    return f"{order.side} {order.quantity} {order.symbol} ({order.id})"


def untold(context: RunContext, log: RunLog) -> Mapping[Symbol, OrderRecord]:
    """Tonight's orders that were lost, or that nobody can tell what came of: all of each counts as done tonight."""
    left = context.journal.unsettled(context.account)
    doubtful = (sent for sent in left if sent.phase in DOUBTFUL and sent.session == log.session.day)
    return {sent.order.symbol: sent for sent in doubtful if sent.order.id not in log.earlier}


def cancel_open_orders(context: RunContext, log: RunLog) -> None:
    """Cancel our own open orders, or all with `cancel_scope` "all", and wait until they are gone.

    An order of an earlier run that a look just found open is cancelled too, though no list shows it. What this run
    itself sent before it was cut off is followed, not cancelled. The shares that the sells held get time to come free.
    Raises RunFailedError if an order stays.
    """
    everyones = context.trading.cancel_scope == "all"
    standing: list[Order | OrderState] = [
        state for state in context.broker.open_orders() if everyones or is_ours(state.id)
    ]
    standing += [sent.order for sent in context.journal.unsettled(context.account) if sent.phase == "open"]
    doomed = {order.id: order for order in standing if order.id not in log.earlier}
    for order in doomed.values():
        whose = "our" if is_ours(order.id) else "the"
        log.note(f"{order.symbol}: cancelling {whose} open {order.side} of {for_how_much(order)} ({order.id})")
        context.broker.cancel(order.id)
    if not doomed:
        return None
    waiting = set(doomed)
    for _ in looks(context, CANCEL_SECONDS):
        for state in context.broker.orders(sorted(waiting)).values():
            if state.terminal:
                _take_down(context, log, state)
                waiting.discard(state.id)
        if not waiting:
            return wait_until_free(context, log, {order.symbol for order in doomed.values() if order.side == "sell"})
    raise RunFailedError(
        f"the open orders {', '.join(sorted(waiting))} were still there {CANCEL_SECONDS} s after their cancel. Nothing "
        "was sent; look at the account."
    )


def look_again(context: RunContext, log: RunLog, phase: Phase) -> AccountSnapshot:
    """The account after a round of orders: what it holds, and whether anybody else sends orders with our names.

    Raises what `refuse_strangers` and `read_holdings` raise.
    """
    refuse_strangers(context, log)
    return read_holdings(context, log, phase)


def others_orders(context: RunContext) -> tuple[OrderState, ...]:
    """The open orders of other hands."""
    return tuple(state for state in context.broker.open_orders() if not is_ours(state.id))


def in_the_way(others: Iterable[OrderState]) -> Mapping[Symbol, str]:
    """The symbols that orders of `others` are open in, with why they are left alone tonight.

    An order of ours could trade against one of theirs, which brokers refuse as a wash trade; and theirs hold shares.
    """
    return {state.symbol: _in_the_way(state) for state in others}


def blocked_symbols(context: RunContext, log: RunLog) -> Mapping[Symbol, str]:
    """`in_the_way` of the open orders of now, each with a warning."""
    found = in_the_way(others_orders(context))
    for symbol, reason in sorted(found.items()):
        log.note(f"{symbol}: {reason}", "warning")
    return found


def untold_orders(context: RunContext, log: RunLog) -> Mapping[Symbol, str]:
    """The symbols of tonight's orders that may still turn up, with why they are left alone: none of them gets two."""
    found = {
        symbol: f"left alone tonight, since {_told(sent.order)} of run {sent.run} is {sent.phase}: it may still turn up"
        for symbol, sent in untold(context, log).items()
    }
    for symbol, reason in sorted(found.items()):
        log.note(f"{symbol}: {reason}", "warning")
    return found


def earlier_orders(log: RunLog, side: Side) -> list[Order]:
    """Those of this run that left before it was cut off, in their order; not what was refused and sent anew since."""
    left = [sent for sent in log.earlier.values() if sent.order.side == side]
    last = {sent.order.symbol: sent for sent in left}
    return [sent.order for sent in left if sent.phase != "refused" or sent is last[sent.order.symbol]]


def _take_down(context: RunContext, log: RunLog, state: OrderState) -> None:
    """The journal keeps our own orders only."""
    if is_ours(state.id):
        journal_state(context, log, state)


def for_how_much(order: Order | OrderState) -> str:
    """What is left of it in shares; of an order by amount its dollars."""
    if isinstance(order, OrderState):
        return money(order.quantity) if order.by_amount else shares(order.quantity - order.filled)
    return shares(order.quantity)


def _in_the_way(state: OrderState) -> str:
    return (
        f"left alone, since a {state.side} of {for_how_much(state)} that is not ours is open ({state.id}). "
        'Cancel it, or set cancel_scope = "all"'
    )
