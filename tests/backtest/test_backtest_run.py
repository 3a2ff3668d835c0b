import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rebalancer.backtest.follow import Market, backtest_decisions, backtest_weights, buy_and_hold
from rebalancer.backtest.metrics import daily_returns
from rebalancer.backtest.run import Strategy, backtest
from rebalancer.bots.decisions import Decisions
from rebalancer.bots.own_prices import last_known
from rebalancer.model import Symbol

NAN = math.nan
FIRST, SECOND = Symbol("AAA"), Symbol("BBB")
COMPOSER = Path(__file__).parents[3] / "shared/data/groundtruth/composer_754d"


def columns(*series: list[float]) -> np.ndarray:
    return np.array(series, dtype=float).T


def traded(prices: np.ndarray, weights: np.ndarray, cost: float = 0.0, cash: float = 100.0):
    return backtest_weights(last_known(prices), weights, cash, cost)


def follow(weights: np.ndarray) -> Strategy:
    """The rows of `weights` day by day; an undefined row is no decision."""
    return lambda day, _equity: weights[day] if np.isfinite(weights[day]).all() else None


def assert_same(found, *wanted: float) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_weights_bought_at_a_close_earn_from_the_next_on():
    result = traded(columns([1, 2, 2], [1, 7, 14]), columns([1, 0, 0], [0, 1, 1]))
    assert_same(result.equity, 100, 200, 400)


def test_cash_earns_nothing():
    assert_same(traded(columns([1, 2]), columns([0.5, 0.5])).equity, 100, 150)


def test_every_traded_dollar_costs_on_both_sides():
    result = traded(columns([1, 1], [1, 1]), columns([1, 0], [0, 1]), cost=0.01)
    assert_same(result.traded, 1, 2)
    assert_same(result.equity, 99, 99 * 0.98)


def test_holding_without_trades_costs_nothing():
    assert_same(traded(columns([1, 2, 4]), columns([1, 1, 1]), cost=0.01).traded, 1, 0, 0)


def test_what_rounding_alone_makes_of_the_targets_is_not_traded():
    growing = 1.1 ** np.arange(9.0)
    result = traded(columns(growing, 3 * growing), np.tile([0.3, 0.7], (9, 1)), cost=0.01)
    assert result.traded.tolist()[1:] == [0.0] * 8


def test_weights_drift_with_the_prices_before_they_are_brought_back():
    result = traded(columns([1, 3], [1, 1]), columns([0.5, 0.5], [0.5, 0.5]))
    assert_same(result.traded, 1, 0.5)  # 75 % and 25 % were held, so a quarter is sold and a quarter bought
    assert_same(result.weights[1], 0.5, 0.5)


def test_a_day_without_a_decision_trades_nothing_and_keeps_what_is_held():
    result = traded(columns([1, 3, 3], [1, 1, 1]), columns([0.5, NAN, 0.5], [0.5, NAN, 0.5]))
    assert_same(result.traded, 1, 0, 0.5)
    assert_same(result.weights[1], 0.75, 0.25)
    assert_same(result.equity, 100, 200, 200)


def test_what_was_bought_the_day_before_is_held_on_a_last_day_without_a_decision():
    result = traded(columns([1, 3], [1, 1]), columns([0.5, NAN], [0.5, NAN]))
    assert_same(result.weights[1], 0.75, 0.25)
    assert_same(result.equity, 100, 200)


def test_the_weight_of_a_symbol_without_a_price_stays_in_cash():
    result = traded(columns([NAN, 2, 4]), columns([1, 1, 1]))
    assert_same(result.weights[:, 0], 0, 1, 1)
    assert_same(result.equity, 100, 100, 200)


def test_a_missing_close_is_valued_at_the_last_one_and_the_gap_is_made_up_later():
    assert_same(traded(columns([1, NAN, 3]), columns([1, 1, 1])).equity, 100, 100, 300)


@pytest.mark.parametrize("bad", [0, -1, NAN, math.inf])
def test_a_close_that_is_not_positive_counts_as_missing(bad: float):
    assert_same(last_known(columns([bad, 5, bad]))[:, 0], NAN, 5, 5)


