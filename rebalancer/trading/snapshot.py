"""The account snapshot: positions, our shares of them, and Investable. Every reading is checked and journalled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.events import Holding, HoldingsRead
from rebalancer.model import Account, Difference, Holdings, Position, Symbol
from rebalancer.model.states import OVER
from rebalancer.model.text import cents, money
from rebalancer.portfolio.breaks import differences, quantities
from rebalancer.portfolio.holdings import sort_holdings, tradable
from rebalancer.portfolio.targets import investable, reserve_amount
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.corporate_actions import (
    open_differences,
    protected_by_new_names,
    restate_ledger,
    warn_open_differences,
)
from rebalancer.trading.halts import check_daily_loss, note_unchecked_loss
from rebalancer.trading.tracking import polls, waiting

Phase = Literal["start", "again", "after_sells", "end"]
ZERO = Decimal(0)
POSITION_LAG_SECONDS = 30
"""A broker's positions may lag so long behind its fills."""
PRICE_TOLERANCE = Decimal("0.02")
"""The fraction of equity by which two consecutive calls may differ, since prices move between them."""
NOISE = Decimal("0.001")
"""A missing position below this fraction of equity can't be distinguished from price moves."""


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The account at one moment. `ledger` is the journal's state before this reading was recorded."""

    account: Account
    holdings: Holdings
    reserve: Decimal
    investable: Decimal
    long_value: Decimal
    ledger: Ledger
    positions: tuple[Position, ...]

    @property
    def shares(self) -> Mapping[Symbol, Decimal]:
        """Of every position by symbol, ours or not; negative where held short."""
        return quantities(self.positions)

    @property
    def short(self) -> bool:
        return any(quantity < 0 for quantity in self.shares.values())


def read_account(context: RunContext, log: RunLog, phase: Phase) -> AccountSnapshot:
    """Read, check and record the account. Raises what `read_complete` and `record_account` raise."""
    ledger = context.journal.ledger(context.account)
    traded = _recently_traded(log, phase, ledger)

    def lags(positions: Sequence[Position]) -> bool:
        """Then the ownership of missing shares would be lost, and buys be sized to cash that is not there yet."""
        return not traded.isdisjoint(differences(positions, ledger.expected or {}))

    account, positions = read_complete(context, POSITION_LAG_SECONDS if traded else 0, lags)
    return record_account(context, log, phase, account, positions)


def read_shares(context: RunContext) -> Mapping[Symbol, Decimal]:
    """The shares of every position, not recorded. Raises SourceError where positions are missing."""
    return quantities(read_complete(context)[1])


def _recently_traded(log: RunLog, phase: Phase, ledger: Ledger) -> set[Symbol]:
    """The symbols whose positions may lag behind tonight's fills: those of this run; at its start all that the journal
    expects, if an earlier run of this session was recorded.
    """
    if phase != "start":
        return {sent.order.symbol for sent in log.orders() if sent.filled and sent.phase in OVER}
    return (ledger.expected or {}).keys() - ledger.open.keys() if ledger.recorded == log.session.day else set()


def read_complete(
    context: RunContext, seconds: float = 0, lags: Callable[[Sequence[Position]], object] = lambda _: False
) -> tuple[Account, tuple[Position, ...]]:
    """Read, again for `seconds` at most, until no position is missing and none `lags` behind our fills.

    Raises SourceError where positions are missing from the last answer: a part is never read as the whole.
    """
    recorded = context.journal.ledger(context.account).values
    for left in polls(context, seconds):
        account, positions = context.broker.account(), context.broker.positions()
        if not lags(positions) and not incomplete_reason(account, positions, recorded):
            break
        waiting(context, "the account to show every fill", left)
    require_complete(account, positions, recorded)
    return account, positions


def record_account(
    context: RunContext, log: RunLog, phase: Phase, account: Account, positions: Sequence[Position]
) -> AccountSnapshot:
    """Record a complete reading. Raises RunFailedError where it is of another account than the journal's."""
    require_same_account(context, account)
    snapshot = _snapshot(context, log, phase, account, positions)
    unexplained = open_differences(context, snapshot.ledger, positions, log.session.day, start=phase == "start")
    if phase == "start":
        _warn_at_start(context, log, snapshot, unexplained)
    log.write(
        HoldingsRead(
            at=log.now(),
            phase=phase,
            account=account,
            holdings=_holdings(context, log, snapshot, unexplained),
            reserve=snapshot.reserve,
            others_value=snapshot.holdings.others_value,
            investable=snapshot.investable,
        )
    )
    check_daily_loss(context, log, account)
    if log.shares_at_start is None:
        log.shares_at_start = quantities(tradable_positions(context, positions))
    return snapshot


def tradable_positions(context: RunContext, positions: Sequence[Position]) -> list[Position]:
    return tradable(positions, context.instruments(position.symbol for position in positions))


def _snapshot(
    context: RunContext, log: RunLog, phase: Phase, account: Account, positions: Sequence[Position]
) -> AccountSnapshot:
    ledger = restate_ledger(context, log, positions) if phase == "start" else context.journal.ledger(context.account)
    trading = protected_by_new_names(context.trading, ledger)
    holdings = sort_holdings(
        positions,
        ledger.ours,
        ledger.expected,
        trading,
        ledger.values,
        instruments=context.instruments(each.symbol for each in positions),
    )
    reserve = reserve_amount(context.reserve, account.equity)
    return AccountSnapshot(
        account,
        holdings,
        reserve,
        investable(account.equity, reserve, holdings.others_value),
        sum((position.market_value for position in positions if position.quantity > 0), ZERO),
        ledger,
        tuple(positions),
    )


