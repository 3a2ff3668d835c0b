"""The end of an evening: what the journal counted must be what the broker shows."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rebalancer.errors import StoppedError
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import looks
from rebalancer.live.survey import Survey, read_holdings, read_shares
from rebalancer.model import Outcome, Symbol
from rebalancer.portfolio.holdings import quantities
from rebalancer.portfolio.wording import shares
from rebalancer.ports import Book

NONE = Decimal(0)
LAG_SECONDS = 30
"""So long a broker's positions may lag behind its own fills."""


def close_books(desk: Desk, diary: Diary, outcomes: Sequence[Outcome]) -> Survey:
    """Read the account for the last time.

    Raises StoppedError where a symbol that was traded tonight is not held as the journal counts it: a fill was missed,
    or another hand traded meanwhile.
    """
    traded = {outcome.order.symbol for outcome in outcomes if outcome.filled}
    settled = traded - {outcome.order.symbol for outcome in outcomes if not outcome.certain}
    apart: list[str] = []
    for _ in looks(desk, LAG_SECONDS):
        apart = _apart(desk.journal.book(desk.account), quantities(desk.broker.positions()), settled)
        if not apart:
            break
    # The looks may have seen a part of the positions only. Where the two are apart nothing more is recorded, so that
    # what is ours stays as the fills made it.
    if apart and (apart := _apart(desk.journal.book(desk.account), read_shares(desk), settled)):
        raise StoppedError(
            f"the journal and the broker are apart: {'; '.join(apart)}. Look at the account's orders, then lift "
            "the halt: `rebalance resume`."
        )
    return read_holdings(desk, diary, "end")


def _apart(book: Book, shown: Mapping[Symbol, Decimal], symbols: Iterable[Symbol]) -> list[str]:
    if book.expected is None:  # a dry run before the first run: there is no record to compare with
        return []
    counts = {symbol: (book.expected.get(symbol, NONE), shown.get(symbol, NONE)) for symbol in sorted(symbols)}
    return [
        f"{symbol}: {shares(ours)} by the journal, {theirs} at the broker"
        for symbol, (ours, theirs) in counts.items()
        if ours != theirs
    ]
