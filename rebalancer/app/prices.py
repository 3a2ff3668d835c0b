"""What `rebalance data` looks at: the closes that are kept, and bringing them up to date."""

from datetime import date
from typing import TYPE_CHECKING

from rebalancer.app.source import closes_up_to, source_of, tickers
from rebalancer.config import Config
from rebalancer.errors import BadInputError, Problem
from rebalancer.model import Closes
from rebalancer.ports import Calendar

if TYPE_CHECKING:
    from rebalancer.venues.alpaca.sync import Synced, Told


def kept_closes(config: Config, calendar: Calendar) -> Closes:
    """Every close of the source's tickers that is known without asking anybody.

    Raises BadInputError where there is none, or where files of the owner's can't be used.
    """
    if config.data_source != "alpaca":
        return closes_up_to(config, None, None)
    from rebalancer.market.cache import FILE, ClosesCache  # noqa: PLC0415
    from rebalancer.market.known import as_closes  # noqa: PLC0415
    from rebalancer.venues.alpaca.history import FEED  # noqa: PLC0415 - only where it is used

    path, symbols = config.state_dir / FILE, tickers(config)
    closes = as_closes(ClosesCache(path).read(FEED, symbols), symbols, calendar, config.data_since, date.max)
    if not len(closes.sessions):
        raise BadInputError([Problem(str(path), "", "there are no closes yet: `rebalance data sync` fetches them")])
    return closes


def synced(config: Config, told: "Told") -> "Synced | None":
    """Bring the kept closes of every bot's tickers up to date; None where the source keeps none.

    Raises SourceError where Alpaca can't be read.
    """
    from rebalancer.app.lines import clock_of  # noqa: PLC0415
    from rebalancer.venues.alpaca.history import AlpacaHistory  # noqa: PLC0415 - only where it is used

    clock = next((clock_of(account) for account in config.accounts if account.name == config.data_account), None)
    with source_of(config, clock) as source:
        if isinstance(source.history, AlpacaHistory):
            return source.history.sync(source.symbols(), told)
    return None
