"""Makes indicators.csv: what other libraries say the indicators are, on the prices that ship with the demo.

    pip install TA-Lib tulipy ta technical scipy pandas numpy
    python tests/bots/flowchart/answers/make_answers.py

TA-Lib and Tulip Indicators (C code), ta, technical and SciPy answer where they mean the same; plain pandas for the
rest, and plain Python for Ehlers' Ultimate Smoother, which none of them has. They differ from us only where the answer
file does not look: TA-Lib calls the RSI of prices that never moved 0, and its EMA starts from a mean; Tulip calls the
place in an empty range 0; technical starts
Laguerre's filter from 0, so that its first year is left out. Each window is handed to pandas by itself (`apply`),
because its running sums lose up to four digits. The file was made with TA-Lib 0.8.2, tulipy 0.4.0, ta 0.11.0, technical
1.7.0, SciPy 1.17.1, pandas 3.1.1 and NumPy 2.4.6.
"""

import csv
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import ta
import talib
import tulipy
from scipy.stats import linregress
from technical.indicators import laguerre

HERE = Path(__file__).parent
PRICES = HERE.parents[3] / "rebalancer" / "demo" / "sample_etf_2008_2016.csv.gz"
TICKERS = ("SPY", "TLT", "EEM", "TBILL")
WINDOWS = (2, 10, 21, 200)
MACD_WINDOWS = ((12, 26, 9), (5, 35, 5), (10, 100, 20))
BANDS = ((20, 2.0), (10, 1.5), (200, 2.5))
GAMMAS = (0.5, 0.8)
ROWS = (2, 10, 21, 199, 200, 201, 300, 450, 1000, 1500, 2000, 2138)
_MACD, _PPO = "moving-average-convergence-divergence", "percentage-price-oscillator"

Answer = tuple[str, tuple[float, ...], pd.Series]


def deepest_fall(prices: pd.Series) -> float:
    return 100 * (1 - prices / prices.cummax()).max()


def ulcer(prices: pd.Series) -> float:
    return math.sqrt(((100 * (1 - prices / prices.cummax())) ** 2).mean())


def exponential(values: pd.Series, window: int) -> pd.Series:
    return values.ewm(span=window, adjust=False, min_periods=window).mean()


def strength(prices: pd.Series, average: Callable[[pd.Series], pd.Series]) -> pd.Series:
    change = prices.diff()
    gain, loss = average(change.clip(lower=0)), average((-change).clip(lower=0))
    return 100 - 100 / (1 + gain / loss)


def of_array(prices: pd.Series, values: np.ndarray) -> pd.Series:
    """Of a library that leaves out the days without a value."""
    return pd.Series(np.concatenate((np.full(len(prices) - len(values), np.nan), values)), prices.index)


def regression(prices: pd.Series, window: int, part: Callable[[pd.Series, object], float]) -> pd.Series:
    return prices.rolling(window).apply(lambda some: part(some, linregress(range(window), some)))


def ultimate_smoother(prices: pd.Series, window: int) -> pd.Series:
    """From the article's listing."""
    a1 = math.exp(-1.414 * math.pi / window)
    c2, c3 = 2 * a1 * math.cos(math.radians(1.414 * 180 / window)), -a1 * a1
    c1 = (1 + c2 - c3) / 4
    close, smooth = prices.tolist(), prices.tolist()
    for bar in range(3, len(close)):
        smooth[bar] = (
            (1 - c1) * close[bar]
            + (2 * c1 - c2) * close[bar - 1]
            - (c1 + c3) * close[bar - 2]
            + c2 * smooth[bar - 1]
            + c3 * smooth[bar - 2]
        )
    return pd.Series(smooth, prices.index).where(np.arange(len(close)) >= window - 1)


def averages(prices: pd.Series, window: int) -> Iterator[Answer]:
    values = prices.to_numpy()
    for function, answer in {
        "moving-average-price": pd.Series(talib.SMA(values, window), prices.index),
        "exponential-moving-average-price": exponential(prices, window),
        "weighted-moving-average": pd.Series(talib.WMA(values, window), prices.index),
        "hull-moving-average": of_array(prices, tulipy.hma(values, window)),
        "wilder-moving-average": of_array(prices, tulipy.wilders(values, window)),
        "double-exponential-moving-average": of_array(prices, tulipy.dema(values, window)),
        "triple-exponential-moving-average": of_array(prices, tulipy.tema(values, window)),
        "kaufman-adaptive-moving-average": pd.Series(talib.KAMA(values, window), prices.index),
        "ultimate-smoother": ultimate_smoother(prices, window),
    }.items():
        yield function, (window,), answer


