"""Shares that a spin-off brought: which of them are ours, by our shares of their source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from rebalancer.bookings import SpunOff
from rebalancer.model import CorporateAction, Position, Symbol
from rebalancer.model.text import digits, shares
from rebalancer.portfolio.breaks import SMALLEST_PART, WHOLE, quantities

ZERO = Decimal(0)


def spun_off(
    positions: Sequence[Position],
    ours: Mapping[Symbol, Decimal],
    expected: Mapping[Symbol, Decimal],
    actions: Iterable[CorporateAction],
    *,
    recorded: date,
    today: date,
    account: str,
    at: datetime,
) -> Iterator[SpunOff]:
    """Of the announced spin-offs with an ex-date from `recorded` to `today`.

    Only a symbol that was not held counts, and only where the broker shows exactly what the `expected` shares of its
    source bring: the whole of it, or truncated to nine decimals or to whole shares. If all shares of the source are
    ours, all that came are; else our part is rounded down.
    """
    shown = quantities(positions)
    for action in actions:
        source, came = action.spun_from, shown.get(action.symbol, ZERO)
        if source is None or expected.get(action.symbol) or not recorded <= action.day <= today:
            continue
        due = expected.get(source, ZERO) * action.spun_rate
        if came > 0 and came in {due, *(due.quantize(part, ROUND_DOWN) for part in (SMALLEST_PART, WHOLE))}:
            theirs = min(ours.get(source, ZERO) * action.spun_rate, came)
            mine = came if ours.get(source, ZERO) >= expected[source] else theirs.quantize(SMALLEST_PART, ROUND_DOWN)
            why = f"{action.words}: {shares(came)} came for {source}, of which {digits(mine)} are ours"
            yield SpunOff(at, account, action.symbol, mine, came, source, action.day, why)
