"""What the broker paid beside trades: dividends, interest and fees, journalled for the bots' books.

No order depends on it alone: where it can't be read, the cash is no bot's until a later run has read it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta

from rebalancer.bookings import CashPaid
from rebalancer.errors import SourceError
from rebalancer.model import CorporateAction, Payment, Rename, Symbol
from rebalancer.ports import PaysCash
from rebalancer.trading.context import RunContext, RunLog

LISTED_LATE = timedelta(days=90)
"""How long after its day a payment may still appear in the list, as one that was corrected does."""
FOR_SHARES = frozenset({"dividend", "cash in lieu"})
"""Kinds of payments for shares that were held before an ex-date."""
PAID_LATE = timedelta(days=120)
"""How long after its ex-date a dividend may be paid."""


def book_payments(context: RunContext, log: RunLog) -> None:
    """Journal the payments since the account's last record that no run has seen; none before its first record."""
    ledger = context.journal.ledger(context.account)
    if ledger.recorded is None or ledger.opened is None or not isinstance(context.broker, PaysCash):
        return
    try:
        known = context.journal.payments(context.account)
        listed = context.broker.payments(max(ledger.recorded - LISTED_LATE, ledger.opened))
        new = [payment for payment in listed if payment.id not in known]
        events = tuple(_events(context, log, new, ledger.renames)) if new else ()
    except SourceError as error:
        log.note(f"what the broker paid can't be read: dividends are no bot's until a later run ({error})", "warning")
        return
    log.write(*events)


def _events(
    context: RunContext, log: RunLog, payments: Sequence[Payment], renames: Iterable[Rename]
) -> Iterator[CashPaid]:
    names = {name: {rename.old, rename.new} for rename in renames for name in (rename.old, rename.new)}
    actions = _announced(context, payments, names)
    for payment in payments:
        own = names.get(payment.symbol, {payment.symbol}) if payment.symbol else set()
        ex_date = ex_date_of(payment, [each for each in actions if each.symbol in own])
        yield CashPaid(log.now(), context.account, payment, ex_date)


def _announced(
    context: RunContext, payments: Iterable[Payment], names: Mapping[Symbol, AbstractSet[Symbol]]
) -> Sequence[CorporateAction]:
    """Of the shares that were paid for, under their old and new names, oldest first."""
    paid = [(payment.symbol, payment.day) for payment in payments if payment.symbol and payment.kind in FOR_SHARES]
    if not paid:
        return ()
    symbols = {name for symbol, _ in paid for name in names.get(symbol, {symbol})}
    days = [day for _, day in paid]
    return context.history.actions(sorted(symbols), min(days) - PAID_LATE, max(days))


def ex_date_of(payment: Payment, announced: Iterable[CorporateAction]) -> date | None:
    """That of the last dividend before the payment, of the same amount a share where it is known; of cash in lieu that
    of the last other action. None without one.
    """
    if payment.kind not in FOR_SHARES:
        return None
    its_own = [each for each in announced if (each.kind == "dividend") == (payment.kind == "dividend")]
    before = [each for each in its_own if each.day <= payment.day]
    same = [each for each in before if each.dollars == payment.per_share]
    return max((each.day for each in same or before), default=None)