def of_a_window(prices: pd.Series, window: int) -> Iterator[Answer]:
    returns, values = prices.pct_change(), prices.to_numpy()
    logarithms = np.log(prices / prices.shift(1))
    wilder = of_array(prices, tulipy.rsi(values, window)).rolling(window)
    moved = wilder.max() > wilder.min()
    for function, answer in {
        "cumulative-return": 100 * prices.pct_change(window),
        "moving-average-return": 100 * returns.rolling(window).apply(pd.Series.mean),
        "price-to-moving-average": 100 * (prices / pd.Series(talib.SMA(values, window), prices.index) - 1),
        "max-drawdown": prices.rolling(window).apply(deepest_fall),
        "standard-deviation-return": 100 * returns.rolling(window).apply(pd.Series.std),
        "standard-deviation-price": prices.rolling(window).apply(pd.Series.std),
        "historical-volatility": 100 * math.sqrt(252) * logarithms.rolling(window).apply(pd.Series.std),
        "ulcer-index": prices.rolling(window).apply(ulcer),
        "relative-strength-index": pd.Series(talib.RSI(values, window), prices.index),
        "relative-strength-index-sma": strength(prices, lambda of: of.rolling(window).apply(pd.Series.mean)),
        "relative-strength-index-ema": strength(prices, lambda of: exponential(of, window)),
        "stochastic-relative-strength-index": 100 * of_array(prices, tulipy.stochrsi(values, window)).where(moved),
        "linear-regression-slope": regression(prices, window, lambda some, line: 100 * line.slope / some.mean()),
        "linear-regression-value": regression(
            prices, window, lambda _, line: line.intercept + line.slope * (window - 1)
        ),
    }.items():
        yield function, (window,), answer
    if window > 2:
        yield "trend-clarity", (window,), regression(prices, window, lambda _, line: 100 * line.rvalue**2)


def of_several_windows(prices: pd.Series) -> Iterator[Answer]:
    for short, long, smooth in MACD_WINDOWS:
        line, relative = (
            ta.trend.MACD(prices, long, short, smooth),
            ta.momentum.PercentagePriceOscillator(prices, long, short, smooth),
        )
        yield _MACD, (short, long), line.macd()
        yield f"{_MACD}-signal", (short, long, smooth), line.macd_signal()
        yield f"{_MACD}-histogram", (short, long, smooth), line.macd_diff()
        yield _PPO, (short, long), relative.ppo()
        yield f"{_PPO}-signal", (short, long, smooth), relative.ppo_signal()
        yield f"{_PPO}-histogram", (short, long, smooth), relative.ppo_hist()
    for window, deviations in BANDS:
        upper, middle, lower = (
            pd.Series(band, prices.index) for band in talib.BBANDS(prices.to_numpy(), window, deviations, deviations)
        )
        width = 2 * deviations * prices.rolling(window).apply(lambda some: some.std(ddof=0))
        yield "upper-bollinger", (window, deviations), upper
        yield "lower-bollinger", (window, deviations), lower
        yield "bollinger-percent-b", (window, deviations), 50 + 100 * (prices - middle) / width
        yield "bollinger-bandwidth", (window, deviations), 100 * width / middle


def of_all_history(prices: pd.Series) -> Iterator[Answer]:
    rises = [100 * prices.pct_change(21 * months) for months in (1, 3, 6, 12)]
    yield "13612w-momentum", (), (12 * rises[0] + 4 * rises[1] + 2 * rises[2] + rises[3]) / 19
    yield "13612u-momentum", (), sum(rises) / 4
    months = pd.concat([prices.shift(21 * month) for month in range(13)], axis=1)
    yield "sma12-momentum", (), 100 * (prices / months.mean(axis=1, skipna=False) - 1)
    yield "drawdown", (), 100 * (1 - prices / prices.cummax())
    for gamma in GAMMAS:
        found = 100 * laguerre(pd.DataFrame({"close": prices}), gamma)
        found.index = prices.index
        yield "laguerre-relative-strength-index", (gamma,), found.where(np.arange(len(found)) >= 300)


def answers(prices: pd.Series) -> Iterator[Answer]:
    for window in WINDOWS:
        yield from averages(prices, window)
        yield from of_a_window(prices, window)
    yield from of_several_windows(prices)
    yield from of_all_history(prices)


def main() -> None:
    closes = pd.read_csv(PRICES, index_col="date")
    with (HERE / "indicators.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("function", "parameters", "ticker", "date", "value"))
        for ticker in TICKERS:
            for function, parameters, values in answers(closes[ticker].astype(float)):
                numbers = " ".join(map(str, parameters))
                out.writerows(
                    (function, numbers, ticker, values.index[row], repr(float(values.iloc[row])))
                    for row in ROWS
                    if not math.isnan(values.iloc[row])
                )


if __name__ == "__main__":
    main()
