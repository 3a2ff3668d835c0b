"""What the last run saw in an account that its limits leave no room for."""

from collections.abc import Iterator

from rebalancer.app.bots import load_bots, read_bots
from rebalancer.config import AccountConfig, Config
from rebalancer.journal import read
from rebalancer.model import Symbol
from rebalancer.portfolio.limits import used_up


def limits_used_up(config: Config) -> list[str]:
    """A sentence for each symbol of the bots, by the journal alone: no broker is asked. Raises BadInputError."""
    return [sentence for account in config.accounts for sentence in _of_account(config, account)]


def _of_account(config: Config, account: AccountConfig) -> Iterator[str]:
    for line in read.runs(config.journal(), account.name, limit=1):
        wanted = _wanted(account)
        for reading in read.run(config.journal(), line.id).holdings[-1:]:
            values = {holding.symbol: holding.value for holding in reading.holdings if holding.symbol in wanted}
            seen = reading.account
            for symbol, why in used_up(values, seen.equity, account.limits, seen.currency).items():
                yield f"account {account.name}: {symbol}: {why} (as of {reading.at:%Y-%m-%d %H:%M} UTC)"


def _wanted(account: AccountConfig) -> set[Symbol]:
    bots = load_bots(account.bots, read_bots(account.bots)).values()
    held = {symbol for bot in bots for symbol in bot.holdable}
    return held | ({account.trading.fallback_ticker} if account.trading.fallback_ticker else set())
