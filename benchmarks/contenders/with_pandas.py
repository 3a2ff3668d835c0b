"""pandas and no framework: weights, and their product with the next day's returns."""

from functools import partial

import numpy as np
import pandas as pd
from pandas_code import Array, all_weights, work_and_prices
from worker import Run, serve
from workloads import Workload


def curves(name: str, work: Workload, closes: pd.DataFrame) -> Array:
    earned = closes.iloc[work.first :].pct_change().iloc[1:]
    return np.stack(
        [
            np.cumprod([1.0, *(1 + (weights[:-1] * earned[tickers].to_numpy()).sum(axis=1))])
            for tickers, weights in all_weights(name, work, closes)
        ]
    )


def prepare(name: str) -> Run:
    return partial(curves, name, *work_and_prices(name))


serve(prepare)
