"""What accounts and their bots earned, by the books that follow from the journal, beside a benchmark."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import isfinite

import numpy as np

from rebalancer.app.account_back_test import AccountBackTest, account_back_test
from rebalancer.app.chosen import chosen_accounts
from rebalancer.app.live_against_model import LiveAgainstModel, live_against_model
from rebalancer.app.performance_views import AccountPerformance, DayEarned, Earned, PeriodEarned, Unexplained
from rebalancer.app.source import source_of
from rebalancer.app.tax_flags import tax_flags
from rebalancer.backtest.metrics import Drawdown, max_drawdown
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, RebalancerError
from rebalancer.journal.connection import reading
from rebalancer.journal.kept_books import replayed
from rebalancer.journal.plans import hashes_of_bot
from rebalancer.model import Symbol, symbol
from rebalancer.model.text import known_names
from rebalancer.portfolio.attribution import UNASSIGNED, ZERO
from rebalancer.portfolio.bookkeeping import Bookkeeper
from rebalancer.portfolio.evenings import Evening
from rebalancer.portfolio.returns import (
    Point,
    account_points,
    bot_points,
    gain,
    money_weighted,
    period_starts,
    time_weighted,
    yearly,
)
from rebalancer.portfolio.tax_lots import TaxLots
from rebalancer.ports import Progress, unwatched

BENCHMARK = "SPY"


@dataclass(frozen=True, slots=True)
class _Benchmark:
    """Closes of `symbol` by session; empty where it has none, and `notes` say why."""

    symbol: Symbol | None
    closes: Mapping[date, float]
    notes: tuple[str, ...] = ()


def performance(
    config: Config,
    bot: str | None = None,
    account: str | None = None,
    first: date | None = None,
    last: date | None = None,
    *,
    benchmark: str | None = None,
    back_tested: bool = False,
    progress: Progress = unwatched,
) -> tuple[AccountPerformance, ...]:
    """Of all accounts, or one `account`; of all bots, or one `bot`; from `first` to `last`, None: no bound.

    One bot is beside its back-test, an account where it is to be `back_tested`, which takes its time.

    Raises BadInputError for an unknown account or bot, for a span without a session, and for a `benchmark` without
    prices; the default one is left out then, with a note.
    """
    chosen = chosen_accounts(config, account)
    kept = {each.name: _books(config, each, bot, progress) for each in chosen}
    if bot is not None:
        kept = {name: found for name, found in kept.items() if bot in found.keeper.books and bot != UNASSIGNED}
        if not kept:
            raise BadInputError.of("performance", _unknown_bot(bot, chosen))
    sessions = [each.session for books in kept.values() for each in books.keeper.valuations]
    beside, span = _benchmark(config, benchmark, sessions, progress), (first or date.min, last or date.max)
    found = tuple(
        replace(
            _performance(each, kept[each.name], bot, span, beside),
            against_model=_against_model(config, each, bot, kept[each.name], span, progress),
            tax=None if bot else tax_flags(kept[each.name].lots, each, span),
            back_test=_back_test(config, each, kept[each.name], span, progress) if back_tested and not bot else None,
        )
        for each in chosen
        if each.name in kept
    )
    if sessions and not any(each.earned for each in found):
        words = f"from {first or 'the beginning'} to {last or 'the end'}"
        text = f"there is no session {words}: the journal has them from {min(sessions)} to {max(sessions)}"
        raise BadInputError.of("--from", text)
    return found


def _unknown_bot(bot: str, accounts: Iterable[AccountConfig]) -> str:
    names = dict.fromkeys(name for account in accounts for name in account.bots)
    if bot in names:
        return f"{bot} has no money yet: `rebalance run` gives it some"
    return f"there is no bot {bot!r} in the journal; {known_names(bot, names)}"


@dataclass(frozen=True, slots=True)
class _Books:
    """The books of an account, the cash that came to it by reason, its lots, the evenings of the bot asked for."""

    keeper: Bookkeeper
    unassigned: Mapping[str, Decimal]
    evenings: Sequence[Evening]
    lots: TaxLots
    files: frozenset[str]


def _books(config: Config, account: AccountConfig, bot: str | None, progress: Progress) -> _Books:
    progress(f"Reading the journal of {account.name}")
    found = replayed(config.journal(), account.name, bot)
    files = frozenset[str]()
    if bot:
        with reading(config.journal()) as journal:
            files = hashes_of_bot(journal, account.name, bot)
    evenings = found.evenings.found if found.evenings else ()
    return _Books(found.keeper, found.unassigned, evenings, found.lots, files)


def _against_model(
    config: Config,
    account: AccountConfig,
    bot: str | None,
    books: _Books,
    span: tuple[date, date],
    progress: Progress,
) -> LiveAgainstModel | None:
    """Of one bot only: each one's back-test takes its time."""
    if bot is None:
        return None
    evenings = [evening for evening in books.evenings if span[0] <= evening.session <= span[1]]
    return live_against_model(config, account, bot, evenings, books.files, progress)


