"""The end of an evening: what the journal counted must be what the broker shows."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from rebalancer.errors import StoppedError
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import looks
from rebalancer.live.survey import LAG_SECONDS, Survey, not_whole, record_holdings, require_whole
from rebalancer.model import Account, Outcome, Position, Symbol
from rebalancer.portfolio.holdings import quantities
from rebalancer.portfolio.wording import shares
from rebalancer.ports import Book

NONE = Decimal(0)


def close_books(desk: Desk, diary: Diary, outcomes: Sequence[Outcome]) -> Survey:
    """Read the account for the last time.

    Raises StoppedError where a symbol that was traded tonight is not held as the journal counts it: a fill was missed,
    or another hand traded meanwhile.
    """
    traded = {outcome.order.symbol for outcome in outcomes if outcome.filled}
    settled = traded - {outcome.order.symbol for outcome in outcomes if not outcome.certain}
    account, positions = _last_look(desk, settled)
    require_whole(account, positions, desk.journal.book(desk.account).values)
    # Where the two are apart nothing more is recorded, so that what is ours stays as the fills made it.
    if apart := _apart(desk.journal.book(desk.account), positions, settled):
        raise StoppedError(
            f"the journal and the broker are apart: {'; '.join(apart)}. Look at the account's orders, then lift "
            "the halt: `rebalance resume`."
        )
    return record_holdings(desk, diary, "end", account, positions)


def _last_look(desk: Desk, settled: Collection[Symbol]) -> tuple[Account, Sequence[Position]]:
    """The first answer that is whole and as the journal counts, else the last one there was time for."""
    book = desk.journal.book(desk.account)
    for _ in looks(desk, LAG_SECONDS):
        account, positions = desk.broker.account(), desk.broker.positions()
        if not not_whole(account, positions, book.values) and not _apart(book, positions, settled):
            break
    return account, positions


def _apart(book: Book, positions: Sequence[Position], symbols: Iterable[Symbol]) -> list[str]:
    if book.expected is None:  # a dry run before the first run: there is no record to compare with
        return []
    shown = quantities(positions)
    counts = {symbol: (book.expected.get(symbol, NONE), shown.get(symbol, NONE)) for symbol in sorted(symbols)}
    return [
        f"{symbol}: {shares(ours)} by the journal, {theirs} at the broker"
        for symbol, (ours, theirs) in counts.items()
        if ours != theirs
    ]