def test_a_benchmark_is_bought_once_at_its_first_price_and_held():
    prices = last_known(columns([1, 1, 1, 1], [NAN, 2, 4, 8]))
    bought = buy_and_hold(prices[:, 1], SECOND)
    result = backtest_decisions(Market(prices, (FIRST, SECOND)), bought, 100, 0.01)
    assert_same(result.traded, 0, 1, 0, 0)
    assert_same(result.equity, 100, 99, 198, 396)


@pytest.mark.parametrize("order", ["C", "F"])
def test_prices_may_lie_in_memory_by_day_or_by_ticker(order: str):
    prices = np.asarray(columns([NAN, 2, 4, 4], [1, 1, 2, 2]), order=order)
    bought = Decisions.of(columns([1, 1, 0.5, 0.5], [0, 0, 0.5, 0.5]), (FIRST, SECOND))
    result = backtest_decisions(Market(prices, (FIRST, SECOND)), bought, 100, 0.01)
    assert_same(result.traded, 0, 1, 1, 0)
    assert_same(result.equity, 100, 99, 198 * 0.99, 198 * 0.99)


PRICES = arrays(float, (8, 3), elements=st.floats(1, 1000))
SPLITS = arrays(float, (8, 4), elements=st.floats(0.01, 1)).map(lambda parts: parts / parts.sum(axis=1, keepdims=True))


@given(PRICES, SPLITS)
def test_without_costs_it_is_the_compounded_weighted_return(prices, splits):
    weights = splits[:, :3]
    earned = (weights[:-1] * (prices[1:] / prices[:-1] - 1)).sum(axis=1)
    result = traded(prices, weights)
    np.testing.assert_allclose(result.equity, 100 * np.cumprod([1, *(1 + earned)]), rtol=1e-9)
    np.testing.assert_allclose(result.weights, weights, atol=1e-12)


@given(PRICES, SPLITS, st.floats(0, 0.1))
def test_costs_never_make_money_and_never_take_more_than_they_say(prices, splits, cost):
    free, paid = traded(prices, splits[:, :3]), traded(prices, splits[:, :3], cost)
    np.testing.assert_allclose(paid.equity, free.equity * np.cumprod(1 - cost * paid.traded), rtol=1e-9)


@given(PRICES, SPLITS, st.integers(1, 7))
def test_a_later_day_changes_no_earlier_one(prices, splits, known):
    whole, past = traded(prices, splits[:, :3], 0.001), traded(prices[:known], splits[:known, :3], 0.001)
    assert past.equity.tobytes() == whole.equity[:known].tobytes()


@given(
    arrays(float, (8, 3), elements=st.one_of(st.floats(1, 1000), st.just(NAN))),
    SPLITS,
    arrays(bool, 8),
    st.floats(0, 0.1),
)
def test_array_operations_earn_what_a_loop_over_the_days_earns(prices, splits, decided, cost):
    known, weights = last_known(prices), np.where(decided[:, np.newaxis], splits[:, :3], NAN)
    arrayed, looped = backtest_weights(known, weights, 100, cost), backtest(known, follow(weights), 100, cost)
    for name in ("equity", "weights", "traded"):
        np.testing.assert_allclose(getattr(arrayed, name), getattr(looped, name), rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(not COMPOSER.is_dir(), reason="Composer's recorded back-test is not part of the repository")
def test_composers_weights_and_its_slippage_give_composers_daily_returns():
    equity = list(csv.DictReader((COMPOSER / "equity.csv").read_text().splitlines()))
    header, *rows = csv.reader((COMPOSER / "daily_weights.csv").read_text().splitlines())
    held = [column for column, name in enumerate(header) if name not in {"date", "$USD"}]
    weights = np.array([[float(row[column]) for column in held] for row in rows])
    days = {row["date"] for row in equity}
    closes = [
        row
        for row in csv.DictReader((COMPOSER / "adjusted_closes_2018_2024.csv").read_text().splitlines())
        if row["date"] in days
    ]
    prices = np.array([[float(row[header[column]] or NAN) for column in held] for row in closes])
    result = traded(prices, weights, cost=0.0005, cash=100_000)
    values = np.array([float(row["symphony_value"]) for row in equity])
    apart = np.abs(daily_returns(result.equity) - daily_returns(values))
    # Its weights are printed to 0.1 %, and its fees and subscription are left out.
    assert np.median(apart) < 0.1e-4
    assert apart.mean() < 0.2e-4
