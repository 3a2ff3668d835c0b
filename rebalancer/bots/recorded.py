"""A back-test recorded at Composer, as its site and its API give it: JSON, plain or transit. Nothing in it is trusted.

Its keys: `dvm_capital`, the value of the symphony and of benchmarks by day; `tdvm_weights`, the weight of each ticker
by day, with three decimals and `$USD` for cash; `stats`; `legend`. Days are counted from 1970-01-01.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.file_size import CHART_BYTES
from rebalancer.bots.flowchart import document
from rebalancer.bots.flowchart.formats.encodings import decoded_transit
from rebalancer.errors import Problem
from rebalancer.model import Floats, Symbol, symbol

MAX_BYTES = CHART_BYTES
MAX_VALUES = 500_000
"""Fifteen years of a hundred tickers, were all of them held every day."""
CASH = "$USD"
_LAST_DAY = 47_482
"""2100-01-01."""
_EQUITIES, _DOLLARS = "EQUITIES::", "//USD"


@dataclass(frozen=True, slots=True, eq=False)
class RecordedBacktest:
    """`equity` (D,) in dollars and `weights` (D, N) over `symbols`, as fractions, on `sessions` (D,), increasing.

    What a row of weights leaves to 1 is cash. `statistics` are Composer's own figures by its names, as fractions.
    """

    name: str
    sessions: NDArray[np.datetime64]
    equity: Floats
    symbols: tuple[Symbol, ...]
    weights: Floats
    statistics: Mapping[str, float]


def read(content: bytes, source: str) -> tuple[RecordedBacktest | None, tuple[Problem, ...]]:
    """The back-test in `content`; or None and what is wrong with it, of the first place that is."""
    content, problems = document.unpacked(content, source)
    if problems:
        return None, problems
    value, problems = document.parse(content, source, MAX_VALUES)
    if problems:
        return None, problems
    try:
        return _recorded(decoded_transit(value) if isinstance(value, list) else value), ()
    except ValueError as unfit:
        return None, (Problem(source, "", str(unfit)),)


def _recorded(value: object) -> RecordedBacktest:
    whole = _object(value, "the file")
    values = _object(whole.get("dvm_capital"), "dvm_capital")
    legend = _object(whole.get("legend", {}), "legend")
    stats = _object(whole.get("stats", {}), "stats")
    key = next((key for key in values if key in legend), None) or next(iter(values), None)
    if key is None:
        raise ValueError('"dvm_capital" has no value; this is no back-test of Composer')
    equity = _by_day(values[key], f"dvm_capital.{key}")
    days = np.array(sorted(equity), dtype=np.int64)
    symbols, weights = _weights(whole.get("tdvm_weights"), days)
    return RecordedBacktest(
        name=_name(legend.get(key), key),
        sessions=days.astype("datetime64[D]"),
        equity=np.array([equity[day] for day in days.tolist()]),
        symbols=symbols,
        weights=weights,
        statistics={name: float(each) for name, each in stats.items() if _is_number(each)},
    )


def _weights(value: object, days: NDArray[np.int64]) -> tuple[tuple[Symbol, ...], Floats]:
    by_ticker = _object(value, "tdvm_weights")
    rows = {day: row for row, day in enumerate(days.tolist())}
    named = {_ticker(name): name for name in by_ticker if name != CASH}
    if len(named) != len([name for name in by_ticker if name != CASH]):
        raise ValueError('"tdvm_weights" has a ticker twice')
    symbols = tuple(sorted(named))
    weights = np.zeros((len(days), len(symbols)))
    for column, ticker in enumerate(symbols):
        place = f"tdvm_weights.{named[ticker]}"
        for day, weight in _by_day(by_ticker[named[ticker]], place).items():
            if day not in rows:
                raise ValueError(f'"{place}" has the day {day}, on which "dvm_capital" has no value')
            weights[rows[day], column] = weight
    if not (weights.sum(axis=1) <= 1.01).all():
        raise ValueError('"tdvm_weights" has a day on which they sum to more than 1')
    return symbols, weights


def _ticker(name: str) -> Symbol:
    """EQUITIES::BRK/B//USD is BRK.B."""
    return symbol(name.removeprefix(_EQUITIES).removesuffix(_DOLLARS).replace("/", "."))


def _by_day(value: object, place: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for day, number in _object(value, place).items():
        if not (day.isascii() and day.isdigit() and len(day) < 6 and int(day) < _LAST_DAY):
            raise ValueError(f'"{place}" has the day {day[:40]!r}; days count from 1970-01-01, such as "18740"')
        if not (_is_number(number) and number >= 0):
            raise ValueError(f'"{place}" has no number of 0 or more on the day {day}')
        found[int(day)] = float(number)
    return found


def _object(value: object, place: str) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise ValueError(f"{place} must be an object; a back-test of Composer has dvm_capital and tdvm_weights")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _name(entry: object, key: str) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else key
