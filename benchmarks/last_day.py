"""What the decision of the last day alone takes, as a part of what an evaluation of all days takes.

    python benchmarks/last_day.py                    S, M, L and G of contenders/workloads.py
    python benchmarks/last_day.py FOLDER [PRICES]    every bot file in FOLDER, on PRICES as in `[data]` or random walks

Both are asked one after the other, ROUNDS times, after their decisions were found equal to the last bit. The closes are
new to them in each round, so that nothing is known from the round before. Milliseconds of processor time and the median
of the rounds' ratios with the lowest and the highest: `all days` is `evaluate`; `last day` the walk alone; `flips` how
near each gate is to deciding otherwise, after that walk.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from strategies import ENDINGS, closes_for, random_walks

sys.path.insert(0, str(Path(__file__).with_name("contenders")))
from ours import parsed
from workloads import prices, tickers_of, workload

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.explain import steps
from rebalancer.bots.flowchart.flip import flips
from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.history import counted
from rebalancer.bots.flowchart.last_day import LastDay
from rebalancer.market.folder import read_folder
from rebalancer.model import Closes, Symbol

ROUNDS = 7
Asked = Iterator[tuple[str, FlowchartBot, Closes]]


def synthetic() -> Asked:
    sessions, tickers, values = prices()
    for name in ("S", "M", "L", "G"):
        (chart,) = workload(name).charts
        places = [place for place, ticker in enumerate(tickers) if ticker in tickers_of(chart)]
        closes = Closes(sessions, tuple(Symbol(tickers[place]) for place in places), values[:, places])
        yield name, FlowchartBot.of(parsed(chart)), closes


def real(folder: Path, known: Closes | None) -> Asked:
    """The charts that rebalance daily: what another one holds is simulated on all days."""
    for file in sorted(file for file in folder.rglob("*") if file.name.endswith(ENDINGS)):
        chart, _ = read(file.read_bytes(), file.name)
        if chart and chart.rebalance == "daily":
            bot = FlowchartBot.of(chart)
            yield f"{file.parent.name}/{file.name}"[:40], bot, closes_for(bot, known)[0] if known else random_walks(bot)


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def measured(bot: FlowchartBot, closes: Closes) -> tuple[list[float], list[float], list[float]]:
    """Of each round: all days, the last day, its flips."""
    program, rounds = bot.program, []
    closes = counted(program, closes)
    if evaluate(program, closes).weights[-1].tobytes() != LastDay(program, closes).weights[-1].tobytes():
        sys.exit(f"{bot.name}: the last day is not that of all days")
    for _ in range(ROUNDS):
        whole = seconds(lambda: evaluate(program, replace(closes)))
        alone = seconds(lambda: LastDay(program, replace(closes)))
        values = LastDay(program, closes)
        path = steps(program, closes, values, -1)
        rounds.append((whole, alone, seconds(lambda: flips(program, closes, values, path))))  # noqa: B023 - called here
    whole, alone, near = (list(column) for column in zip(*rounds, strict=True))
    return whole, alone, near


def main() -> None:
    known = read_folder(Path(sys.argv[2])) if len(sys.argv) > 2 else None
    asked = real(Path(sys.argv[1]), known) if len(sys.argv) > 1 else synthetic()
    print(f"{'':40} {'nodes':>6} {'all days':>9} {'last day':>9} {'flips':>7}   all days / last day")
    middles = []
    for name, bot, closes in asked:
        whole, alone, near = measured(bot, closes)
        ratios = sorted(np.divide(whole, alone).tolist())
        middles.append(median(ratios))
        columns = f"{1e3 * median(whole):9.2f} {1e3 * median(alone):9.2f} {1e3 * median(near):7.1f}"
        spread = f"{middles[-1]:6.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        print(f"{name:40} {len(bot.program.table):6} {columns}   {spread}", flush=True)
    low, middle, high = np.percentile(middles, (10, 50, 90))
    print(f"{len(middles)} charts: median {middle:.1f}; a tenth less than {low:.1f}, a tenth more than {high:.1f}")


if __name__ == "__main__":
    main()
