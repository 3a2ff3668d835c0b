"""Export of a back-test: the summary as JSON, daily values as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping

import numpy as np

from rebalancer.backtest.compare import Comparison
from rebalancer.backtest.metrics import drawdowns
from rebalancer.errors import visible
from rebalancer.model import Floats

CSV_BEGINS = b"date,equity,drawdown,benchmark,"


def facts(comparison: Comparison) -> Mapping[str, object]:
    """The summary for `--json`: money in `currency`, returns and weights as fractions."""
    terms = comparison.terms
    return {
        "first": comparison.sessions[0].item(),
        "last": comparison.sessions[-1].item(),
        "sessions": len(comparison.sessions),
        "currency": terms.currency,
        "cash": terms.cash,
        "cost_bps": terms.cost_bps,
        "tracks": [
            {
                "name": track.name,
                "kind": track.kind,
                "statistics": track.statistics,
                "years": track.years,
                "last_allocation": track.last,
            }
            for track in comparison.tracks
        ],
        "notes": comparison.notes,
    }


def to_csv(comparison: Comparison) -> str:
    """A row per session: the equity and drawdown of the main track, the benchmark's equity (empty without
    one), the equity of each bot where there are several, then the main track's weights by symbol and its CASH.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header, columns = zip(*_columns(comparison), strict=True)
    writer.writerow(["date", *header])
    for day, row in zip(comparison.sessions, np.column_stack(columns).tolist(), strict=True):
        writer.writerow([day, *("" if np.isnan(value) else repr(value) for value in row)])
    return out.getvalue()


def _columns(comparison: Comparison) -> Iterator[tuple[str, Floats]]:
    main, benchmark = comparison.main.result, comparison.benchmark
    yield "equity", main.equity
    yield "drawdown", drawdowns(main.equity)
    yield "benchmark", np.full_like(main.equity, np.nan) if benchmark is None else benchmark.result.equity
    for track in comparison.tracks:
        if track.kind == "bot" and track != comparison.main:
            yield f"equity of {visible(track.name)}", track.result.equity
    for column in held_columns(comparison):
        yield comparison.symbols[column], main.weights[:, column]
    yield "CASH", cash_weights(main.weights)


def bands(comparison: Comparison, most: int) -> Mapping[str, Floats]:
    """Weights (T,) by symbol: the `most` with the largest mean, the rest as "others", then "cash"."""
    weights = comparison.main.result.weights
    columns = sorted(held_columns(comparison), key=lambda column: -weights[:, column].mean())
    shown, rest = columns[:most], columns[most:]
    others = {"others": weights[:, rest].sum(axis=1)} if rest else {}
    found = {str(comparison.symbols[column]): weights[:, column] for column in shown}
    return {**found, **others, "cash": cash_weights(weights)}


def held_columns(comparison: Comparison) -> list[int]:
    """The columns of the symbols that the main track ever holds."""
    columns: list[int] = np.flatnonzero((comparison.main.result.weights > 0).any(axis=0)).tolist()
    return columns


def cash_weights(weights: Floats) -> Floats:
    """The cash weight (T,) of weights (T, N); a rounding error below 0 becomes 0."""
    cash: Floats = np.maximum(1 - weights.sum(axis=1), 0.0)
    return cash
