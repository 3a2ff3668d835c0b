"""Post-trade reconciliation of journal and broker: positions, orders of other senders, and borrowed money."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from rebalancer.errors import StoppedError
from rebalancer.model import Account, Outcome, Position, Symbol
from rebalancer.model.text import digits, money, shares
from rebalancer.portfolio.buys import own_cash
from rebalancer.portfolio.holdings import quantities, tradable
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.recovery import refuse_unknown_orders
from rebalancer.trading.snapshot import (
    POSITION_LAG_SECONDS,
    ZERO,
    AccountSnapshot,
    incomplete_reason,
    record_account,
    require_complete,
)
from rebalancer.trading.tracking import polls

SLIPPAGE = Decimal("0.01")
"""The fraction of equity by which market buys may overdraw own cash."""


def reconcile(context: RunContext, log: RunLog, outcomes: Sequence[Outcome]) -> AccountSnapshot:
    """Read the account for the last time, compare it with the journal, record it.

    Raises StoppedError where a traded symbol is not held as the journal expects (a fill was missed, or another sender
    traded it), where the broker has unknown orders with our ids, and where money was borrowed. Then nothing is
    recorded, so that the ledger stays as the fills made it. Trades of other senders in other symbols only make the run
    partial.
    """
    refuse_unknown_orders(context, log)
    filled = {outcome.order.symbol for outcome in outcomes if outcome.filled}
    settled = filled - {outcome.order.symbol for outcome in outcomes if not outcome.certain}
    account, positions = _read_settled(context, settled)
    ledger = context.journal.ledger(context.account)
    require_complete(account, positions, ledger.values)
    if breaks := _breaks(ledger, positions, settled):
        raise StoppedError(
            f"the journal and the broker are apart: {'; '.join(breaks)}. Look at the account's orders, then lift "
            "the halt: `rebalance resume`."
        )
    require_no_borrowing(account, outcomes)
    _note_problems(
        log, account, quantities(tradable(positions, context.instruments(each.symbol for each in positions))), outcomes
    )
    return record_account(context, log, "end", account, positions)


def _read_settled(context: RunContext, settled: Collection[Symbol]) -> tuple[Account, Sequence[Position]]:
    """The first answer that is complete and without breaks, else the last within POSITION_LAG_SECONDS."""
    ledger = context.journal.ledger(context.account)
    for _ in polls(context, POSITION_LAG_SECONDS):
        account, positions = context.broker.account(), context.broker.positions()
        if not incomplete_reason(account, positions, ledger.values) and not _breaks(ledger, positions, settled):
            break
    return account, positions


def _breaks(ledger: Ledger, positions: Sequence[Position], symbols: Iterable[Symbol]) -> list[str]:
    """Each of `symbols` whose position is not the expected one, as a sentence."""
    if ledger.expected is None:  # a dry run before the first run has no record to compare with
        return []
    shown = quantities(positions)
    expected = {**ledger.expected, **{symbol: difference.shown for symbol, difference in ledger.open.items()}}
    counts = {symbol: (expected.get(symbol, ZERO), shown.get(symbol, ZERO)) for symbol in sorted(symbols)}
    return [
        f"{symbol}: {shares(ours)} by the journal, {theirs} at the broker"
        for symbol, (ours, theirs) in counts.items()
        if ours != theirs
    ]


def require_no_borrowing(account: Account, outcomes: Sequence[Outcome]) -> None:
    """Raises StoppedError where own cash is negative after buys, beyond what market orders may overdraw."""
    cash = own_cash(account)
    if not _any_buy_filled(outcomes) or (cash.is_finite() and cash >= -SLIPPAGE * account.equity):
        return
    raise StoppedError(
        f"the account has {money(cash, account.currency)} of own cash after tonight's buys: they cost more than they "
        "were sized at, or another program or person bought in it at the same time. Look at the account, then lift "
        "the halt: `rebalance resume`."
    )


def _note_problems(
    log: RunLog, account: Account, quantities_now: Mapping[Symbol, Decimal], outcomes: Sequence[Outcome]
) -> None:
    if _any_buy_filled(outcomes) and own_cash(account) < 0:
        cash = money(own_cash(account), account.currency)
        over = f"{cash} of own cash after tonight's buys: they cost more than they were sized at"
        log.note(over, "warning")
    ordered = {outcome.order.symbol for outcome in outcomes}
    for trade in _external_trades(log.shares_at_start or {}, quantities_now, ordered):
        log.problems.append(f"another hand traded during the run: {trade}")
        log.note(log.problems[-1], "warning")


def _any_buy_filled(outcomes: Iterable[Outcome]) -> bool:
    return any(outcome.filled for outcome in outcomes if outcome.order.side == "buy")


def _external_trades(
    at_start: Mapping[Symbol, Decimal], now: Mapping[Symbol, Decimal], ordered: Collection[Symbol]
) -> list[str]:
    """Each symbol whose shares changed during the run without an order of it, as a sentence."""
    counts = {symbol: (at_start.get(symbol, ZERO), now.get(symbol, ZERO)) for symbol in sorted({*at_start, *now})}
    return [
        f"{symbol}: {shares(before)} at its start, {digits(after)} at its end"
        for symbol, (before, after) in counts.items()
        if before != after and symbol not in ordered
    ]
