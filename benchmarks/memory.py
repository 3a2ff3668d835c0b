"""How much memory back-tests take beyond the prices: of one chart of 5,000 nodes, and of many bots over many tickers.

    python benchmarks/memory.py            both
    python benchmarks/memory.py --quick    the chart alone

Each is run in a process of its own, and the most memory that this process ever had is compared with what it had when
the prices were there and nothing was decided yet. The many are 90 bots over 35 years of 1,100 tickers, in one process
and compared as `rebalance backtest` compares them: filters over 100 tickers each, ten of them over all. `--merged` also
trades them as one account, day by day. Exits with 1 where a limit is exceeded: 64 MiB beyond the prices for the chart,
2 GiB in all for the bots.
"""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "contenders"))

from ours import prepare

from rebalancer.backtest.compare import Terms, compare
from rebalancer.backtest.merged import Merging, equal_shares
from rebalancer.bots.base import Bot
from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.together import decide_all
from rebalancer.model import Closes, Reserve, Symbol, Trading

MIB = 1 << 20
SESSIONS, TICKERS, BOTS, OF_ALL = 8_820, 1_100, 90, 10
HERE = tree.Place(None, "chart")


class Measured(NamedTuple):
    """In MiB: before anything was decided, and the most ever."""

    before: float
    most: float
    seconds: float


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


def chart() -> Measured:
    run = prepare("L")
    before, start = peak(), time.process_time()
    run()
    return Measured(before, peak(), time.process_time() - start)


def bots() -> Measured:
    closes = random_walks()
    named: dict[str, Bot] = {f"bot {number}": FlowchartBot.of(filtered(number)) for number in range(BOTS)}
    before, start = peak(), time.process_time()
    decided = dict(decide_all(named, closes))
    merging = Merging(equal_shares([*named]), Trading(), Reserve())
    compare(decided, closes, Terms(100_000, 5, merging=merging if "--merged" in sys.argv else None))
    return Measured(before, peak(), time.process_time() - start)


def random_walks() -> Closes:
    """Around one market; every third ticker begins late."""
    draw = np.random.default_rng(7)
    market, values = draw.normal(0.0003, 0.01, SESSIONS), np.empty((SESSIONS, TICKERS))
    for ticker in range(TICKERS):
        own = draw.normal(0, 0.015, SESSIONS)
        values[:, ticker] = 100 * np.exp(np.cumsum(market + own))
        if ticker % 3 == 0:
            values[: draw.integers(SESSIONS // 2), ticker] = np.nan
    symbols = tuple(Symbol(f"T{ticker:04}") for ticker in range(TICKERS))
    return Closes(np.busday_offset("1990-01-02", np.arange(SESSIONS)), symbols, values)


def filtered(number: int) -> tree.Chart:
    """The best three of its tickers, or one of them while the market is below its average."""
    draw = np.random.default_rng(number)
    tickers = range(TICKERS) if number < OF_ALL else sorted(draw.choice(TICKERS, 100, replace=False).tolist())
    assets = tuple(tree.Asset(Symbol(f"T{ticker:04}"), HERE) for ticker in tickers)
    function = ("relative-strength-index", "cumulative-return", "standard-deviation-return")[number % 3]
    chosen = tree.Filter(function, (int(draw.choice([10, 20, 60])),), "top", 3, assets, HERE)
    price = tree.Indicator("current-price", (), Symbol("T0001"), HERE)
    average = tree.Indicator("moving-average-price", (int(draw.integers(50, 250)),), Symbol("T0001"), HERE)
    return tree.Chart(f"bot {number}", tree.If(tree.Compare(price, "gt", average, 1, HERE), chosen, assets[0], HERE))


def apart(measure: Callable[[], Measured]) -> Measured:
    """In a process of its own, started anew: a fork would begin with the memory of this one."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=answer, args=(sender, measure))
    child.start()
    sender.close()
    try:
        return Measured(*receiver.recv())
    finally:
        child.join()


def answer(sender: Connection, measure: Callable[[], Measured]) -> None:
    sender.send(tuple(measure()))


def main() -> None:
    one = apart(chart)
    beyond = one.most - one.before
    print(f"One chart of 5,000 nodes: {beyond:.0f} MiB beyond the prices, of which 64 are allowed; {one.seconds:.2f} s")
    failed = beyond > 64
    if "--quick" not in sys.argv:
        many = apart(bots)
        text = (
            f"{BOTS} bots, {TICKERS:,} tickers, {SESSIONS:,} sessions: {many.most:,.0f} MiB in all, of which 2,048 are"
        )
        print(f"{text} allowed, {many.before:,.0f} of them with the prices; {many.seconds:.1f} s")
        failed |= many.most > 2048
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
