"""Compares bots with each other, with all of them merged, and with a benchmark: same sessions, same starting cash."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.follow import Market, backtest_decisions, buy_and_hold
from rebalancer.backtest.merged import Merging, merged
from rebalancer.backtest.metrics import Statistics, Year, by_month, statistics
from rebalancer.backtest.run import Backtest, backtest
from rebalancer.backtest.start import first_session, started_without
from rebalancer.bots.decisions import Decisions
from rebalancer.bots.own_prices import last_known
from rebalancer.model import US_DOLLARS, Closes, Floats, Symbol, Weights
from rebalancer.model.text import counted, listed

TOGETHER = "Together"


@dataclass(frozen=True, slots=True)
class Terms:
    """The assumptions that all tracks share: `cash` at the start, costs in basis points of the traded value.

    Money is in `currency`. Nothing starts before `first`, nor before so many closes of each symbol exist as are in
    `closes_needed`, unless `allow_undecided`. With `merging` the bots are also traded as one account.
    """

    cash: float
    cost_bps: float = 0.0
    first: date | None = None
    benchmark: Symbol | None = None
    merging: Merging | None = None
    currency: str = US_DOLLARS
    closes_needed: Mapping[Symbol, int] = field(default_factory=dict)
    allow_undecided: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One equity curve of the comparison. `last` are the weights after the last close; the rest is cash."""

    name: str
    kind: Literal["bot", "merged", "benchmark"]
    result: Backtest
    statistics: Statistics
    years: tuple[Year, ...]
    last: Weights


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """`tracks` are the bots, the merged account, the benchmark; their values are on `sessions` (T,), their weights over
    `symbols` (N,). `notes` are sentences that every screen must show.
    """

    sessions: NDArray[np.datetime64]
    symbols: tuple[Symbol, ...]
    tracks: tuple[Track, ...]
    terms: Terms
    notes: tuple[str, ...]

    @property
    def main(self) -> Track:
        """The merged account, or the only bot."""
        return next((track for track in self.tracks if track.kind == "merged"), self.tracks[0])

    @property
    def benchmark(self) -> Track | None:
        return next((track for track in self.tracks if track.kind == "benchmark"), None)


def compare(decided: Mapping[str, Decisions], closes: Closes, terms: Terms) -> Comparison:
    """Back-test every track from its first session, for which see `start.first_session`.

    `closes` has a column for each ticker that the bots `decided` to hold. Raises BadInputError where there is no such
    session.
    """
    start = first_session(decided, closes, terms.first, {} if terms.allow_undecided else terms.closes_needed)
    sessions, symbols = closes.sessions[start:], closes.symbols
    prices = last_known(closes.values)[start:]
    rows = {bot: decisions.since(start) for bot, decisions in decided.items()}
    market, cost = Market(prices, symbols), terms.cost_bps / 10_000

    def track(name: str, kind: Literal["bot", "merged", "benchmark"], result: Backtest) -> Track:
        held = sorted((place, float(weights[-1])) for place, weights in result.holdings.positions())
        last = {symbols[place]: weight for place, weight in held if weight > 0}
        return Track(name, kind, result, statistics(result, sessions), by_month(result, sessions), last)

    tracks = [track(bot, "bot", backtest_decisions(market, each, terms.cash, cost)) for bot, each in rows.items()]
    if terms.merging:
        strategy = merged(rows, symbols, ~np.isnan(prices), terms.merging)
        tracks.append(track(TOGETHER, "merged", backtest(prices, strategy, terms.cash, cost)))
    if terms.benchmark:
        bought = buy_and_hold(prices[:, symbols.index(terms.benchmark)], terms.benchmark)
        tracks.append(track(terms.benchmark, "benchmark", backtest_decisions(market, bought, terms.cash, cost)))
    notes = _notes(rows, tracks, market, closes.values[start:])
    missing = started_without(terms.closes_needed, closes, start)
    return Comparison(sessions, symbols, tuple(tracks), terms, (*closes.notes, *missing, *notes))


def _notes(rows: Mapping[str, Decisions], tracks: Sequence[Track], market: Market, values: Floats) -> Iterator[str]:
    for bot, decisions in rows.items():
        if count := int(np.count_nonzero(~decisions.decided)):
            yield (
                f"{bot} could not decide on {count} of {counted(decisions.length, 'session')}: "
                "alone it keeps what it holds, together with others its share goes to the fallback."
            )
    if unpriced := [*_unpriced(rows.values(), market)]:
        yield f"Wanted without any close so far, so that their part stays in cash: {listed(unpriced)}."
    held = np.zeros(market.shape, dtype=np.bool_)
    for track in tracks:
        for place, weights in track.result.holdings.positions():
            held[:, place] |= weights > 0
    counts = (held & ~((values > 0) & (values < np.inf))).sum(axis=0)
    for place in np.flatnonzero(counts).tolist():
        days = counted(counts[place], "session")
        yield f"{market.symbols[place]} has no close on {days} while it is held: its last one stands in."


def _unpriced(rows: Iterable[Decisions], market: Market) -> Iterator[str]:
    for place in np.flatnonzero(market.first).tolist():
        symbol, missing = market.symbols[place], np.isnan(market.closes[place])
        wanting = [decisions.column(symbol) > 0 for decisions in rows if symbol in decisions.wanted]
        sessions = [count for each in wanting if (count := np.count_nonzero(each & missing))]
        if sessions:
            yield f"{symbol} (by {counted(len(sessions), 'bot')} on {counted(int(max(sessions)), 'session')})"
