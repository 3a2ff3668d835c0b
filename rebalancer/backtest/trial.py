"""One variant of a bot, back-tested alone; its daily returns are what a sweep compares."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from rebalancer.backtest.follow import Market, backtest_decisions
from rebalancer.backtest.metrics import daily_returns, statistics
from rebalancer.backtest.start import first_session
from rebalancer.bots.base import Bot
from rebalancer.bots.own_prices import last_known
from rebalancer.bots.together import decide_alone, own_columns
from rebalancer.model import Closes, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """`returns` (T,) are those of each session over the one before, NaN before the second session that is traded.

    `turnover` and `exposure` are those of `metrics.Statistics`; `undecided` counts the sessions without a decision.
    """

    returns: Floats
    turnover: float | None
    exposure: float
    undecided: int


def trial(bot: Bot, closes: Closes, first: date | None, cost_bps: float) -> Trial:
    """From the first session on which the bot has all that it may need and decides, and not before `first`.

    Columns of `closes` that the bot does not read are ignored. Raises BadInputError where there is no such session.
    """
    own = own_columns(bot, closes)  # so that the cost of a trial does not grow with the symbols of other variants
    decided, days = decide_alone(bot, own), len(own.sessions)
    start = first_session({bot.name: decided}, own, None, bot.closes_needed)
    if first:
        start = max(start, min(int(np.searchsorted(own.sessions, np.datetime64(first, "D"))), days - 1))
    traded = decided.since(start)
    market = Market(last_known(own.values)[start:], own.symbols)
    result = backtest_decisions(market, traded, 1.0, cost_bps / 10_000)
    found = statistics(result, own.sessions[start:])
    returns = np.full(days, np.nan)
    returns[start + 1 :] = daily_returns(result.equity)
    return Trial(returns, found.turnover, found.exposure, int(np.count_nonzero(~traded.decided)))
