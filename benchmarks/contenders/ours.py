"""Our own back-test: parsed charts and closes in memory, compiled, decided on all days, and traded."""

import numpy as np
from worker import Run, serve
from workloads import Chart, Value, Workload, prices, tickers_of, workload

from rebalancer.backtest.follow import Market, backtest_decisions
from rebalancer.bots.decisions import Decisions
from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.together import decide_together
from rebalancer.bots.own_prices import last_known
from rebalancer.model import Closes, Floats, Symbol

HERE = tree.Place(None, "chart")
FUNCTIONS = {
    "price": "current-price",
    "rsi": "relative-strength-index",
    "sma": "moving-average-price",
    "ema": "exponential-moving-average-price",
    "ret": "cumulative-return",
    "std": "standard-deviation-return",
    "mean": "moving-average-return",
    "drawdown": "max-drawdown",
}
IN_PERCENT = {"ret", "std", "mean", "drawdown"}


def parsed(chart: Chart, number: int = 0) -> tree.Chart:
    return tree.Chart(f"chart {number}", _node(chart))


def _value(value: Value) -> tree.Indicator:
    function, ticker, window = value
    return tree.Indicator(FUNCTIONS[function], () if function == "price" else (window,), Symbol(ticker), HERE)


def _condition(chart: Chart) -> tree.Compare:
    left, right = chart["lhs"], chart["rhs"]
    level = _value(right) if isinstance(right, list) else tree.Constant(_level(left[0], right), HERE)
    return tree.Compare(_value(left), "gt" if chart["op"] == ">" else "lt", level, 1, HERE)


def _level(function: str, level: float) -> float:
    return 100 * level if function in IN_PERCENT else level


def _node(chart: Chart) -> tree.Node:
    children = tuple(map(_node, chart.get("ch", ())))
    match chart["t"]:
        case "asset":
            return tree.Asset(Symbol(chart["ticker"]), HERE)
        case "if":
            return tree.If(_condition(chart), _node(chart["then"]), _node(chart["else"]), HERE)
        case "equal":
            return tree.Equal(children, HERE)
        case "fixed":
            return tree.Specified(tuple(chart["w"]), children, HERE)
        case "invvol":
            return tree.InverseVolatility(chart["win"], children, HERE)
        case _:
            by = tree.ByVolatility(chart["vol"], inverse=True) if chart["vol"] else None
            function, window = FUNCTIONS[chart["fn"]], (chart["win"],)
            return tree.Filter(function, window, chart["side"], chart["n"], children, HERE, by)


def curves(charts: list[tree.Chart], closes: Closes, work: Workload) -> Floats:
    """The equity of 1 (charts, T from the first day on)."""
    market = Market(last_known(closes.values)[work.first :], closes.symbols)
    found = (_capped(each.since(work.first), work.cap, closes.symbols) for each in decide_together(charts, closes))
    return np.stack([backtest_decisions(market, decisions, 1.0, 0.0).equity for decisions in found])


def _capped(decisions: Decisions, cap: float | None, symbols: tuple[Symbol, ...]) -> Decisions:
    if cap is None:
        return decisions
    return Decisions.of(np.minimum(decisions.weights(symbols), cap), symbols)


def inputs(name: str) -> tuple[list[tree.Chart], Closes, Workload]:
    work = workload(name)
    sessions, tickers, values = prices(missing=work.missing)
    used = set().union(*map(tickers_of, work.charts))
    columns = [column for column, ticker in enumerate(tickers) if ticker in used]
    closes = Closes(sessions, tuple(Symbol(tickers[column]) for column in columns), values[:, columns])
    return [parsed(chart, number) for number, chart in enumerate(work.charts)], closes, work


def prepare(name: str) -> Run:
    charts, closes, work = inputs(name)
    return lambda: curves(charts, closes, work)


if __name__ == "__main__":
    serve(prepare)
