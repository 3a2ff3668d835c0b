"""The indicators a second time, from their definitions, in plain Python. Shares nothing with the engine.

A `Line` is a list of values of consecutive days that ends on the last one. Each indicator takes the line of prices
since the last gap and its parameters; it returns a line that begins where its first value is defined. NaN is undefined.
"""

import math
from collections.abc import Callable
from itertools import pairwise

Line = list[float]


def mean(values: Line) -> float:
    return math.fsum(values) / len(values)


def deviation(values: Line, less: int) -> float:
    """Of a sample where `less` is 1, of a population where it is 0."""
    middle = mean(values)
    return math.sqrt(math.fsum([(value - middle) ** 2 for value in values]) / (len(values) - less))


def over(line: Line, window: int, formula: Callable[[Line], float]) -> Line:
    """`formula` of each `window` consecutive values."""
    return [formula(line[end - window : end]) for end in range(window, len(line) + 1)]


def together(formula: Callable[..., float], *lines: Line) -> Line:
    """`formula` of the values of each day on which every line has one."""
    days = min(map(len, lines))
    return [formula(*values) for values in zip(*(line[len(line) - days :] for line in lines), strict=True)]


def differences(line: Line) -> Line:
    return [later - earlier for earlier, later in pairwise(line)]


def changes(line: Line) -> Line:
    return [later / earlier - 1 for earlier, later in pairwise(line)]


# --------------------------------------------------------------------------------------------- averages


def simple(line: Line, window: int) -> Line:
    return over(line, window, mean)


def exponential(line: Line, window: int) -> Line:
    averages = line[:1]
    for value in line[1:]:
        averages.append(averages[-1] + (value - averages[-1]) * 2 / (window + 1))
    return averages[window - 1 :]


def wilder(line: Line, window: int) -> Line:
    averages = [mean(line[:window])] if len(line) >= window else []
    for value in line[window:]:
        averages.append((averages[-1] * (window - 1) + value) / window)
    return averages


def weighted(line: Line, window: int) -> Line:
    weights = range(1, window + 1)
    return over(line, window, lambda some: math.fsum(map(float.__mul__, map(float, weights), some)) / sum(weights))


