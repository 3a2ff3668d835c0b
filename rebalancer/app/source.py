"""The price source in `[data]`: history, live or past quotes, and the coverage of its stored closes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from functools import partial
from typing import Any

from rebalancer.app.bot_files import load_bots
from rebalancer.app.connections import Connections, clock_of
from rebalancer.app.price_views import PriceStatus
from rebalancer.app.required_tickers import missing_sentence, required_tickers, short_sentence, without_price
from rebalancer.config import AccountConfig, Config
from rebalancer.config.keys import with_defaults
from rebalancer.config.parsers import OWN_SOURCES
from rebalancer.errors import BadInputError
from rebalancer.market import sample
from rebalancer.market.bars import missing_bars, with_bars
from rebalancer.market.cache import FILE, ClosesCache, as_closes
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock
from rebalancer.market.closes import ClosesHistory, ClosesQuotes, HistoryQuotes
from rebalancer.market.coverage import coverage, sessions_due
from rebalancer.market.folder import read_folder, read_folder_bars
from rebalancer.market.price_file_cache import BARS_FILE, PriceFileCache
from rebalancer.market.price_file_cache import FILE as PRICE_FILES
from rebalancer.model import BarField, Bars, BarsRead, Closes, Symbol
from rebalancer.ports import Calendar, Clock, History, Progress, Quotes, unwatched
from rebalancer.venues import registry
from rebalancer.venues.plugin import Synced


@dataclass(frozen=True, slots=True)
class Source:
    """`last_session` is the last day with closes. `symbols` returns every symbol with prices, at a venue those of the
    bots; it raises BadInputError for an invalid bot file.

    `as_of` returns quotes for a past clock and the exchange's zone: a day's close stands in for its quote. `live`
    returns current quotes, `sync` fetches missing closes; both are None if the source is local files.
    """

    history: History
    last_session: date
    symbols: Callable[[], tuple[Symbol, ...]]
    as_of: Callable[[Clock, tzinfo], Quotes]
    live: Callable[[], Quotes] | None = None
    sync: Callable[[Sequence[Symbol]], Synced] | None = None


@contextmanager
def source_of(
    config: Config,
    clock: Clock | None = None,
    connections: Connections | None = None,
    progress: Progress = unwatched,
) -> Iterator[Source]:
    """Open the source in `[data]`; `clock` is the current time.

    Raises BadInputError for invalid price files, SourceError if a venue does not answer.
    """
    clock = clock or SystemClock()
    with ExitStack() as stack:
        if config.data_source not in OWN_SOURCES:
            connections = connections or stack.enter_context(Connections(config, clock))
            yield _of_a_venue(config, clock, connections, progress)
        else:
            known = _local_closes(config, progress)
            history = ClosesHistory(known, partial(_local_bars, config, progress))
            yield Source(history, known.day(-1), lambda: known.symbols, as_of=partial(ClosesQuotes, known=known))


def _local_closes(config: Config, progress: Progress) -> Closes:
    if config.data_folder is None:
        return sample.all_closes()
    return read_folder(config.data_folder, PriceFileCache(config.state_dir / PRICE_FILES, SystemClock()), progress)


def _local_bars(config: Config, progress: Progress, closes: Closes, read: BarsRead) -> Bars:
    if config.data_folder is None:
        return missing_bars(closes, read, sample.NO_BARS)

    def cache(field: BarField) -> PriceFileCache:
        return PriceFileCache(config.state_dir / BARS_FILE.format(field=field), SystemClock())

    return read_folder_bars(config.data_folder, closes, read, cache, progress)


def _of_a_venue(config: Config, clock: Clock, connections: Connections, progress: Progress) -> Source:
    connection = connections.to(config.data_account or "")
    calendar = ExchangeCalendar(clock, exchange_of(config), config.state_dir)
    history = connection.history(config.data_settings, calendar, partial(progress, "Fetching closes, by ticker"))
    last = history.last_session().day

    def as_of(past: Clock, zone: tzinfo) -> Quotes:
        return HistoryQuotes(past, zone, history, tickers(config), before=last + timedelta(days=1))

    return Source(
        history,
        last,
        partial(tickers, config),
        as_of,
        live=lambda: connection.quotes(config.data_settings),
        sync=history.sync,
    )


def exchange_of(config: Config) -> str:
    """The exchange of the prices: that of the account in [data], else of the first account."""
    account = next((each for each in config.accounts if each.name == config.data_account), config.accounts[0])
    return account.venue.exchange


def own_prices(config: Config, account: AccountConfig) -> tuple[str, Mapping[str, Any]] | None:
    """The account whose API keys read live prices at `account`'s venue, and their settings; None if it has no prices.

    This is the account in [data] if it is at the same venue, else `account` itself with default settings.
    """
    plugin = registry.plugin(account.broker)
    if not plugin.brings_prices:
        return None
    for each in config.accounts:
        if each.name == config.data_account and each.broker == account.broker:
            return each.name, config.data_settings
    return account.name, with_defaults({}, plugin.price_keys)


def described(config: Config, account: AccountConfig) -> str:
    """The source of the account's live prices, in words."""
    own = own_prices(config, account)
    if own is None and config.data_source in OWN_SOURCES:
        return f"the folder {config.data_folder}" if config.data_source == "folder" else "the sample"
    plugin = registry.plugin(config.data_source if own is None else account.broker)
    settings = config.data_settings if own is None else own[1]
    return ", ".join((plugin.venue.title, *(f"{key} {settings[key]}" for key in plugin.quote_keys)))


