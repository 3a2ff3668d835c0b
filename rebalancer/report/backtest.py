"""A back-test on the terminal: charts, statistics, monthly returns and final allocations."""

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from rebalancer.backtest.compare import Comparison, Track
from rebalancer.backtest.metrics import Drawdown, Statistics, Year, drawdowns
from rebalancer.model import Floats
from rebalancer.model.text import counted, money, percentage
from rebalancer.report.console import Screen, is_terminal, line, lines
from rebalancer.report.drawing import Curve, drawing
from rebalancer.report.tables import grid

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNDEFINED = "-"
NOT_SIMULATED = (
    "Past results are no promise. The back-test trades at the close, in fractional shares; cash earns nothing; "
    "min_trade_dollars, drift_percent, limits, spreads and taxes are ignored."
)


def screen(comparison: Comparison) -> Screen:
    yield line(headline(comparison), "bold")
    yield from lines((*comparison.notes, NOT_SIMULATED), "yellow")
    if len(comparison.sessions) > 1 and is_terminal():
        yield from drawings(comparison)
    main, tracks = comparison.main, ("", *(f"#{track.name}" for track in comparison.tracks))
    months = ("year", *(f"#{month}" for month in (*MONTHS, "year")))
    yield grid("Statistics", tracks, statistics(comparison.tracks))
    yield grid(f"Monthly returns of {main.name}, %", months, map(year_cells, main.years))
    yield grid(f"Held after {comparison.sessions[-1]}", tracks, allocations(comparison))


def headline(comparison: Comparison) -> str:
    sessions, terms = comparison.sessions, comparison.terms
    costs = f"{terms.cost_bps:g} bps of the traded value" if terms.cost_bps else "none (see --cost-bps)"
    names = ", ".join(track.name for track in comparison.tracks if track.kind == "bot")
    return (
        f"Back-test of {names}: {sessions[0]} to {sessions[-1]}, {counted(len(sessions), 'session')}, "
        f"begun with {money(terms.cash, terms.currency)}, costs: {costs}"
    )


def drawings(comparison: Comparison) -> Iterator[Text]:
    """Needs at least two sessions, and a terminal."""
    yield _drawing("Equity", f"1,000 {comparison.terms.currency}", comparison, lambda track: track.result.equity / 1000)
    yield _drawing("Drawdown", "%", comparison, lambda track: -100 * drawdowns(track.result.equity))


def _drawing(title: str, unit: str, comparison: Comparison, curve: Callable[[Track], Floats]) -> Text:
    """The main track and the benchmark."""
    drawn = [comparison.main, *([comparison.benchmark] if comparison.benchmark else [])]
    curves = (Curve(track.name, curve(track), beside=track.kind == "benchmark") for track in drawn)
    return drawing(title, unit, comparison.sessions.tolist(), tuple(curves))


def statistics(tracks: Sequence[Track]) -> Iterator[tuple[str, ...]]:
    return ((label, *(text(track.statistics) or UNDEFINED for track in tracks)) for label, text in STATISTICS.items())


def year_cells(year: Year) -> tuple[str, ...]:
    """The year, its twelve months and their total in percent; "" where there is none."""
    return (str(year.year), *("" if value is None else f"{value * 100:z.2f}" for value in (*year.months, year.total)))


def allocations(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """After the last close: a row for each symbol that any track holds, and one for the cash."""
    held = [track.last for track in comparison.tracks]
    for symbol in sorted({symbol for weights in held for symbol in weights}):
        yield symbol, *(percentage(weights.get(symbol)) for weights in held)
    yield "cash", *(percentage(1 - min(sum(weights.values()), 1)) for weights in held)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _fall(fall: Drawdown | None, part: Callable[[Drawdown], str]) -> str:
    return "" if fall is None else part(fall)


STATISTICS: dict[str, Callable[[Statistics], str]] = {
    "Cumulative return": lambda found: percentage(found.cumulative),
    "CAGR": lambda found: percentage(found.annualised),
    "Volatility, a year": lambda found: percentage(found.volatility),
    "Sharpe": lambda found: _ratio(found.sharpe),
    "Sortino": lambda found: _ratio(found.sortino),
    "Max drawdown": lambda found: _fall(found.max_drawdown, lambda fall: percentage(fall.depth)),
    "  from the peak of": lambda found: _fall(found.max_drawdown, lambda fall: str(fall.peak)),
    "  to the trough of": lambda found: _fall(found.max_drawdown, lambda fall: str(fall.trough)),
    "  recovered on": lambda found: _fall(found.max_drawdown, lambda fall: str(fall.recovered or "not yet")),
    "Calmar": lambda found: _ratio(found.calmar),
    "Turnover, times a year": lambda found: _ratio(found.turnover),
    "Exposure, mean": lambda found: percentage(found.exposure),
}
