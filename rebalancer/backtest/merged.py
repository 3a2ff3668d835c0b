"""Several bots merged at each close into one account's targets, as an evening does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.run import Strategy
from rebalancer.bots.decisions import Decisions
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
    decisions: Mapping[str, Decisions], symbols: tuple[Symbol, ...], priced: NDArray[np.bool_], merging: Merging
) -> Strategy:
    """The account's targets as fractions of its equity, as a strategy.

    On a day on which a bot is undecided its share goes to the fallback ticker, or to cash where `priced` (T, N) over
    `symbols` says that the fallback has no price. None where every bot is undecided or the reserve leaves nothing to
    invest: such an evening sends nothing.
    """
    trading, evenings = merging.trading, {bot: _Evenings(bot, each) for bot, each in decisions.items()}

    def strategy(day: int, equity: float) -> Floats | None:
        value = Decimal(f"{equity:.2f}")
        money = investable(value, reserve_amount(merging.reserve, value), Decimal(0))
        made = {bot: each.decision(day) for bot, each in evenings.items()}
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


class _Evenings:
    """What a bot decides day by day: of all that it wants of any ticker, the days lie together."""

    def __init__(self, bot: str, decisions: Decisions) -> None:
        self.bot, self.decided, self.symbols = bot, decisions.decided, sorted(decisions.wanted)
        columns = [decisions.column(symbol) for symbol in self.symbols]
        days = [np.flatnonzero(column) for column in columns]
        places = np.concatenate([np.empty(0, np.intp), *(np.full(len(each), place) for place, each in enumerate(days))])
        rows = np.concatenate([*days, places[:0]])
        order = np.argsort(rows, kind="stable")
        self._starts = np.searchsorted(rows[order], np.arange(decisions.length + 1)).tolist()
        self._places = places[order]
        fractions = [column[each] for column, each in zip(columns, days, strict=True)]
        self._fractions = np.concatenate([*fractions, np.zeros(0)])[order]

    def decision(self, day: int) -> Decision:
        if not self.decided[day]:
            return BotFailure(self.bot, "undefined")
        some = slice(*self._starts[day : day + 2])
        wanted = zip(self._places[some].tolist(), self._fractions[some].tolist(), strict=True)
        return Allocation(self.bot, date.min, {self.symbols[place]: fraction for place, fraction in wanted})
