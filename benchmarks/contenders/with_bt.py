"""bt: an algo that walks the chart on each day, then Rebalance. `Backtest.run` alone: `bt.run` adds statistics."""

import bt
import numpy as np
import pandas as pd
from pandas_code import Array, DayByDay, work_and_prices
from worker import Run, serve
from workloads import Chart, Workload


class Walk(bt.Algo):
    def __init__(self, closes: pd.DataFrame, chart: Chart, cap: float | None) -> None:
        super().__init__()
        self.by_day = DayByDay(closes, chart, cap)
        self.row = {day: row for row, day in enumerate(closes.index)}

    def __call__(self, target: bt.Strategy) -> bool:
        target.temp["weights"] = self.by_day.weights(self.row[target.now])
        return True


def curve(chart: Chart, work: Workload, closes: pd.DataFrame) -> Array:
    strategy = bt.Strategy("chart", [Walk(closes, chart, work.cap), bt.algos.Rebalance()])
    test = bt.Backtest(strategy, closes.iloc[work.first :], integer_positions=False, progress_bar=False)
    test.run()
    return test.strategy.prices.to_numpy()[1:] / 100  # bt puts a day before the first


def prepare(name: str) -> Run:
    work, closes = work_and_prices(name)
    return lambda: np.stack([curve(chart, work, closes) for chart in work.charts])


serve(prepare)
