"""The stored closes: how far they reach, what is missing or odd in them, and their update."""

from datetime import date

from rebalancer.app.connections import clock_of
from rebalancer.app.source import closes_up_to, exchange_of, source_of, tickers
from rebalancer.app.views import PriceStatus
from rebalancer.config import Config
from rebalancer.config.kinds import OWN_SOURCES
from rebalancer.errors import BadInputError, Problem
from rebalancer.market.cache import FILE, ClosesCache, as_closes
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock
from rebalancer.market.coverage import coverage, sessions_due
from rebalancer.model import Closes
from rebalancer.ports import Calendar
from rebalancer.venues import registry
from rebalancer.venues.plugin import OnProgress, Synced


def price_status(config: Config) -> PriceStatus:
    """Each ticker's span, gaps and age. Raises BadInputError where there are no prices, or none that can be used."""
    clock = SystemClock()
    calendar = ExchangeCalendar(clock, exchange_of(config))
    closes = stored_closes(config, calendar)
    due = sessions_due(calendar, closes, clock.now())
    if config.data_source == "sample":  # it ends in the past
        due = tuple(day for day in due if day <= closes.day(-1))
    return PriceStatus(closes.day(-1), due[-1] if due else None, coverage(closes, due), closes.notes)


def stored_closes(config: Config, calendar: Calendar) -> Closes:
    """Every close of the source's tickers that is known without asking a venue.

    Raises BadInputError where there is none, or where the owner's files can't be used.
    """
    if config.data_source in OWN_SOURCES:
        return closes_up_to(config, None, None)
    path, symbols = config.state_dir / FILE, tickers(config)
    known = ClosesCache(path).read(registry.plugin(config.data_source).price_cache, symbols)
    closes = as_closes(known, symbols, calendar, config.data_settings.get("since", date.min), date.max)
    if not len(closes.sessions):
        raise BadInputError([Problem(str(path), "", "there are no closes yet: `rebalance data sync` fetches them")])
    return closes


def synced(config: Config, progress: OnProgress) -> Synced | None:
    """Update the stored closes of every bot's tickers; None where the source stores none.

    Raises SourceError where the venue can't be read.
    """
    reader = next((account for account in config.accounts if account.name == config.data_account), None)
    clock = clock_of(config, reader) if reader else None
    with source_of(config, clock) as source:
        return source.sync(source.symbols(), progress) if source.sync else None
