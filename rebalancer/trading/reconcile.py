"""Post-trade reconciliation: the account as the broker shows it against the journal, before the run ends."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from rebalancer.errors import StoppedError
from rebalancer.model import Account, Outcome, Position, Symbol
from rebalancer.model.text import digits, money, shares
from rebalancer.portfolio.buys import own_cash
from rebalancer.portfolio.holdings import equities, quantities
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.recovery import refuse_strangers
from rebalancer.trading.snapshot import LAG_SECONDS, AccountSnapshot, not_whole, record_holdings, require_whole
from rebalancer.trading.tracking import looks

NONE = Decimal(0)
BORROWED = Decimal("0.01")
"""The part of equity by which own cash may be below 0 after market orders."""


def reconcile(context: RunContext, log: RunLog, outcomes: Sequence[Outcome]) -> AccountSnapshot:
    """Read the account for the last time, the whole of it.

    Raises StoppedError where a symbol that was traded tonight is not held as the journal counts it (a fill was missed,
    or another hand traded in it), where somebody else sent orders with our names, and where money was borrowed.
    Trades of another hand in other symbols are a reconciliation break, which the run's end tells.
    """
    refuse_strangers(context, log)
    traded = {outcome.order.symbol for outcome in outcomes if outcome.filled}
    settled = traded - {outcome.order.symbol for outcome in outcomes if not outcome.certain}
    account, positions = _last_look(context, settled)
    require_whole(account, positions, context.journal.ledger(context.account).values)
    # Where the two are apart nothing more is recorded, so that what is ours stays as the fills made it.
    ledger = context.journal.ledger(context.account)
    if apart := _apart(ledger, positions, settled):
        raise StoppedError(
            f"the journal and the broker are apart: {'; '.join(apart)}. Look at the account's orders, then lift "
            "the halt: `rebalance resume`."
        )
    require_own_money(account, outcomes)
    if bought_something(outcomes) and own_cash(account) < 0:
        cash = money(own_cash(account), account.currency)
        over = f"{cash} of own cash after tonight's buys: they cost more than they were sized at"
        log.note(over, "warning")
    ordered = {outcome.order.symbol for outcome in outcomes}
    for each in _traded_by_others(log.at_start or {}, positions, ordered):
        log.problems.append(f"another hand traded during the run: {each}")
        log.note(log.problems[-1], "warning")
    return record_holdings(context, log, "end", account, positions)


def _traded_by_others(
    at_start: Mapping[Symbol, Decimal], positions: Sequence[Position], ordered: Collection[Symbol]
) -> list[str]:
    """What the run had no order in, and is not held as it was when the run began."""
    now = quantities(equities(positions))
    counts = {symbol: (at_start.get(symbol, NONE), now.get(symbol, NONE)) for symbol in sorted({*at_start, *now})}
    return [
        f"{symbol}: {shares(before)} at its start, {digits(after)} at its end"
        for symbol, (before, after) in counts.items()
        if before != after and symbol not in ordered
    ]


def require_own_money(account: Account, outcomes: Sequence[Outcome]) -> None:
    """Raises StoppedError where the account has borrowed after buys of ours, which are sized to its own cash.

    A market order may cost a little more than it was sized at.
    """
    cash = own_cash(account)
    if not bought_something(outcomes) or (cash.is_finite() and cash >= -BORROWED * account.equity):
        return
    raise StoppedError(
        f"the account has {money(cash, account.currency)} of own cash after tonight's buys: they cost more than they "
        "were sized at, or another program or person bought in it at the same time. Look at the account, then lift "
        "the halt: `rebalance resume`."
    )


def bought_something(outcomes: Iterable[Outcome]) -> bool:
    return any(outcome.filled for outcome in outcomes if outcome.order.side == "buy")


def _last_look(context: RunContext, settled: Collection[Symbol]) -> tuple[Account, Sequence[Position]]:
    """The first answer that is whole and as the journal counts, else the last one there was time for."""
    ledger = context.journal.ledger(context.account)
    for _ in looks(context, LAG_SECONDS):
        account, positions = context.broker.account(), context.broker.positions()
        if not not_whole(account, positions, ledger.values) and not _apart(ledger, positions, settled):
            break
    return account, positions


def _apart(ledger: Ledger, positions: Sequence[Position], symbols: Iterable[Symbol]) -> list[str]:
    if ledger.expected is None:  # a dry run before the first run: there is no record to compare with
        return []
    shown = quantities(positions)
    expected = {**ledger.expected, **{symbol: difference.shown for symbol, difference in ledger.open.items()}}
    counts = {symbol: (expected.get(symbol, NONE), shown.get(symbol, NONE)) for symbol in sorted(symbols)}
    return [
        f"{symbol}: {shares(ours)} by the journal, {theirs} at the broker"
        for symbol, (ours, theirs) in counts.items()
        if ours != theirs
    ]
