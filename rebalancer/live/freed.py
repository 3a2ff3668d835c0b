"""Shares that an order held may stay held for a while after it is gone from every list."""

from collections.abc import Collection
from decimal import Decimal

from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import CANCEL_SECONDS, looks
from rebalancer.model import Symbol
from rebalancer.portfolio.wording import shares

ZERO = Decimal(0)


def wait_until_free(desk: Desk, diary: Diary, symbols: Collection[Symbol]) -> None:
    """Wait until the shares of `symbols` that no open order holds are available; go on with what is, where they stay.

    Raises SourceError where the broker does not answer.
    """
    if not symbols:
        return
    held: dict[Symbol, Decimal] = {}
    for _ in looks(desk, CANCEL_SECONDS):
        if not (held := _held_by_nothing(desk, symbols)):
            return
    for symbol, quantity in sorted(held.items()):
        reason = f"{shares(quantity)} are still held {CANCEL_SECONDS} s after no open order holds them"
        diary.note(f"{symbol}: {reason}; only what is available is sold", "warning")


def _held_by_nothing(desk: Desk, symbols: Collection[Symbol]) -> dict[Symbol, Decimal]:
    """Shares held back beyond what open sells are for. How many a sell by amount holds, nobody says."""
    held = {
        position.symbol: position.quantity - position.available
        for position in desk.broker.positions()
        if position.symbol in symbols and position.available is not None
    }
    for state in desk.broker.open_orders():
        if state.side == "sell" and state.symbol in held:
            held[state.symbol] -= held[state.symbol] if state.by_amount else state.quantity - state.filled
    return {symbol: quantity for symbol, quantity in held.items() if quantity > ZERO}