def _warn_at_start(
    context: RunContext, log: RunLog, snapshot: AccountSnapshot, unexplained: Mapping[Symbol, Difference]
) -> None:
    log.warn_each(snapshot.holdings.untouchable)
    log.warn_each(snapshot.holdings.held)
    warn_open_differences(context, log, unexplained)
    for position in snapshot.positions:
        if position.last_close is not None:
            value, close = money(position.market_value, log.currency), position.last_close
            text = f"{position.symbol}: no price now: it counts for {value} by its last close, of {close}"
            log.note(text, "warning")
    note_unchecked_loss(context, log, snapshot.account)


# --------------------------------------------------------------------------------------------- checks


def require_complete(account: Account, positions: Sequence[Position], recorded: Mapping[Symbol, Decimal]) -> None:
    if reason := incomplete_reason(account, positions, recorded):
        raise SourceError(reason)


def incomplete_reason(
    account: Account, positions: Sequence[Position], recorded: Mapping[Symbol, Decimal]
) -> str | None:
    """Why positions must be missing; None where they and the cash add up to the equity.

    They may differ by PRICE_TOLERANCE. `recorded` is what each symbol should be worth, roughly: where one
    of them is gone, the gap must be less than half of it, since the money of a sale would be there.
    """
    shown = account.cash + sum((position.market_value for position in positions), ZERO)
    gap, size = account.equity - shown, abs(account.equity)
    gone = recorded.keys() - {position.symbol for position in positions}
    halves = [recorded[symbol] / 2 for symbol in sorted(gone)]
    if gap.is_finite() and abs(gap) <= min([PRICE_TOLERANCE * size, *(half for half in halves if half > NOISE * size)]):
        return None
    return (
        f"the broker shows an equity of {money(account.equity, account.currency)}, but its cash and positions "
        f"make up {cents(shown)}: its answer is not whole, and nothing is decided on it. Look at the account."
    )


def require_same_account(context: RunContext, account: Account) -> None:
    """Raises RunFailedError unless number, mode and venue are those that the journal has under this account's name."""
    last = context.journal.trading_status(context.account).last
    if last is None:
        return
    now = (context.mode, context.venue, account.number)
    if any(before and before != present for before, present in zip(last, now, strict=True)):
        raise RunFailedError(
            f"account {context.account} was {_named(*last)} by the journal and is {_named(*now)} now: what is ours "
            "there is not ours here. Give the other account a name of its own in the config. Nothing was sent."
        )


def _named(mode: str, venue: str, number: str) -> str:
    return f"{mode} account {number}" + (f" at {venue}" if venue else "")


def require_investable(context: RunContext, snapshot: AccountSnapshot) -> AccountSnapshot:
    """Raises RunFailedError unless it is the pinned account, may trade in the venue's currency, and can invest."""
    account, pinned = snapshot.account, context.pinned
    if pinned is not None and account.number != pinned:
        raise RunFailedError(
            f"these keys are of account {account.number}, but account_number is {pinned}: use the keys of that one. "
            "Nothing was sent."
        )
    if account.blocked is not None:
        raise RunFailedError(f"the broker says that account {account.number} can't trade: {account.blocked}")
    if account.currency != context.currency:
        raise RunFailedError(
            f"account {account.number} is kept in {account.currency}, and orders at {context.broker.venue.name} are in "
            f"{context.currency}: use an account in {context.currency}. Nothing was sent."
        )
    if not (snapshot.investable.is_finite() and snapshot.investable > 0):
        raise RunFailedError(
            f"nothing can be invested: equity {money(account.equity, account.currency)}, less the reserve of "
            f"{cents(snapshot.reserve)} and {cents(snapshot.holdings.others_value)} that is not ours to manage, leaves "
            f"{cents(snapshot.investable)}. Nothing was sent."
        )
    return snapshot


# --------------------------------------------------------------------------------------------- the record


def _holdings(
    context: RunContext, log: RunLog, snapshot: AccountSnapshot, unexplained: Mapping[Symbol, Difference]
) -> tuple[Holding, ...]:
    """A row for each position, each symbol with an unsettled order of tonight, and each unexplained difference.

    The ledger of the latter two stays as it was.
    """
    ledger = snapshot.ledger
    rows = {position.symbol: _holding(position, ledger, snapshot.holdings) for position in snapshot.positions}

    def as_it_was(symbol: Symbol) -> Holding:
        row = rows.get(symbol) or Holding(symbol, ZERO, ZERO, ZERO)
        return replace(row, ours=ledger.ours.get(symbol, ZERO), counted=(ledger.expected or {}).get(symbol, ZERO))

    for sent in context.journal.unsettled(context.account):
        if sent.session == log.session.day and ledger.expected is not None:
            rows[sent.order.symbol] = as_it_was(sent.order.symbol)
    for symbol, difference in unexplained.items():
        opened, counted_on, value = difference.opened, difference.recorded, ledger.values.get(symbol)
        rows[symbol] = replace(as_it_was(symbol), opened=opened, counted_on=counted_on, counted_value=value)
    return tuple(rows.values())


def _holding(position: Position, ledger: Ledger, holdings: Holdings) -> Holding:
    symbol = position.symbol
    return Holding(
        symbol,
        position.quantity,
        min(ledger.ours.get(symbol, ZERO), max(position.quantity, ZERO)),
        position.market_value,
        None if ledger.expected is None else ledger.expected.get(symbol, ZERO),
        holdings.untouchable.get(symbol, ""),
    )
