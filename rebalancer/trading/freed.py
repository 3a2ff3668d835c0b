"""Shares that an order held may stay held for a while after it is gone from every list."""

from collections.abc import Collection
from decimal import Decimal

from rebalancer.model import Symbol
from rebalancer.model.text import shares
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.tracking import CANCEL_SECONDS, looks

ZERO = Decimal(0)


def wait_until_free(context: RunContext, log: RunLog, symbols: Collection[Symbol]) -> None:
    """Wait until the shares of `symbols` that no open order holds are available; go on with what is, where they stay.

    Raises SourceError where the broker does not answer.
    """
    if not symbols:
        return
    held: dict[Symbol, Decimal] = {}
    for _ in looks(context, CANCEL_SECONDS):
        if not (held := _held_by_nothing(context, symbols)):
            return
    for symbol, quantity in sorted(held.items()):
        reason = f"{shares(quantity)} are still held {CANCEL_SECONDS} s after no open order holds them"
        log.note(f"{symbol}: {reason}; only what is available is sold", "warning")


def _held_by_nothing(context: RunContext, symbols: Collection[Symbol]) -> dict[Symbol, Decimal]:
    """Shares held back beyond what open sells are for. How many a sell by amount holds, nobody says."""
    held = {
        position.symbol: position.quantity - position.available
        for position in context.broker.positions()
        if position.symbol in symbols and position.available is not None
    }
    for state in context.broker.open_orders():
        if state.side == "sell" and state.symbol in held:
            held[state.symbol] -= held[state.symbol] if state.by_amount else state.quantity - state.filled
    return {symbol: quantity for symbol, quantity in held.items() if quantity > ZERO}