def hull(line: Line, window: int) -> Line:
    ahead = together(lambda half, whole: 2 * half - whole, weighted(line, window // 2), weighted(line, window))
    return weighted(ahead, int(math.sqrt(window)))


def double_exponential(line: Line, window: int) -> Line:
    once = exponential(line, window)
    return together(lambda one, two: 2 * one - two, once, exponential(once, window))


def triple_exponential(line: Line, window: int) -> Line:
    once = exponential(line, window)
    twice = exponential(once, window)
    return together(lambda one, two, three: 3 * one - 3 * two + three, once, twice, exponential(twice, window))


def kaufman(line: Line, window: int) -> Line:
    out: Line = []
    for day in range(window, len(line)):
        way = math.fsum(abs(step) for step in differences(line[day - window : day + 1]))
        efficiency = min(abs(line[day] - line[day - window]) / way, 1.0) if way else 1.0
        before = out[-1] if out else line[day - 1]
        out.append(before + (efficiency * (2 / 3 - 2 / 31) + 2 / 31) ** 2 * (line[day] - before))
    return out


def ultimate_smoother(line: Line, window: int) -> Line:
    a1 = math.exp(-1.414 * math.pi / window)
    c2, c3 = 2 * a1 * math.cos(1.414 * math.pi / window), -(a1**2)
    c1 = (1 + c2 - c3) / 4
    out = line[:3]
    for day in range(3, len(line)):
        inputs = (1 - c1) * line[day] + (2 * c1 - c2) * line[day - 1] - (c1 + c3) * line[day - 2]
        out.append(inputs + c2 * out[-1] + c3 * out[-2])
    return out[window - 1 :]


# --------------------------------------------------------------------------------------------- momentum


def rise(line: Line, window: int) -> Line:
    """In percent, over `window` sessions."""
    return over(line, window + 1, lambda some: 100 * (some[-1] / some[0] - 1))


def momentum(line: Line, *weights: int) -> Line:
    rises = [rise(line, 21 * months) for months in (1, 3, 6, 12)]
    return together(lambda *each: sum(map(float.__mul__, each, map(float, weights))) / sum(weights), *rises)


def sma12(line: Line) -> Line:
    return over(line, 253, lambda some: 100 * (some[-1] / mean(some[::21]) - 1))


def deepest_fall(some: Line) -> float:
    peak = deepest = 0.0
    for value in some:
        peak = max(peak, value)
        deepest = max(deepest, 100 * (1 - value / peak))
    return deepest


def drawdown(line: Line) -> Line:
    return [100 * (1 - value / max(line[: day + 1])) for day, value in enumerate(line)]


def macd(line: Line, short: int, long: int) -> Line:
    return together(lambda fast, slow: fast - slow, exponential(line, short), exponential(line, long))


def ppo(line: Line, short: int, long: int) -> Line:
    return together(lambda fast, slow: 100 * (fast / slow - 1), exponential(line, short), exponential(line, long))


def less(line: Line, other: Line) -> Line:
    return together(lambda one, two: one - two, line, other)


# ------------------------------------------------------------------------------------------- volatility


def band(line: Line, window: int, deviations: float) -> Line:
    return over(line, window, lambda some: mean(some) + deviations * deviation(some, 0))


def percent_b(line: Line, window: int, deviations: float) -> Line:
    def of_bands(price: float, upper: float, lower: float) -> float:
        return 100 * (price - lower) / (upper - lower) if upper > lower else math.nan

    return together(of_bands, line, band(line, window, deviations), band(line, window, -deviations))


def bandwidth(line: Line, window: int, deviations: float) -> Line:
    return over(line, window, lambda some: 200 * deviations * deviation(some, 0) / mean(some))


def ulcer(some: Line) -> float:
    return math.sqrt(mean([fall**2 for fall in drawdown(some)]))


# ------------------------------------------------------------------------------------------ oscillators


def rsi(line: Line, window: int, average: Callable[[Line, int], Line]) -> Line:
    steps = differences(line)
    gains, losses = average([max(step, 0.0) for step in steps], window), average([max(-s, 0.0) for s in steps], window)
    return together(lambda gain, loss: 100 - 100 / (1 + gain / loss) if loss else 100.0, gains, losses)


def position(some: Line) -> float:
    """Of the last value between the lowest, 0, and the highest, 100."""
    least, most = min(some), max(some)
    return 100 * (some[-1] - least) / (most - least) if most > least else math.nan


def laguerre(line: Line, gamma: float) -> Line:
    l0 = l1 = l2 = l3 = line[0]
    out = []
    for price in line:
        before0, before1, before2 = l0, l1, l2
        l0 = (1 - gamma) * price + gamma * l0
        l1 = before0 - gamma * l0 + gamma * l1
        l2 = before1 - gamma * l1 + gamma * l2
        l3 = before2 - gamma * l2 + gamma * l3
        steps = (l0 - l1, l1 - l2, l2 - l3)
        gains, losses = sum(max(step, 0) for step in steps), sum(max(-step, 0) for step in steps)
        out.append(100 * gains / (gains + losses) if gains + losses else math.nan)
    return out[3:]


# ------------------------------------------------------------------------------------------------ trend


def slope(some: Line) -> float:
    """Of the line of least squares, a day."""
    middle, price = (len(some) - 1) / 2, mean(some)
    products = math.fsum([(day - middle) * (value - price) for day, value in enumerate(some)])
    return products / math.fsum([(day - middle) ** 2 for day in range(len(some))])


def r_squared(some: Line) -> float:
    middle, price, rate = (len(some) - 1) / 2, mean(some), slope(some)
    spread = math.fsum([(value - price) ** 2 for value in some])
    return rate**2 * math.fsum([(day - middle) ** 2 for day in range(len(some))]) / spread if spread else math.nan


# ------------------------------------------------------------------------------------- bars and volume


def days_of(window: int, formula: Callable[..., float], *lines: Line) -> Line:
    """`formula` of the last `window` values of each line, on each day."""
    ends = range(window, len(lines[0]) + 1)
    return [formula(*(line[end - window : end] for line in lines)) for end in ends]


def true_ranges(highs: Line, lows: Line, closes: Line) -> Line:
    days = zip(highs[1:], lows[1:], closes, strict=False)
    return [max(high - low, abs(high - before), abs(low - before)) for high, low, before in days]


def adx(highs: Line, lows: Line, window: int) -> Line:
    moves = list(zip(differences(highs), [-step for step in differences(lows)], strict=True))
    up = wilder([rise if rise > fall and rise > 0 else 0.0 for rise, fall in moves], window)
    down = wilder([fall if fall > rise and fall > 0 else 0.0 for rise, fall in moves], window)
    return wilder(together(lambda one, two: 100 * abs(one - two) / (one + two) if one + two else 0.0, up, down), window)


def place_in_range(highs: Line, lows: Line, closes: Line) -> float:
    top, bottom = max(highs), min(lows)
    return 100 * (closes[-1] - bottom) / (top - bottom) if top > bottom else math.nan


def stochastic(highs: Line, lows: Line, closes: Line, window: int) -> Line:
    return days_of(window, place_in_range, highs, lows, closes)


def typical(highs: Line, lows: Line, closes: Line) -> Line:
    return [(high + low + close) / 3 for high, low, close in zip(highs, lows, closes, strict=True)]


def cci(some: Line) -> float:
    middle = mean(some)
    spread = mean([abs(value - middle) for value in some])
    return (some[-1] - middle) / (0.015 * spread) if len(set(some)) > 1 else math.nan


def recency(some: Line) -> float:
    """Of the highest value: 100 on the last day, 0 on the first."""
    latest = max(day for day, value in enumerate(some) if value == max(some))
    return 100 * latest / (len(some) - 1)


def aroon_up(highs: Line, window: int) -> Line:
    return over(highs, window + 1, recency)


def aroon_down(lows: Line, window: int) -> Line:
    return over([-low for low in lows], window + 1, recency)


def money_flow(prices: Line, volumes: Line) -> float:
    flows = [(now - before, now * volume) for before, now, volume in zip(prices, prices[1:], volumes[1:], strict=False)]
    inflow = math.fsum([flow for change, flow in flows if change > 0])
    outflow = math.fsum([flow for change, flow in flows if change < 0])
    return 100 * inflow / (inflow + outflow) if inflow + outflow else math.nan


def obv_change(closes: Line, volumes: Line, window: int) -> Line:
    balance = [0.0]
    for before, now, volume in zip(closes, closes[1:], volumes[1:], strict=False):
        balance.append(balance[-1] + (volume if now > before else -volume if now < before else 0.0))
    return over(balance, window + 1, lambda some: 100 * (some[-1] - some[0]) / abs(some[0]) if some[0] else math.nan)


def vwap_ratio(closes: Line, volumes: Line) -> float:
    traded = math.fsum(volumes)
    return 100 * closes[-1] / (math.fsum(map(float.__mul__, closes, volumes)) / traded) if traded else math.nan


READS = {
    "average-true-range": ("high", "low", "close"),
    "average-true-range-percent": ("high", "low", "close"),
    "average-directional-index": ("high", "low"),
    "stochastic-k": ("high", "low", "close"),
    "stochastic-d": ("high", "low", "close"),
    "williams-percent-r": ("high", "low", "close"),
    "commodity-channel-index": ("high", "low", "close"),
    "aroon-up": ("high",),
    "aroon-down": ("low",),
    "aroon-oscillator": ("high", "low"),
    "money-flow-index": ("high", "low", "close", "volume"),
    "on-balance-volume-change": ("close", "volume"),
    "price-to-volume-weighted-average": ("close", "volume"),
}
"""What is read of a ticker's bars; the others read closes alone."""

LINES: dict[str, Callable[..., Line]] = {
    "moving-average-price": simple,
    "exponential-moving-average-price": exponential,
    "weighted-moving-average": weighted,
    "hull-moving-average": hull,
    "wilder-moving-average": wilder,
    "double-exponential-moving-average": double_exponential,
    "triple-exponential-moving-average": triple_exponential,
    "kaufman-adaptive-moving-average": kaufman,
    "ultimate-smoother": ultimate_smoother,
    "cumulative-return": rise,
    "moving-average-return": lambda line, window: over(changes(line), window, lambda some: 100 * mean(some)),
    "13612w-momentum": lambda line: momentum(line, 12, 4, 2, 1),
    "13612u-momentum": lambda line: momentum(line, 1, 1, 1, 1),
    "sma12-momentum": sma12,
    "price-to-moving-average": lambda line, n: over(line, n, lambda some: 100 * (some[-1] / mean(some) - 1)),
    "max-drawdown": lambda line, window: over(line, window, deepest_fall),
    "drawdown": drawdown,
    "moving-average-convergence-divergence": macd,
    "moving-average-convergence-divergence-signal": lambda line, m, n, k: exponential(macd(line, m, n), k),
    "moving-average-convergence-divergence-histogram": lambda line, m, n, k: less(
        macd(line, m, n), exponential(macd(line, m, n), k)
    ),
    "percentage-price-oscillator": ppo,
    "percentage-price-oscillator-signal": lambda line, m, n, k: exponential(ppo(line, m, n), k),
    "percentage-price-oscillator-histogram": lambda line, m, n, k: less(
        ppo(line, m, n), exponential(ppo(line, m, n), k)
    ),
    "standard-deviation-return": lambda line, n: over(changes(line), n, lambda some: 100 * deviation(some, 1)),
    "standard-deviation-price": lambda line, window: over(line, window, lambda some: deviation(some, 1)),
    "historical-volatility": lambda line, window: over(
        [math.log(1 + change) for change in changes(line)],
        window,
        lambda some: 100 * math.sqrt(252) * deviation(some, 1),
    ),
    "upper-bollinger": band,
    "lower-bollinger": lambda line, window, deviations: band(line, window, -deviations),
    "bollinger-percent-b": percent_b,
    "bollinger-bandwidth": bandwidth,
    "ulcer-index": lambda line, window: over(line, window, ulcer),
    "relative-strength-index": lambda line, window: rsi(line, window, wilder),
    "relative-strength-index-sma": lambda line, window: rsi(line, window, simple),
    "relative-strength-index-ema": lambda line, window: rsi(line, window, exponential),
    "stochastic-relative-strength-index": lambda line, window: over(rsi(line, window, wilder), window, position),
    "laguerre-relative-strength-index": laguerre,
    "linear-regression-slope": lambda line, window: over(line, window, lambda some: 100 * slope(some) / mean(some)),
    "linear-regression-value": lambda line, n: over(line, n, lambda some: mean(some) + slope(some) * (n - 1) / 2),
    "trend-clarity": lambda line, window: over(line, window, lambda some: 100 * r_squared(some)),
    "average-true-range": lambda high, low, close, window: wilder(true_ranges(high, low, close), window),
    "average-true-range-percent": lambda high, low, close, window: together(
        lambda width, price: 100 * width / price, wilder(true_ranges(high, low, close), window), close
    ),
    "average-directional-index": adx,
    "stochastic-k": stochastic,
    "stochastic-d": lambda high, low, close, window, days: simple(stochastic(high, low, close, window), days),
    "williams-percent-r": lambda *of: [place - 100 for place in stochastic(*of)],
    "commodity-channel-index": lambda high, low, close, window: over(typical(high, low, close), window, cci),
    "aroon-up": aroon_up,
    "aroon-down": aroon_down,
    "aroon-oscillator": lambda high, low, window: less(aroon_up(high, window), aroon_down(low, window)),
    "money-flow-index": lambda high, low, close, volume, window: days_of(
        window + 1, money_flow, typical(high, low, close), volume
    ),
    "on-balance-volume-change": obv_change,
    "price-to-volume-weighted-average": lambda close, volume, window: days_of(window, vwap_ratio, close, volume),
}
