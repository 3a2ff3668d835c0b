"""The back-test of a whole account, beside what it earned: its bots merged at each close as its evenings do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import dropwhile

import numpy as np

from rebalancer.app.bot_files import load_bots, read_bots
from rebalancer.app.parallel_decisions import BotFiles, decided
from rebalancer.app.source import source_of
from rebalancer.backtest.merged import Merging, merged
from rebalancer.backtest.run import backtest
from rebalancer.bots.base import Bot
from rebalancer.bots.own_prices import last_known
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RebalancerError
from rebalancer.market.bars import bars_read, with_bars
from rebalancer.model import Closes
from rebalancer.ports import Progress


@dataclass(frozen=True, slots=True)
class AccountBackTest:
    """`model_growth` is what 1 became by session; empty where there is no back-test, and `notes` say why."""

    model_growth: Mapping[date, float]
    notes: tuple[str, ...]


def account_back_test(
    config: Config, account: AccountConfig, equity_by_session: Mapping[date, Decimal], progress: Progress
) -> AccountBackTest:
    """From the first session on with money in the account, as there may be none before its first deposit."""
    sessions = [*dropwhile(lambda session: equity_by_session[session] <= 0, equity_by_session)]
    if not sessions:
        return AccountBackTest({}, (f"There is no back-test of {account.name}: it has had no money yet.",))
    cash = float(equity_by_session[sessions[0]])
    try:
        contents = read_bots(account.bots)
        bots = load_bots(account.bots, contents)
        closes = _closes(config, account, bots, sessions[-1], progress)
        rows = np.flatnonzero(np.isin(closes.sessions, np.array(sessions, dtype="datetime64[D]")))
        if not rows.size or closes.day(rows[0]) != sessions[0]:
            return AccountBackTest({}, (f"There is no back-test of {account.name}: no close of {sessions[0]}.",))
        found = decided(BotFiles(account.bots, contents, ignore_rebalance=False), bots, closes, None, progress)
    except RebalancerError as error:
        return AccountBackTest({}, (f"There is no back-test of {account.name}: {error}",))
    begun, prices = int(rows[0]), last_known(closes.values)[rows[0] :]
    strategy = merged(
        {name: decisions.since(begun) for name, decisions in found.items()},
        closes.symbols,
        ~np.isnan(prices),
        Merging(account.investments, account.trading, account.reserve),
    )
    equity = backtest(prices, strategy, cash).equity / cash
    growth = {closes.day(row): float(equity[row - begun]) for row in rows.tolist()}
    return AccountBackTest(growth, tuple(_notes(account, sessions, growth)))


def _closes(config: Config, account: AccountConfig, bots: Mapping[str, Bot], last: date, progress: Progress) -> Closes:
    symbols = {symbol for bot in bots.values() for symbol in bot.symbols}.union(account.trading.fallback)
    with source_of(config, progress=progress) as source:
        closes = source.history.closes(sorted(symbols), before=last + timedelta(days=1))
        return with_bars(source.history, closes, bars_read(bots.values()))


def _notes(account: AccountConfig, sessions: Sequence[date], growth: Mapping[date, float]) -> Iterator[str]:
    rolling = [each.bot for each in account.investments if each.capital == "rollover"]
    kept = f"; {', '.join(rolling)} brought back to the amount each evening" if rolling else ""
    yield (
        f"The back-test of {account.name} has the bots and amounts of now since {sessions[0]}, at each close and "
        f"without costs, deposits and withdrawals{kept}."
    )
    if (last := max(growth)) < sessions[-1]:
        yield f"There is no close of {sessions[-1]} yet: the back-test of {account.name} ends on {last}."
