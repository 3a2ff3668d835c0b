"""Reading the account: what is held and what may be invested. Everything read is written down."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.events import Holding, HoldingsRead
from rebalancer.model import (
    Account,
    Difference,
    Holdings,
    Position,
    Symbol,
)
from rebalancer.model.states import OVER
from rebalancer.portfolio.holdings import differences, equities, quantities, sort_holdings
from rebalancer.portfolio.targets import investable, reserve_dollars
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.halts import check_daily_loss, note_unchecked_loss
from rebalancer.trading.renames import still_protected
from rebalancer.trading.restate import left_open, restate, say_what_is_open
from rebalancer.trading.tracking import looks
from rebalancer.trading.unpriced import say_what_has_no_price

Phase = Literal["start", "again", "after_sells", "end"]
ZERO = Decimal(0)
LAG_SECONDS = 30
"""So long a broker's positions may lag behind its own fills."""
ROUGHLY = Decimal("0.02")
"""The part of equity by which two calls a moment apart may disagree."""
NOISE = Decimal("0.001")
"""The part of equity by which they always may: what is smaller can't be told from it."""


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The account at one moment. Dollars: `reserve`, `investable`, and `long_value`, every long position together.

    `ledger` is what the journal said before this moment was recorded. `positions` are all that the account holds.
    """

    account: Account
    holdings: Holdings
    reserve: Decimal
    investable: Decimal
    long_value: Decimal
    ledger: Ledger
    positions: tuple[Position, ...]

    @property
    def shares(self) -> Mapping[Symbol, Decimal]:
        """By symbol, ours or not; below 0 where it is held short."""
        return quantities(self.positions)

    @property
    def short(self) -> bool:
        return any(quantity < 0 for quantity in self.shares.values())


def read_holdings(context: RunContext, log: RunLog, phase: Phase) -> AccountSnapshot:
    """Raises SourceError where the broker's positions are not all there: a part is never read as the whole.

    Raises RunFailedError where it is another account than the journal has under this name.
    """
    account, positions = _caught_up(context, _traded(context, log, phase))
    require_whole(account, positions, context.journal.ledger(context.account).values)
    return record_holdings(context, log, phase, account, positions)


def _shown(context: RunContext) -> tuple[Account, tuple[Position, ...]]:
    return context.broker.account(), context.broker.positions()


def _traded(context: RunContext, log: RunLog, phase: Phase) -> Collection[Symbol]:
    """The symbols whose fills of tonight the broker's list may lag behind: of this run, and at a start of an earlier
    one of this session.
    """
    ledger = context.journal.ledger(context.account)
    if phase == "start":
        return (ledger.expected or {}).keys() - ledger.open.keys() if ledger.recorded == log.session.day else ()
    return {sent.order.symbol for sent in context.journal.orders(log.run) if sent.filled and sent.phase in OVER}


def _caught_up(context: RunContext, traded: Collection[Symbol]) -> tuple[Account, tuple[Position, ...]]:
    """What the broker shows. A list or an account that lags behind our own fills gets time: a record of what it shows
    would make the shares that it lacks nobody's, and buys would be sized to money that is not there yet.
    """
    ledger = context.journal.ledger(context.account)
    for _ in looks(context, LAG_SECONDS if traded else 0):
        account, positions = _shown(context)
        apart = any(symbol in traded for symbol in differences(positions, ledger.expected or {}))
        if not apart and not not_whole(account, positions, ledger.values):
            break
    return account, positions


def record_holdings(
    context: RunContext,
    log: RunLog,
    phase: Phase,
    account: Account,
    positions: Sequence[Position],
) -> AccountSnapshot:
    """`read_holdings` of an answer that was found whole. Raises RunFailedError as it does."""
    require_same_place(context, account)
    ledger = restate(context, log, positions) if phase == "start" else context.journal.ledger(context.account)
    trading = still_protected(context.trading, ledger)
    holdings = sort_holdings(positions, ledger.ours, ledger.expected, trading, ledger.values)
    unexplained = left_open(context, ledger, positions, log.session.day, start=phase == "start")
    reserve = reserve_dollars(context.reserve, account.equity)
    snapshot = AccountSnapshot(
        account,
        holdings,
        reserve,
        investable(account.equity, reserve, holdings.others_value),
        sum((position.market_value for position in positions if position.quantity > 0), Decimal(0)),
        ledger,
        tuple(positions),
    )
    if phase == "start":
        for symbol, reason in (*holdings.untouchable.items(), *holdings.held.items()):
            log.note(f"{symbol}: {reason}", "warning")
        say_what_is_open(context, log, unexplained)
        say_what_has_no_price(log, positions)
        note_unchecked_loss(context, log, account)
    log.write(
        HoldingsRead(
            at=log.now(),
            phase=phase,
            account=account,
            holdings=_rows(context, log, positions, ledger, holdings, unexplained),
            reserve=reserve,
            others_value=holdings.others_value,
            investable=snapshot.investable,
        )
    )
    check_daily_loss(context, log, account)
    log.at_start = quantities(equities(positions)) if log.at_start is None else log.at_start
    return snapshot


def read_shares(context: RunContext) -> Mapping[Symbol, Decimal]:
    """The shares of every position. Raises SourceError where the broker's answer is not whole."""
    account, positions = _shown(context)
    require_whole(account, positions, context.journal.ledger(context.account).values)
    return quantities(positions)


