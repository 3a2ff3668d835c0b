"""Reading the account: what is held and what may be invested. Everything read is written down."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.events import Holding, HoldingsRead
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import looks
from rebalancer.live.loss import say_what_is_not_watched, watch_for_loss
from rebalancer.live.renames import still_protected
from rebalancer.live.restate import left_open, restate, say_what_is_open
from rebalancer.live.unpriced import say_what_has_no_price
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
from rebalancer.ports import Book

Phase = Literal["start", "again", "after_sells", "end"]
ZERO = Decimal(0)
LAG_SECONDS = 30
"""So long a broker's positions may lag behind its own fills."""
ROUGHLY = Decimal("0.02")
"""The part of equity by which two calls a moment apart may disagree."""
NOISE = Decimal("0.001")
"""The part of equity by which they always may: what is smaller can't be told from it."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The account at one moment. Dollars: `reserve`, `investable`, and `long_value`, every long position together.

    `book` is what the journal said before this moment was recorded. `positions` are all that the account holds.
    """

    account: Account
    holdings: Holdings
    reserve: Decimal
    investable: Decimal
    long_value: Decimal
    book: Book
    positions: tuple[Position, ...]

    @property
    def shares(self) -> Mapping[Symbol, Decimal]:
        """By symbol, ours or not; below 0 where it is held short."""
        return quantities(self.positions)

    @property
    def short(self) -> bool:
        return any(quantity < 0 for quantity in self.shares.values())


def read_holdings(desk: Desk, diary: Diary, phase: Phase) -> Survey:
    """Raises SourceError where the broker's positions are not all there: a part is never read as the whole.

    Raises RunFailedError where it is another account than the journal has under this name.
    """
    account, positions = _caught_up(desk, _traded(desk, diary, phase))
    require_whole(account, positions, desk.journal.book(desk.account).values)
    return record_holdings(desk, diary, phase, account, positions)


def _shown(desk: Desk) -> tuple[Account, tuple[Position, ...]]:
    return desk.broker.account(), desk.broker.positions()


def _traded(desk: Desk, diary: Diary, phase: Phase) -> Collection[Symbol]:
    """The symbols whose fills of tonight the broker's list may lag behind: of this run, and at a start of an earlier
    one of this session.
    """
    book = desk.journal.book(desk.account)
    if phase == "start":
        return (book.expected or {}).keys() - book.open.keys() if book.recorded == diary.session.day else ()
    return {sent.order.symbol for sent in desk.journal.sent(diary.run) if sent.filled and sent.phase in OVER}


def _caught_up(desk: Desk, traded: Collection[Symbol]) -> tuple[Account, tuple[Position, ...]]:
    """What the broker shows. A list or an account that lags behind our own fills gets time: a record of what it shows
    would make the shares that it lacks nobody's, and buys would be sized to money that is not there yet.
    """
    book = desk.journal.book(desk.account)
    for _ in looks(desk, LAG_SECONDS if traded else 0):
        account, positions = _shown(desk)
        apart = any(symbol in traded for symbol in differences(positions, book.expected or {}))
        if not apart and not not_whole(account, positions, book.values):
            break
    return account, positions


def record_holdings(
    desk: Desk,
    diary: Diary,
    phase: Phase,
    account: Account,
    positions: Sequence[Position],
) -> Survey:
    """`read_holdings` of an answer that was found whole. Raises RunFailedError as it does."""
    require_same_place(desk, account)
    book = restate(desk, diary, positions) if phase == "start" else desk.journal.book(desk.account)
    trading = still_protected(desk.trading, book)
    holdings = sort_holdings(positions, book.ours, book.expected, trading, book.values)
    unexplained = left_open(desk, book, positions, diary.session.day, start=phase == "start")
    reserve = reserve_dollars(desk.reserve, account.equity)
    survey = Survey(
        account,
        holdings,
        reserve,
        investable(account.equity, reserve, holdings.others_value),
        sum((position.market_value for position in positions if position.quantity > 0), Decimal(0)),
        book,
        tuple(positions),
    )
    if phase == "start":
        for symbol, reason in (*holdings.untouchable.items(), *holdings.held.items()):
            diary.note(f"{symbol}: {reason}", "warning")
        say_what_is_open(desk, diary, unexplained)
        say_what_has_no_price(diary, positions)
        say_what_is_not_watched(desk, diary, account)
    diary.write(
        HoldingsRead,
        phase=phase,
        account=account,
        holdings=_rows(desk, diary, positions, book, holdings, unexplained),
        reserve=reserve,
        others_value=holdings.others_value,
        investable=survey.investable,
    )
    watch_for_loss(desk, diary, account)
    diary.at_start = quantities(equities(positions)) if diary.at_start is None else diary.at_start
    return survey


