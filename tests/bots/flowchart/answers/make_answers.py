"""Makes indicators.csv: what other libraries say the indicators are, on the prices that ship with the demo.

    pip install TA-Lib pandas numpy
    python tests/bots/flowchart/answers/make_answers.py

TA-Lib (C code, by its Python package) answers for RSI and SMA, pandas for the others. Both differ from us only where
the answer file does not look: TA-Lib calls the RSI of prices that never moved 0, and its EMA starts from a mean. Each
window is handed to pandas by itself (`apply`), because its running sums lose up to four digits. The file was made with
TA-Lib 0.8.2, pandas 3.1.1 and NumPy 2.4.6.
"""

import csv
from pathlib import Path

import pandas as pd
import talib

HERE = Path(__file__).parent
PRICES = HERE.parents[3] / "rebalancer" / "demo" / "sample_etf_2008_2016.csv.gz"
TICKERS = ("SPY", "TLT", "EEM", "TBILL")
WINDOWS = (2, 10, 21, 200)
ROWS = (2, 10, 21, 199, 200, 201, 450, 1000, 2138)


def deepest_fall(prices: pd.Series) -> float:
    return 100 * (1 - prices / prices.cummax()).max()


def answers(prices: pd.Series, window: int) -> dict[str, pd.Series]:
    returns = prices.pct_change()
    return {
        "moving-average-price": pd.Series(talib.SMA(prices.to_numpy(), window), prices.index),
        "exponential-moving-average-price": prices.ewm(span=window, adjust=False, min_periods=window).mean(),
        "cumulative-return": 100 * prices.pct_change(window),
        "moving-average-return": 100 * returns.rolling(window).apply(pd.Series.mean),
        "relative-strength-index": pd.Series(talib.RSI(prices.to_numpy(), window), prices.index),
        "standard-deviation-return": 100 * returns.rolling(window).apply(pd.Series.std),
        "standard-deviation-price": prices.rolling(window).apply(pd.Series.std),
        "max-drawdown": prices.rolling(window).apply(deepest_fall),
    }


def main() -> None:
    closes = pd.read_csv(PRICES, index_col="date")
    with (HERE / "indicators.csv").open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("function", "window", "ticker", "date", "value"))
        for ticker in TICKERS:
            for window in WINDOWS:
                for function, values in answers(closes[ticker], window).items():
                    out.writerows(
                        (function, window, ticker, closes.index[row], repr(float(values.iloc[row])))
                        for row in ROWS
                        if row >= window
                    )


if __name__ == "__main__":
    main()
