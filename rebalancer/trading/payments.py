"""What the broker paid beside trades: dividends, interest and fees, journalled for the bots' books.

No order depends on it alone: where it can't be read, the cash is no bot's until a later run has read it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from rebalancer.bookings import CashPaid
from rebalancer.errors import SourceError
from rebalancer.model import CorporateAction, Payment, Symbol
from rebalancer.ports import PaysCash
from rebalancer.trading.context import RunContext, RunLog

LISTED_LATE = timedelta(days=14)
"""How long after its day a payment may still appear in the list."""
PAID_LATE = timedelta(days=120)
"""How long after its ex-date a dividend may be paid."""


def book_payments(context: RunContext, log: RunLog) -> None:
    """Journal the payments since the account's last record that no run has seen; none before its first record."""
    recorded = context.journal.ledger(context.account).recorded
    if recorded is None or not isinstance(context.broker, PaysCash):
        return
    try:
        known, listed = context.journal.payments(context.account), context.broker.payments(recorded - LISTED_LATE)
        new = [payment for payment in listed if payment.id not in known]
        events = tuple(_events(context, log, new)) if new else ()
    except SourceError as error:
        log.note(f"what the broker paid can't be read: dividends are no bot's until a later run ({error})", "warning")
        return
    log.write(*events)


def _events(context: RunContext, log: RunLog, payments: Sequence[Payment]) -> Iterator[CashPaid]:
    actions = _dividends(context, payments)
    for payment in payments:
        at, ex_date = log.now(), ex_date_of(payment, actions.get(payment.symbol, ()))
        yield CashPaid(at, context.account, payment, ex_date)


def _dividends(context: RunContext, payments: Iterable[Payment]) -> Mapping[Symbol | None, Sequence[CorporateAction]]:
    """Announced dividends of what was paid for, by symbol, oldest first."""
    paid = [(payment.symbol, payment.day) for payment in payments if payment.symbol and payment.kind == "dividend"]
    if not paid:
        return {}
    symbols, days = sorted({symbol for symbol, _ in paid}), [day for _, day in paid]
    found = context.history.actions(symbols, min(days) - PAID_LATE, max(days))
    return {symbol: [each for each in found if (each.symbol, each.kind) == (symbol, "dividend")] for symbol in symbols}


def ex_date_of(payment: Payment, announced: Sequence[CorporateAction]) -> date | None:
    """That of the last dividend before the payment, of the same amount a share where it is known; None without one."""
    before = [each for each in announced if each.day <= payment.day]
    same = [each for each in before if each.dollars == payment.per_share]
    return max((each.day for each in same or before), default=None)
