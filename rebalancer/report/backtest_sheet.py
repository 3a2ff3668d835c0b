"""The tearsheet of a back-test."""

from collections.abc import Mapping
from datetime import date

import numpy as np

from rebalancer.backtest.compare import Comparison
from rebalancer.model import Floats
from rebalancer.report.backtest import NOT_SIMULATED, allocations, headline, statistics
from rebalancer.report.curves import cash_weights, held_columns
from rebalancer.report.tearsheet import HEAD, Sheet, Table
from rebalancer.report.tearsheet import to_html as sheet_to_html

HTML_BEGINS = f"{HEAD}Back-test of ".encode()
MOST_BANDS = 8
"""The largest number of bands in the allocation chart; smaller holdings are merged into "others"."""


def to_html(comparison: Comparison, made: date) -> str:
    """The HTML document; `made` is the day on its last line."""
    return sheet_to_html(sheet_of(comparison, made))


def sheet_of(comparison: Comparison, made: date) -> Sheet:
    main, benchmark = comparison.main, comparison.benchmark
    names = ("", *(track.name for track in comparison.tracks))
    others = {
        track.name: track.result.equity for track in comparison.tracks if track.kind == "bot" and track is not main
    }
    return Sheet(
        title=f"Back-test of {main.name}" if main.kind == "bot" else "Back-test of several bots",
        lead=f"{headline(comparison)}.",
        unit=f"Equity, {comparison.terms.currency}",
        name=main.name,
        sessions=comparison.sessions,
        begun=main.result.cash,
        values=main.result.equity,
        years=main.years,
        made=made,
        benchmark_name=benchmark.name if benchmark else "",
        benchmark=benchmark.result.equity if benchmark else None,
        benchmark_years=benchmark.years if benchmark else (),
        others=others,
        bands=bands(comparison),
        tables=(
            Table("Statistics", names, list(statistics(comparison.tracks))),
            Table(f"Held after {comparison.sessions[-1]}", names, list(allocations(comparison))),
        ),
        notes=(*comparison.notes, NOT_SIMULATED),
    )


def bands(comparison: Comparison) -> Mapping[str, Floats]:
    """Weights (T,) by symbol, the largest mean first, then the rest as "others", then "cash"."""
    weights = comparison.main.result.weights
    columns = sorted(held_columns(comparison), key=lambda column: -weights[:, column].mean())
    shown, rest = columns[:MOST_BANDS], columns[MOST_BANDS:]
    others = {"others": weights[:, rest].sum(axis=1)} if rest else {}
    found = {str(comparison.symbols[column]): weights[:, column] for column in shown}
    return {**found, **others, "cash": np.asarray(cash_weights(weights))}
