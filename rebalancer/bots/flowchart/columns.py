"""The closes of an evening by ticker, and the indicators of them: what one bot asked for, the next need not compute."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.evaluate import complete_rows
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_needed
from rebalancer.bots.flowchart.indicators.recursive import last_run
from rebalancer.bots.own_prices import own_closes
from rebalancer.model import Closes, Floats, Symbol

Key = tuple[str, tuple[float, ...], tuple[nodes.Node, ...], int]
"""An indicator and its parameters, what it is computed on, and how many of its last values."""


class Columns:
    """The columns of `closes` as decisions read them: the last days of each, NaN for what is not a positive number."""

    def __init__(self, closes: Closes) -> None:
        self._closes = closes
        self._places = {symbol: place for place, symbol in enumerate(closes.symbols)}
        self._columns: dict[Symbol, Floats] = {}
        self._indicators: dict[Key, Floats] = {}

    def check(self, bot: str, symbols: Sequence[Symbol]) -> None:
        """Raises ValueError where there is no column for one of `symbols`."""
        if not all(symbol in self._places for symbol in symbols):
            own_closes(bot, tuple(symbols), self._closes)

    def closes(self, symbol: Symbol, rows: int) -> Floats:
        """The last `rows` of them, or more."""
        found = self._columns.get(symbol)
        if found is None or len(found) < rows:
            values = np.ascontiguousarray(self._closes.values[-rows:, self._places[symbol]])
            good = (values > 0) & (values < np.inf)
            found = self._columns[symbol] = values if good.all() else np.where(good, values, np.nan)
        return found

    def indicator(self, node: nodes.Series, sources: Sequence[nodes.Node], read: Sequence[Floats], rows: int) -> Floats:
        """The last `rows` values of `node`, from the values `read` of its `sources`, which suffice for them."""
        if not all(isinstance(source, nodes.OfTicker) for source in sources):
            return _last(node, read, rows)
        key = node.function, node.parameters, tuple(sources), rows
        if key not in self._indicators:
            self._indicators[key] = _last(node, read, rows).copy()
        return self._indicators[key]

    def compute_together(self, function: str, parameters: tuple[float, ...], closes: Sequence[nodes.Close]) -> None:
        """The last value of an indicator of each of `closes`, for whoever asks for them one by one.

        Not for one that depends on all prices before.
        """
        keys = [(function, parameters, (close,), 1) for close in closes]
        todo = {key: close for key, close in zip(keys, closes, strict=True) if key not in self._indicators}
        if len(todo) > 1:
            rows = prices_needed(function, parameters)
            read = np.stack([self.closes(close.symbol, rows)[-rows:] for close in todo.values()], axis=1)
            values = INDICATORS[function].formula(read, *parameters)[-1:]
            self._indicators.update(zip(todo, values.T, strict=True))


def _last(node: nodes.Series, read: Sequence[Floats], rows: int) -> Floats:
    spec = INDICATORS[node.function]
    if rows == 1 and spec.following:
        run = last_run(read[0])
        if len(run) > spec.prices(*node.parameters):
            return spec.following(run[:-1], run[-1:], *node.parameters)
    values = spec.formula(*(read if len(read) == 1 else complete_rows(read)), *node.parameters)
    return values[-rows:]


@lru_cache(maxsize=2)
def columns_of(closes: Closes) -> Columns:
    """Of the closes that all bots are asked on, and of those that count for a bot that remembers."""
    return Columns(closes)
