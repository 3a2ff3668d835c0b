"""How fast a flowchart back-tests.

    python benchmarks/backtest.py                  a random chart of 5,000 nodes on 5,040 days and 50 tickers
    python benchmarks/backtest.py BOT.json ...     these bots, on random prices of as many days

Milliseconds belong to one machine; the ratios travel. They compare with the indicator kernels alone, and with the plain
day-by-day Python that the tests check the engine against, in turns in the same run.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rebalancer.backtest.run import backtest_weights
from rebalancer.bots.base import last_known
from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.indicators import INDICATORS
from rebalancer.bots.flowchart.nodes import Close, Series
from rebalancer.model import Closes, Floats, Symbol, symbol

sys.path.append(str(Path(__file__).parents[1] / "tests" / "bots" / "flowchart"))
from reference import Reference

DAYS, TICKERS, NODES, ROUNDS = 5_040, 50, 5_000, 7
HERE = tree.Place(None, "chart")
WINDOWS = {
    "relative-strength-index": (5, 10, 14, 20, 30),
    "moving-average-price": (20, 50, 100, 200),
    "exponential-moving-average-price": (10, 20, 50),
    "cumulative-return": (5, 10, 20, 60, 120),
    "standard-deviation-return": (10, 20, 60),
    "moving-average-return": (10, 20, 60),
    "max-drawdown": (10, 20, 60),
}
LEVELS = {
    "relative-strength-index": (25, 82),
    "cumulative-return": (-5, 7),
    "standard-deviation-return": (0.6, 3),
    "moving-average-return": (-0.2, 0.3),
    "max-drawdown": (2, 15),
}


def random_closes(symbols: list[Symbol]) -> Closes:
    """Leveraged random walks around one market."""
    draw = np.random.default_rng(7).normal
    market, own = draw(0.0004, 0.01, (DAYS, 1)), draw(0, 0.01, (DAYS, len(symbols)))
    values = 100 * np.exp(np.cumsum(market * draw(0.5, 1, len(symbols)) + own, axis=0))
    return Closes(np.busday_offset("2004-01-02", np.arange(DAYS)), tuple(symbols), values)


class Gardener:
    """Grows a random chart as hand-grown ones are: deep, over a pool of 200 indicators that come again and again."""

    def __init__(self, symbols: list[Symbol]) -> None:
        self.random = random.Random(12)  # noqa: S311  (no secret)
        self.symbols = symbols
        self.pool = [self.indicator() for _ in range(200)]
        self.count = 0

    def indicator(self) -> tree.Indicator:
        (function,) = self.random.choices(list(WINDOWS), (40, 15, 8, 17, 7, 6, 7))
        window = self.random.choice(WINDOWS[function])
        return tree.Indicator(function, (window,), self.random.choice(self.symbols), HERE)

    def condition(self) -> tree.Compare:
        left = self.random.choice(self.pool)
        right: tree.Operand
        if left.function in LEVELS:
            right = tree.Constant(round(self.random.uniform(*LEVELS[left.function]), 2), HERE)
        else:
            right = tree.Indicator("current-price", (), left.subject, HERE)
        return tree.Compare(left, self.random.choice(("gt", "lt")), right, 1, HERE)

    def grow(self, budget: int) -> tree.Node:
        """Recursive, since depth goes with the logarithm of `budget`."""
        self.count += 1
        if budget <= 2:
            return self.asset()
        if budget <= 12 and self.random.random() < 0.28:
            return self.basket(min(budget - 1, 10))
        if self.random.random() < 0.15:
            return tree.Equal(tuple(self.grow(budget // 3) for _ in range(3)), HERE)
        share = self.random.uniform(0.2, 0.8)
        then, otherwise = self.grow(round(budget * share)), self.grow(round(budget * (1 - share)))
        return tree.If(self.condition(), then, otherwise, HERE)

    def asset(self) -> tree.Asset:
        return tree.Asset(self.random.choice(self.symbols), HERE)

    def basket(self, size: int) -> tree.Node:
        self.count += size
        children = tuple(self.asset() for _ in range(size))
        if self.random.random() < 0.4:
            return tree.InverseVolatility(20, children, HERE)
        function = self.random.choice(("relative-strength-index", "cumulative-return"))
        return tree.Filter(function, (self.random.choice((10, 20)),), "top", 2, children, HERE)


def run_trades(decided: Floats, closes: Closes) -> None:
    """Follow the decisions of every day with money and costs."""
    backtest_weights(last_known(closes.values), decided, cash=100_000, cost=0.0005)


def run_kernels(program: Program, closes: Closes) -> None:
    """Every indicator of the program once, and nothing else."""
    for node in program.table:
        if isinstance(node, Series) and isinstance(source := program.table[node.source], Close):
            column = np.ascontiguousarray(closes.values[:, closes.symbols.index(source.symbol)])
            INDICATORS[node.function].formula(column, *node.parameters)


def run_reference(chart: tree.Chart, closes: Closes) -> None:
    reference = Reference(closes)
    for day in range(DAYS):
        reference.weights(chart.root, day)


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def measure(chart: tree.Chart, closes: Closes, *, with_reference: bool) -> None:
    bot = FlowchartBot.of(chart)
    program = bot.program
    series = sum(isinstance(node, Series) for node in program.table)
    print(f"{chart.name}: {len(program.table)} distinct expressions, {series} of them indicators")
    whole, kernels, trades, last = [], [], [], []
    decided = bot.weights(closes)
    for _ in range(ROUNDS):
        whole.append(milliseconds(lambda: FlowchartBot.of(chart).weights(closes)))
        kernels.append(milliseconds(lambda: run_kernels(program, closes)))
        trades.append(milliseconds(lambda: run_trades(decided, closes)))
        last.append(milliseconds(lambda: bot.decide(closes)))
    print(f"  compile and decide     {statistics.median(whole):9.1f} ms")
    if series:
        ratio = statistics.median(a / b for a, b in zip(whole, kernels, strict=True))
        print(f"  indicators alone       {statistics.median(kernels):9.1f} ms: the whole takes {ratio:.2f} times that")
    share = statistics.median(a / b for a, b in zip(trades, whole, strict=True))
    print(f"  trade every day        {statistics.median(trades):9.1f} ms: {share:.2f} times the whole comes on top")
    times = statistics.median(a / b for a, b in zip(whole, last, strict=True))
    print(f"  decide the last day    {statistics.median(last):9.1f} ms: the whole takes {times:.1f} times that")
    if with_reference:
        plain = milliseconds(lambda: run_reference(chart, closes))
        print(f"  plain Python           {plain:9.1f} ms: {plain / statistics.median(whole):.1f} times the whole")


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        chart, problems = read(path.read_bytes(), path.name)
        if chart is None:
            sys.exit("\n".join(map(str, problems)))
        measure(chart, random_closes(list(FlowchartBot.of(chart).symbols)), with_reference=False)
    if not sys.argv[1:]:
        symbols = [symbol(f"T{number:02}") for number in range(TICKERS)]
        gardener = Gardener(symbols)
        root = gardener.grow(NODES)
        measure(
            tree.Chart(f"random chart of {gardener.count} nodes", root), random_closes(symbols), with_reference=True
        )


if __name__ == "__main__":
    main()
