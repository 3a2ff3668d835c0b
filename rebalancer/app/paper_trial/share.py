"""Which share a trial over two evenings buys: one that no bot, person or order in the account is concerned with."""

from collections.abc import Mapping, Sequence

from rebalancer.errors import RunFailedError
from rebalancer.model import NoPrice, Price, Symbol
from rebalancer.model.text import shares
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.pricing import market_snapshots, order_prices
from rebalancer.trading.snapshot import read_shares

QUIET_FUNDS = tuple(Symbol(name) for name in ("SCHO", "USFR", "VGSH", "BIL", "SGOV", "SHV"))
"""Liquid funds of short US government bonds with steady prices, the lowest share price first."""


def free_share(context: RunContext, log: RunLog, named: Symbol | None) -> Price:
    """A fresh price of the `named` share, or of the first of QUIET_FUNDS that is free.

    Raises RunFailedError where there is none, with the reason for each.
    """
    candidates = QUIET_FUNDS if named is None else (named,)
    prices = order_prices(context, log, market_snapshots(context, candidates, ()), candidates, "buys")
    taken = _taken(context, candidates)
    why: list[str] = []
    for symbol in candidates:
        price = prices[symbol]
        if symbol in taken:
            why.append(f"{symbol} {taken[symbol]}")
        elif isinstance(price, NoPrice):
            why.append(f"{symbol} has no fresh price: {' '.join(price.reasons)}")
        else:
            return price
    raise RunFailedError(
        f"no share can be bought for the trial: {'; '.join(why)}. Name another ticker with --symbol. Nothing was sent."
    )


def _taken(context: RunContext, candidates: Sequence[Symbol]) -> Mapping[Symbol, str]:
    """The symbols that can't be used, with why. A bot's symbol would mix the bot's shares with the trial's."""
    trading = context.trading
    wanted = {*context.symbols(), *(symbol for pair in trading.paired_tickers for symbol in pair)}
    held = {symbol: f"is held: {shares(count)}" for symbol, count in read_shares(context).items()}
    return {
        **{symbol: f"can't be traded: {reason}" for symbol, reason in context.broker.untradable(candidates).items()},
        **{state.symbol: "has an open order" for state in context.broker.open_orders()},
        **dict.fromkeys(wanted, "is named by a bot, a pair or the fallback"),
        **dict.fromkeys(context.limits.denied, "is denied"),
        **dict.fromkeys(trading.protected, "is protected"),
        **held,
    }
