"""vectorbt: weights by pandas, traded by Portfolio.from_orders towards target percentages, sells before buys."""

from functools import partial

import numpy as np
import pandas as pd
import vectorbt
from pandas_code import Array, Weights, all_weights, work_and_prices
from worker import Run, serve
from workloads import Workload


def curve(weights: Weights, closes: pd.DataFrame) -> Array:
    tickers, values = weights
    portfolio = vectorbt.Portfolio.from_orders(
        closes[tickers],
        size=pd.DataFrame(values, index=closes.index, columns=tickers),
        size_type="targetpercent",
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        freq="1D",
        init_cash=1e6,
    )
    return portfolio.value().to_numpy() / 1e6


def curves(name: str, work: Workload, closes: pd.DataFrame) -> Array:
    traded = closes.iloc[work.first :]
    return np.stack([curve(weights, traded) for weights in all_weights(name, work, closes)])


def prepare(name: str) -> Run:
    return partial(curves, name, *work_and_prices(name))


serve(prepare)
