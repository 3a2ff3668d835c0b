"""Seeded synthetic prices and charts, which every contender gets alike; numpy only.

A chart is plain JSON, so that each contender reads it its own way:
    {"t": "asset", "ticker": T}
    {"t": "if", "lhs": VALUE, "op": ">" or "<", "rhs": VALUE or number, "then": CHART, "else": CHART}
    {"t": "equal", "ch": [CHART...]}    {"t": "fixed", "w": [fraction...], "ch": [...]}
    {"t": "invvol", "win": n, "ch": [...]}
    {"t": "filter", "fn": name, "win": n, "side": "top" or "bottom", "n": k, "ch": [...], "vol": None or window}
A VALUE is [function, ticker, window]: price, rsi (Wilder's), sma, ema, ret, std, mean (of daily returns, as fractions)
and drawdown (a fraction).
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Chart = dict[str, Any]
Value = list[Any]
Condition = tuple[Value, str, Any]
Draw = random.Random

DAYS, FIRST = 5_040, 252
"""No decision is made before row FIRST."""
VOLATILITIES = {
    "SPY": 0.17, "QQQ": 0.21, "IWM": 0.23, "TLT": 0.14, "GLD": 0.15, "XLK": 0.22, "XLE": 0.27, "XLF": 0.24,
    "XLV": 0.15, "XLU": 0.17, "SMH": 0.30, "EEM": 0.22, "HYG": 0.07, "SHY": 0.012, "BIL": 0.002,
}  # fmt: skip
BETAS = {
    "SPY": 1.0, "QQQ": 0.93, "IWM": 0.88, "TLT": -0.3, "GLD": 0.05, "XLK": 0.9, "XLE": 0.6, "XLF": 0.8,
    "XLV": 0.75, "XLU": 0.5, "SMH": 0.8, "EEM": 0.75, "HYG": 0.6, "SHY": -0.2, "BIL": 0.0,
}  # fmt: skip
LEVERAGED = {
    "TQQQ": ("QQQ", 3), "SQQQ": ("QQQ", -3), "UPRO": ("SPY", 3), "SPXU": ("SPY", -3), "TECL": ("XLK", 3),
    "TECS": ("XLK", -3), "SOXL": ("SMH", 3), "SOXS": ("SMH", -3), "TMF": ("TLT", 3), "TMV": ("TLT", -3),
    "UVXY": ("SPY", -5), "SPXL": ("SPY", 3), "ERX": ("XLE", 2), "UGL": ("GLD", 2), "PSQ": ("QQQ", -1),
}  # fmt: skip
STOCKS = [f"S{number:02}" for number in range(20)]
TICKERS = [*VOLATILITIES, *LEVERAGED, *STOCKS]
WINDOWS = {
    "rsi": (5, 10, 14, 20, 30), "sma": (20, 50, 100, 200), "ema": (10, 20, 50), "ret": (5, 10, 20, 60, 120),
    "std": (10, 20, 60), "mean": (10, 20, 60), "drawdown": (10, 20, 60),
}  # fmt: skip
HOW_OFTEN = {"rsi": 40, "sma": 15, "ema": 8, "ret": 17, "std": 7, "mean": 6, "drawdown": 7}


@dataclass(frozen=True)
class Workload:
    """`cap` is the most of one ticker: what is above stays in cash. `missing`: the prices have gaps."""

    charts: list[Chart]
    first: int = FIRST
    cap: float | None = None
    missing: bool = False


def prices(*, missing: bool = False, days: int = DAYS) -> tuple[NDArray[np.datetime64], list[str], NDArray[np.float64]]:
    """Sessions (T,), tickers, and closes (T, N) around one market, with leveraged funds.

    With `missing` a third of the tickers begins late, and single closes are missing.
    """
    draw = np.random.default_rng(7)
    market, earned = draw.standard_normal(days), {}
    for ticker, volatility in VOLATILITIES.items():
        beta = BETAS[ticker]
        own = beta * market + np.sqrt(1 - beta * beta) * draw.standard_normal(days)
        earned[ticker] = (0.02 + 0.35 * volatility) / 252 + volatility / np.sqrt(252) * own
    for ticker, (of, times) in LEVERAGED.items():
        drag, noise = (0.25, 0.02) if ticker == "UVXY" else (0.01, 0.0005)
        earned[ticker] = times * earned[of] - drag / 252 + noise * draw.standard_normal(days)
    for ticker in STOCKS:
        beta, volatility = draw.uniform(0.3, 0.7), draw.uniform(0.2, 0.5)
        own = beta * market + np.sqrt(1 - beta * beta) * draw.standard_normal(days)
        earned[ticker] = 0.1 / 252 + volatility / np.sqrt(252) * own
    returns = np.stack([earned[ticker] for ticker in TICKERS], axis=1)
    closes = 100 * np.cumprod(1 + np.maximum(returns, -0.9), axis=0)
    if missing:
        for column in range(0, len(TICKERS), 3):
            closes[: draw.integers(days // 3), column] = np.nan
        closes[draw.integers(days, size=20), draw.integers(len(TICKERS), size=20)] = np.nan
    return np.busday_offset("2004-01-02", np.arange(days), roll="forward"), TICKERS, np.ascontiguousarray(closes)


def asset(ticker: str) -> Chart:
    return {"t": "asset", "ticker": ticker}


def choice(condition: Condition, then: Chart, otherwise: Chart) -> Chart:
    left, operator, right = condition
    return {"t": "if", "lhs": left, "op": operator, "rhs": right, "then": then, "else": otherwise}


def equal(*children: Chart) -> Chart:
    return {"t": "equal", "ch": list(children)}


def inverse_volatility(children: list[Chart]) -> Chart:
    return {"t": "invvol", "win": 20, "ch": children}


def best(
    function: str, window: int, count: int, children: list[Chart], side: str = "top", volatility: int | None = None
) -> Chart:
    return {"t": "filter", "fn": function, "win": window, "side": side, "n": count, "ch": children, "vol": volatility}


def children_of(chart: Chart) -> list[Chart]:
    return [chart["then"], chart["else"]] if chart["t"] == "if" else chart.get("ch", [])


def parts_of(chart: Chart) -> Iterator[Chart]:
    """`chart` and everything below it."""
    stack = [chart]
    while stack:
        yield (part := stack.pop())
        stack.extend(children_of(part))


def tickers_of(chart: Chart) -> set[str]:
    """Held or read."""
    found = set()
    for part in parts_of(chart):
        found |= {part["ticker"]} if part["t"] == "asset" else set()
        values = [part["lhs"], part["rhs"]] if part["t"] == "if" else []
        found |= {value[1] for value in values if isinstance(value, list)}
    return found


def small() -> Chart:
    """23 nodes in the manner of "TQQQ for the long term"."""

    def rsi(ticker: str, operator: str, level: float) -> Condition:
        return ["rsi", ticker, 10], operator, level

    def above_average(ticker: str, window: int) -> Condition:
        return ["price", ticker, 1], ">", ["sma", ticker, window]

    hold = asset
    fear = choice(rsi("UVXY", ">", 84), equal(hold("TQQQ"), hold("BIL")), hold("UVXY"))
    rising = choice(rsi("SQQQ", "<", 31), hold("SQQQ"), hold("TQQQ"))
    falling = best("rsi", 10, 1, [hold("SQQQ"), hold("TLT")])
    dip = choice(rsi("UVXY", ">", 74), fear, choice(above_average("TQQQ", 20), rising, falling))
    bear = choice(rsi("TQQQ", "<", 31), hold("TECL"), choice(rsi("SPY", "<", 30), hold("UPRO"), dip))
    hot = choice(rsi("SPXL", ">", 80), hold("UVXY"), hold("TQQQ"))
    return choice(above_average("SPY", 200), choice(rsi("TQQQ", ">", 79), hold("UVXY"), hot), bear)


def conditions(draw: Draw, count: int = 200) -> Callable[[], Condition]:
    """Random conditions over a pool of `count` indicators, which come again and again as in large hand-grown charts."""
    found: set[tuple[str, str, int]] = set()
    while len(found) < count:
        (function,) = draw.choices(list(HOW_OFTEN), list(HOW_OFTEN.values()))
        found.add((function, draw.choice(TICKERS), draw.choice(WINDOWS[function])))
    pool = sorted(found)
    levels: dict[str, Callable[[], float]] = {
        "rsi": lambda: draw.randrange(25, 82),
        "ret": lambda: round(draw.gauss(0.01, 0.04), 3),
        "std": lambda: round(draw.uniform(0.006, 0.03), 3),
        "mean": lambda: round(draw.gauss(0.0005, 0.002), 4),
        "drawdown": lambda: round(draw.uniform(0.02, 0.15), 2),
    }

    def condition() -> Condition:
        function, ticker, window = draw.choice(pool)
        operator, value = draw.choice("<>"), [function, ticker, window]
        if function in {"sma", "ema"}:
            return ["price", ticker, 1], operator, value
        rivals = [each for each in pool if each[0] == function and each[1:] != (ticker, window)]
        if rivals and draw.random() < 0.25:
            return value, operator, list(draw.choice(rivals))
        return value, operator, levels[function]()

    return condition


class Grower:
    """Grows a random chart of about a given number of nodes."""

    def __init__(self, draw: Draw, condition: Callable[[], Condition]) -> None:
        self.draw, self.condition = draw, condition

    def grow(self, budget: int) -> Chart:
        draw = self.draw
        if budget <= 2:
            return asset(draw.choice(TICKERS))
        if budget <= 12 and (basket := self.basket(budget)):
            return basket
        if draw.random() < 0.15:
            return equal(*[self.grow(part) for part in self.parts(budget - 1, draw.randrange(2, 5))])
        condition, then = self.condition(), draw.uniform(0.2, 0.8)
        first, second = (max(1, round((budget - 1) * part)) for part in (then, 1 - then))
        return choice(condition, self.grow(first), self.grow(second))

    def basket(self, budget: int) -> Chart | None:
        draw, kind = self.draw, self.draw.random()
        if budget < 4:
            return None
        if kind < 0.18:
            size, function, window = min(budget - 1, 10), draw.choice(["rsi", "ret"]), draw.choice([10, 20])
            return best(function, window, min(2, size - 1), self.assets(size), draw.choice(["top", "bottom"]))
        if kind < 0.28:
            return inverse_volatility(self.assets(budget - 1))
        if kind < 0.36:
            size = min(budget - 1, 4)
            part = round(1 / size, 2)
            return {"t": "fixed", "w": [part] * (size - 1) + [1 - part * (size - 1)], "ch": self.assets(size)}
        return None

    def parts(self, budget: int, count: int) -> list[int]:
        cuts = [0, *sorted(self.draw.uniform(0.15, 0.85) for _ in range(count - 1)), 1]
        return [max(1, round(budget * (cuts[at + 1] - cuts[at]))) for at in range(count)]

    def assets(self, count: int) -> list[Chart]:
        return [asset(ticker) for ticker in self.draw.sample(TICKERS, count)]


def medium(draw: Draw) -> Chart:
    """A trunk of conditions whose ends are filters and inverse-volatility baskets: some 300 nodes."""
    condition = conditions(draw, 60)

    def end(number: int) -> Chart:
        children = [asset(ticker) for ticker in draw.sample(TICKERS, 10)]
        ends = best("rsi", 10, 2, children), best("ret", 20, 2, children, volatility=20)
        return (*ends, inverse_volatility(children[:6]))[number % 3]

    def trunk(low: int, high: int) -> Chart:
        if high - low == 1:
            return end(low)
        middle = draw.randrange(low + 1, high)
        first, second = trunk(low, middle), trunk(middle, high)
        if draw.random() < 0.25:
            return {"t": "fixed", "w": [0.6, 0.4], "ch": [first, second]}
        return choice(condition(), first, second)

    return trunk(0, 28)


def of_groups(draw: Draw) -> Chart:
    """Filters and inverse volatility over parts of the chart, by their simulated histories."""
    condition = conditions(draw, 40)

    def groups(count: int) -> list[Chart]:
        return [
            choice(condition(), asset(draw.choice(TICKERS)), equal(*map(asset, draw.sample(TICKERS, 2))))
            for _ in range(count)
        ]

    first, second = best("ret", 20, 2, groups(5)), best("rsi", 10, 1, groups(4))
    third, fourth = inverse_volatility(groups(4)), best("std", 20, 2, groups(5), "bottom")
    return choice(condition(), equal(first, second), equal(third, fourth))


def workload(name: str) -> Workload:
    """S, M, L (5,000 nodes), G (groups), X (200 charts); with an n behind it, the same on prices that have gaps."""
    missing, draw = name.endswith("n"), random.Random
    match name.removesuffix("n"):
        case "S":
            return Workload([small()], missing=missing)
        case "M":
            return Workload([medium(draw(11))], cap=0.35, missing=missing)
        case "L":
            seeded = draw(12)
            return Workload([Grower(seeded, conditions(seeded)).grow(5_540)], missing=missing)
        case "G":
            return Workload([of_groups(draw(14))], first=FIRST + 148, missing=missing)
        case "X":
            seeded = draw(13)
            grower = Grower(seeded, conditions(seeded))
            return Workload([grower.grow(50) for _ in range(200)], missing=missing)
        case _:
            raise ValueError(f"there is no workload {name}: use S, M, L, G or X, or one of them with an n behind it")
