"""Several bots merged at each close into one account's targets, as an evening does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.run import Strategy
from rebalancer.model import Allocation, BotFailure, Decision, Floats, Investment, Reserve, Symbol, Trading
from rebalancer.portfolio.targets import cap, investable, merge, net_pairs, reserve_amount, shares_of


@dataclass(frozen=True, slots=True)
class Merging:
    """The settings by which an account's evening merges its bots."""

    investments: tuple[Investment, ...]
    trading: Trading
    reserve: Reserve


def equal_shares(bots: Sequence[str]) -> tuple[Investment, ...]:
    """For bots without investments: equal percentages that sum to 100."""
    return tuple(Investment(bot, Decimal(100) / len(bots), "percent") for bot in bots)


def merged(
    decisions: Mapping[str, Floats], symbols: tuple[Symbol, ...], priced: NDArray[np.bool_], merging: Merging
) -> Strategy:
    """The account's targets as fractions of its equity, as a strategy.

    `decisions` has each bot's weights (T, N) over `symbols`, a row NaN where it is undefined: that bot's share goes to
    the fallback ticker, or to cash where `priced` (T, N) says that the fallback has no price. None where every bot is
    undefined or the reserve leaves nothing to invest: such an evening sends nothing.
    """
    trading = merging.trading

    def strategy(day: int, equity: float) -> Floats | None:
        value = Decimal(f"{equity:.2f}")
        money = investable(value, reserve_amount(merging.reserve, value), Decimal(0))
        made = {bot: _decision(bot, symbols, rows[day]) for bot, rows in decisions.items()}
        if not (money > 0 and any(isinstance(one, Allocation) for one in made.values())):
            return None
        buyable = {symbol for symbol, known in zip(symbols, priced[day].tolist(), strict=True) if known}
        fallback = trading.fallback_ticker if trading.fallback_ticker in buyable else None
        # As `portfolio.targets.set_targets`, without its explanatory notes.
        shares, _ = shares_of(merging.investments, money, trading.commit)
        netted, _ = net_pairs(merge(shares, made, fallback), trading.paired_tickers, trading.paired_mode, fallback)
        targets = cap(netted, trading.max_allocation_percent)
        fraction = float(money / value)
        return np.array([targets.get(symbol, 0.0) * fraction for symbol in symbols])

    return strategy


def _decision(bot: str, symbols: tuple[Symbol, ...], row: Floats) -> Decision:
    weights = dict(zip(symbols, row.tolist(), strict=True))
    if not np.isfinite(row).all():
        return BotFailure(bot, "undefined")
    return Allocation(bot, date.min, {symbol: weight for symbol, weight in weights.items() if weight > 0})
