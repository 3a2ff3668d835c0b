"""Closes in memory as the ports `History` and `Quotes`, and the closes of an evening with tonight's prices added."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.market.bars import missing_bars
from rebalancer.model import Bar, Bars, BarsRead, Closes, CorporateAction, NoPrice, Price, Snapshot, Symbol
from rebalancer.ports import Clock, History


@dataclass(frozen=True, slots=True)
class ClosesHistory:
    """`ports.History` of the closes `known`; `read_bars` reads the bars beside them, where there are any."""

    known: Closes
    read_bars: Callable[[Closes, BarsRead], Bars] = lambda closes, read: missing_bars(closes, read, "")

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """The port's closes. An unknown symbol is a column of NaN."""
        completed = int(np.searchsorted(self.known.sessions, np.datetime64(before, "D")))
        columns = {name: column for column, name in enumerate(self.known.symbols)}
        values = np.full((completed, len(symbols)), np.nan)
        for place, name in enumerate(symbols):
            if name in columns:
                values[:, place] = self.known.values[:completed, columns[name]]
        return Closes(self.known.sessions[:completed], tuple(symbols), values, notes=self.known.notes)

    def bars(self, closes: Closes, read: BarsRead) -> Bars:
        return self.read_bars(closes, read)

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:  # noqa: ARG002
        """None: the closes count as adjusted."""
        return ()


@dataclass(frozen=True, slots=True)
class ClosesQuotes:
    """Daily closes as quotes: at any time of a day its close is the bar, or else the last one before is `previous`.

    Days are those of the exchange's `zone`. A symbol without any close up to the clock's day is absent.
    """

    clock: Clock
    zone: tzinfo
    known: Closes

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        now = self.clock.now()
        today = now.astimezone(self.zone).date()
        past = self.known.until(today)
        columns = {name: column for column, name in enumerate(past.symbols)}
        bars = ((name, _last_bar(past, columns[name], now)) for name in symbols if name in columns)
        return {name: _snapshot(name, bar, today) for name, bar in bars if bar is not None}


@dataclass(slots=True)
class HistoryQuotes:
    """As `ClosesQuotes`, of a history's closes before `before`; a symbol that is not in `symbols` reads them again."""

    clock: Clock
    zone: tzinfo
    history: History
    symbols: tuple[Symbol, ...]
    before: date
    known: Closes | None = None

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        wanted = tuple(dict.fromkeys((*self.symbols, *symbols)))
        if self.known is None or wanted != self.symbols:
            self.symbols, self.known = wanted, self.history.closes(wanted, self.before)
        return ClosesQuotes(self.clock, self.zone, self.known).snapshots(symbols)


def _last_bar(past: Closes, column: int, now: datetime) -> Bar | None:
    rows = np.flatnonzero(past.values[:, column] > 0)
    if not rows.size:
        return None
    # The shortest text of a float is the number as the file has it: no digit is lost or made up.
    return Bar(past.day(rows[-1]), Decimal(str(past.values[rows[-1], column].item())), now)


def _snapshot(name: Symbol, last: Bar, today: date) -> Snapshot:
    return Snapshot(name, bar=last) if last.session == today else Snapshot(name, previous=last)


def evening_closes(
    completed: Closes, sessions: Sequence[date], tonight: date, prices: Mapping[Symbol, Price | NoPrice]
) -> Closes:
    """`completed` with one row for each of `sessions` (T,), then the provisional row of `tonight`: (T + 1, N).

    `sessions` are the exchange's, increasing, all before `tonight`. NaN where the source has no row for a session, and
    where tonight's price is missing: nothing is filled in. Raises SourceError for a row on a day that is no session.
    """
    days = np.array([*sessions, tonight], dtype="datetime64[D]")
    strangers = completed.sessions[~np.isin(completed.sessions, days[:-1])]
    if strangers.size:
        raise SourceError(
            f"The prices have a row for {strangers[0]}, on which the exchange held no session before {tonight}: "
            "nothing is traded on prices of unknown days. Check the data source."
        )
    values = np.full((len(days), len(completed.symbols)), np.nan)
    values[np.searchsorted(days, completed.sessions)] = completed.values
    values[-1] = [_value(prices.get(symbol)) for symbol in completed.symbols]
    return Closes(days, completed.symbols, values, provisional=True, notes=completed.notes)


def _value(price: Price | NoPrice | None) -> float:
    return float(price.value) if isinstance(price, Price) else np.nan
