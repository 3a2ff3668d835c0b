"""Live against model: what a bot's book gained beside its own back-test, day by day and by cause."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

import numpy as np

from rebalancer.app.bot_files import content_of, load_bot
from rebalancer.app.source import source_of
from rebalancer.backtest.follow import backtest_weights
from rebalancer.bots.base import Bot
from rebalancer.bots.own_prices import last_known
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RebalancerError
from rebalancer.market.bars import bars_read, with_bars
from rebalancer.model import Closes, CorporateAction, Floats, Symbol
from rebalancer.portfolio.evenings import Evening
from rebalancer.portfolio.shortfall import Cause, ModelDay, Shortfall, dividend_parts, largest, shortfall, totals
from rebalancer.ports import History, Progress

BASIS_POINT = 10_000


@dataclass(frozen=True, slots=True)
class LiveAgainstModel:
    """`live` = `model` + all `causes`, to the cent; the same of each of `days`. Money is in the account's currency.

    `largest` are the three largest causes, `unexplained_bps` is the largest part of a day that has no cause, in basis
    points of the bot's money. `model_return` is the back-test's over the days, a fraction; None where its closes or its
    file are not there. `model_growth` is what 1 became in it, by session.
    """

    first: date
    last: date
    live: Decimal
    model: Decimal
    causes: Mapping[Cause, Decimal]
    largest: tuple[Cause, ...]
    unexplained_bps: float
    model_return: float | None
    model_growth: Mapping[date, float]
    days: tuple[Shortfall, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _BackTest:
    """The bot's back-test: `rows` (T, N) are its targets over `closes`, `equity` (T,) what 1 became by them.

    None where the bot can't be asked.
    """

    closes: Closes
    rows: Floats | None
    equity: Floats | None
    dividends: Sequence[CorporateAction]

    def place(self, session: date) -> int | None:
        found = np.flatnonzero(self.closes.sessions == np.datetime64(session, "D"))
        return int(found[0]) if found.size else None

    def day(self, evening: Evening) -> ModelDay:
        """Where a close is missing the evening's own prices stand in."""
        first, last = self.place(evening.begun), self.place(evening.session)
        if first is None or last is None or first == last:
            return ModelDay()
        before, after = self.closes.values[first], self.closes.values[last]
        known = np.flatnonzero((before > 0) & (after > 0) & (before < np.inf) & (after < np.inf)).tolist()
        changes = {self.closes.symbols[column]: float(after[column] / before[column]) - 1 for column in known}
        paid = dividend_parts(evening, self.dividends, changes)
        if self.rows is None or self.equity is None or not np.isfinite(self.rows[first]).all():
            return ModelDay(changes, paid)
        wanted = zip(self.closes.symbols, self.rows[first].tolist(), strict=True)
        growth = float(self.equity[last] / self.equity[first]) if last > first + 1 else None
        return ModelDay(changes, paid, {symbol: weight for symbol, weight in wanted if weight > 0}, growth)


def live_against_model(
    config: Config,
    account: AccountConfig,
    bot: str,
    evenings: Sequence[Evening],
    files: frozenset[str],
    progress: Progress,
) -> LiveAgainstModel | None:
    """None without an evening. Prices or a bot file that can't be read are noted, and the evenings' own stand in.

    `files` are those that the runs used, by SHA-256.
    """
    if not evenings:
        return None
    notes: list[str] = []
    progress(f"Back-testing {bot}")
    back_test = _back_test(config, _loaded(account, bot, files, notes), evenings, notes)
    days = tuple(shortfall(evening, back_test.day(evening)) for evening in evenings)
    if missing := [day.session for day in days if back_test.place(day.session) is None]:
        notes.append(f"There is no close of {missing[-1]} yet: what was paid and shown that evening stands in for it.")
    causes, growth = totals(days), _growth(back_test, days)
    return LiveAgainstModel(
        first=days[0].session,
        last=days[-1].session,
        live=sum((day.live for day in days), Decimal(0)),
        model=sum((day.model for day in days), Decimal(0)),
        causes=causes,
        largest=tuple(largest(causes)),
        unexplained_bps=max(map(_unexplained, days)),
        model_return=list(growth.values())[-1] - 1 if growth else None,
        model_growth=growth,
        days=days,
        notes=tuple(notes),
    )


def _unexplained(day: Shortfall) -> float:
    return float(abs(day.causes["unexplained"]) / day.money * BASIS_POINT) if day.money > 0 else 0.0


def _growth(back_test: _BackTest, days: Iterable[Shortfall]) -> dict[date, float]:
    places = [(day.session, place) for day in days if (place := back_test.place(day.session)) is not None]
    if back_test.equity is None or not places:
        return {}
    return {session: float(back_test.equity[place] / back_test.equity[places[0][1]]) for session, place in places}


def _back_test(config: Config, loaded: Bot | None, evenings: Sequence[Evening], notes: list[str]) -> _BackTest:
    held = {symbol for evening in evenings for symbol in (*evening.moves, *(evening.wanted or {}))}
    symbols = sorted(held.union(loaded.symbols if loaded else ()))
    first, last = evenings[0].begun, evenings[-1].session
    try:
        with source_of(config) as source:
            closes = source.history.closes(symbols, before=last + timedelta(days=1))
            closes = with_bars(source.history, closes, bars_read([loaded] if loaded else []))
            dividends = _dividends(source.history, symbols, first, last)
    except RebalancerError as error:
        notes.append(f"The closes can't be read, so the evenings' own prices stand in for them: {error}")
        return _BackTest(Closes(np.empty(0, "datetime64[D]"), (), np.empty((0, 0))), None, None, ())
    rows = _rows(loaded, closes) if loaded else None
    equity = None if rows is None else backtest_weights(last_known(closes.values), rows, 1.0).equity
    return _BackTest(closes, rows, equity, dividends)


def _dividends(history: History, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
    return tuple(action for action in history.actions(symbols, first, last) if action.kind == "dividend")


def _loaded(account: AccountConfig, bot: str, files: frozenset[str], notes: list[str]) -> Bot | None:
    path = account.bots.get(bot)
    if path is None:
        notes.append(f"{bot} is no longer invested: what it decided each evening stands in for its back-test.")
        return None
    try:
        content = content_of(path)
    except OSError as error:
        notes.append(f"There is no back-test of {bot}, whose file {path} can't be read: {error.strerror}.")
        return None
    found, problems = load_bot(content, bot, str(path))
    notes.extend(f"There is no back-test of {bot}: {problem}" for problem in problems)
    if found and files - {sha256(content).hexdigest()}:
        notes.append(f"The file of {bot} was another before: its back-test is of the file as it is now.")
    return found


def _rows(bot: Bot, closes: Closes) -> Floats:
    """The bot's targets over all of `closes`, (T, N); NaN where it can't decide."""
    columns = [closes.symbols.index(symbol) for symbol in bot.symbols]
    own = bot.weights(Closes(closes.sessions, bot.symbols, closes.values[:, columns], bars=closes.bars))
    rows = np.zeros(closes.values.shape)
    rows[:, columns] = own
    rows[np.isnan(own).any(axis=1)] = np.nan
    return rows