def require_whole(account: Account, positions: Sequence[Position], recorded: Mapping[Symbol, Decimal]) -> None:
    if reason := not_whole(account, positions, recorded):
        raise SourceError(reason)


def not_whole(account: Account, positions: Sequence[Position], recorded: Mapping[Symbol, Decimal]) -> str | None:
    """Why the positions can't be all of them; None where they and the cash make up the equity.

    Two calls may differ by what prices move between them. `recorded` are the dollars that each symbol should be worth,
    roughly. One that is gone has left its money behind: where at least half of it is missing, the list is not whole.
    """
    shown = account.cash + sum((position.market_value for position in positions), Decimal(0))
    gap, size = account.equity - shown, abs(account.equity)
    gone = recorded.keys() - {position.symbol for position in positions}
    halves = [recorded[symbol] / 2 for symbol in sorted(gone)]
    if gap.is_finite() and abs(gap) <= min([ROUGHLY * size, *(half for half in halves if half > NOISE * size)]):
        return None
    return (
        f"the broker shows an equity of {account.equity:,.2f} {account.currency}, but its cash and positions "
        f"make up {shown:,.2f}: its answer is not whole, and nothing is decided on it. Look at the account."
    )


def require_same_place(context: RunContext, account: Account) -> None:
    """An account's name stays with one account, mode and venue: what the journal calls ours is held nowhere else."""
    last = context.journal.trading_status(context.account).last
    if last is None:
        return
    now = (context.mode, context.venue, account.number)
    if any(before and before != present for before, present in zip(last, now, strict=True)):
        raise RunFailedError(
            f"account {context.account} was {_place(*last)} by the journal and is {_place(*now)} now: what is ours "
            "there is not ours here. Give the other account a name of its own in the config. Nothing was sent."
        )


def _place(mode: str, venue: str, number: str) -> str:
    return f"{mode} account {number}" + (f" at {venue}" if venue else "")


def require_investable(snapshot: AccountSnapshot, pinned: str | None) -> AccountSnapshot:
    """Raises RunFailedError where it is not the `pinned` account, is blocked, or has nothing that may be invested."""
    account = snapshot.account
    if pinned is not None and account.number != pinned:
        raise RunFailedError(
            f"these keys are of account {account.number}, but account_number is {pinned}: use the keys of that one. "
            "Nothing was sent."
        )
    if account.blocked is not None:
        raise RunFailedError(f"the broker says that account {account.number} can't trade: {account.blocked}")
    if not (snapshot.investable.is_finite() and snapshot.investable > 0):
        raise RunFailedError(
            f"nothing can be invested: equity {account.equity:,.2f} {account.currency}, less the reserve of "
            f"{snapshot.reserve:,.2f} and {snapshot.holdings.others_value:,.2f} that is not ours to manage, leaves "
            f"{snapshot.investable:,.2f}. Nothing was sent."
        )
    return snapshot


def _rows(
    context: RunContext,
    log: RunLog,
    positions: Sequence[Position],
    ledger: Ledger,
    holdings: Holdings,
    unexplained: Mapping[Symbol, Difference],
) -> tuple[Holding, ...]:
    """One a position; and one a symbol whose order of tonight is not settled, or whose difference stays open, where
    the ledger goes on as it was.
    """
    rows = {position.symbol: _holding(position, ledger.ours, ledger.expected, holdings) for position in positions}
    for sent in context.journal.unsettled(context.account):
        symbol = sent.order.symbol
        if sent.session == log.session.day and ledger.expected is not None:
            shown = rows.get(symbol) or Holding(symbol, ZERO, ZERO, ZERO)
            rows[symbol] = replace(shown, ours=ledger.ours.get(symbol, ZERO), counted=ledger.expected.get(symbol, ZERO))
    for symbol, difference in unexplained.items():
        rows[symbol] = _kept_open(rows.get(symbol) or Holding(symbol, ZERO, ZERO, ZERO), ledger, difference)
    return tuple(rows.values())


def _kept_open(row: Holding, ledger: Ledger, difference: Difference) -> Holding:
    return replace(
        row,
        ours=ledger.ours.get(row.symbol, ZERO),
        counted=(ledger.expected or {}).get(row.symbol, ZERO),
        opened=difference.opened,
        counted_on=difference.recorded,
        counted_value=ledger.values.get(row.symbol),
    )


def _holding(
    position: Position,
    ours: Mapping[Symbol, Decimal],
    expected: Mapping[Symbol, Decimal] | None,
    holdings: Holdings,
) -> Holding:
    symbol = position.symbol
    return Holding(
        symbol,
        position.quantity,
        min(ours.get(symbol, Decimal(0)), max(position.quantity, Decimal(0))),
        position.market_value,
        None if expected is None else expected.get(symbol, Decimal(0)),
        holdings.untouchable.get(symbol, ""),
    )