def _back_test(
    config: Config, account: AccountConfig, books: _Books, span: tuple[date, date], progress: Progress
) -> AccountBackTest | None:
    """From the value before the span on; None without a session in it."""
    equity = {each.session: each.equity for each in books.keeper.valuations if each.session <= span[1]}
    begun = max((session for session in equity if session < span[0]), default=min(equity, default=date.max))
    known = {session: value for session, value in equity.items() if session >= begun}
    if max(known, default=date.min) < span[0]:
        return None
    return account_back_test(config, account, known, progress)


def _performance(
    account: AccountConfig, books: _Books, bot: str | None, span: tuple[date, date], beside: _Benchmark
) -> AccountPerformance:
    valuations = books.keeper.valuations
    whole = [] if bot else [(None, account_points(valuations))]
    bots = [name for name in books.keeper.books if name != UNASSIGNED and bot in {None, name}]
    points = [*whole, *((name, bot_points(valuations, name)) for name in bots)]
    earned = (_earned(name, each, span, beside) for name, each in points)
    value = valuations[-1].values[UNASSIGNED] if valuations else ZERO
    unassigned = tuple(Unexplained(reason, cash) for reason, cash in books.unassigned.items())
    found = tuple(each for each in earned if each)
    return AccountPerformance(
        account.name, account.venue.currency, beside.symbol, found, value, unassigned, beside.notes
    )


def _earned(bot: str | None, points: Sequence[Point], span: tuple[date, date], beside: _Benchmark) -> Earned | None:
    """None where the book has no session in the span."""
    points = [point for point in points if point.session <= span[1]]
    start = next((place for place, point in enumerate(points) if point.session >= span[0]), len(points))
    if start == len(points):
        return None
    first, last = points[start - 1 if start else 0].session, points[-1].session
    by_time, (by_money, note) = time_weighted(points, start), money_weighted(points, start)
    days = tuple(_days(points, start, beside))
    return Earned(
        bot=bot,
        first=points[start].session,
        last=last,
        value=points[-1].value,
        capital=points[-1].value - gain(points, start),
        periods=tuple(_periods(points, start)),
        time_weighted=by_time,
        time_weighted_a_year=yearly(by_time, first, last),
        money_weighted=by_money,
        money_weighted_a_year=None if by_money is None else yearly(by_money, first, last),
        max_drawdown=_drawdown(points, start),
        benchmark_return=None if days[-1].benchmark_growth is None else days[-1].benchmark_growth - 1,
        note=note,
        days=days,
    )


def _periods(points: Sequence[Point], start: int) -> Iterable[PeriodEarned]:
    """Those that began before the span's first session are left out: `all` is the whole span."""
    spans = period_starts(points[-1].session)
    spans["all"] = points[start].session
    for name, day in spans.items():
        place = next(place for place, point in enumerate(points) if point.session >= day)
        if place >= start:
            yield PeriodEarned(name, points[place].session, gain(points, place), time_weighted(points, place))


def _days(points: Sequence[Point], start: int, beside: _Benchmark) -> Iterable[DayEarned]:
    before = points[start - 1] if start else None
    grown = before.growth if before else 1.0
    base = beside.closes.get((before or points[0]).session)
    for place in range(start, len(points)):
        point = points[place]
        earned = point.value - point.flow - (points[place - 1].value if place else ZERO)
        close = beside.closes.get(point.session)
        other = close / base if close and base else None
        yield DayEarned(point.session, point.value, point.flow, earned, point.growth / grown if grown else 0.0, other)


def _drawdown(points: Sequence[Point], start: int) -> Drawdown | None:
    """From what was there before the first session of the span, which counts too."""
    growth = [points[start - 1].growth if start else 1.0, *(point.growth for point in points[start:])]
    sessions = [points[start - 1 if start else 0].session, *(point.session for point in points[start:])]
    if not growth[0] > 0:
        return None
    return max_drawdown(np.array(growth), np.array(sessions, dtype="datetime64[D]"))


def _benchmark(config: Config, wanted: str | None, sessions: Sequence[date], progress: Progress) -> _Benchmark:
    try:
        ticker = symbol(wanted or BENCHMARK)
    except ValueError as error:
        raise BadInputError.of("--benchmark", str(error)) from error
    if not sessions:
        return _Benchmark(ticker, {})
    try:
        closes = _closes(config, ticker, sessions, progress)
    except RebalancerError as error:
        if wanted:
            raise
        return _Benchmark(None, {}, (f"No benchmark: the closes of {ticker} can't be read ({error}).",))
    if closes:
        return _Benchmark(ticker, closes)
    if wanted:
        raise BadInputError.of("--benchmark", f"there are no prices of {ticker}: name one that has some")
    return _Benchmark(None, {}, (f"No benchmark: there are no prices of {ticker}. Name another by --benchmark.",))


def _closes(config: Config, ticker: Symbol, sessions: Sequence[date], progress: Progress) -> Mapping[date, float]:
    """The adjusted close of each of `sessions`; one without a close is absent, such as today's before the close."""
    with source_of(config, progress=progress) as source:
        closes = source.history.closes([ticker], before=max(sessions) + timedelta(days=1))
    known = zip(closes.sessions.tolist(), closes.values[:, 0].tolist(), strict=True)
    wanted = {*sessions}
    return {day: close for day, close in known if day in wanted and isfinite(close) and close > 0}
