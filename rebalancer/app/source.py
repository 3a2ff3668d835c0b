"""Where prices come from: `[data]` -> the ports of prices."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from rebalancer.app.bots import load_bots, read_bots
from rebalancer.app.lines import Connections
from rebalancer.config import Config
from rebalancer.errors import BadInputError, Problem
from rebalancer.market import sample
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock
from rebalancer.market.closes import ClosesHistory, ClosesQuotes, HistoryQuotes
from rebalancer.market.folder import read_folder
from rebalancer.model import Closes, Symbol
from rebalancer.ports import Clock, History, Quotes


@dataclass(frozen=True, slots=True)
class Source:
    """`last_session` is the last day there are closes of; `symbols` gives all that there are prices of, and raises
    BadInputError where that asks for a bot's file that can't be used.

    `as_of` gives quotes for a clock that stands in the past: each day's close stands in for its evening's price. `live`
    gives those of the present, None where the source knows closes only.
    """

    history: History
    last_session: date
    symbols: Callable[[], tuple[Symbol, ...]]
    as_of: Callable[[Clock], Quotes]
    live: Callable[[Clock], Quotes] | None = None


@contextmanager
def source_of(config: Config, clock: Clock | None = None, lines: Connections | None = None) -> Iterator[Source]:
    """The source that `[data]` names, in the present of `clock`.

    Raises BadInputError for files of the owner's that can't be used, SourceError where a source does not answer.
    """
    clock = clock or SystemClock()
    with ExitStack() as stack:
        if config.data_source == "alpaca":
            yield _alpaca(config, clock, lines or stack.enter_context(Connections(config, clock)))
        else:
            known = read_folder(config.data_folder) if config.data_folder else sample.shipped()
            yield Source(
                ClosesHistory(known), known.day(-1), lambda: known.symbols, as_of=partial(ClosesQuotes, known=known)
            )


def _alpaca(config: Config, clock: Clock, lines: Connections) -> Source:
    from rebalancer.market.cache import FILE, ClosesCache  # noqa: PLC0415
    from rebalancer.venues.alpaca.history import AlpacaHistory  # noqa: PLC0415
    from rebalancer.venues.alpaca.quotes import AlpacaQuotes  # noqa: PLC0415 - only where it is used

    line = lines.to(config.data_account or "")
    cache = ClosesCache(config.state_dir / FILE)
    history = AlpacaHistory(line, cache, ExchangeCalendar(clock), clock, since=config.data_since)
    last = history.last_session().day

    def as_of(past: Clock) -> Quotes:
        return HistoryQuotes(past, history, tickers(config), before=last + timedelta(days=1))

    return Source(
        history, last, partial(tickers, config), as_of, live=lambda now: AlpacaQuotes(line, now, config.data_feed)
    )


def tickers(config: Config) -> tuple[Symbol, ...]:
    """Every ticker that a bot of any account can name, the fallbacks too; sorted. Raises BadInputError."""
    found: set[Symbol] = set()
    for account in config.accounts:
        for bot in load_bots(account.bots, read_bots(account.bots)).values():
            found.update(bot.symbols)
        if account.trading.fallback_ticker:
            found.add(account.trading.fallback_ticker)
    return tuple(sorted(found))


def closes_up_to(config: Config, symbols: Sequence[Symbol] | None, day: date | None) -> Closes:
    """The closes of `symbols` (all of the source where None) up to `day`, the source's last session where None.

    Raises BadInputError where the source has no closes of `day`.
    """
    with source_of(config) as source:
        last = day or source.last_session
        closes = source.history.closes(
            source.symbols() if symbols is None else symbols, before=last + timedelta(days=1)
        )
    if not len(closes.sessions) or closes.day(-1) != last:
        text = f"there are no closes of {last}; the last are of {source.last_session}"
        raise BadInputError([Problem("--on", "", text)])
    return closes