def read_shares(desk: Desk) -> Mapping[Symbol, Decimal]:
    """The shares of every position. Raises SourceError where the broker's answer is not whole."""
    account, positions = _shown(desk)
    require_whole(account, positions, desk.journal.book(desk.account).values)
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


def require_same_place(desk: Desk, account: Account) -> None:
    """An account's name stays with one account, mode and venue: what the journal calls ours is held nowhere else."""
    last = desk.journal.standing(desk.account).last
    if last is None:
        return
    now = (desk.mode, desk.venue, account.number)
    if any(before and before != present for before, present in zip(last, now, strict=True)):
        raise RunFailedError(
            f"account {desk.account} was {_place(*last)} by the journal and is {_place(*now)} now: what is ours there "
            "is not ours here. Give the other account a name of its own in the config. Nothing was sent."
        )


def _place(mode: str, venue: str, number: str) -> str:
    return f"{mode} account {number}" + (f" at {venue}" if venue else "")


def require_investable(survey: Survey, pinned: str | None) -> Survey:
    """Raises RunFailedError where it is not the `pinned` account, is blocked, or has nothing that may be invested."""
    account = survey.account
    if pinned is not None and account.number != pinned:
        raise RunFailedError(
            f"these keys are of account {account.number}, but account_number is {pinned}: use the keys of that one. "
            "Nothing was sent."
        )
    if account.blocked is not None:
        raise RunFailedError(f"the broker says that account {account.number} can't trade: {account.blocked}")
    if not (survey.investable.is_finite() and survey.investable > 0):
        raise RunFailedError(
            f"nothing can be invested: equity {account.equity:,.2f} {account.currency}, less the reserve of "
            f"{survey.reserve:,.2f} and {survey.holdings.others_value:,.2f} that is not ours to manage, leaves "
            f"{survey.investable:,.2f}. Nothing was sent."
        )
    return survey


def _rows(
    desk: Desk,
    diary: Diary,
    positions: Sequence[Position],
    book: Book,
    holdings: Holdings,
    unexplained: Mapping[Symbol, Difference],
) -> tuple[Holding, ...]:
    """One a position; and one a symbol whose order of tonight is not settled, or whose difference stays open, where
    the book goes on as it was.
    """
    rows = {position.symbol: _holding(position, book.ours, book.expected, holdings) for position in positions}
    for sent in desk.journal.unsettled(desk.account):
        symbol = sent.order.symbol
        if sent.session == diary.session.day and book.expected is not None:
            shown = rows.get(symbol) or Holding(symbol, ZERO, ZERO, ZERO)
            rows[symbol] = replace(shown, ours=book.ours.get(symbol, ZERO), counted=book.expected.get(symbol, ZERO))
    for symbol, difference in unexplained.items():
        rows[symbol] = _kept_open(rows.get(symbol) or Holding(symbol, ZERO, ZERO, ZERO), book, difference)
    return tuple(rows.values())


def _kept_open(row: Holding, book: Book, difference: Difference) -> Holding:
    return replace(
        row,
        ours=book.ours.get(row.symbol, ZERO),
        counted=(book.expected or {}).get(row.symbol, ZERO),
        opened=difference.opened,
        counted_on=difference.recorded,
        counted_value=book.values.get(row.symbol),
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
