"""The tearsheet of a back-test."""

from datetime import date

from rebalancer.backtest.compare import Comparison
from rebalancer.report.backtest import NOT_SIMULATED, allocations, headline, statistics
from rebalancer.report.curves import bands
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
        bands=bands(comparison, MOST_BANDS),
        tables=(
            Table("Statistics", names, list(statistics(comparison.tracks))),
            Table(f"Held after {comparison.sessions[-1]}", names, list(allocations(comparison))),
        ),
        notes=(*comparison.notes, NOT_SIMULATED),
    )