def tickers(config: Config) -> tuple[Symbol, ...]:
    """Every ticker of all accounts' bots, and the fallbacks; sorted. Raises BadInputError."""
    found: set[Symbol] = set()
    for account in config.accounts:
        found.update(account.trading.fallback, *(bot.symbols for bot in load_bots(account.bots).values()))
    return tuple(sorted(found))


def known_tickers(config: Config, progress: Progress) -> Collection[Symbol] | None:
    """Those with prices in the sample or in the folder; None where a venue has them, or there is no folder.

    Raises BadInputError for invalid price files.
    """
    own = config.data_source in OWN_SOURCES and (config.data_folder is None or config.data_folder.is_dir())
    return _local_closes(config, progress).symbols if own else None


def closes_up_to(
    config: Config,
    symbols: Sequence[Symbol] | None,
    day: date | None,
    progress: Progress = unwatched,
    read: BarsRead | None = None,
) -> Closes:
    """The closes of `symbols` (None: all) up to `day` (None: the last session), with the bars of `read`.

    Raises BadInputError if the source has no closes of `day`.
    """
    with source_of(config, progress=progress) as source:
        last = day or source.last_session
        closes = source.history.closes(
            source.symbols() if symbols is None else symbols, before=last + timedelta(days=1)
        )
        closes = with_bars(source.history, closes, read or {})
    if not len(closes.sessions) or closes.day(-1) != last:
        raise BadInputError.of("--on", f"there are no closes of {last}; the last are of {source.last_session}")
    return closes


def price_status(config: Config, progress: Progress = unwatched) -> PriceStatus:
    """The coverage of each ticker's closes, and what bots need beyond them.

    Raises BadInputError if there are none, or prices or bots are invalid.
    """
    clock = SystemClock()
    calendar = ExchangeCalendar(clock, exchange_of(config), config.state_dir)
    closes = stored_closes(config, calendar, progress)
    due = sessions_due(calendar, closes, clock.now())
    if config.data_source == "sample":  # it ends in the past
        due = tuple(day for day in due if day <= closes.day(-1))
    found = coverage(closes, due)
    counts = {each.symbol: each.sessions for each in found if each.sessions}
    loaded = {account.name: load_bots(account.bots) for account in config.accounts}
    # Pairs need no closes of their own: sync does not fetch them either.
    required = required_tickers(config.accounts, loaded)
    needed = [each for each in required if each.bots or "fallback_ticker" in each.settings]
    missing = without_price(needed, counts)
    short = tuple(each for each in needed if each.symbol in counts and counts[each.symbol] < each.closes)
    notes = (*closes.notes, *missing_sentence(config, missing), *short_sentence(short, counts))
    return PriceStatus(closes.day(-1), due[-1] if due else None, found, notes, missing, short)


def stored_closes(config: Config, calendar: Calendar, progress: Progress) -> Closes:
    """All closes of the source's tickers stored on this machine.

    Raises BadInputError if there are none, or if price files are invalid.
    """
    if config.data_source in OWN_SOURCES:
        return closes_up_to(config, None, None, progress)
    path, symbols = config.state_dir / FILE, tickers(config)
    known = ClosesCache(path).read(registry.plugin(config.data_source).price_cache, symbols)
    closes = as_closes(known, symbols, calendar, config.data_settings.get("since", date.min), date.max)
    if not len(closes.sessions):
        raise BadInputError.of(path, "there are no closes yet: `rebalance data sync` fetches them")
    return closes


def synced(config: Config, progress: Progress) -> Synced | None:
    """Update the stored closes of all bots' tickers; None if the source is local files.

    Raises SourceError if the venue does not answer.
    """
    reader = next((account for account in config.accounts if account.name == config.data_account), None)
    clock = clock_of(config, reader) if reader else None
    with source_of(config, clock, progress=progress) as source:
        return source.sync(source.symbols()) if source.sync else None
