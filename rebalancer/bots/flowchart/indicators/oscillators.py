"""Oscillators between 0 and 100: the relative strength index and its relatives."""

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.flowchart.indicators.recursive import by_runs, decayed_sums_then, exponential_average, sum_decaying
from rebalancer.bots.flowchart.indicators.rolling import changes, highest, lowest, ratio, total
from rebalancer.bots.flowchart.indicators.spec import TWO_OR_MORE, IndicatorSpec, Parameter, ten_windows
from rebalancer.model import Floats

_STAGES = 4
"""Of Laguerre's filter."""


def relative_strength_index(prices: Floats, window: int) -> Floats:
    """Wilder's RSI, 0 to 100 (New Concepts in Technical Trading Systems, 1978).

    The mean gain G and the mean loss L start as plain means of the first `window` changes; from then on
    G = (G (window - 1) + gain) / window, L alike. RSI = 100 G / (G + L) = 100 - 100 / (1 + G / L), and 100 where
    both are 0: so a price that never moved has an RSI of 100 (TA-Lib says 0).
    """

    def strength(run: Floats) -> Floats:
        out = np.empty_like(run)
        out[..., :window] = np.nan
        if run.shape[-1] > window:
            sums = _sums_of_changes(run[..., 1:] - run[..., :-1], window)
            strength_of(sums.real, sums.imag, out[..., window:])
        return out

    return by_runs(prices, strength, rowwise=True)


def next_relative_strength_index(before: Floats, last: Floats, window: int) -> Floats:
    """The `relative_strength_index` of `before` (T,), without a gap, and then each of `last` (K,), to the same bits."""
    sums, ending = _sums_of_changes(np.diff(before), window), np.empty((2, len(last)))
    _separate(last - before[-1], *ending)
    return strength_of(*decayed_sums_then(sums, ending, 1 / window))


def _sums_of_changes(change: Floats, window: int) -> NDArray[np.complex128]:
    """What G and L are in proportion to after each `change` (…, T) from number `window` on: (…, T - window + 1)."""
    pairs = np.empty(change.shape, dtype=np.complex128)
    _separate(change, pairs.real, pairs.imag)
    for amounts in (pairs.real, pairs.imag):
        amounts[..., window - 1] = np.add.reduce(amounts[..., :window], axis=-1)
    sums = pairs[..., window - 1 :]
    sum_decaying(sums, 1 / window)
    return sums


def _separate(change: Floats, gain: Floats, loss: Floats) -> None:
    """Each of the changes is one of the two, as an amount; the other is 0."""
    np.maximum(change, np.zeros(change.shape[-1]), out=gain)  # with a row of zeros three times as fast as with one 0
    np.subtract(gain, change, out=loss)


def relative_strength_index_sma(prices: Floats, window: int) -> Floats:
    """Cutler's RSI, of the plain sums of the last `window` gains and losses."""
    change = changes(prices)
    return strength_of(total(np.maximum(change, 0), window), total(np.maximum(-change, 0), window))


def relative_strength_index_ema(prices: Floats, window: int) -> Floats:
    """The RSI of exponential averages with factor 2 / (window + 1), from the first change on."""
    change = changes(prices)
    gain, loss = (exponential_average(np.maximum(amount, 0), window) for amount in (change, -change))
    return strength_of(gain, loss)


def strength_of(gain: Floats, loss: Floats, out: Floats | None = None) -> Floats:
    """100 gain / (gain + loss); 100 where both are 0. Written to `out`, if there is one."""
    both = gain + loss
    with np.errstate(invalid="ignore"):
        strength = np.divide(gain, both, out=out)
    if not both.min(initial=1) > 0:
        strength[both == 0] = 1
    strength *= 100
    return strength


def stochastic_relative_strength_index(prices: Floats, window: int) -> Floats:
    """100 (RSI - its lowest) / (its highest - its lowest) of the last `window` values of Wilder's RSI."""
    strength = relative_strength_index(prices, window)
    least = lowest(strength, window)
    return 100 * ratio(strength - least, highest(strength, window) - least)


def laguerre_relative_strength_index(prices: Floats, gamma: float) -> Floats:
    """Ehlers' RSI of the four stages of a Laguerre filter, which start from the first price.

    L0 = (1 - gamma) P + gamma L0'; L1 = L0' - gamma L0 + gamma L1', and so on, where ' is the session before. The rises
    from one stage to the next are gains, the falls losses: 100 gains / (gains + losses).
    """

    def strength(run: Floats) -> Floats:
        before = [float(run[0])] * _STAGES
        rows = []
        for price in run.tolist():
            stages = [(1 - gamma) * price + gamma * before[0]]
            for stage in range(1, _STAGES):
                stages.append(before[stage - 1] - gamma * stages[stage - 1] + gamma * before[stage])
            rows.append(stages)
            before = stages
        first, second, third = -np.diff(np.array(rows), axis=1).T
        gains = np.maximum(first, 0) + np.maximum(second, 0) + np.maximum(third, 0)
        losses = np.maximum(-first, 0) + np.maximum(-second, 0) + np.maximum(-third, 0)
        out = 100 * ratio(gains, gains + losses)
        out[: _STAGES - 1] = np.nan
        return out

    return by_runs(prices, strength)


_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"


OSCILLATORS = (
    IndicatorSpec(
        name="relative-strength-index",
        short="RSI",
        meaning="Wilder's RSI, 0 to 100.",
        unit="points",
        prices=lambda window: window + 1,
        settled=ten_windows,
        formula=relative_strength_index,
        following=next_relative_strength_index,
        source=_WILDER,
    ),
    IndicatorSpec(
        name="relative-strength-index-sma",
        short="RSI(SMA)",
        meaning="Cutler's RSI, of plain means of the last `window` gains and losses, 0 to 100.",
        unit="points",
        prices=lambda window: window + 1,
        formula=relative_strength_index_sma,
        source=f"{_WILDER}, with plain means",
    ),
    IndicatorSpec(
        name="relative-strength-index-ema",
        short="RSI(EMA)",
        meaning="The RSI of exponential means with factor 2/(window+1), 0 to 100.",
        unit="points",
        prices=lambda window: window + 1,
        settled=ten_windows,
        formula=relative_strength_index_ema,
        source=f"{_WILDER}, with exponential means",
    ),
    IndicatorSpec(
        name="stochastic-relative-strength-index",
        short="StochRSI",
        meaning="Where Wilder's RSI is between its lowest, 0, and its highest, 100, of the last `window` sessions.",
        unit="points",
        parameters=TWO_OR_MORE,
        prices=lambda window: 2 * window,
        settled=lambda window: ten_windows(window) + window,
        formula=stochastic_relative_strength_index,
        source="T. Chande, S. Kroll, The New Technical Trader, 1994; Tulip Indicators stochrsi",
        undefined="the RSI did not change within the window",
    ),
    IndicatorSpec(
        name="laguerre-relative-strength-index",
        short="LaguerreRSI",
        meaning="Ehlers' RSI of a Laguerre filter, the smoother the closer `gamma` is to 1, 0 to 100.",
        unit="points",
        parameters=(Parameter("gamma", least=0, most=0.99, fraction=True),),
        prices=lambda _gamma: _STAGES,
        settled=lambda gamma: max(250, int(40 / (1 - gamma))),
        formula=laguerre_relative_strength_index,
        source="J. Ehlers, Time Warp - Without Space Travel, 2002",
        undefined="no price has changed so far",
    ),
)
